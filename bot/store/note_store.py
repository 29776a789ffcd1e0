"""The part of the store's face for small things worth keeping."""

import datetime as dt

from bot.domain.form import Form
from bot.store import drafts
from bot.store.database import Database


class NoteStore:
    """Drafts of members, and facts about this installation."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def keep_draft(self, form: Form, *, member_id: int, now: dt.datetime) -> int:
        """Keep what a member typed; return the number that `draft` finds it by."""
        return await self._db.write_first(drafts.keep_draft, form, member_id, now)

    async def draft(self, draft_id: int, *, member_id: int) -> Form | None:
        """Return a draft to the member who typed it, and to no one else."""
        return await self._db.read(drafts.draft, draft_id, member_id)

    async def forget_drafts(self, *, before: dt.datetime) -> None:
        """Forget the drafts that were kept ``before`` then."""
        await self._db.write(drafts.forget_drafts, before)

    async def fact(self, name: str) -> str | None:
        """Return what was last said of ``name``, such as the hash of the command tree."""
        return await self._db.read(drafts.fact, name)

    async def set_fact(self, name: str, value: str) -> None:
        """Remember ``value`` under ``name``, in place of what was said before."""
        await self._db.write(drafts.set_fact, name, value)
