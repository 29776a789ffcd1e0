"""The fourth loop: complete -> heard and seen. Has the audio prepared, and the reply carry it.

What is to be done is claimed from the store like everything else. Killed at any moment it begins
anew, and the one edit that attaches replaces all that an earlier one may have left. Whatever
becomes of the audio, the links stay. Knows nothing of Discord.
"""

import datetime as dt
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum, auto
from functools import partial
from typing import Protocol, cast

from bot.audio.errors import MediaError
from bot.audio.process_pool import ProcessPool
from bot.domain.attachments import Attachment, AttachmentStatus, AudioWork
from bot.domain.clock import Clock
from bot.domain.failures import Unexpected
from bot.domain.models import Extension, Kind, ReplyRef, Status
from bot.domain.polling import backoff
from bot.domain.transitions import finished
from bot.services.task_pool import TaskPool
from bot.services.uploads import UploadBuilder, Uploads
from bot.services.wakeups import Wakeups
from bot.store.store import Store

log = logging.getLogger(__name__)

MAX_CONCURRENT = 4
MAX_ATTEMPTS = 6  # to have the audio, which some 90 seconds allow
MAX_EDITS = 40  # attempts to show it, over about half an hour
SMALL = 1024 * 1024  # bytes; if even this is too large, it is not for the size of the audio
LEASE = dt.timedelta(minutes=20)  # longer than fetching, encoding and sending all clips may take
FIRST_RETRY_DELAY = 3.0  # seconds


class AttachResult(Enum):
    """What became of an edit that attaches files."""

    DONE = auto()
    NOWHERE = auto()  # no way leads to the reply any more
    TOO_LARGE = auto()
    NOT_ALLOWED = auto()  # to attach files
    LATER = auto()  # it did not get through now


SETTLED = (AttachResult.DONE, AttachResult.NOWHERE)


class ReplyEditor(Protocol):
    """The replies, as far as audio has to do with them."""

    def attachment_limit(self, reply: ReplyRef) -> int | None:
        """Return how many bytes a file may have there; None where none may be attached."""
        ...

    async def carry(
        self, ext: Extension, prepared: Uploads, look: Callable[[Extension], Extension]
    ) -> AttachResult:
        """Show ``ext``, as it is then and ``look`` makes it, with the files in place of all others.

        ``look`` may be applied more than once. Raises nothing that another attempt could mend.
        """
        ...


