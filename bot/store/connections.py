"""What a transaction knows of its process, and how it keeps those of other processes waiting."""

from typing import Final

from sqlalchemy import BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

PROCESS_ID: Final = "process_id"  # an execution option of the engine
CHANNEL: Final = "encore"  # of messages between processes

_notify = text("SELECT pg_notify(:channel, :text)")
_lock = text("SELECT pg_advisory_xact_lock(:key)").bindparams(bindparam("key", type_=BigInteger))


def process_of(db: AsyncConnection) -> int | None:
    """Return the id of this process; None if it has the database for itself."""
    process_id: int | None = db.sync_engine.get_execution_options().get(PROCESS_ID)
    return process_id


async def lock_ids(db: AsyncConnection, *ids: int) -> None:
    """Wait for the transactions that have locked one of these ids, and lock them until the end.

    On SQLite all transactions that write wait for each other anyway.

    Args:
        db: in a transaction that writes.
        ids: of members, channels or servers: ids of Discord, which are never the same.
    """
    if db.dialect.name == "postgresql":
        for key in sorted(set(ids)):  # all lock in one order, so none waits for another in a circle
            await db.execute(_lock, {"key": key})


async def notify_others(db: AsyncConnection, message: str) -> None:
    """Send ``message`` to other processes when this transaction is committed (`notifications`)."""
    if db.dialect.name == "postgresql":
        await db.execute(_notify, {"channel": CHANNEL, "text": message})
