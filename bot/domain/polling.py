"""When to ask a provider next: tight where a change is likely, sparse where it is not.

Learned from how long a provider's finished extensions took to *streaming* and to *complete*.
Knows nothing of loops or clocks: seconds in, seconds out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

# What resellers and self-hosters report before anything was learned here (providers.md §6.4).
FIRST_GUESS = ((20.0, 40.0), (90.0, 200.0))
MIN_SAMPLES = 8
# Seconds between two questions: within a window (a quarter of it, within these bounds), past it
# at most, and before one opens at most, so that an early failure is seen.
MIN_INTERVAL, TIGHT = 2.0, 3.8
SPARSE = 20.0
LONGEST = 90.0


@dataclass(frozen=True, slots=True)
class CompletionTimes:
    """Seconds that one finished extension took from its submission."""

    to_streaming: float
    to_complete: float


@dataclass(frozen=True, slots=True)
class PollWindows:
    """When news is likely, in seconds since the submission: two windows (from, to).

    Attributes:
        streaming: between these, extensions usually become audible.
        complete: between these, they usually complete.
        usual: the median time to *complete*; None until enough has been seen.
    """

    streaming: tuple[float, float] = FIRST_GUESS[0]
    complete: tuple[float, float] = FIRST_GUESS[1]
    typical_duration: float | None = None


def learned_windows(timings: Sequence[CompletionTimes]) -> PollWindows:
    """Return the pace that ``timings`` teach, a guess from the field while they are few."""
    if len(timings) < MIN_SAMPLES:
        return PollWindows()
    complete = [timing.to_complete for timing in timings]
    return PollWindows(
        streaming=_window([timing.to_streaming for timing in timings]),
        complete=_window(complete),
        typical_duration=median(complete),
    )


def next_poll_delay(age: float, windows: PollWindows, *, is_streaming: bool) -> float:
    """Return after how many seconds to ask again, ``age`` seconds after the submission.

    Before a window opens it waits for the opening; within, it asks often; past it, ever less.
    """
    opens, closes = windows.complete if is_streaming else windows.streaming
    tight = min(TIGHT, max(MIN_INTERVAL, (closes - opens) / 4))
    if age < opens:
        return max(tight, min(opens - age, LONGEST))
    if age <= closes:
        return tight
    return min(SPARSE, tight + (age - closes) / 4)


def backoff(failures: int, *, jitter: float, first: float = 2.0, maximum: float = 60.0) -> float:
    """Return the seconds to wait after so many ``failures`` in a row.

    Doubles from ``first`` up to ``most``; ``jitter`` (0 to 1, random) takes up to half of it off,
    so that what failed together does not return together.
    """
    full = min(maximum, first * 2 ** min(failures, 16))
    return full * (1 - jitter / 2)


def _window(seconds: Sequence[float]) -> tuple[float, float]:
    """Return the span from the tenth to the ninety-fifth of a hundred, opened a little early.

    Early, because what happens before a window is seen as it opens: learned from such sightings,
    a window that never opened early could only move later.
    """
    cuts = quantiles(seconds, n=20, method="inclusive")
    return cuts[1] * 0.97, cuts[-1]
