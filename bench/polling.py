"""How late news is seen for how many requests, on time lines of many kinds.

    python bench/polling.py [--smoke]

The tracker and its schedule are Encore's; the clock and the provider are simulated, and the rows
are kept in memory, as a database would take most of the time. So many extensions are tracked at
once, and whenever one is complete, the next is submitted. Beside it
goes a loop that asks for each extension every five seconds, and the optimum, which knows when the
changes are likely, but not when they happen: the least possible lag x requests, the sum of
(integral of sqrt(f * S))^2 / 2 for *streaming* and for *complete*, where f is the density of the
change and S the share that still waits.

Lag is from each change of each clip to the request that sees it. Requests are those after the
submission. Where one request names several clips, it is filled up with what is due next: the last
table counts the requests themselves. Ends with exit code 1 if a bound is missed.
"""

import asyncio
import datetime as dt
import heapq
import itertools
import math
import random
import statistics
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from _harness import is_smoke, middle, percentile

from bot.domain import models
from bot.domain.form import TextLimits
from bot.domain.models import (
    ClipStatus,
    ExtendRequest,
    Extension,
    Handle,
    Progress,
    ReplyRef,
    Status,
)
from bot.domain.polling import Sighting
from bot.providers.base import Capabilities, Provider
from bot.services.poll_schedule import PollSchedule
from bot.services.runtime import Runtime
from bot.services.tracker import Tracker
from bot.store.store import Store
from sandbox.providers.timeline import Timeline

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PROVIDER = "simulated"
LOOP_DELAY = 5.0  # seconds
DEADLINE = 880.0  # seconds by which even the slowest extension is complete
LEARNING, CHANGED = 50, 20  # extensions
MAX_OF_LOOP, MAX_OF_LOOP_CHANGED, MAX_OF_LOOP_STEADY = 1.0, 2.0, 1.1
MAX_OF_OPTIMUM = 1.6
MAX_LAG_CHANGED = 15.0  # seconds, p90
BATCHES = (2, 6, 20)  # clips that one request names; an extension has two
MAX_OF_SINGLE, MAX_OF_SINGLE_LAG = 0.5, 1.05
TODAY = 2.13 * 13.1  # median lag x requests (with the submission) of windows, by tracking.py

# From the share of all clips that have changed (0 to 1) to the age (seconds) at which they have.
Quantile: TypeAlias = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Clip:
    """The ages (seconds) at which a clip can be heard and is complete."""

    streaming: float
    complete: float


Draw: TypeAlias = Callable[["Service", random.Random], list[Clip]]


@dataclass(frozen=True)
class Service:
    """How long a provider takes."""

    streaming: Quantile
    complete: Quantile
    draw: Draw

    def optimum(self) -> float:
        """Return the least possible lag x requests."""
        return _least_product(self.streaming) + _least_product(self.complete)


def _least_product(quantile: Quantile, steps: int = 20_000) -> float:
    """Return (integral of sqrt(f * S))^2 / 2, with f and S written as functions of the share."""
    ages = [quantile(step / steps) for step in range(steps + 1)]
    return (
        sum(
            math.sqrt((end - start) * steps * (1 - (step + 0.5) / steps))
            for step, (start, end) in enumerate(itertools.pairwise(ages))
        )
        / steps
    ) ** 2 / 2


def between(low: float, high: float) -> Quantile:
    """Return the quantiles of ages that are all equally likely."""
    return lambda share: low + share * (high - low)


def either(first: Quantile, second: Quantile) -> Quantile:
    """Return the quantiles of two groups of equal size, one before the other."""
    return lambda share: first(2 * share) if share < 1 / 2 else second(2 * share - 1)


def heavy_tailed(median: float, sigma: float) -> Quantile:
    """Return the quantiles of a log-normal distribution, cut off at the deadline."""
    normal = statistics.NormalDist(math.log(median), sigma)
    return lambda share: min(math.exp(normal.inv_cdf(min(max(share, 1e-6), 1 - 1e-6))), DEADLINE)


