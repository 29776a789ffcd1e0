"""The store's face: everything Encore remembers, in the words of the domain.

Each method is one short transaction; what it returns is committed. Nothing here waits for a
network other than the database's.
"""

import datetime as dt
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Self

from bot.domain.attachments import Uploads
from bot.domain.lineage import LineageClip
from bot.domain.models import Clip, ClipRecord, Extension, ReplyRef
from bot.domain.polling import CompletionTimes
from bot.store import (
    acceptance,
    clips,
    extensions,
    leases,
    lineage,
)
from bot.store.acceptance import Accepted, Quota, QuotaExceeded
from bot.store.audio_store import AudioStore
from bot.store.database import Database, open_database
from bot.store.leases import ReplyEdit
from bot.store.library import in_guild
from bot.store.library_store import LibraryStore
from bot.store.note_store import NoteStore
from bot.store.schema import extensions as table


class Store:
    """What Encore remembers. Made by `open`.

    Attributes:
        audio: what replies are to carry.
        library: what members look through.
        notes: drafts and facts.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self.audio = AudioStore(database)
        self.library = LibraryStore(database)
        self.notes = NoteStore(database)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncGenerator[Self]:
        """Open the database at the SQLAlchemy URL ``url`` and bring it to the newest schema.

        A SQLite file belongs to one process at a time, so the claims of an earlier one lapse. On
        PostgreSQL others may hold theirs.

        Raises:
            StoreError: it can't be opened.
        """
        async with open_database(url) as database:
            yield cls(database)

    async def insert(
        self, ext: Extension, *, publish_at: dt.datetime | None = None
    ) -> tuple[Extension, bool]:
        """Insert ``ext`` unless its trigger is known; return the stored one and whether it is new.

        Its reply is not published before ``publish_at``, by default at once. The source clip is
        remembered as one that was used.
        """
        return await self._db.write(extensions.insert_new, ext, publish_at or ext.created_at)

    async def accept(
        self,
        ext: Extension,
        *,
        publish_at: dt.datetime,
        quota: Quota,
        double_since: dt.datetime,
        source_is_known: bool = False,
    ) -> Accepted | QuotaExceeded:
        """As `accept`, if there is room within ``quota``; else tell what is in progress.

        A take that repeats one of the same member since ``double_since`` is a double click, and
        the first one is returned, as is a full song that the channel has or soon has. On SQLite,
        no two can find the same last place free. With ``knows_source`` the source clip is known
        to be remembered already.
        """
        return await self._db.write_first(
            acceptance.accept,
            ext,
            publish_at=publish_at,
            quota=quota,
            double_since=double_since,
            source_is_known=source_is_known,
        )

    async def extension(self, extension_id: int) -> Extension | None:
        """Return one extension."""
        return await self._db.read(extensions.find, table.c.id == extension_id)

    async def find_by_reply(self, message_id: int) -> Extension | None:
        """Return the extension that the Discord message shows."""
        return await self._db.read(extensions.find, table.c.reply_message_id == message_id)

    async def find_by_trigger(self, idempotency_key: str) -> Extension | None:
        """Return the extension that this event asked for."""
        return await self._db.read(extensions.find, table.c.trigger == idempotency_key)

    async def save(self, new: Extension, *, was: Extension) -> bool:
        """Write the state and the clips of ``new`` if the stored one is as it ``was``.

        Compared are status, revision, failures and due_at. False means that someone was faster
        and nothing was written. A stored clip is never lost; reply and publishing stay untouched.
        """
        return await self._db.write(extensions.save, new, was)

    async def next_waiting(
        self, provider: str, *, now: dt.datetime, excluding: Collection[int] = ()
    ) -> Extension | None:
        """Return the oldest waiting extension of ``provider`` that is due, without claiming it."""
        return await self._db.read(leases.next_waiting, provider, now, excluding)

    async def stale_submissions(self, *, now: dt.datetime) -> list[Extension]:
        """Return the submitting extensions whose claim has lapsed, oldest first."""
        return await self._db.read(leases.stale_submissions, now)

    async def claim_due(
        self,
        provider: str,
        *,
        now: dt.datetime,
        lease_until: dt.datetime,
        limit: int = 200,
        excluding: Collection[int] = (),
    ) -> list[Extension]:
        """Return the tracked extensions of ``provider`` that are due, the longest due first.

        They are due again at ``lease_until``, as the returned values say, unless saved before.
        """
        return await self._db.write(
            leases.claim_due,
            provider,
            now=now,
            lease_until=lease_until,
            limit=limit,
            excluding=excluding,
        )

    async def unpublished(
        self, *, now: dt.datetime, limit: int = 200, excluding: Collection[int] = ()
    ) -> list[Extension]:
        """Return extensions whose reply shows an old revision, final ones first; claims none."""
        return await self._db.read(leases.unpublished, now=now, limit=limit, excluding=excluding)

    async def claim_edit(
        self, extension_id: int, *, now: dt.datetime, lease_until: dt.datetime
    ) -> ReplyEdit | None:
        """Claim one unpublished reply for an edit; None if it needs none or is claimed already."""
        return await self._db.write(
            leases.claim_edit, extension_id, now=now, lease_until=lease_until
        )

    async def finish_edit(
        self,
        edit: ReplyEdit,
        reply: ReplyRef,
        *,
        now: dt.datetime,
        publish_at: dt.datetime,
        shown: Uploads | None,
    ) -> None:
        """Store that ``reply`` shows the claimed revision, and settle its pending uploads."""
        await self._db.write(
            leases.finish_edit, edit, reply, now=now, publish_at=publish_at, shown=shown
        )

    async def release_edit(
        self, edit: ReplyEdit, reply: ReplyRef, *, publish_at: dt.datetime
    ) -> None:
        """Give up the claim without an edit, and store what was learned of the reply."""
        await self._db.write(leases.release_edit, edit, reply, publish_at)

    async def postpone_edit(self, edit: ReplyEdit, *, publish_at: dt.datetime) -> None:
        """Store that an edit failed; it is repeated at ``publish_at``."""
        await self._db.write(leases.postpone_edit, edit, publish_at)

    async def requeue_uploads(
        self,
        edit: ReplyEdit,
        uploads: Uploads,
        *,
        now: dt.datetime,
        due_at: dt.datetime,
        size_limit: int | None = None,
        failures: int = 0,
    ) -> None:
        """Drop pending uploads, give up the claim, and queue the audio again."""
        await self._db.write(
            leases.requeue_uploads,
            edit,
            uploads,
            now=now,
            due_at=due_at,
            size_limit=size_limit,
            failures=failures,
        )

    async def record_first_reply(
        self,
        ext: Extension,
        reply: ReplyRef,
        *,
        lease_until: dt.datetime,
        publish_at: dt.datetime,
    ) -> None:
        """Store that ``reply`` shows ``ext``; it is not edited before ``publish_at``."""
        await self._db.write(
            leases.record_first_reply, ext, reply, lease_until=lease_until, publish_at=publish_at
        )

    async def lineage(self, clip_id: str) -> list[LineageClip]:
        """Return the clips from the root to this one, all that is known of them."""
        return await self._db.read(lineage.lineage, clip_id)

    async def songs_of(self, clip_id: str, *, channel_id: int) -> list[Extension]:
        """Return the full songs up to a clip that a channel has or soon has, newest first."""
        return await self._db.read(lineage.songs_of, clip_id, channel_id)

    async def is_song_refused(self, clip_id: str) -> bool:
        """Return whether a provider refused or failed to join the parts up to a clip."""
        return await self._db.read(lineage.is_song_refused, clip_id)

    async def save_reply(self, extension_id: int, reply: ReplyRef) -> None:
        """Write where the reply is; state and publishing stay untouched."""
        await self._db.write(extensions.save_reply, extension_id, reply)

    async def next_due(self) -> dt.datetime | None:
        """Return when the next extension that is not final is due; it may be past."""
        return await self._db.read(leases.next_due)

    async def next_publish(self) -> dt.datetime | None:
        """Return when the next reply may be brought up to date; it may be past."""
        return await self._db.read(leases.next_publish)

    async def queue_position(self, ext: Extension) -> int:
        """Return the place of ``ext`` among the waiting ones of its provider; 1 is next."""
        return await self._db.read(extensions.queue_position, ext)

    async def bump_queue_positions(self, provider: str, *, places: int = 10) -> None:
        """Raise the revision of the first ``places`` waiting: their place in line changed."""
        await self._db.write(extensions.bump_queue_positions, provider, places)

    async def timings(self, provider: str, *, limit: int = 64) -> list[CompletionTimes]:
        """Return how long the latest complete extensions of ``provider`` took, newest first."""
        return await self._db.read(extensions.timings, provider, limit)

    async def providers_in_use(self) -> set[str]:
        """Return the providers with an extension that is not final."""
        return await self._db.read(extensions.providers_in_use)

    async def in_progress(
        self, *, member_id: int | None = None, channel_id: int | None = None
    ) -> list[Extension]:
        """Return what is not final, of a member or in a channel, oldest first."""
        return await self._db.read(lineage.in_progress, member_id=member_id, channel_id=channel_id)

    async def continuations(self, ext: Extension) -> list[Extension]:
        """Return the extensions that go on from a clip of ``ext`` and have a reply, oldest first.

        What came to nothing is left out.
        """
        return await self.continuations_of([clip.id for clip in ext.clips])

    async def continuations_of(self, clip_ids: Sequence[str]) -> list[Extension]:
        """Return the extensions that go on from one of these clips; as `continuations`."""
        return await self._db.read(lineage.continuations, clip_ids)

    async def bump_source_revision(self, ext: Extension, *, publish_at: dt.datetime) -> None:
        """Have the reply that made the source clip of ``ext`` say, from then on, that it goes on.

        Several such news before ``publish_at`` become one edit.
        """
        await self._db.write(lineage.bump_source_revision, ext, publish_at)

    async def latest_take(self, take_of: int, *, member_id: int) -> Extension | None:
        """Return the newest take of an extension that this member asked for."""
        return await self._db.read(lineage.latest_take, take_of, member_id)

    async def clip(self, clip_id: str) -> ClipRecord | None:
        """Return the best that is known of a clip: as it was made, else as it was used."""
        return await self._db.read(clips.find_clip, clip_id)

    async def search_clips(
        self,
        text: str,
        *,
        guild_id: int | None,
        member_id: int,
        channels: Collection[int] | None = None,
        limit: int = 25,
    ) -> list[ClipRecord]:
        """Return clips with ``text`` in title, style or id, each once, newest made or used first.

        Looks among the playable clips made and the source clips used by extensions in the guild,
        or, where there is none, by extensions of the member, wherever they are. What a member
        took out of the library is not found.

        Args:
            text: what to look for.
            guild_id: where.
            member_id: who looks.
            channels: those of the guild to look in, beside what the member asked for; None is all.
            limit: how many to return.
        """
        if guild_id is None:
            within = table.c.member_id == member_id
        elif channels is None:
            within = table.c.reply_guild_id == guild_id
        else:
            within = in_guild(guild_id, channels, member_id)
        return await self._db.read(clips.search, text, within, limit)

    async def remember_clip(self, provider: str, clip: Clip, *, now: dt.datetime) -> None:
        """Keep what ``provider`` told of a source clip; a clip that was made here is left alone."""
        await self._db.write(clips.remember, provider, clip, now)

    async def unknown_clips(self, clip_ids: Sequence[str]) -> list[str]:
        """Return those of ``clip_ids`` that no extension made, in order."""
        made = await self._db.read(clips.made_clips, clip_ids)
        return [clip_id for clip_id in clip_ids if clip_id not in made]
