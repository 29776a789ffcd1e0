"""The loop that prepares audio: complete -> files, stored as pending uploads for the reply.

It never touches a reply: it stores what it made and raises the revision, and the publisher edits.
The files lie in a folder of this process until an edit has shown them. After a restart that folder
is gone, the publisher finds the files missing and queues the work again. Until then the reply stays
as it is: complete, with links. A splice becomes complete only together with the edit that shows
its song, so a kill never leaves one complete without audio. Knows nothing of Discord.
"""

import asyncio
import datetime as dt
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import cast

from bot.audio.errors import MediaError
from bot.audio.process_pool import ProcessPool
from bot.domain.attachments import AudioWork, Uploads, without_audio
from bot.domain.clock import Clock
from bot.domain.models import Extension, Kind, ReplyRef
from bot.domain.polling import backoff
from bot.logs import current_extension
from bot.services.task_pool import TaskPool
from bot.services.uploads import UploadBuilder
from bot.services.wakeups import Wakeups
from bot.store.store import Store

log = logging.getLogger(__name__)

MAX_CONCURRENT = 4
MAX_PENDING = 16  # extensions with files on disk that no edit has shown yet
MAX_ATTEMPTS = 6  # to prepare the audio, within some 90 seconds
FIRST_RETRY_DELAY = 3.0  # seconds
LEASE = dt.timedelta(seconds=60)  # renewed while the files are being prepared
RENEW_INTERVAL = 20.0  # seconds
PREPARATION_TIMEOUT = 600.0  # seconds; a long song on a slow machine takes minutes


class Attacher:
    """Prepares the audio of each complete extension, and each full song joined by Encore."""

    def __init__(
        self,
        store: Store,
        builders: Mapping[Kind, UploadBuilder],
        pool: ProcessPool,
        *,
        attachment_limit: Callable[[ReplyRef], int | None],
        wakeups: Wakeups,
        clock: Clock,
        renew_interval: float = RENEW_INTERVAL,
        preparation_timeout: float = PREPARATION_TIMEOUT,
        max_pending: int = MAX_PENDING,
    ) -> None:
        """Make the loop.

        Args:
            store: where the work is queued.
            builders: what makes the files of each kind of extension.
            pool: whose temporary folders hold the files.
            attachment_limit: returns how many bytes one file of a reply may have; None where
                none may be attached.
            wakeups: the publisher's is notified of pending uploads.
            clock: the time.
            renew_interval: seconds after which a claim is renewed.
            preparation_timeout: seconds that one attempt may take.
            max_pending: how many extensions may have files on disk at once.
        """
        self._store = store
        self._builders = builders
        self._pool = pool
        self._attachment_limit = attachment_limit
        self._wakeups = wakeups
        self._clock = clock
        self._renew_interval = renew_interval
        self._preparation_timeout = preparation_timeout
        self._max_pending = max_pending
        self._tasks = TaskPool[int](limit=MAX_CONCURRENT)
        self._folders: dict[int, ExitStack] = {}

    async def run_once(self) -> None:
        """Start on everything that is due; one failure never touches another."""
        await self._remove_shown()
        room = min(self._tasks.free, self._max_pending - len(self._folders) - len(self._tasks.keys))
        now, next_at = self._clock(), await self._store.next_audio()
        if room <= 0 or next_at is None or next_at > now:
            return
        due = await self._store.claim_audio(
            now=now, lease_until=now + LEASE, limit=room, excluding=self._tasks.keys
        )
        for work in due:
            self._tasks.start(work.extension_id, self._work_on(work))

    async def idle(self) -> None:
        """Return when nothing is being prepared."""
        await self._tasks.idle()

    async def stop(self) -> None:
        """Stop; claimed work is begun anew after the next start."""
        await self._tasks.stop(grace=0)

    async def _remove_shown(self) -> None:
        """Remove the files that an edit has shown, or that will never be shown."""
        if not self._folders:
            return
        pending = await self._store.with_pending_uploads(frozenset(self._folders))
        for extension_id in self._folders.keys() - pending:
            self._folders.pop(extension_id).close()

    async def _work_on(self, work: AudioWork) -> None:
        """Prepare what can be prepared now, and the rest later."""
        current_extension.set(work.extension_id)
        # its row refers to the extension, so it is there
        ext = cast("Extension", await self._store.extension(work.extension_id))
        try:
            if ext.reply.unreachable:
                await self._store.abandon_audio(work, without_audio(ext), now=self._clock())
                log.info("Extension %s: its audio has no reply", ext.id)
            else:
                await self._prepare(ext, work)
        finally:
            self._wakeups.attacher.notify()  # there is room for more

    async def _prepare(self, ext: Extension, work: AudioWork) -> None:
        """Store pending uploads, without files after the last attempt; else postpone the work."""
        with ExitStack() as stack:
            work, uploads = await self._attempt(ext, work, stack)
            if uploads is None:
                jitter = random.random()  # noqa: S311 - only spreads attempts
                pause = backoff(work.failures, jitter=jitter, first_delay=FIRST_RETRY_DELAY)
                due_at = self._clock() + dt.timedelta(seconds=pause)
                await self._store.postpone_audio(work, due_at=due_at)
            elif await self._store.finish_audio(work, uploads):
                self._folders[ext.id] = stack.pop_all()
                self._wakeups.publisher.notify()

    async def _attempt(
        self, ext: Extension, work: AudioWork, stack: ExitStack
    ) -> tuple[AudioWork, Uploads | None]:
        """Prepare the files in a folder that ``stack`` removes.

        Returns:
            The claim as it was renewed, and the uploads; None instead of them if another attempt
            may bring them.
        """
        is_last = work.failures + 1 >= MAX_ATTEMPTS
        preparing = asyncio.create_task(self._build(ext, work, stack, is_last=is_last))
        try:
            async with asyncio.timeout(self._preparation_timeout):
                while not (await asyncio.wait([preparing], timeout=self._renew_interval))[0]:
                    lease_until = self._clock() + LEASE
                    renewed = await self._store.renew_audio(work, lease_until=lease_until)
                    if renewed is None:
                        return work, None  # another process has taken it over
                    work = renewed
            return work, preparing.result()
        except Exception as error:
            log.info("Extension %s: no audio yet (%s)", ext.id, error)
            if not isinstance(error, (MediaError, TimeoutError)):
                log.exception("Extension %s: preparing its audio failed unexpectedly", ext.id)
            return work, without_audio(ext) if is_last else None
        finally:
            preparing.cancel()
            await asyncio.gather(preparing, return_exceptions=True)

    async def _build(
        self, ext: Extension, work: AudioWork, stack: ExitStack, *, is_last: bool
    ) -> Uploads:
        if work.failures >= MAX_ATTEMPTS:  # Discord refused them again and again
            return without_audio(ext)
        limit = self._attachment_limit(ext.reply)
        if limit is not None and work.size_limit is not None:
            limit = min(limit, work.size_limit)
        folder = stack.enter_context(self._pool.temporary_folder())
        builder = self._builders[ext.kind]
        uploads = await builder.prepare(ext, folder, limit=limit, is_last=is_last)
        return replace(uploads, limit=limit)
