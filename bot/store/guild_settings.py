"""What servers have set for themselves. Each function is part of one transaction.

Each change adds a row with all settings, who made it and when. The newest holds; none is removed.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guild_settings import GuildSettings
from bot.store.rows import row_of, value_of
from bot.store.schema import guild_settings, insert, sessions

_row = guild_settings.c

# Built once: each extension that is accepted runs it.
_newest_first = (
    select(guild_settings)
    .where(_row.guild_id == bindparam("guild"))
    .order_by(_row.version.desc())
    .limit(bindparam("how_many"))
)


async def current_settings(db: AsyncConnection, guild_id: int | None) -> GuildSettings:
    """Return the settings of a server; None, and one that has set nothing, have the defaults."""
    if guild_id is None:
        return GuildSettings(guild_id=0)
    found = await settings_history(db, guild_id, limit=1)
    return found[0] if found else GuildSettings(guild_id=guild_id)


async def settings_of_session(db: AsyncConnection, session_id: int) -> GuildSettings:
    """Return the settings of the server in which a session is held."""
    held_in = select(sessions.c.guild_id).where(sessions.c.id == session_id)
    return await current_settings(db, (await db.execute(held_in)).scalar())


async def settings_history(
    db: AsyncConnection, guild_id: int, *, limit: int = 25
) -> list[GuildSettings]:
    """Return the settings of a server after each of the latest changes, the newest first."""
    found = await db.execute(_newest_first, {"guild": guild_id, "how_many": limit})
    return [value_of(GuildSettings, row) for row in found.mappings()]


async def change_settings(
    db: AsyncConnection,
    guild_id: int,
    change: Callable[[GuildSettings], GuildSettings],
    *,
    member_id: int,
    now: dt.datetime,
) -> GuildSettings:
    """Store what ``change`` makes of a server's settings; return the settings as stored.

    Nothing is stored that is not new. Of two changes at the same moment the second one is made of
    what the first one has stored.

    Args:
        db: in a transaction that writes.
        guild_id: of the server.
        change: **a pure function**, as it may be called more than once.
        member_id: who changes it.
        now: the time.
    """
    while True:
        was = await current_settings(db, guild_id)
        new = change(was)
        if new == was:
            return was
        new = replace(new, version=new.version + 1, changed_by=member_id, changed_at=now)
        added = insert(db, guild_settings).on_conflict_do_nothing().returning(_row.version)
        if (await db.execute(added, row_of(new))).scalar() is not None:
            return new