class Attacher:
    """Has each complete extension carry its audio, and each splice made."""

    def __init__(
        self,
        store: Store,
        preparations: Mapping[Kind, UploadBuilder],
        replies: ReplyEditor,
        pool: ProcessPool,
        *,
        wakeups: Wakeups,
        clock: Clock,
    ) -> None:
        """Make the loop; ``preparations`` make the files of each kind of extension."""
        self._store = store
        self._preparations = preparations
        self._replies = replies
        self._pool = pool
        self._wakeups = wakeups
        self._clock = clock
        self._workers = TaskPool(limit=MAX_CONCURRENT)

    async def run_once(self) -> None:
        """Start on everything that is due; one failure never touches another."""
        if not self._workers.free:
            return
        now, next_at = self._clock(), await self._store.next_audio()
        if next_at is None or next_at > now:
            return
        due = await self._store.claim_audio(
            now=now, lease_until=now + LEASE, limit=self._workers.free
        )
        for work in due:
            self._workers.start(work.extension_id, self._work_on(work))

    async def idle(self) -> None:
        """Return when nothing is being prepared or attached."""
        await self._workers.idle()

    async def stop(self) -> None:
        """Stop; nothing is lost, what was claimed is begun anew after the next start."""
        await self._workers.stop(grace=0)

    async def _work_on(self, work: AudioWork) -> None:
        """Do what can be done now; what can't is done later, for a while."""
        # its row refers to it, so it is there
        ext = cast("Extension", await self._store.extension(work.extension_id))
        is_settled = False
        try:
            is_settled = await self._attach(ext, work)
        except Exception as error:
            log.info("Extension %s: no audio yet (%s)", ext.id, error)
            if not isinstance(error, MediaError):
                log.exception("Extension %s: preparing its audio failed unexpectedly", ext.id)
            if work.failures + 1 >= MAX_ATTEMPTS:
                is_settled = await self._settle(ext, work, _without(ext)) in SETTLED
        if not is_settled:
            await self._postpone(ext, work)
        self._wakeups.attacher.notify()  # there is room for more

    async def _postpone(self, ext: Extension, work: AudioWork) -> None:
        """Try again later; for good only the last time."""
        if work.failures < MAX_EDITS:
            pause = backoff(work.failures, jitter=random.random(), first=FIRST_RETRY_DELAY)  # noqa: S311 - only spreads attempts
            due_at = self._clock() + dt.timedelta(seconds=pause)
            await self._store.postpone_audio(work, due_at=due_at)
        else:
            await self._finish(ext, work, _without(ext), is_shown=False)

    async def _attach(self, ext: Extension, work: AudioWork) -> bool:
        """Prepare and attach what the place of the reply takes; return whether that is settled."""
        preparation = self._preparations[ext.kind]
        is_last = work.failures + 1 >= MAX_ATTEMPTS
        limit = self._replies.attachment_limit(ext.reply)
        while True:
            with self._pool.temporary_folder() as folder:
                prepared = await preparation.prepare(ext, folder, limit=limit, is_last=is_last)
                carried = await self._settle(ext, work, prepared)
            if carried is AttachResult.TOO_LARGE and limit:
                limit = limit // 2 if limit > SMALL else 0
            elif carried is AttachResult.NOT_ALLOWED and limit is not None:
                limit = None
            else:
                return carried in SETTLED

    async def _settle(self, ext: Extension, work: AudioWork, prepared: Uploads) -> AttachResult:
        """Show what was prepared; if that is done, or can never be, keep what became of it."""
        look = partial(_finished, prepared=prepared, now=self._clock())
        carried = await self._replies.carry(ext, prepared, look)
        if carried in SETTLED:
            await self._finish(ext, work, prepared, is_shown=carried is AttachResult.DONE)
        return carried

    async def _finish(
        self, ext: Extension, work: AudioWork, prepared: Uploads, *, is_shown: bool
    ) -> None:
        new = _finished(ext, prepared=prepared, now=self._clock())
        if new.status is not ext.status:
            await self._store.save(new, was=ext)
            self._wakeups.publisher.notify()
        await self._store.finish_audio(work, prepared.attachments if is_shown else ())
        outcomes = ", ".join(each.outcome for each in prepared.attachments)
        log.info("Extension %s: audio %s", ext.id, outcomes if is_shown else "has no reply")


def _finished(ext: Extension, *, prepared: Uploads, now: dt.datetime) -> Extension:
    """Return ``ext`` as it is with what was prepared: a splice made or not, lengths known."""
    if ext.kind is Kind.SPLICE:
        status = Status.COMPLETE if prepared.failure is None else Status.FAILED
        return finished(ext, status, prepared.failure, now=now)
    lengths = {each.clip_id: each.duration for each in prepared.attachments}
    return replace(
        ext,
        clips=tuple(
            replace(clip, duration=lengths.get(clip.id)) if clip.duration is None else clip
            for clip in ext.clips
        ),
    )


def _without(ext: Extension) -> Uploads:
    """Return what is left when audio can't be had: the links of clips, and no song."""
    if ext.kind is Kind.SPLICE:
        return Uploads(failure=Unexpected())
    return Uploads(
        attachments=tuple(
            Attachment(clip_id=clip.id, outcome=AttachmentStatus.UNAVAILABLE)
            for clip in ext.clips
            if clip.is_playable
        )
    )
