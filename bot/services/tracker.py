"""The loop that asks providers for progress: submitted -> final, with as few requests as it can.

Due rows are fetched in batches of the size that the provider's API takes. An API that can hold its
answer back until there is news is long-polled instead. Knows nothing of Discord.
"""

import asyncio
import datetime as dt
import logging
import random
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bot import metrics
from bot.domain.models import Extension, Handle, Progress, Status
from bot.domain.polling import backoff
from bot.domain.transitions import expired, found_late, observed, poll_failed, unchanged
from bot.logs import current_extension
from bot.providers.base import Provider, ProviderError, RateLimited, Unavailable
from bot.services.runtime import Runtime
from bot.services.task_pool import TaskPool

log = logging.getLogger(__name__)

MAX_CONCURRENT_FETCHES = 16
MAX_CONCURRENT_LONG_POLLS = 48
# Seconds between the starts of requests that are due together. Each takes some five milliseconds of
# the processor until its answer is stored: were all made at once, whoever asks Encore for something
# meanwhile would wait for them.
START_INTERVAL = 0.006
TYPICAL_CLIPS = 2  # that an extension names
FETCH_TIMEOUT = 60.0  # seconds, with the wait for the provider's rate limit
FETCH_LEASE = dt.timedelta(seconds=75)
# What is due within it fills up a request that is sent anyway. Shorter than the rest of a lease
# whose request has timed out.
FILL_AHEAD = dt.timedelta(seconds=10)
LONG_POLL_TIMEOUT = 210.0  # seconds; a provider may hold its answer back for three minutes
LONG_POLL_LEASE = dt.timedelta(seconds=240)


