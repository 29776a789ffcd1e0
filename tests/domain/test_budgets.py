"""Budgets: their periods, their levels, and what a server's settings allow."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.budgets import BudgetNotice, BudgetUse, Level, Period
from bot.domain.guild_settings import GuildSettings, lower_limit

NOON = dt.datetime(2026, 12, 31, 12, 0, tzinfo=dt.UTC)


def use(used: int, limit: int | None, **parts: object) -> BudgetUse:
    fields = {"period": Period.DAY, "renews_at": Period.DAY.end(NOON)}
    return BudgetUse(used=used, limit=limit, **(fields | parts))


@pytest.mark.parametrize(
    ("period", "now", "start", "end"),
    [
        (Period.DAY, "2026-05-17T00:00:00+00:00", "2026-05-17", "2026-05-18"),
        (Period.DAY, "2026-12-31T23:59:59+00:00", "2026-12-31", "2027-01-01"),
        (Period.DAY, "2026-05-18T01:00:00+02:00", "2026-05-17", "2026-05-18"),
        (Period.MONTH, "2026-01-31T12:00:00+00:00", "2026-01-01", "2026-02-01"),
        (Period.MONTH, "2028-02-29T12:00:00+00:00", "2028-02-01", "2028-03-01"),
        (Period.MONTH, "2026-12-01T00:00:00+00:00", "2026-12-01", "2027-01-01"),
    ],
)
def test_periods_are_calendar_days_and_months_of_utc(
    period: Period, now: str, start: str, end: str
) -> None:
    moment = dt.datetime.fromisoformat(now)
    assert period.start(moment) == dt.datetime.fromisoformat(f"{start}T00:00:00+00:00")
    assert period.end(moment) == dt.datetime.fromisoformat(f"{end}T00:00:00+00:00")


@given(st.datetimes(timezones=st.just(dt.UTC), max_value=dt.datetime(9000, 1, 1)))  # noqa: DTZ001
def test_each_moment_is_in_one_period_and_the_next_begins_where_it_ends(now: dt.datetime) -> None:
    for period in Period:
        start, end = period.start(now), period.end(now)
        assert start <= now < end
        assert period.start(end) == end
        assert period.end(start) == end


@pytest.mark.parametrize(
    ("used", "limit", "level", "is_used_up"),
    [
        (0, None, None, False),
        (39, 50, None, False),
        (40, 50, Level.LOW, False),
        (49, 50, Level.LOW, False),
        (50, 50, Level.USED_UP, True),
        (60, 50, Level.USED_UP, True),
        (0, 1, None, False),
        (1, 1, Level.USED_UP, True),
        (3, 4, None, False),
    ],
)
def test_budget_is_low_from_eighty_percent_on(
    used: int, limit: int | None, level: Level | None, *, is_used_up: bool
) -> None:
    assert (use(used, limit).level, use(used, limit).is_used_up) == (level, is_used_up)


def test_notice_knows_when_its_budget_renews() -> None:
    notice = BudgetNotice(
        id=1,
        guild_id=2,
        period=Period.MONTH,
        level=Level.LOW,
        used=4,
        limit=5,
        starts_at=Period.MONTH.start(NOON),
    )
    assert notice.renews_at == dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("operators", "servers", "expected"),
    [(0, None, 0), (0, 3, 3), (2, None, 2), (2, 1, 1), (2, 5, 2)],
)
def test_server_can_lower_a_limit_and_never_raise_it(
    operators: int, servers: int | None, expected: int
) -> None:
    assert lower_limit(operators, servers) == expected


def test_without_channels_and_roles_all_are_allowed() -> None:
    settings = GuildSettings(guild_id=1)
    assert settings.allows_channel([7])
    assert settings.allows_roles([])


def test_one_of_the_channels_and_one_of_the_roles_is_needed() -> None:
    settings = GuildSettings(guild_id=1, channel_ids=(7, 8), role_ids=(5, 6))
    assert settings.allows_channel([99, 8])
    assert not settings.allows_channel([99, 0])
    assert settings.allows_roles([1, 6])
    assert not settings.allows_roles([1])


@pytest.mark.parametrize("name", ["daily_budget", "monthly_budget", "member_budget"])
def test_settings_know_whether_a_budget_is_set(name: str) -> None:
    assert GuildSettings(guild_id=1, **{name: 3}).has_budgets
    assert not GuildSettings(guild_id=1, member_limit=3).has_budgets
