"""Migrate a database to the newest schema, within one transaction of the caller."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.store.errors import StoreError

_FOLDER = Path(__file__).parent / "migrations"
# Keeps other processes from migrating at the same time. On SQLite the file is locked already; on
# PostgreSQL the number is arbitrary, but all processes must use the same.
_LOCKS = {
    "sqlite": text("SELECT 1"),
    "postgresql": text("SELECT pg_advisory_xact_lock(7310582471)"),
}


def migrate(connection: Connection, *, to: str = "head") -> None:
    """Run the missing migrations up to the revision ``to``, all or none; forward only.

    On PostgreSQL, processes that start together wait for each other.

    Raises:
        StoreError: the database was made by a newer version.
    """
    connection.execute(_LOCKS[connection.dialect.name])
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if not known.issuperset(MigrationContext.configure(connection).get_current_heads()):
        raise StoreError("This database was made by a newer Encore; update Encore to use it.")
    command.upgrade(config, to)
