"""Alembic runs this file, on the connection of `bot.store.migrate`; logging is left alone."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
