"""What is learned of a provider, and when it is asked for that reason."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.polling import (
    MAX_DELAY,
    MAX_DELAY_PER_AGE,
    MEMORY,
    MIN_CHANGES,
    MIN_DELAY,
    MIN_UNSEEN_RATE,
    PRIOR_RATE,
    REQUEST_COST,
    HazardRate,
    Sighting,
    backoff,
    learn_hazard_rate,
    next_poll_delay,
    typical_duration,
)

NOTHING_KNOWN = HazardRate()
EVENLY = math.sqrt(2 * REQUEST_COST / PRIOR_RATE)

seconds = st.floats(0, 5000)
sightings = st.builds(
    lambda not_before, late: Sighting(not_before, None if late is None else not_before + late),
    seconds,
    st.none() | seconds,
)


def spread(low: float, high: float, *, count: int = 64, late: float = 2.0) -> list[Sighting]:
    """Changes evenly between two ages, each seen within ``late`` seconds; in mixed order."""
    ages = [low + (high - low) * (number * 29 % count) / count for number in range(count)]
    return [Sighting(age - late / 2, age + late / 2) for age in ages]


def polled_ages(hazard_rates: Sequence[HazardRate], until: float) -> list[float]:
    """The ages at which an extension that stays unfinished is asked for."""
    age, ages = 0.0, list[float]()
    while age < until:
        age += next_poll_delay(age, hazard_rates)
        ages.append(age)
    return ages


def test_knowing_nothing_asks_evenly() -> None:
    ages = polled_ages([NOTHING_KNOWN, NOTHING_KNOWN], 600)

    assert ages == pytest.approx([EVENLY * (number + 1) for number in range(len(ages))])


def test_requests_are_dense_where_changes_are_likely_and_sparse_elsewhere() -> None:
    learned = [learn_hazard_rate(spread(120, 180))]

    ages = polled_ages(learned, 180)

    before = [age for age in ages if 20 < age < 105]
    within = [age for age in ages if 130 < age < 180]
    assert len(before) <= 6
    assert len(within) >= 14


def test_waiting_for_two_statuses_asks_when_either_is_likely() -> None:
    streaming = learn_hazard_rate(spread(20, 40))
    complete = learn_hazard_rate(spread(120, 180))

    assert next_poll_delay(25, [streaming, complete]) < 4
    assert next_poll_delay(150, [streaming, complete]) < 4
    assert next_poll_delay(25, [complete]) == pytest.approx(MAX_DELAY)


def test_clips_minutes_apart_are_both_expected() -> None:
    learned = learn_hazard_rate([*spread(40, 60, count=16), *spread(220, 260, count=16)])

    assert next_poll_delay(50, [learned]) < 6
    assert next_poll_delay(100, [learned]) > 12
    assert next_poll_delay(240, [learned]) < 6


def test_a_delay_ends_where_changes_become_likely() -> None:
    learned = [learn_hazard_rate(spread(120, 124, late=1.0))]

    assert next_poll_delay(112, learned) < 10


@pytest.mark.parametrize(("age", "delay"), [(0, 15), (100, 15), (150, 15), (180, 18), (200, 20)])
def test_the_longest_delay_is_a_tenth_of_a_great_age(age: float, delay: float) -> None:
    quiet = learn_hazard_rate([*[Sighting(1000)] * 64, Sighting(2000, 2010)])

    assert next_poll_delay(age, [quiet]) == pytest.approx(delay)


def test_the_prior_bounds_the_delay_at_any_age() -> None:
    quiet = learn_hazard_rate([*[Sighting(3000)] * 500, Sighting(3300, 3310)])

    assert max(next_poll_delay(age, [quiet]) for age in range(2900)) < 26


def test_the_provider_s_rate_is_respected() -> None:
    likely = learn_hazard_rate(spread(20, 21))

    assert next_poll_delay(20, [likely]) < 2
    assert next_poll_delay(20, [likely], min_delay=7) == 7
    assert next_poll_delay(20, [likely], min_delay=40) == 40
    assert next_poll_delay(20, [likely], min_delay=0) >= MIN_DELAY


def test_nothing_awaited_is_asked_for_as_seldom_as_possible() -> None:
    assert next_poll_delay(30, []) == MAX_DELAY


@given(st.lists(sightings, max_size=20), st.lists(sightings, max_size=20), st.floats(0, 1e6))
def test_every_delay_is_within_its_bounds(
    first: list[Sighting], second: list[Sighting], age: float
) -> None:
    delay = next_poll_delay(age, [learn_hazard_rate(first), learn_hazard_rate(second)])

    assert MIN_DELAY <= delay <= max(MAX_DELAY, age * MAX_DELAY_PER_AGE) * (1 + 1e-9)


@given(st.lists(sightings, max_size=64), seconds)
def test_every_learned_rate_is_a_positive_number(seen: list[Sighting], age: float) -> None:
    assert 0 < learn_hazard_rate(seen).rate(age) < math.inf


def test_an_age_before_the_submission_counts_as_none() -> None:
    learned = learn_hazard_rate([Sighting(-3, -1), Sighting(-5)])

    assert learned.rate(-10) == learned.rate(0)
    assert sum(learned.changes) == pytest.approx(1)
    assert next_poll_delay(-10, [learned]) >= MIN_DELAY


@given(st.floats(0, 3000), st.floats(0.1, 300))
def test_a_sighting_counts_one_change_and_the_time_waited_for_it(
    not_before: float, late: float
) -> None:
    learned = learn_hazard_rate([Sighting(not_before, not_before + late)])

    assert sum(learned.changes) == pytest.approx(1, rel=0.05)
    assert sum(learned.waited) == pytest.approx(not_before + late / 2, rel=0.05)


def test_a_change_is_spread_over_the_interval_in_which_it_happened() -> None:
    learned = HazardRate().with_interval(10, 18, changed=True)

    assert learned.changes[4:10] == (0, 0.25, 0.25, 0.25, 0.25, 0)
    assert learned.waited[5:9] == (1.75, 1.25, 0.75, 0.25)


def test_intervals_of_one_clip_teach_the_same_as_its_sighting() -> None:
    step_by_step = HazardRate()
    for start, end in [(0, 10), (10, 14), (14, 30)]:
        step_by_step = step_by_step.with_interval(start, end, changed=False)
    step_by_step = step_by_step.with_interval(30, 33, changed=True)

    at_once = learn_hazard_rate([Sighting(30, 33)])

    assert step_by_step.waited == pytest.approx(at_once.waited, rel=0.02)
    assert step_by_step.changes == pytest.approx(at_once.changes, rel=0.02)


def test_an_interval_without_length_teaches_nothing() -> None:
    assert HazardRate().with_interval(20, 20, changed=False) == HazardRate()
    assert HazardRate().with_interval(20, 10, changed=False) == HazardRate()


def test_a_change_that_was_never_seen_makes_it_less_likely() -> None:
    seen = spread(120, 180)
    learned = learn_hazard_rate(seen)

    doubted = learn_hazard_rate([*[Sighting(900)] * 20, *seen])

    assert doubted.rate(150) < learned.rate(150)
    assert doubted.seen_changes == learned.seen_changes


def test_a_crowd_that_only_waits_is_asked_at_most_twice_as_seldom_as_the_unknown() -> None:
    """The first of a thousand sent together would otherwise be seen late, and all with it."""
    waiting = learn_hazard_rate([Sighting(150)] * 1000)

    assert waiting.rate(100) == MIN_UNSEEN_RATE
    assert next_poll_delay(100, [waiting]) == pytest.approx(2 * EVENLY)


def test_a_crowd_of_young_extensions_does_not_erase_what_is_known_of_late_ages() -> None:
    learned = learn_hazard_rate(spread(120, 180))

    crowded = learned
    for _ in range(1000):
        crowded = crowded.with_interval(0, 50, changed=False)

    assert crowded.rate(150) == learned.rate(150)


@pytest.mark.parametrize(
    ("low", "high"),
    [pytest.param(40, 60, id="three times faster"), pytest.param(360, 540, id="slower")],
)
def test_a_changed_service_is_noticed_within_a_few_extensions(low: float, high: float) -> None:
    before = spread(120, 180)
    middle = (low + high) / 2

    after = learn_hazard_rate([*spread(low, high, count=8), *before])

    assert next_poll_delay(middle, [after]) < min(MAX_DELAY / 1.5, middle / 8)


def test_what_was_learned_fades() -> None:
    before, now = spread(120, 180), spread(360, 540, count=64)

    faded = learn_hazard_rate([*now, *before])

    assert faded.rate(150) < learn_hazard_rate(before).rate(150) * math.exp(-48 / MEMORY)


@pytest.mark.parametrize(
    ("low", "high"), [(5, 7), (20, 40), (30, 90), (120, 180), (300, 540), (1000, 2000)]
)
def test_the_typical_duration_is_the_median(low: float, high: float) -> None:
    middle = (low + high) / 2

    assert typical_duration(learn_hazard_rate(spread(low, high))) == pytest.approx(middle, rel=0.08)


def test_the_typical_duration_counts_those_that_still_wait() -> None:
    quickest = [Sighting(118 + number, 120 + number) for number in range(10)]
    waiting = [Sighting(130)] * 10

    only_quickest = typical_duration(learn_hazard_rate(quickest))

    assert only_quickest == pytest.approx(124, abs=5)
    assert typical_duration(learn_hazard_rate([*waiting, *quickest] * 2)) != only_quickest


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param([], id="nothing"),
        pytest.param(spread(120, 180, count=MIN_CHANGES - 1), id="too few changes"),
        pytest.param([Sighting(100)] * 40 + [Sighting(98, 100)] * 8, id="most still wait"),
        pytest.param([Sighting(9000)] * 60 + spread(120, 180, count=8), id="most never change"),
    ],
)
def test_the_typical_duration_is_not_told_before_it_is_known(seen: list[Sighting]) -> None:
    assert typical_duration(learn_hazard_rate(seen)) is None


@pytest.mark.parametrize(
    ("failures", "jitter", "delay"),
    [(0, 0, 2), (1, 0, 4), (3, 0, 16), (5, 0, 60), (10**9, 0, 60), (0, 1, 1), (10, 1, 30)],
)
def test_failures_back_off_to_a_limit(failures: int, jitter: float, delay: float) -> None:
    assert backoff(failures, jitter=jitter) == delay


def test_a_back_off_has_its_own_bounds_where_they_are_given() -> None:
    assert backoff(0, jitter=0, first_delay=1, max_delay=8) == 1
    assert backoff(9, jitter=0, first_delay=1, max_delay=8) == 8


@given(st.integers(0, 1000), st.floats(0, 1))
def test_jitter_takes_at_most_half(failures: int, jitter: float) -> None:
    full = backoff(failures, jitter=0)

    assert full / 2 <= backoff(failures, jitter=jitter) <= full