def independent(service: Service, rng: random.Random) -> list[Clip]:
    """Draw an extension whose two changes have nothing to do with each other."""
    complete = service.complete(rng.random())
    return [Clip(min(service.streaming(rng.random()), complete), complete)]


def in_step(service: Service, rng: random.Random) -> list[Clip]:
    """Draw an extension that is as slow to be heard as it is to be complete."""
    share = rng.random()
    return [Clip(service.streaming(share), service.complete(share))]


def twins_apart(service: Service, rng: random.Random) -> list[Clip]:
    """Draw two clips, one of the quicker half and one of the slower."""
    shares = rng.random() / 2, (1 + rng.random()) / 2
    return [Clip(service.streaming(share), service.complete(share)) for share in shares]


def as_tracking_has_it(_service: Service, rng: random.Random) -> list[Clip]:
    """Draw the two clips of an extension as bench/tracking.py has them, B a little behind A."""
    twins = Timeline().draw_milestones(rng, 0.0, 2)
    return [Clip(twin.streaming, twin.complete) for twin in twins]


USUAL = Service(between(20, 40), between(120, 180), independent)
FASTER = Service(between(20 / 3, 40 / 3), between(40, 60), independent)
SLOWER = Service(between(60, 120), between(360, 540), independent)


@dataclass(frozen=True)
class TimeLine:
    """A service, and what becomes of it if it changes."""

    name: str
    service: Service
    changed: Service | None = None
    optimum_bound: float = MAX_OF_OPTIMUM
    is_today: bool = False


TIME_LINES = (
    TimeLine("faster than guessed", Service(between(15, 45), between(30, 90), in_step)),
    TimeLine("as guessed", Service(between(20, 40), between(90, 200), independent)),
    TimeLine("slower than guessed", Service(between(60, 120), between(300, 540), independent)),
    TimeLine(
        "bimodal",
        Service(
            either(between(10, 20), between(40, 60)),
            either(between(40, 60), between(150, 210)),
            in_step,
        ),
    ),
    TimeLine("heavy tail", Service(heavy_tailed(27, 0.3), heavy_tailed(100, 0.5), independent)),
    TimeLine(
        "hardly varies", Service(between(27, 33), between(140, 160), independent), None, math.inf
    ),
    TimeLine(
        "twins minutes apart",
        Service(
            either(between(20, 40), between(60, 120)),
            either(between(50, 70), between(170, 250)),
            twins_apart,
        ),
        None,
        math.inf,
    ),
    TimeLine(
        "of tracking.py",
        Service(USUAL.streaming, USUAL.complete, as_tracking_has_it),
        None,
        math.inf,
        is_today=True,
    ),
    TimeLine("three times faster", USUAL, FASTER),
    TimeLine("three times slower", USUAL, SLOWER),
)


@dataclass
class Tracked:
    """An extension: what becomes of it, and what asking for it has brought."""

    submitted_at: dt.datetime
    clips: list[Clip]
    asked_at: float = 0.0
    requests: int = 0
    lags: list[float] = field(default_factory=list[float])

    def ask(self, age: float) -> bool:
        """Ask at ``age``, and return whether it is complete."""
        self.requests += 1
        for clip in self.clips:
            changes = (clip.streaming, clip.complete)
            self.lags += [age - change for change in changes if self.asked_at < change <= age]
        self.asked_at = age
        return all(clip.complete <= age for clip in self.clips)


def track_in_a_loop(extensions: Sequence[list[Clip]]) -> list[Tracked]:
    """Ask for each extension every `LOOP_DELAY` seconds."""
    tracked = [Tracked(START, clips) for clips in extensions]
    for ext in tracked:
        while not ext.ask(ext.asked_at + LOOP_DELAY):
            pass
    return tracked


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        """Return where it stands."""
        return self.now


