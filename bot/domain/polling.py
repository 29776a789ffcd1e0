"""When to ask a provider about an extension again, learned from when its changes were seen.

Asking costs a request, not asking costs a member's waiting. With a hazard rate λ (the chance per
second that a change happens now, given that it has not happened yet), asking every h seconds costs
c/h + λh/2 per second, least at h = √(2c/λ). So this module learns λ for each age and spaces the
requests accordingly.

All ages and delays are seconds; an age counts from the submission. Knows nothing of loops, clocks
or the store.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

REQUEST_COST = 0.17  # c: seconds of a member's waiting that one request is worth
MIN_DELAY = 1.0  # seconds
MAX_DELAY = 15.0  # seconds, or…
MAX_DELAY_PER_AGE = 0.1  # …this part of the age, whichever is longer

# Before anything is learned, λ is the same at every age: one request each √(2c/λ) = 4.3 s.
PRIOR_RATE = 0.018  # changes per second
PRIOR_WEIGHT = 1.5  # clips: the prior counts as if so many had taught it
MIN_UNSEEN_RATE = PRIOR_RATE / 4  # until the first change is seen: at most twice as seldom
MEMORY = 48.0  # clips: what was learned at some age fades as so many others pass it
MIN_CHANGES = 8  # that must have been seen before a typical duration is told

MIN_BUCKET_WIDTH = 2.0  # seconds, or…
BUCKET_WIDTH_PER_AGE = 0.1  # …this part of the age at which it starts, whichever is wider
MAX_BUCKET_START = 3600.0  # seconds
MIN_INTERVAL = 0.1  # seconds: a change is not known more exactly than this


def _bucket_widths() -> Iterator[float]:
    start = 0.0
    while start < MAX_BUCKET_START:
        width = max(MIN_BUCKET_WIDTH, start * BUCKET_WIDTH_PER_AGE)
        yield width
        start += width


_WIDTHS = tuple(_bucket_widths())
_STARTS = tuple(sum(_WIDTHS[:number]) for number in range(len(_WIDTHS)))
_ENDS = (*_STARTS[1:], math.inf)
_NOTHING = (0.0,) * len(_WIDTHS)


@dataclass(frozen=True, slots=True)
class Sighting:
    """The interval of a clip's age in which it reached a status.

    Attributes:
        not_before: the last age at which somebody asked and it had not.
        seen_at: the first age at which somebody asked and it had; None if it was never seen to.
    """

    not_before: float
    seen_at: float | None = None


@dataclass(frozen=True, slots=True)
class HazardRate:
    """The learned chance per second that a clip reaches a status, for each age; a value.

    Ages are in buckets that widen with age. Each remembers for how long clips waited in it and how
    many changed in it; it forgets only as others pass it, so what is known of late ages outlives
    a crowd of young extensions, and a changed service is noticed within a few extensions.

    Attributes:
        waited: seconds that clips have waited in each bucket.
        changes: how many changed in each bucket; a fraction where an interval covers several.
        seen_changes: how many changes were seen at all.
    """

    waited: tuple[float, ...] = _NOTHING
    changes: tuple[float, ...] = _NOTHING
    seen_changes: int = 0

    def rate(self, age: float) -> float:
        """Return the chance per second of the change at ``age``."""
        return _learned_rate(self, _bucket(age))

    def with_interval(self, start: float, end: float, *, changed: bool) -> "HazardRate":
        """Return what is known after a clip was asked for at two ages, one after the other.

        Args:
            start: when it had not changed yet (or was submitted).
            end: when it was asked for next.
            changed: whether it had changed by then. If so, the change may have happened at any
                moment between the two, all equally likely.
        """
        start = max(start, 0.0)
        end = max(end, start + MIN_INTERVAL) if changed else end
        waited, changes = [*self.waited], [*self.changes]
        for bucket, begin, stop in _parts(start, end):
            seconds, share = stop - begin, 0.0
            if changed:  # it may have been over before, or in the midst of this part
                share = seconds / (end - start)
                seconds = share * (end - (begin + stop) / 2)
            fading = max(0.0, 1 - (seconds / _WIDTHS[bucket] + share) / MEMORY)
            waited[bucket] = waited[bucket] * fading + seconds
            changes[bucket] = changes[bucket] * fading + share
        return HazardRate(tuple(waited), tuple(changes), self.seen_changes + changed)

    def with_sighting(self, sighting: Sighting) -> "HazardRate":
        """Return what is known after all that one clip has taught."""
        learned = self.with_interval(0.0, sighting.not_before, changed=False)
        if sighting.seen_at is None:
            return learned
        return learned.with_interval(sighting.not_before, sighting.seen_at, changed=True)


def learn_hazard_rate(sightings: Sequence[Sighting]) -> HazardRate:
    """Return the hazard rate that ``sightings`` of one provider and status teach, newest first."""
    learned = HazardRate()
    for sighting in reversed(sightings):
        learned = learned.with_sighting(sighting)
    return learned


def next_poll_delay(
    age: float, hazard_rates: Sequence[HazardRate], *, min_delay: float = MIN_DELAY
) -> float:
    """Return after how many seconds to ask again for an extension of ``age``.

    The answer lies between ``min_delay`` and `MAX_DELAY`, past 150 seconds a tenth of the age (and
    never above 25 seconds, as the prior is not forgotten). Earlier, a tenth of the age would be no
    useful bound: it alone would take thirty requests in the first two and a half minutes.

    Args:
        age: of the extension.
        hazard_rates: of each status that one of its clips has yet to reach. The likeliest change
            at each age counts, so that knowing nothing of two means asking evenly, too.
        min_delay: what the provider's rate allows.
    """
    min_delay = max(min_delay, MIN_DELAY)
    max_delay = max(MAX_DELAY, age * MAX_DELAY_PER_AGE, min_delay)
    due = 1.0  # the part of a request that is not due yet; each second takes 1/spacing off
    for bucket, begin, stop in _parts(age, age + max_delay):
        rate = max((_learned_rate(each, bucket) for each in hazard_rates), default=0.0)
        spacing = math.sqrt(2 * REQUEST_COST / rate) if rate else max_delay
        spacing = min(max(spacing, min_delay), max_delay)
        if stop - begin >= due * spacing:
            return max(begin - age + due * spacing, min_delay)
        due -= (stop - begin) / spacing
    return max_delay


def typical_duration(hazard_rate: HazardRate) -> float | None:
    """Return the age by which half of all clips have changed, None until enough is known."""
    if hazard_rate.seen_changes < MIN_CHANGES:
        return None
    remaining = math.log(2)  # half are left when the hazard adds up to this
    for bucket, start in enumerate(_STARTS):
        if not hazard_rate.waited[bucket]:
            return None
        rate = hazard_rate.changes[bucket] / hazard_rate.waited[bucket]
        if remaining <= rate * _WIDTHS[bucket]:
            return start + remaining / rate
        remaining -= rate * _WIDTHS[bucket]
    return None


def backoff(
    failures: int, *, jitter: float, first_delay: float = 2.0, max_delay: float = 60.0
) -> float:
    """Return the seconds to wait after so many ``failures`` in a row.

    Doubles from ``first_delay`` up to ``max_delay``; ``jitter`` (0 to 1, random) takes up to half
    of it off, so that what failed together does not return together.
    """
    delay = min(max_delay, first_delay * 2 ** min(failures, 16))
    return delay * (1 - jitter / 2)


def _learned_rate(hazard_rate: HazardRate, bucket: int) -> float:
    prior_seconds = PRIOR_WEIGHT * _WIDTHS[bucket]
    changes = hazard_rate.changes[bucket] + prior_seconds * PRIOR_RATE
    rate = changes / (hazard_rate.waited[bucket] + prior_seconds)
    return rate if hazard_rate.seen_changes else max(rate, MIN_UNSEEN_RATE)


def _bucket(age: float) -> int:
    return max(bisect_right(_STARTS, age) - 1, 0)


def _parts(start: float, end: float) -> Iterator[tuple[int, float, float]]:
    """Yield the parts of an interval of ages, cut at the buckets' borders: bucket, start, end."""
    bucket = _bucket(start)
    while start < end:
        stop = min(end, _ENDS[bucket])
        yield bucket, start, stop
        bucket, start = bucket + 1, stop