class Tracker:
    """Brings each submitted extension up to date until it is final, at the latest its deadline."""

    def __init__(self, runtime: Runtime, *, start_interval: float = START_INTERVAL) -> None:
        self._store = runtime.store
        self._providers = runtime.providers
        self._wakeups = runtime.wakeups
        self._outage_log = runtime.outage_log
        self._account_errors = runtime.account_errors
        self._poll_schedule = runtime.poll_schedule
        self._clock = runtime.clock
        self._start_interval = start_interval
        self._fetches = {
            name: TaskPool[frozenset[int]](limit=MAX_CONCURRENT_FETCHES) for name in self._providers
        }
        self._long_polls = {
            name: TaskPool[frozenset[int]](limit=MAX_CONCURRENT_LONG_POLLS)
            for name in self._providers
        }

    async def run_once(self) -> None:
        """Start fetching everything that is due; one failure never touches another."""
        for name in await self._store.providers_in_use():
            if name in self._providers:
                await self._start_due(self._providers[name])
            else:
                await self._give_up_overdue(name)

    async def idle(self) -> None:
        """Return when no request is under way."""
        for pool in (*self._fetches.values(), *self._long_polls.values()):
            await pool.idle()

    async def stop(self) -> None:
        """Stop asking; nothing is lost, as the rows hold all progress."""
        for pool in (*self._fetches.values(), *self._long_polls.values()):
            await pool.stop(grace=0)

    async def _start_due(self, provider: Provider) -> None:
        """Claim what is due and there is room for, and start to ask for it."""
        fetches, long_polls = self._fetches[provider.name], self._long_polls[provider.name]
        # a task keeps its key for a moment after its last save, which may be due again already
        asking = frozenset[int]().union(*fetches.keys, *long_polls.keys)
        now, batch = self._clock(), provider.capabilities.batch
        claim = partial(self._store.claim_due, provider.name, now=now, excluding=asking)
        polled: list[Extension] = []
        if provider.capabilities.long_poll and not self._poll_schedule.is_fixed and long_polls.free:
            polled = await claim(lease_until=now + LONG_POLL_LEASE, limit=long_polls.free)
        for ext in polled:
            work = self._fetch(provider, [ext], newer_than=ext.status)
            long_polls.start(frozenset({ext.id}), work)
        if not fetches.free:
            return
        limit = fetches.free * max(batch // TYPICAL_CLIPS, 1)
        due = await claim(lease_until=now + FETCH_LEASE, limit=limit)
        due += await self._fill_up(provider, due, asking=asking, now=now)
        for exts in _batches(due, batch):
            if fetches.free:
                ids = frozenset(ext.id for ext in exts)
                fetches.start(ids, self._fetch(provider, exts))
                await asyncio.sleep(self._start_interval)
            else:  # there are more batches than places, as one extension may name many clips
                await self._give_back(exts, now=now)

    async def _fill_up(
        self,
        provider: Provider,
        due: Sequence[Extension],
        *,
        asking: Collection[int],
        now: dt.datetime,
    ) -> list[Extension]:
        """Claim what is due next for the room that ``due`` leave in their last request.

        To ask about them now costs nothing, and spares the request that they would need soon.
        """
        batches = [*_batches(due, provider.capabilities.batch)]
        if not batches:
            return []
        last = batches[-1]
        room = provider.capabilities.batch - sum(map(_asked, last))
        # each is taken to name as many clips as the last that is due
        room //= _asked(last[-1])
        if room <= 0:
            return []
        return await self._store.claim_due(
            provider.name,
            now=now + FILL_AHEAD,
            lease_until=now + FETCH_LEASE,
            limit=room,
            excluding={*asking, *(ext.id for ext in due)},
            is_early=True,
        )

    async def _give_back(self, exts: Iterable[Extension], *, now: dt.datetime) -> None:
        """Give up the claim on ``exts``: they are due again as soon as there is room."""
        for ext in exts:
            await self._save(ext, partial(replace, due_at=now))

    async def _fetch(
        self, provider: Provider, exts: Sequence[Extension], *, newer_than: Status | None = None
    ) -> None:
        """Ask for ``exts`` in one request and store what the provider says of each."""
        handles = [ext.handle for ext in exts if ext.handle is not None]
        try:
            async with asyncio.timeout(FETCH_TIMEOUT if newer_than is None else LONG_POLL_TIMEOUT):
                seen = await provider.fetch(handles, newer_than=newer_than)
        except (ProviderError, TimeoutError) as error:
            refusal = error if isinstance(error, ProviderError) else Unavailable()
            self._outage_log.failed(provider.name, refusal)
            self._account_errors.failed(provider.name, refusal)
            for ext in exts:
                await self._postpone(ext, refusal)
            return
        except Exception as error:
            log.exception("%s could not be asked for %s", provider.name, [ext.id for ext in exts])
            for ext in exts:
                await self._postpone(ext, error)
            return
        self._outage_log.answered(provider.name)
        for ext in exts:
            await self._observe(ext, _progress_of(ext, seen), was_held=newer_than is not None)

    async def _observe(self, ext: Extension, progress: Progress | None, *, was_held: bool) -> None:
        """Learn from the progress of ``ext`` and store it.

        A final status and a passed deadline end the extension.

        Args:
            ext: as it was claimed.
            progress: what its provider reported; None if it left ``ext`` out.
            was_held: whether the provider held its answer back until there was news.
        """
        current_extension.set(ext.id)
        now = self._clock()
        change = partial(
            _observed,
            progress=progress,
            now=now,
            was_held=was_held,
            typical_duration=await self._poll_schedule.typical_duration(ext.request.provider),
        )
        new = change(ext, due_at=now)
        if was_held:
            before = unchanged(ext, now=now)
            await self._poll_schedule.learn(ext, before, now=now)
            await self._poll_schedule.learn(before, new, now=now)
        else:
            await self._poll_schedule.learn(ext, new, now=now)
        due_at = now
        if not new.status.is_final:
            has_moved = new.status is not ext.status
            capabilities = self._providers[ext.request.provider].capabilities
            pause = await self._poll_schedule.delay(new, capabilities, has_moved=has_moved)
            due_at = now + pause
        await self._save(ext, partial(change, due_at=due_at))

    async def _postpone(self, ext: Extension, error: Exception) -> None:
        """Ask for ``ext`` again later, unless its deadline has passed."""
        current_extension.set(ext.id)
        now = self._clock()
        pause = error.retry_after if isinstance(error, RateLimited) else None
        if not pause:
            pause = backoff(ext.failures, jitter=random.random())  # noqa: S311 - only spreads retries
        # an extension ends at its deadline, however long its provider asks to wait
        due_at = min(filter(None, (now + dt.timedelta(seconds=pause), ext.deadline_at)))
        await self._save(ext, lambda ext: expired(poll_failed(ext, due_at=due_at), now=now))

    async def _give_up_overdue(self, name: str) -> None:
        """End what a provider that is no longer enabled still has, once its deadline passed."""
        now = self._clock()
        for ext in await self._store.claim_due(name, now=now, lease_until=now + FETCH_LEASE):
            await self._save(ext, partial(expired, now=now))

    async def _save(self, was: Extension, change: Callable[[Extension], Extension]) -> None:
        """Store ``change`` of a claimed extension; if its row changed meanwhile, of that row.

        If that fails, it is fetched again when the claim lapses.
        """
        try:
            new = change(was)
            while not await self._store.save(new, was=was):
                was = await self._store.extension(was.id) or was
                if not was.status.is_tracked:
                    return
                new = change(was)
        except Exception:
            log.exception("Extension %s could not be saved; it is fetched again", was.id)
            return
        if new.status.is_final:
            log.info("Extension %s: %s", new.id, new.status)
            metrics.FINISHED.labels(new.request.provider, new.status).inc()
            self._wakeups.attacher.notify()
            self._wakeups.session_runner.notify()
        if new.revision != was.revision:
            self._wakeups.publisher.notify()
        self._wakeups.tracker.notify()  # it may be due before the loop means to look again


def _observed(
    ext: Extension,
    progress: Progress | None,
    *,
    now: dt.datetime,
    due_at: dt.datetime,
    was_held: bool,
    typical_duration: dt.timedelta | None,
) -> Extension:
    """Return ``ext`` with ``progress``, ended at its deadline, else due again at ``due_at``.

    An answer that was held back (``was_held``) also says that there was no news until now.
    """
    new = unchanged(ext, now=now) if progress is None or was_held else ext
    if progress is not None:
        new = observed(new, progress, now=now)
    new = expired(new, now=now)
    new = found_late(new, typical_duration, since=ext.polled_at, now=now)
    return new if new.status.is_final else replace(new, due_at=due_at)


def _progress_of(ext: Extension, seen: Mapping[Handle, Progress]) -> Progress | None:
    return seen.get(ext.handle) if ext.handle is not None else None


def _asked(ext: Extension) -> int:
    """Return how many clips or tasks a request about ``ext`` names."""
    return max(len(ext.handle.clip_ids) if ext.handle else 0, 1)


def _batches(exts: Iterable[Extension], size: int) -> Iterator[list[Extension]]:
    """Yield ``exts`` in groups of at most ``size`` clips or tasks; a single one may have more."""
    batch: list[Extension] = []
    room = size
    for ext in exts:
        asked = _asked(ext)
        if batch and asked > room:
            yield batch
            batch, room = [], size
        batch.append(ext)
        room -= asked
    if batch:
        yield batch
