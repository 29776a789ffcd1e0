"""The loop that sends requests: waiting -> submitted. Each request is sent at most once.

A row is `submitting` in the store before its POST is sent, and `submitted` with its handle right
after. A row that is still `submitting` after its claim lapsed was interrupted; it is never sent
again automatically. Knows nothing of Discord.
"""

import asyncio
import datetime as dt
import logging
import random
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, suppress
from functools import partial

from bot import metrics
from bot.domain import failures
from bot.domain.failures import Failure
from bot.domain.models import (
    Extension,
    Handle,
    Kind,
    Status,
)
from bot.domain.polling import backoff
from bot.domain.transitions import finished, found_again, postponed, searched, submitted
from bot.logs import current_extension
from bot.providers.base import (
    OutOfCredits,
    Provider,
    ProviderError,
    RateLimited,
    Rejected,
    SessionExpired,
    SourceAudio,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    UnknownClip,
    WrongAddress,
)
from bot.services.request_preparer import (
    PreparedRequest,
    RequestPreparer,
    SourceNotReadyError,
)
from bot.services.runtime import Runtime
from bot.services.source_audio import SourceAudioPreparer, UnusableSourceError
from bot.services.task_pool import TaskPool
from bot.services.unsaved_handles import UnsavedHandles

log = logging.getLogger(__name__)

MAX_CONCURRENT = 16
RECONCILE_INTERVAL = dt.timedelta(seconds=5)


