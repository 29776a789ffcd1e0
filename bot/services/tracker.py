"""The second loop: submitted -> final. Asks each provider for what is due, as seldom as it can.

Due rows are fetched in batches of the size that the provider's API takes; one that can hold an
answer back until there is news is waited on instead. Knows nothing of Discord.
"""

import datetime as dt
import logging
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from bot.domain.models import Extension, Handle, Progress, Status
from bot.domain.polling import backoff
from bot.domain.transitions import expired, observed, poll_failed
from bot.providers.base import Provider, ProviderError, RateLimited
from bot.services.runtime import Runtime
from bot.services.task_pool import TaskPool

log = logging.getLogger(__name__)

MAX_CONCURRENT_FETCHES = 16
MAX_CONCURRENT_LONG_POLLS = 48
TYPICAL_CLIPS = 2  # that an extension names
LEASE = dt.timedelta(seconds=240)  # longer than the longest wait at a provider


class Tracker:
    """Brings each submitted extension up to date until it is final, at the latest its deadline."""

    def __init__(self, runtime: Runtime) -> None:
        self._store = runtime.store
        self._providers = runtime.providers
        self._wakeups = runtime.wakeups
        self._outage_log = runtime.outage_log
        self._poll_schedule = runtime.poll_schedule
        self._clock = runtime.clock
        self._fetches = {name: TaskPool(limit=MAX_CONCURRENT_FETCHES) for name in self._providers}
        self._waits = {name: TaskPool(limit=MAX_CONCURRENT_LONG_POLLS) for name in self._providers}

    async def run_once(self) -> None:
        """Start fetching everything that is due; one failure never touches another."""
        for name in await self._store.providers_in_use():
            if name in self._providers:
                await self._start_due(self._providers[name])
            else:
                await self._give_up_overdue(name)

    async def idle(self) -> None:
        """Return when nothing is being asked."""
        for workers in (*self._fetches.values(), *self._waits.values()):
            await workers.idle()

    async def stop(self) -> None:
        """Stop asking; nothing is lost, the rows say where they stand."""
        for workers in (*self._fetches.values(), *self._waits.values()):
            await workers.stop(grace=0)

    async def _start_due(self, provider: Provider) -> None:
        fetches, waits = self._fetches[provider.name], self._waits[provider.name]
        batch = provider.capabilities.batch
        waitable = (
            waits.free
            if provider.capabilities.long_poll and not self._poll_schedule.is_fixed
            else 0
        )
        limit = waitable + fetches.free * max(batch // TYPICAL_CLIPS, 1)
        if not limit:
            return
        now = self._clock()
        due = await self._store.claim_due(
            provider.name, now=now, lease_until=now + LEASE, limit=limit
        )
        for ext in due[:waitable]:
            waits.start(ext.id, self._fetch(provider, [ext], newer_than=ext.status))
        for exts in _batches(due[waitable:], batch):
            if fetches.free:
                fetches.start(tuple(ext.id for ext in exts), self._fetch(provider, exts))
            else:  # there are more batches than places, as one extension may name many clips
                await self._put_back(exts, now=now)

    async def _put_back(self, exts: Iterable[Extension], *, now: dt.datetime) -> None:
        """Give up the claim on ``exts``: they are due again as soon as there is room."""
        for ext in exts:
            await self._store.save(replace(ext, due_at=now), was=ext)

    async def _fetch(
        self, provider: Provider, exts: Sequence[Extension], *, newer_than: Status | None = None
    ) -> None:
        """Ask for ``exts`` in one go and keep what is said of each."""
        handles = [ext.handle for ext in exts if ext.handle is not None]
        try:
            seen = await provider.fetch(handles, newer_than=newer_than)
        except ProviderError as error:
            self._outage_log.failed(provider.name, error)
            for ext in exts:
                await self._postpone(ext, error)
            return
        except Exception as error:
            log.exception("%s could not be asked for %s", provider.name, [ext.id for ext in exts])
            for ext in exts:
                await self._postpone(ext, error)
            return
        self._outage_log.answered(provider.name)
        for ext in exts:
            await self._observe(ext, _progress_of(ext, seen))

    async def _observe(self, ext: Extension, progress: Progress | None) -> None:
        """Keep what was said of ``ext``; a final status and a passed deadline end it."""
        now = self._clock()
        new = ext if progress is None else observed(ext, progress, now=now)
        new = expired(new, now=now)
        if not new.status.is_final:
            has_moved = new.status is not ext.status
            capabilities = self._providers[ext.request.provider].capabilities
            pause = await self._poll_schedule.delay(new, capabilities, has_moved=has_moved)
            new = replace(new, due_at=now + pause)
        await self._keep(new, was=ext)

    async def _postpone(self, ext: Extension, error: Exception) -> None:
        """Ask for ``ext`` again later, unless its deadline has passed."""
        now = self._clock()
        pause = error.retry_after if isinstance(error, RateLimited) else None
        if not pause:
            pause = backoff(ext.failures, jitter=random.random())  # noqa: S311 - only spreads retries
        await self._keep(
            expired(poll_failed(ext, due_at=now + dt.timedelta(seconds=pause)), now=now), was=ext
        )

    async def _give_up_overdue(self, name: str) -> None:
        """End what a provider that is no longer enabled still has, once its deadline passed."""
        now = self._clock()
        for ext in await self._store.claim_due(name, now=now, lease_until=now + LEASE):
            await self._keep(expired(ext, now=now), was=ext)

    async def _keep(self, new: Extension, *, was: Extension) -> None:
        try:
            await self._store.save(new, was=was)
        except Exception:
            log.exception("Extension %s could not be saved; it is fetched again", new.id)
            return
        if new.status.is_final:
            log.info("Extension %s: %s", new.id, new.status)
            self._wakeups.attacher.notify()
        if new.revision != was.revision:
            self._wakeups.publisher.notify()
        self._wakeups.tracker.notify()  # it may be due before the loop means to look again


def _progress_of(ext: Extension, seen: Mapping[Handle, Progress]) -> Progress | None:
    return seen.get(ext.handle) if ext.handle is not None else None


def _batches(exts: Iterable[Extension], size: int) -> Iterator[list[Extension]]:
    """Yield ``exts`` in groups that name at most ``size`` clips or tasks; one alone may exceed."""
    batch: list[Extension] = []
    room = size
    for ext in exts:
        asked = max(len(ext.handle.clip_ids) if ext.handle else 0, 1)
        if batch and asked > room:
            yield batch
            batch, room = [], size
        batch.append(ext)
        room -= asked
    if batch:
        yield batch