class Rows(Store):
    """The rows that the tracker needs."""

    def __init__(self) -> None:  # no database
        self._due: list[tuple[dt.datetime, int]] = []
        self._open: dict[int, Extension] = {}

    @property
    def next_due(self) -> dt.datetime | None:
        """When the next extension is due; None once all are final."""
        return self._due[0][0] if self._due else None

    def put(self, ext: Extension) -> None:
        """Write ``ext``, which is not claimed any more."""
        if ext.status.is_final:
            del self._open[ext.id]
        else:
            self._open[ext.id] = ext
            heapq.heappush(self._due, (ext.due_at, ext.id))

    async def providers_in_use(self) -> set[str]:
        """Return the one provider."""
        return {PROVIDER}

    async def claim_due(  # the lease is not modelled: what is claimed is put back, or final
        self,
        provider: str,
        *,
        now: dt.datetime,
        lease_until: dt.datetime,
        limit: int = 200,
        excluding: Collection[int] = (),
        is_early: bool = False,
    ) -> list[Extension]:
        """Return what is due."""
        del provider, lease_until, is_early
        del excluding  # what is under way was taken out of the rows
        claimed: list[Extension] = []
        while self._due and self._due[0][0] <= now and len(claimed) < limit:
            claimed.append(self._open[heapq.heappop(self._due)[1]])
        return claimed

    async def save(self, new: Extension, *, was: Extension) -> bool:
        """Write ``new``."""
        del was
        self.put(new)
        return True

    async def sightings(
        self, provider: str, *, limit: int = 0
    ) -> tuple[list[Sighting], list[Sighting]]:
        """Return nothing: there are no earlier extensions."""
        del provider, limit
        return [], []


class SimulatedProvider(Provider):
    """Reports of each extension what has become of it by now."""

    name = PROVIDER
    capabilities = Capabilities(label=PROVIDER, limits=TextLimits(lyrics=1, style=1, title=1))

    def __init__(self, clock: Clock, *, batch: int = 1) -> None:
        self.capabilities = replace(self.capabilities, batch=batch)
        self.requests = 0
        self.clock = clock
        self.tracked: list[Tracked] = []
        self.complete = 0

    def take(self, clips: list[Clip]) -> Extension:
        """Return an extension that was submitted just now."""
        now, number = self.clock.now, len(self.tracked)
        self.tracked.append(Tracked(now, clips))
        ids = tuple(f"{number}-{letter}" for letter, _ in enumerate(clips))
        return Extension(
            id=number,
            idempotency_key="",
            member_id=0,
            request=ExtendRequest(provider=PROVIDER, clip_id=""),
            reply=ReplyRef(channel_id=0),
            created_at=now,
            submitted_at=now,
            due_at=now,
            deadline_at=now + dt.timedelta(seconds=2 * DEADLINE),
            status=Status.SUBMITTED,
            handle=Handle(task_id=str(number), clip_ids=ids),
            clips=tuple(models.Clip(id=clip_id, status=ClipStatus.SUBMITTED) for clip_id in ids),
        )

    async def fetch(
        self, handles: Sequence[Handle], *, newer_than: Status | None = None
    ) -> Mapping[Handle, Progress]:
        """Return the progress by now."""
        del newer_than
        self.requests += 1
        return {handle: self._progress(handle) for handle in handles}

    def _progress(self, handle: Handle) -> Progress:
        ext = self.tracked[int(handle.task_id or 0)]
        age = (self.clock.now - ext.submitted_at).total_seconds()
        self.complete += ext.ask(age)
        return Progress(
            clips=tuple(
                _reported(clip_id, clip, age)
                for clip_id, clip in zip(handle.clip_ids, ext.clips, strict=True)
            )
        )


def _reported(clip_id: str, clip: Clip, age: float) -> models.Clip:
    if age < clip.streaming:
        return models.Clip(id=clip_id, status=ClipStatus.QUEUED)
    status = ClipStatus.STREAMING if age < clip.complete else ClipStatus.COMPLETE
    return models.Clip(id=clip_id, status=status, audio_url="https://audio.example/a.mp3")


async def track(extensions: Sequence[list[Clip]], *, at_once: int) -> list[Tracked]:
    """Have Encore track ``extensions``, so many ``at_once``; return them as submitted."""
    return (await track_in_batches(extensions, at_once=at_once, batch=1)).tracked


