"""The part of the store's face that has to do with the audio that replies are to carry."""

import datetime as dt
from collections.abc import Collection

from bot.domain.attachments import Attachment, AudioWork, Uploads
from bot.store import audio, leases
from bot.store.database import Database


class AudioStore:
    """The audio that replies are to carry."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def enqueue(self, extension_id: int, *, due_at: dt.datetime) -> None:
        """Have the audio of an extension attached, also once more.

        An extension that becomes complete with something to hear, and a splice that is accepted,
        want it by themselves, in the same transaction.
        """
        await self._db.write(audio.enqueue, extension_id, due_at)

    async def claim(
        self,
        *,
        now: dt.datetime,
        lease_until: dt.datetime,
        limit: int,
        excluding: Collection[int] = (),
    ) -> list[AudioWork]:
        """Claim the audio that is due, the longest due first, until ``lease_until``."""
        return await self._db.write(
            audio.claim, now=now, lease_until=lease_until, limit=limit, excluding=excluding
        )

    async def renew(self, work: AudioWork, *, lease_until: dt.datetime) -> AudioWork | None:
        """Return the claim prolonged until ``lease_until``; None if it is lost."""
        return await self._db.write(audio.renew, work, lease_until)

    async def postpone(self, work: AudioWork, *, due_at: dt.datetime) -> None:
        """Store that an attempt failed; the next one is due at ``due_at``."""
        await self._db.write(audio.postpone, work, due_at)

    async def finish(self, work: AudioWork, uploads: Uploads) -> bool:
        """Store ``uploads`` as pending and raise the revision; False if the claim has lapsed."""
        return await self._db.write(audio.finish, work, uploads)

    async def abandon(self, work: AudioWork, uploads: Uploads, *, now: dt.datetime) -> None:
        """End work whose reply is unreachable; a splice ends as ``uploads`` say."""
        await self._db.write(leases.abandon_audio, work, uploads, now)

    async def with_pending_uploads(self, extension_ids: Collection[int]) -> set[int]:
        """Return those of ``extension_ids`` whose uploads an edit has yet to show."""
        return await self._db.read(audio.with_pending_uploads, extension_ids)

    async def attachments(self, extension_id: int) -> tuple[Attachment, ...]:
        """Return what the reply of an extension carries, and why it does not carry the rest."""
        return await self._db.read(audio.attachments_of, extension_id)

    async def next_due(self) -> dt.datetime | None:
        """Return when the next audio is due; it may be past."""
        return await self._db.read(audio.next_audio)