class Submitter:
    """Sends waiting extensions in order, within each provider's submit rate."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        reconcile_timeout: dt.timedelta,
        unsaved_handles: UnsavedHandles,
        sources: SourceAudioPreparer,
    ) -> None:
        """Make the loop.

        Args:
            runtime: its deadlines also bound how long an unreachable provider is tried again.
            reconcile_timeout: how long a provider that lists recent clips is searched for the
                result of an interrupted submission before it becomes unconfirmed.
            unsaved_handles: keeps the handles that can't be saved until Encore starts again.
            sources: makes the audio for providers that want it.
        """
        self._runtime = runtime
        self._store = runtime.store
        self._providers = runtime.providers
        self._wakeups = runtime.wakeups
        self._outage_log = runtime.outage_log
        self._account_errors = runtime.account_errors
        self._poll_schedule = runtime.poll_schedule
        self._clock = runtime.clock
        self._reconcile_timeout = reconcile_timeout
        self._unsaved_handles = unsaved_handles
        self._preparer = RequestPreparer(runtime, sources)
        self._has_restored_handles = False
        self._queues = TaskPool[str](limit=len(self._providers) + 1)
        self._posts = {name: TaskPool[int](limit=MAX_CONCURRENT) for name in self._providers}
        self._recoveries = TaskPool[int](limit=MAX_CONCURRENT)
        self._search_lock = asyncio.Lock()
        self._stopping = asyncio.Event()

    async def run_once(self) -> None:
        """Recover interrupted submissions, and start a queue for each provider that needs one."""
        await self._restore_handles()
        held = {
            ext_id for pool in (self._recoveries, *self._posts.values()) for ext_id in pool.keys
        }
        for ext in await self._store.stale_submissions(now=self._clock()):
            # what is still held in memory is not interrupted, only not saved yet
            if self._recoveries.free and ext.id not in held:
                self._recoveries.start(ext.id, self._recover(ext))
        for name in await self._store.providers_in_use() - self._queues.keys:
            self._queues.start(name, self._drain(name))

    async def idle(self) -> None:
        """Return when nothing is being sent or recovered."""
        for pool in self._all_pools():
            await pool.idle()

    async def stop(self, *, grace: float) -> None:
        """Send nothing new, and let running submissions finish for up to ``grace`` seconds.

        What can't be saved then is not tried again; handles are kept for the next start.
        """
        self._stopping.set()
        await self._queues.stop(grace=grace)
        await asyncio.gather(*(pool.stop(grace=grace) for pool in self._all_pools()))

    def _all_pools(self) -> list[TaskPool[str] | TaskPool[int]]:
        return [self._queues, self._recoveries, *self._posts.values()]

    async def _restore_handles(self) -> None:
        """Save the handles that could not be saved when Encore was stopped; once, at its start."""
        if self._has_restored_handles:
            return
        now, are_saved = self._clock(), True
        for unsaved in self._unsaved_handles.read():
            ext = await self._store.extension(unsaved.extension_id)
            if ext is None or ext.idempotency_key != unsaved.idempotency_key:
                log.warning("The handle in %s is of another database", unsaved.path)
                continue
            new = ext
            if ext.handle is None:
                deadline = self._runtime.deadline_of(ext.request.provider)
                new = found_again(ext, unsaved.handle, now=now, due_at=now, deadline=deadline)
            if new is ext or await self._store.save(new, was=ext):
                log.info("Extension %s: its kept handle is saved", ext.id)
                self._unsaved_handles.forget(unsaved)
            else:
                are_saved = False  # the row changed meanwhile, so the next step reads it again
        self._has_restored_handles = are_saved
        self._wakeups.tracker.notify()
        self._wakeups.publisher.notify()

    async def _drain(self, name: str) -> None:
        """Send what waits for one provider, oldest first, until nothing may be sent any more."""
        provider = self._providers.get(name)
        if provider is None:
            await self._give_up(name)
            return
        posts = self._posts[name]
        # where there is a rate, each has to wait for its own slot; audio takes long to prepare
        can = provider.capabilities
        most = 1 if can.submit_every or can.wants_source_audio else MAX_CONCURRENT
        while await self._has_room(posts):
            # those that tasks are about to put back are left out
            exts = await self._store.next_waiting(
                name, now=self._clock(), limit=min(most, posts.free), excluding=posts.keys
            )
            if not exts:
                return
            prepared = await asyncio.gather(*(self._prepared(ext, provider) for ext in exts))
            ready = [each for each in prepared if each is not None]
            try:
                if ready:
                    await provider.wait_for_submit_slot()
                    await self._send(ready, provider, posts)
            finally:
                for each in ready:
                    each.files.close()

    async def _give_up(self, name: str) -> None:
        """End what waits for a provider that is no longer enabled."""
        while exts := await self._store.next_waiting(name, now=self._clock()):
            await self._end(exts[0], failures.Unavailable())

    async def _has_room(self, posts: TaskPool[int]) -> bool:
        """Wait until one more POST may be sent; return False if none may any more."""
        ends = [asyncio.create_task(end) for end in (posts.wait_for_room(), self._stopping.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        return not self._stopping.is_set()

    async def _prepared(self, ext: Extension, provider: Provider) -> PreparedRequest | None:
        """Return ``ext`` with all that its provider needs; None if it waits or ended."""
        current_extension.set(ext.id)
        try:
            return await self._preparer.prepare(ext, provider)
        except UnusableSourceError as error:
            await self._end(ext, error.failure)
        except SourceNotReadyError as error:
            await self._wait(ext, error.failure)
        except (Unavailable, RateLimited) as error:
            await self._postpone(ext, error)
        except Exception:
            log.exception("Extension %s: its source could not be read", ext.id)
            await self._postpone(ext, Unavailable())
        return None

    async def _send(
        self, ready: Sequence[PreparedRequest], provider: Provider, posts: TaskPool[int]
    ) -> None:
        """Claim what still waits of ``ready`` in the store, and start a POST for each.

        The POSTs take over the files.
        """
        if self._stopping.is_set():
            return
        now = self._clock()
        lease = dt.timedelta(seconds=2 * provider.capabilities.submit_timeout + 60)
        by_id = {each.extension.id: each for each in ready}
        claimed = await self._store.claim_waiting(
            [each.extension for each in ready], now=now, lease_until=now + lease
        )
        for ext in claimed:
            prepared = by_id[ext.id]
            work = self._submit(ext, provider, prepared.source, prepared.files.pop_all())
            posts.start(ext.id, work)
        self._wakeups.publisher.notify()

    async def _submit(
        self, ext: Extension, provider: Provider, source: SourceAudio | None, files: ExitStack
    ) -> None:
        """Send ``ext`` and store the outcome; ``files`` holds the audio until it is sent."""
        current_extension.set(ext.id)
        try:
            with files:
                handle = await _post(ext, provider, source)
        except (Unavailable, RateLimited) as error:
            await self._postpone(ext, error)
        except Unconfirmed as error:
            log.warning("Extension %s: %s did not confirm it", ext.id, provider.name)
            await self._reconcile_or_give_up(ext, provider, text=error.text)
        except ProviderError as error:
            self._account_errors.failed(provider.name, error)
            await self._end(ext, _failure_of(error))
        except Exception:
            log.exception("Extension %s: sending it failed unexpectedly", ext.id)
            await self._reconcile_or_give_up(ext, provider)
        else:
            self._outage_log.answered(provider.name)
            self._account_errors.worked(provider.name)
            await self._mark_submitted(ext, provider, handle)

    async def _mark_submitted(self, ext: Extension, provider: Provider, handle: Handle) -> None:
        is_saved = False
        try:
            is_saved = await self._save_handle(ext, provider, handle)
        finally:
            if not is_saved:
                self._unsaved_handles.keep(ext, handle)
        self._wakeups.tracker.notify()

    async def _save_handle(self, ext: Extension, provider: Provider, handle: Handle) -> bool:
        """Store that ``ext`` is submitted; return whether that succeeded before Encore stops."""
        now = self._clock()
        first_poll_at, deadline = now, self._runtime.deadline_of(provider.name)
        try:
            taken = submitted(ext, handle, now=now, due_at=now, deadline=deadline)
            pause = await self._poll_schedule.delay(taken, provider.capabilities, has_moved=True)
            first_poll_at = now + pause
        except Exception:  # the handle must not be lost for want of a delay
            log.exception("Extension %s: its poll delay could not be read", ext.id)
        log.info("Extension %s: submitted to %s", ext.id, provider.name)
        mark = partial(found_again, handle=handle, now=now, due_at=first_poll_at, deadline=deadline)
        # another process that took this one for dead may have given it up
        return await self._save_with_retry(ext, mark, even_from=(Status.UNCONFIRMED,))

    async def _postpone(self, ext: Extension, error: Unavailable | RateLimited) -> None:
        """Let ``ext`` wait and try again, as long as nothing was sent and its deadline allows."""
        self._outage_log.failed(ext.request.provider, error)
        await self._wait(ext, _failure_of(error), pause=getattr(error, "retry_after", None))

    async def _wait(self, ext: Extension, failure: Failure, *, pause: float | None = None) -> None:
        """Let ``ext`` wait ``pause`` seconds, else ever longer; end it at its deadline."""
        if not pause:
            pause = backoff(ext.failures, jitter=random.random())  # noqa: S311 - only spreads retries
        due_at = self._clock() + dt.timedelta(seconds=pause)
        if due_at > ext.created_at + self._runtime.deadline_of(ext.request.provider):
            await self._end(ext, failure)
        else:
            await self._save_with_retry(ext, partial(postponed, failure=failure, due_at=due_at))

    async def _recover(self, ext: Extension) -> None:
        """Settle an interrupted submission: found at the provider, or unconfirmed."""
        current_extension.set(ext.id)
        provider = self._providers.get(ext.request.provider)
        await self._reconcile_or_give_up(ext, provider)

    async def _reconcile_or_give_up(
        self, ext: Extension, provider: Provider | None, *, text: str = ""
    ) -> None:
        """Search the provider for the clips of ``ext`` where it can list them; else give up.

        A list of recent clips does not say which of them were joined, so only parts are searched.
        ``text`` is what the provider said to the submission.
        """
        now = self._clock()
        if isinstance(ext.failure, failures.Unconfirmed):  # it is being searched for already
            text = ext.failure.text
        is_searched = False
        sent_at = ext.submitted_at or ext.created_at
        is_part = ext.kind is Kind.PART
        if is_part and provider is not None and provider.capabilities.reconcile:
            async with self._search_lock:  # clips that one finds are stored before another searches
                found = await self._find(ext, provider, since=sent_at)
                if found:
                    log.info("Extension %s: found again at %s", ext.id, provider.name)
                    await self._mark_submitted(ext, provider, Handle(clip_ids=found))
                    return
            is_searched = found is not None
            if now < (end := sent_at + self._reconcile_timeout):
                again_at = min(now + RECONCILE_INTERVAL, end)
                searching = partial(searched, failure=failures.Unconfirmed(text), due_at=again_at)
                await self._save_with_retry(ext, searching)
                return
        failure = failures.Unconfirmed(text, is_searched=is_searched)
        await self._save_with_retry(
            ext, partial(finished, status=Status.UNCONFIRMED, failure=failure, now=now)
        )

    async def _find(
        self, ext: Extension, provider: Provider, *, since: dt.datetime
    ) -> tuple[str, ...] | None:
        """Return the ids of the clips of ``ext``; empty if it has none, None without an answer."""
        try:
            recent = await provider.find_recent(ext.request, since=since)
        except ProviderError as error:
            self._outage_log.failed(provider.name, error)
            return None
        except Exception:
            log.exception("Extension %s could not be looked for", ext.id)
            return None
        ours = await self._store.unknown_clips(recent)
        return tuple(ours[:2])

    async def _end(self, ext: Extension, failure: Failure) -> None:
        log.info("Extension %s: not extended (%s)", ext.id, type(failure).__name__)
        await self._save_with_retry(
            ext, partial(finished, status=Status.FAILED, failure=failure, now=self._clock())
        )

    async def _save_with_retry(
        self,
        ext: Extension,
        change: Callable[[Extension], Extension],
        *,
        even_from: Collection[Status] = (),
    ) -> bool:
        """Store ``change`` of ``ext``, however long that takes: it holds a handle or an outcome.

        Return whether it needs no more tries; if Encore stops, it is tried once more and given up.

        If the row changed meanwhile, as by its queue position, the change is applied to the row as
        it is now. If its status changed, and not to one of ``even_from``, another process has
        settled it and that stays.
        """
        was, new, failures = ext, change(ext), 0
        while was.status in (ext.status, *even_from):
            try:
                if await self._store.save(new, was=was):
                    _count_if_final(new)
                    break
                was = await self._store.extension(ext.id) or was
                new = change(was)
            except Exception:
                log.exception("Extension %s could not be saved, handle %s", new.id, new.handle)
                if self._stopping.is_set():
                    return False
                with suppress(TimeoutError):
                    async with asyncio.timeout(backoff(failures, jitter=0, first_delay=0.1)):
                        await self._stopping.wait()
                failures += 1
        else:
            log.info("Extension %s is %s already, not %s", ext.id, was.status, new.status)
        self._wakeups.submitter.notify()
        self._wakeups.publisher.notify()
        if new.status.is_final:
            self._wakeups.session_runner.notify()
        return True


def _failure_of(error: ProviderError) -> Failure:
    """Return the failure of an extension that ends, or is postponed, because of ``error``."""
    match error:
        case UnknownClip():
            return failures.UnknownClip()
        case Rejected():
            return failures.Rejected(error.text)
        case OutOfCredits():
            return failures.OutOfCredits()
        case SessionExpired():
            return failures.SessionExpired()
        case WrongAddress():
            return failures.WrongAddress()
        case Unauthorized():
            return failures.Unauthorized()
        case RateLimited():
            return failures.RateLimited()
        case Unavailable():
            return failures.Unavailable()
        case _:
            return failures.Unexpected()


def _count_if_final(ext: Extension) -> None:
    if ext.status.is_final:
        metrics.FINISHED.labels(ext.request.provider, ext.status).inc()


async def _post(ext: Extension, provider: Provider, source: SourceAudio | None) -> Handle:
    """Send the request of ``ext``, which may cost credits."""
    if ext.kind is Kind.CONCAT:
        return await provider.concat(ext.request.clip_id)
    if source is not None:
        return await provider.extend_audio(ext.request, source)
    return await provider.extend(ext.request)