async def track_in_batches(
    extensions: Sequence[list[Clip]], *, at_once: int, batch: int
) -> SimulatedProvider:
    """Have Encore track ``extensions`` at a provider that is asked for so many clips at once."""
    clock, rows = Clock(), Rows()
    provider = SimulatedProvider(clock, batch=batch)
    schedule = PollSchedule(rows, clock=clock)
    tracker = Tracker(
        Runtime(
            store=rows,
            providers={PROVIDER: provider},
            poll_schedule=schedule,
            clock=clock,
            deadline=dt.timedelta(seconds=2 * DEADLINE),
        ),
        start_interval=0,
    )
    waiting = iter(extensions)

    async def submit() -> None:
        for clips in itertools.islice(waiting, at_once + provider.complete - len(provider.tracked)):
            ext = provider.take(clips)
            delay = await schedule.delay(ext, provider.capabilities, has_moved=True)
            rows.put(replace(ext, due_at=clock.now + delay))

    await submit()
    while (due_at := rows.next_due) is not None:
        clock.now = max(clock.now, due_at)
        await tracker.run_once()
        await tracker.idle()
        await submit()
    return provider


@dataclass(frozen=True)
class Load:
    """How many extensions there are."""

    at_once: int
    measured: int  # of a steady service
    repeats: int


LOADS = (Load(20, 100, 10), Load(1000, 300, 1))
SMOKE = (Load(20, 10, 1),)


@dataclass
class Figures:
    """What extensions of one phase have cost."""

    tracked: list[Tracked] = field(default_factory=list[Tracked])

    @property
    def lags(self) -> list[float]:
        """The seconds from each change to the request that saw it."""
        return [lag for ext in self.tracked for lag in ext.lags]

    @property
    def requests(self) -> float:
        """How often one extension was asked for."""
        return statistics.mean(ext.requests for ext in self.tracked)

    @property
    def product(self) -> float:
        """Mean lag x requests."""
        return statistics.mean(self.lags) * self.requests


@dataclass(frozen=True)
class Result:
    """A line of the result."""

    time_line: TimeLine
    at_once: int
    phase: str
    ours: Figures
    loops: Figures
    optimum: float

    def cells(self) -> list[str]:
        """Return what is printed."""
        lags, product = self.ours.lags, self.ours.product
        numbers = (middle(lags), percentile(lags, 0.9), self.ours.requests, product)
        others = (self.loops.product, product / self.loops.product)
        best = (self.optimum, product / self.optimum)
        return [
            self.time_line.name,
            str(self.at_once),
            self.phase,
            *(f"{number:.2f}" for number in (*numbers, *others, *best)),
            "; ".join(self.missed()) or "within",
        ]

    def missed(self) -> Iterator[str]:
        """Yield the bounds that are missed."""
        of_loop = self.ours.product / self.loops.product
        lags = self.ours.lags
        match self.phase:
            case "first":
                if of_loop > MAX_OF_LOOP:
                    yield f"OVER the loop's x {MAX_OF_LOOP}"
            case "changed":
                if of_loop > MAX_OF_LOOP_CHANGED:
                    yield f"OVER the loop's x {MAX_OF_LOOP_CHANGED}"
                if percentile(lags, 0.9) > MAX_LAG_CHANGED:
                    yield f"OVER {MAX_LAG_CHANGED} s"
            case _:
                if of_loop > MAX_OF_LOOP_STEADY:
                    yield f"OVER the loop's x {MAX_OF_LOOP_STEADY}"
                is_steady = self.phase == "steady"
                if is_steady and self.ours.product / self.optimum > self.time_line.optimum_bound:
                    yield f"OVER the optimum x {self.time_line.optimum_bound}"
                if self.time_line.is_today and middle(lags) * (self.ours.requests + 1) > TODAY:
                    yield f"OVER today's {TODAY:.1f}"


