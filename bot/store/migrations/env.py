"""Run by Alembic, on the connection that `bot.store.migrate` hands over; logging stays as it is."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
