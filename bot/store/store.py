"""The store's face: everything Encore remembers, in the words of the domain.

Each method is one short transaction; what it returns is committed. Nothing here waits for a
network other than the database's.
"""

import datetime as dt
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from bot.domain.forms import Form
from bot.domain.models import Clip, Extension, KnownClip, ReplyRef
from bot.domain.pacing import Timing
from bot.store import claims, clips, extensions, notes
from bot.store.database import Database, opened
from bot.store.tables import extensions as table


class Store:
    """What Encore remembers. Made by `open`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncGenerator[Self]:
        """Open the database at the SQLAlchemy URL ``url`` and bring it to the newest schema.

        A SQLite file belongs to one process at a time, so the claims of an earlier one lapse.

        Raises:
            StoreError: it can't be opened.
        """
        async with opened(url) as database:
            if not database.is_shared:
                async with database.write() as db:
                    await claims.lapse_all(db)
            yield cls(database)

    async def accept(
        self, ext: Extension, *, publish_at: dt.datetime | None = None
    ) -> tuple[Extension, bool]:
        """Insert ``ext`` unless its trigger is known; return the stored one and whether it is new.

        Its reply is not published before ``publish_at``, by default at once. The source clip is
        remembered as one that was used.
        """
        async with self._db.write() as db:
            return await extensions.accept(db, ext, publish_at or ext.created_at)

    async def extension(self, extension_id: int) -> Extension | None:
        """Return one extension."""
        async with self._db.read() as db:
            return await extensions.find(db, table.c.id == extension_id)

    async def find_by_reply(self, message_id: int) -> Extension | None:
        """Return the extension that the Discord message shows."""
        async with self._db.read() as db:
            return await extensions.find(db, table.c.reply_message_id == message_id)

    async def save(self, new: Extension, *, was: Extension) -> bool:
        """Write the state and the clips of ``new`` if the stored one is as it ``was``.

        Compared are status, revision, failures and due_at. False means that someone was faster
        and nothing was written. A stored clip is never lost; reply and publishing stay untouched.
        """
        async with self._db.write() as db:
            return await extensions.save(db, new, was)

    async def claim_waiting(
        self, provider: str, *, now: dt.datetime, lapses_at: dt.datetime
    ) -> Extension | None:
        """Return the oldest waiting extension of ``provider`` that is due, now submitting.

        It is returned to one caller only, and committed as submitting before that.
        """
        async with self._db.write() as db:
            return await claims.claim_waiting(db, provider, now=now, lapses_at=lapses_at)

    async def next_waiting(self, provider: str, *, now: dt.datetime) -> Extension | None:
        """Return the oldest waiting extension of ``provider`` that is due, without claiming it.

        It is claimed by a `save` as submitting, which only one process can win.
        """
        async with self._db.read() as db:
            return await claims.next_waiting(db, provider, now)

    async def interrupted(self, *, now: dt.datetime) -> list[Extension]:
        """Return the submitting extensions whose claim has lapsed, oldest first."""
        async with self._db.read() as db:
            return await claims.interrupted(db, now)

    async def claim_due(
        self, provider: str, *, now: dt.datetime, lapses_at: dt.datetime, limit: int = 200
    ) -> list[Extension]:
        """Return the tracked extensions of ``provider`` that are due, the longest due first.

        They are due again at ``lapses_at``, as the returned values say, unless saved before.
        """
        async with self._db.write() as db:
            return await claims.claim_due(db, provider, now=now, lapses_at=lapses_at, limit=limit)

    async def claim_unpublished(
        self, *, now: dt.datetime, lapses_at: dt.datetime, limit: int = 200
    ) -> list[Extension]:
        """Return the extensions whose reply shows an old revision, final ones first.

        They come again at ``lapses_at``, unless marked or postponed before.
        """
        async with self._db.write() as db:
            return await claims.claim_unpublished(db, now=now, lapses_at=lapses_at, limit=limit)

    async def mark_published(
        self, extension_id: int, revision: int, *, publish_at: dt.datetime
    ) -> None:
        """Note that the reply shows ``revision``; it is left alone until ``publish_at``."""
        async with self._db.write() as db:
            await claims.mark_published(db, extension_id, revision, publish_at)

    async def postpone_publishing(self, extension_id: int, *, publish_at: dt.datetime) -> None:
        """Note an edit that failed, to be repeated at ``publish_at``."""
        async with self._db.write() as db:
            await claims.postpone_publishing(db, extension_id, publish_at)

    async def save_reply(self, extension_id: int, reply: ReplyRef) -> None:
        """Write where the reply is; state and publishing stay untouched."""
        async with self._db.write() as db:
            await extensions.save_reply(db, extension_id, reply)

    async def next_due(self) -> dt.datetime | None:
        """Return when the next extension that is not final is due; it may be past."""
        async with self._db.read() as db:
            return await claims.next_due(db)

    async def next_publish(self) -> dt.datetime | None:
        """Return when the next reply may be brought up to date; it may be past."""
        async with self._db.read() as db:
            return await claims.next_publish(db)

    async def place_in_line(self, ext: Extension) -> int:
        """Return the place of ``ext`` among the waiting ones of its provider; 1 is next."""
        async with self._db.read() as db:
            return await extensions.place_in_line(db, ext)

    async def advance_line(self, provider: str, *, places: int = 10) -> None:
        """Raise the revision of the first ``places`` waiting: their place in line changed."""
        async with self._db.write() as db:
            await extensions.advance_line(db, provider, places)

    async def timings(self, provider: str, *, limit: int = 64) -> list[Timing]:
        """Return how long the latest complete extensions of ``provider`` took, newest first."""
        async with self._db.read() as db:
            return await extensions.timings(db, provider, limit)

    async def open_providers(self) -> set[str]:
        """Return the providers with an extension that is not final."""
        async with self._db.read() as db:
            return await extensions.open_providers(db)

    async def clip(self, clip_id: str) -> KnownClip | None:
        """Return the best that is known of a clip: as it was made, else as it was used."""
        async with self._db.read() as db:
            return await clips.find_clip(db, clip_id)

    async def search_clips(
        self, text: str, *, guild_id: int | None, member_id: int, limit: int = 25
    ) -> list[KnownClip]:
        """Return clips with ``text`` in title, style or id, each once, newest made or used first.

        Looks among the playable clips made and the source clips used by extensions in the guild,
        or, where there is none, by extensions of the member, wherever they are.
        """
        is_own = table.c.member_id == member_id
        within = is_own if guild_id is None else table.c.reply_guild_id == guild_id
        async with self._db.read() as db:
            return await clips.search(db, text, within, limit)

    async def remember_clip(self, provider: str, clip: Clip, *, now: dt.datetime) -> None:
        """Keep what ``provider`` told of a source clip; a clip that was made here is left alone."""
        async with self._db.write() as db:
            await clips.remember(db, provider, clip, now)

    async def unknown_clips(self, clip_ids: Sequence[str]) -> list[str]:
        """Return those of ``clip_ids`` that no extension made, in order."""
        async with self._db.read() as db:
            made = await clips.made_clips(db, clip_ids)
        return [clip_id for clip_id in clip_ids if clip_id not in made]

    async def keep_draft(self, form: Form, *, member_id: int, now: dt.datetime) -> int:
        """Keep what a member typed; return the number that `draft` finds it by."""
        async with self._db.write() as db:
            return await notes.keep_draft(db, form, member_id, now)

    async def draft(self, draft_id: int, *, member_id: int) -> Form | None:
        """Return a draft to the member who typed it, and to no one else."""
        async with self._db.read() as db:
            return await notes.draft(db, draft_id, member_id)

    async def forget_drafts(self, *, before: dt.datetime) -> None:
        """Forget the drafts that were kept ``before`` then."""
        async with self._db.write() as db:
            await notes.forget_drafts(db, before)

    async def fact(self, name: str) -> str | None:
        """Return what was last said of ``name``, such as the hash of the command tree."""
        async with self._db.read() as db:
            return await notes.fact(db, name)

    async def set_fact(self, name: str, value: str) -> None:
        """Remember ``value`` under ``name``, in place of what was said before."""
        async with self._db.write() as db:
            await notes.set_fact(db, name, value)
