"""Bring a database to the newest schema, inside the transaction that it is given."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.store.errors import StoreError

_FOLDER = Path(__file__).parent / "migrations"
# What keeps others from migrating at the same time: on SQLite this process has the file to itself;
# on PostgreSQL any number will do, if all processes of Encore take the same.
_LOCKS = {
    "sqlite": text("SELECT 1"),
    "postgresql": text("SELECT pg_advisory_xact_lock(7310582471)"),
}


def migrate(connection: Connection, *, to: str = "head") -> None:
    """Run the migrations that ``connection``'s database lacks, all or none; forward only.

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
