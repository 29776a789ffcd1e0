"""Budgets as members meet them: refusals that say when to come back, and what is left."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable

import pytest

from bot.domain.errors import LimitError
from bot.domain.models import Status
from bot.domain.sessions.models import RestReason
from bot.providers.base import Credits, OutOfCredits, Unavailable, Unconfirmed
from bot.services.budgets import Budgets, ServiceCredits
from bot.services.guild_settings import GuildSettingsService
from bot.store.acceptance import Quota
from bot.store.store import Store
from tests.support.scripted_provider import Script, ScriptedProvider
from tests.support.service_harness import ADA, BEN, GUILD, ServiceHarness, actor
from tests.support.session_harness import VOTE, SessionHarness

Spend = Callable[[ServiceHarness], Awaitable[object]]


class BillingProvider(ScriptedProvider):
    """A provider that tells what is left."""

    def __init__(self, name: str = "suno", **abilities: object) -> None:
        super().__init__(name, **abilities)
        self.on_credits = Script()
        self.credits_asked = 0

    async def credits(self) -> Credits | None:
        self.credits_asked += 1
        return await self.on_credits.next(lambda: Credits(125.0))


async def set_budgets(harness: ServiceHarness, **typed: str) -> None:
    service = GuildSettingsService(harness.runtime, quota=Quota())
    fields = {"day": "", "month": "", "member_day": ""} | typed
    await service.set_budgets(GUILD, **fields, notices_channel_id=None, member_id=ADA)


async def used_today(harness: ServiceHarness) -> int:
    settings = await harness.store.settings_of_guild(GUILD)
    return (await Budgets(harness.runtime).uses(settings, ADA))[0].used


@pytest.mark.parametrize(
    ("budget", "problem"),
    [
        ("day", "This server's budget for today is used up (1 of 1 extension)."),
        ("month", "This server's budget for this month is used up (1 of 1 extension)."),
        (
            "member_day",
            "Your share of this server's budget for today is used up (1 of 1 extension).",
        ),
    ],
)
async def test_refusal_says_which_budget_is_used_up_and_when_it_renews(
    harness: ServiceHarness, budget: str, problem: str
) -> None:
    await set_budgets(harness, **{budget: "1"})
    await harness.ask("1")
    with pytest.raises(LimitError) as refused:
        await harness.ask("2")
    assert refused.value.problem == problem
    months = {"month": dt.datetime(2026, 6, 1, tzinfo=dt.UTC)}
    renews_at = months.get(budget, dt.datetime(2026, 5, 18, tzinfo=dt.UTC))
    assert refused.value.remedy == f"It renews <t:{int(renews_at.timestamp())}:R>."


async def test_used_up_budget_is_told_before_a_form_is_written(harness: ServiceHarness) -> None:
    budgets = Budgets(harness.runtime)
    settings = await harness.store.settings_of_guild(GUILD)
    await budgets.require_left(settings, ADA)
    await set_budgets(harness, day="2", member_day="1")
    settings = await harness.store.settings_of_guild(GUILD)
    await budgets.require_left(settings, ADA)
    await harness.ask("1")
    with pytest.raises(LimitError, match=r"Your share .* \(1 of 1 extension\)"):
        await budgets.require_left(settings, ADA)
    await budgets.require_left(settings, BEN)
    await harness.ask("2", member_id=BEN)
    with pytest.raises(LimitError, match=r"This server's budget .* \(2 of 2 extensions\)"):
        await budgets.require_left(settings, BEN)


async def cancel(harness: ServiceHarness) -> None:
    ext = await harness.ask("1")
    await harness.service.cancel(ext.id, actor())


async def send(harness: ServiceHarness, error: Exception) -> None:
    harness.providers["suno"].on_extend.then(error)
    await harness.ask("1")
    await harness.submit()


async def never_reached(harness: ServiceHarness) -> None:
    ext = await harness.ask("1")
    while not (await harness.now(ext)).status.is_final:
        harness.providers["suno"].on_extend.then(Unavailable())
        harness.clock.advance(120)
        await harness.submit()
    assert await harness.is_at(ext, Status.FAILED)


async def past_the_end(harness: ServiceHarness) -> None:
    ext = await harness.ask("1")
    await harness.known(duration=5.0)
    await harness.submit()
    assert await harness.is_at(ext, Status.FAILED)


@pytest.mark.parametrize(
    ("spend", "charged"),
    [
        (cancel, 0),
        (lambda harness: send(harness, OutOfCredits()), 0),
        (never_reached, 0),
        (past_the_end, 0),
        (lambda harness: send(harness, Unconfirmed()), 1),
        (lambda harness: send(harness, ZeroDivisionError()), 1),
        (lambda harness: send(harness, Unavailable()), 1),  # it waits, and is sent again
        (lambda harness: harness.finished("1"), 1),
    ],
)
async def test_budget_is_given_back_exactly_where_nothing_was_charged(
    harness: ServiceHarness, spend: Spend, charged: int
) -> None:
    await set_budgets(harness, day="1")
    await spend(harness)
    assert await used_today(harness) == charged


async def test_session_goes_on_by_itself_when_the_budget_renews(
    store: Store, suno: ScriptedProvider
) -> None:
    harness = SessionHarness(store, suno)
    await harness.source()
    await set_budgets(harness, day="1")
    await harness.ask("1", clip="5e0f3c10-aaaa-4bbb-8ccc-0123456789ef")
    session_id = (await harness.start()).state.session.id
    await harness.write(session_id)
    await harness.count()
    state = await harness.state(session_id)
    assert state.session.rest_reason is RestReason.DAILY_BUDGET
    assert state.session.due_at == dt.datetime(2026, 5, 18, tzinfo=dt.UTC)
    assert [len(suno.sent), len(state.votes)] == [0, 1]
    await harness.run(3600)
    assert (await harness.state(session_id)).session.rests_since is not None
    await harness.run(12 * 3600)
    assert (await harness.state(session_id)).session.rests_since is None
    await harness.run(VOTE + 1)
    assert (await harness.part(session_id)).status is Status.WAITING


# What is left


async def test_credits_are_asked_at_most_once_in_a_minute(store: Store) -> None:
    provider = BillingProvider(credits_per_extension=10)
    harness = ServiceHarness(store, provider)
    budgets = Budgets(harness.runtime)
    answers = await asyncio.gather(*(budgets.credits() for _ in range(3)))
    [service] = answers[0]
    assert service == ServiceCredits(label="Suno Test", credits=Credits(125.0), per_extension=10)
    assert service.extensions_left == 12
    assert (answers[1:], provider.credits_asked) == (answers[:1] * 2, 1)
    harness.clock.advance(60)
    provider.on_credits.then(Credits(-3.0, "USD"))
    [service] = await budgets.credits()
    assert (service.extensions_left, provider.credits_asked) == (0, 2)


async def test_service_that_does_not_answer_or_tell_keeps_nobody_waiting(store: Store) -> None:
    slow, broken, silent = (BillingProvider(name) for name in ("slow", "broken", "silent"))
    slow.on_credits.then(lambda: asyncio.sleep(60))
    broken.on_credits.then(Unavailable())
    silent.on_credits.then(None)
    harness = ServiceHarness(store, slow, broken, silent)
    services = await Budgets(harness.runtime, credits_timeout=0.01).credits()
    assert [each.has_answered for each in services] == [False, False, True]
    assert [each.credits for each in services] == [None, None, None]
    assert [each.extensions_left for each in services] == [None, None, None]


async def test_usage_is_the_members_own_and_the_servers(store: Store) -> None:
    harness = ServiceHarness(store, BillingProvider())
    await set_budgets(harness, day="5")
    await harness.ask("1")
    await harness.finished("2", member_id=BEN)
    settings = await store.settings_of_guild(GUILD)
    usage = await Budgets(harness.runtime).usage(ADA, settings)
    assert usage.member == (1, 1, 1)
    assert [(use.used, use.limit) for use in usage.budgets] == [(2, 5), (2, None), (1, None)]
    assert [service.extensions_left for service in usage.services] == [None]
    elsewhere = await Budgets(harness.runtime).usage(BEN, None)
    assert (elsewhere.member, elsewhere.budgets, elsewhere.settings) == ((1, 1, 0), (), None)
