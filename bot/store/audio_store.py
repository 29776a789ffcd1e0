"""The part of the store's face that has to do with the audio that replies are to carry."""

import datetime as dt
from collections.abc import Sequence

from bot.domain.attachments import Attachment, AudioWork
from bot.store import audio
from bot.store.database import Database


class AudioStore:
    """What is to be attached, who is at it, and what became of it."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def enqueue(self, extension_id: int, *, due_at: dt.datetime) -> None:
        """Have the audio of an extension attached, also once more.

        An extension that becomes complete with something to hear, and a splice that is accepted,
        want it by themselves, in the same transaction.
        """
        await self._db.write(audio.enqueue, extension_id, due_at)

    async def claim(
        self, *, now: dt.datetime, lease_until: dt.datetime, limit: int
    ) -> list[AudioWork]:
        """Claim the audio that is due, the longest due first, until ``lease_until``."""
        return await self._db.write(audio.claim, now=now, lease_until=lease_until, limit=limit)

    async def postpone(self, work: AudioWork, *, due_at: dt.datetime) -> None:
        """Note an attempt that failed, to be repeated at ``due_at``."""
        await self._db.write(audio.postpone, work, due_at)

    async def finish(self, work: AudioWork, attachments: Sequence[Attachment]) -> None:
        """Keep what became of the audio; a length that no provider told is kept with its clip.

        Nothing is written if the claim has lapsed and someone else has it.
        """
        await self._db.write(audio.finish, work, attachments)

    async def attachments(self, extension_id: int) -> tuple[Attachment, ...]:
        """Return what the reply of an extension carries, and why it does not carry the rest."""
        return await self._db.read(audio.attachments_of, extension_id)

    async def next_due(self) -> dt.datetime | None:
        """Return when the next audio is due; it may be past."""
        return await self._db.read(audio.next_audio)