def measure(time_line: TimeLine, load: Load) -> Iterator[Result]:
    """Track extensions of the service as it is at first, then as it has become."""
    learned = load.at_once + LEARNING
    changes_at = learned + load.measured
    phases = {"first": slice(0, load.at_once), "steady": slice(learned, changes_at)}
    total = changes_at
    if time_line.changed is not None:
        total += load.at_once + LEARNING + load.measured
        phases["changed"] = slice(changes_at, changes_at + CHANGED)
        phases["after"] = slice(changes_at + learned, total)
    ours = {phase: Figures() for phase in phases}
    loops = {phase: Figures() for phase in phases}
    for seed in range(load.repeats):
        rng = random.Random(seed)  # noqa: S311 - no secrets
        services = [time_line.service] * changes_at
        services += [time_line.changed or time_line.service] * (total - changes_at)
        extensions = [service.draw(service, rng) for service in services]
        tracked = asyncio.run(track(extensions, at_once=load.at_once))
        for figures, all_tracked in ((ours, tracked), (loops, track_in_a_loop(extensions))):
            for phase, part in phases.items():
                figures[phase].tracked += all_tracked[part]
    for phase in phases:
        service = time_line.service if phase in {"first", "steady"} else time_line.changed
        optimum = (service or time_line.service).optimum()
        yield Result(time_line, load.at_once, phase, ours[phase], loops[phase], optimum)


@dataclass(frozen=True)
class Batches:
    """What it costs where one request may name so many clips, beside one extension a request."""

    batch: int
    requests: float  # for each extension
    lags: list[float]

    def cells(self, single: "Batches") -> list[str]:
        """Return what is printed."""
        part, later = self.requests / single.requests, middle(self.lags) / middle(single.lags)
        numbers = self.requests, part, middle(self.lags), later, percentile(self.lags, 0.9)
        verdict = "; ".join(self.missed(single)) or "within"
        return [str(self.batch), *(f"{number:.2f}" for number in numbers), verdict]

    def missed(self, single: "Batches") -> Iterator[str]:
        """Yield the bounds that are missed; there are none for one extension a request."""
        if self.batch == single.batch:
            return
        if self.requests > MAX_OF_SINGLE * single.requests:
            yield f"OVER the requests of one by one x {MAX_OF_SINGLE}"
        if middle(self.lags) > MAX_OF_SINGLE_LAG * middle(single.lags):
            yield f"OVER the lag of one by one x {MAX_OF_SINGLE_LAG}"


def measure_batches(load: Load) -> Iterator[Batches]:
    """Track the same extensions one by one, and several in a request."""
    rng = random.Random(0)  # noqa: S311 - no secrets
    service = Service(USUAL.streaming, USUAL.complete, as_tracking_has_it)
    extensions = [service.draw(service, rng) for _ in range(load.at_once + load.measured)]
    for batch in BATCHES:
        provider = asyncio.run(track_in_batches(extensions, at_once=load.at_once, batch=batch))
        lags = [lag for ext in provider.tracked for lag in ext.lags]
        yield Batches(batch, provider.requests / len(extensions), lags)


def print_batches(results: Sequence[Batches], load: Load) -> bool:
    """Print a line for each, one by one first; return whether all bounds are met."""
    print(f"{load.at_once} at once")
    titles = "clips a request|requests an extension|of one by one|lag, median|of one by one|p90|"
    print_lines([titles.split("|"), *(each.cells(results[0]) for each in results)])
    return not any(any(each.missed(results[0])) for each in results)


def print_results(results: Sequence[Result]) -> None:
    """Print a line for each."""
    titles = "time line|at once|phase|median|p90|requests|product|loop's|ratio|optimum|ratio|"
    print_lines([titles.split("|"), *(result.cells() for result in results)])


def print_lines(lines: Sequence[list[str]]) -> None:
    """Print the lines below each other, in columns, the last one as it comes."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, *cells in lines:
        last = cells.pop()
        aligned = [f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=False)]
        print("  ".join([f"{name:<{widths[0]}}", *aligned, last]).rstrip())


def main() -> None:
    """Run it."""
    smoke = is_smoke(__doc__)
    results = [
        result
        for time_line in TIME_LINES
        for load in (SMOKE if smoke else LOADS)
        for result in measure(time_line, load)
    ]
    print_results(results)
    load = (SMOKE if smoke else LOADS)[-1]
    is_met = print_batches([*measure_batches(load)], load)
    if not smoke and (not is_met or any(any(result.missed()) for result in results)):
        sys.exit(1)


if __name__ == "__main__":
    main()
