"""Polls and lag on simulated time lines: how much is asked, and how late news is."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.polling import (
    MIN_SAMPLES,
    CompletionTimes,
    PollWindows,
    backoff,
    learned_windows,
    next_poll_delay,
)

type_of_time_line = Callable[[random.Random], CompletionTimes]
FIXED = 5.0


@dataclass(frozen=True)
class Watch:
    """What following one extension took: questions asked, and what was seen when (seconds)."""

    polls: int
    truth: CompletionTimes
    seen: CompletionTimes

    @property
    def lags(self) -> tuple[float, float]:
        return (
            self.seen.to_streaming - self.truth.to_streaming,
            self.seen.to_complete - self.truth.to_complete,
        )


def watch(truth: CompletionTimes, wait: Callable[[float, bool], float]) -> Watch:
    """Ask until complete, each time after ``wait(age, is_streaming)`` seconds."""
    age, polls, heard_at = 0.0, 0, None
    while True:
        age += wait(age, heard_at is not None)
        polls += 1
        if heard_at is None and age >= truth.to_streaming:
            heard_at = age
        if heard_at is not None and age >= truth.to_complete:
            return Watch(polls, truth, CompletionTimes(heard_at, age))


def paced(truth: CompletionTimes, pace: PollWindows) -> Watch:
    return watch(
        truth, lambda age, is_streaming: next_poll_delay(age, pace, is_streaming=is_streaming)
    )


def fixed(truth: CompletionTimes) -> Watch:
    return watch(truth, lambda _age, _is_streaming: FIXED)


def polls(watches: list[Watch]) -> float:
    return mean(each.polls for each in watches)


def lag(watches: list[Watch]) -> float:
    return median(lag for each in watches for lag in each.lags)


def end_lag(watches: list[Watch]) -> float:
    return median(each.lags[1] for each in watches)


def usual(chance: random.Random) -> CompletionTimes:
    return CompletionTimes(chance.uniform(20, 40), chance.uniform(120, 180))


def spread_out(chance: random.Random) -> CompletionTimes:
    return CompletionTimes(chance.uniform(15, 90), chance.uniform(100, 400))


def narrow(chance: random.Random) -> CompletionTimes:
    return CompletionTimes(chance.uniform(29, 31), chance.uniform(149, 151))


def constant(_chance: random.Random) -> CompletionTimes:
    return CompletionTimes(30, 150)


def long_tailed(chance: random.Random) -> CompletionTimes:
    first = chance.lognormvariate(3.3, 0.3)
    return CompletionTimes(first, first + chance.lognormvariate(4.7, 0.35))


def compared(time_line: type_of_time_line) -> tuple[list[Watch], list[Watch]]:
    """Follow a thousand extensions at the pace that two hundred before them taught."""
    chance = random.Random(1)
    pace = learned_windows([time_line(chance) for _ in range(200)])
    truths = [time_line(chance) for _ in range(1000)]
    return [paced(truth, pace) for truth in truths], [fixed(truth) for truth in truths]


def learning(time_line: type_of_time_line, *, window: int = 50) -> list[Watch]:
    """Follow extensions at the pace that the last fifty, as they were seen, have taught."""
    chance = random.Random(2)
    watches: list[Watch] = []
    for _ in range(1500):
        pace = learned_windows([each.seen for each in watches[-window:]])
        watches.append(paced(time_line(chance), pace))
    return watches[500:]


def test_the_learned_pace_needs_less_than_half_the_polls_and_is_no_later() -> None:
    ours, theirs = compared(usual)

    assert polls(ours) < 14
    assert polls(ours) < 0.48 * polls(theirs)
    assert lag(ours) < 2.4 < lag(theirs)
    assert end_lag(ours) < 2.4 < end_lag(theirs)
    assert max(each.lags[1] for each in ours) < 10


@pytest.mark.parametrize(
    ("time_line", "share", "latest"),
    [
        pytest.param(narrow, 0.3, 1.5, id="narrow"),
        pytest.param(constant, 0.3, 2.0, id="constant"),
        pytest.param(spread_out, 0.95, 2.5, id="spread out"),
        pytest.param(long_tailed, 0.7, 2.5, id="long-tailed"),
    ],
)
def test_other_time_lines_take_fewer_polls_too_and_are_no_later(
    time_line: type_of_time_line, share: float, latest: float
) -> None:
    ours, theirs = compared(time_line)

    assert polls(ours) < share * polls(theirs)
    assert lag(ours) < latest


@pytest.mark.parametrize(
    "time_line", [usual, narrow, constant, spread_out, long_tailed], ids=lambda f: f.__name__
)
def test_learning_from_its_own_sightings_does_not_drift(time_line: type_of_time_line) -> None:
    """What happens before a window opens is seen late, which must not move the window on."""
    watches = learning(time_line)
    theirs = [fixed(each.truth) for each in watches]

    assert polls(watches) < 0.8 * polls(theirs)
    assert lag(watches) < 2.75
    assert lag(watches[-200:]) < 2.9


def test_the_pace_follows_a_provider_that_became_faster() -> None:
    chance = random.Random(3)
    seen = [CompletionTimes(chance.uniform(50, 70), chance.uniform(250, 300)) for _ in range(50)]
    for _ in range(1000):
        seen.append(paced(usual(chance), learned_windows(seen[-50:])).seen)

    streaming, complete = (
        learned_windows(seen[-50:]).streaming,
        learned_windows(seen[-50:]).complete,
    )
    assert 18 < streaming[0] < 28
    assert 110 < complete[0] < 145
    assert streaming[1] < 45
    assert complete[1] < 190


@pytest.mark.parametrize(
    "truth", [CompletionTimes(30, 900), CompletionTimes(300, 900), CompletionTimes(900, 901)]
)
def test_an_extension_far_slower_than_usual_is_asked_for_sparsely(truth: CompletionTimes) -> None:
    chance = random.Random(1)
    slow = paced(truth, learned_windows([usual(chance) for _ in range(200)]))

    assert slow.polls < 0.4 * fixed(truth).polls
    assert max(slow.lags) <= 20


def test_an_early_failure_is_seen_before_the_end_is_due() -> None:
    assert next_poll_delay(30, PollWindows(complete=(600, 700)), is_streaming=True) <= 90


@pytest.mark.parametrize(
    ("age", "is_streaming", "seconds"),
    [
        (0, False, 20),
        (10, False, 10),
        (19, False, 3.8),
        (20, False, 3.8),
        (40, False, 3.8),
        (60, False, 8.8),
        (400, False, 20),
        (20, True, 70),
        (90, True, 3.8),
        (200, True, 3.8),
        (220, True, 8.8),
        (2000, True, 20),
    ],
)
def test_asking_is_sparse_before_a_window_tight_in_it_and_ever_sparser_behind(
    age: float, seconds: float, *, is_streaming: bool
) -> None:
    assert next_poll_delay(age, PollWindows(), is_streaming=is_streaming) == pytest.approx(seconds)


def test_nothing_is_believed_before_enough_was_seen() -> None:
    few = [CompletionTimes(1, 2)] * (MIN_SAMPLES - 1)

    assert learned_windows([]) == learned_windows(few) == PollWindows()
    assert learned_windows(few).typical_duration is None


def test_the_usual_time_is_the_median() -> None:
    timings = [
        CompletionTimes(30, seconds) for seconds in (100, 110, 120, 130, 140, 150, 160, 9000)
    ]

    assert learned_windows(timings).typical_duration == 135


@given(
    st.lists(st.builds(CompletionTimes, st.floats(0, 1e5), st.floats(0, 1e5)), max_size=30),
    st.floats(0, 1e6),
    st.booleans(),
)
def test_no_pace_is_a_storm_or_a_standstill(
    timings: list[CompletionTimes],
    age: float,
    is_streaming: bool,  # noqa: FBT001 - hypothesis fills by position
) -> None:
    assert 2 <= next_poll_delay(age, learned_windows(timings), is_streaming=is_streaming) <= 90


@pytest.mark.parametrize(
    ("failures", "jitter", "seconds"),
    [(0, 0, 2), (1, 0, 4), (3, 0, 16), (5, 0, 60), (10**9, 0, 60), (0, 1, 1), (10, 1, 30)],
)
def test_failures_back_off_to_a_limit(failures: int, jitter: float, seconds: float) -> None:
    assert backoff(failures, jitter=jitter) == seconds


def test_a_back_off_has_its_own_bounds_where_they_are_given() -> None:
    assert backoff(0, jitter=0, first=1, maximum=8) == 1
    assert backoff(9, jitter=0, first=1, maximum=8) == 8


@given(st.integers(0, 1000), st.floats(0, 1))
def test_jitter_takes_at_most_half(failures: int, jitter: float) -> None:
    full = backoff(failures, jitter=0)

    assert full / 2 <= backoff(failures, jitter=jitter) <= full
