"""Budgets: exact whatever happens to extensions, in whatever order and from how many processes."""

import asyncio
import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import failures
from bot.domain.budgets import BudgetUse, Level, Period
from bot.domain.models import (
    Clip,
    ClipStatus,
    Extension,
    Handle,
    Kind,
    Progress,
    ReplyRef,
    Status,
)
from bot.domain.sessions.models import SESSION_KEY_PREFIX, RestReason
from bot.domain.transitions import (
    cancelled,
    expired,
    finished,
    found_again,
    observed,
    postponed,
    reopened,
    submitted,
    submitting,
)
from bot.store.acceptance import Accepted, Quota, QuotaExceeded
from bot.store.store import Store
from tests.support.store_samples import CHANNEL, GUILD, MEMBER, MINUTE, NOW, SECOND, asked, heard
from tests.support.stored_sessions import change, making, started

DAY = dt.timedelta(days=1)
OTHER_MEMBER = MEMBER + 1
NOTICES = 99


async def set_budgets(store: Store, **parts: object) -> None:
    await store.change_settings(GUILD, lambda was: replace(was, **parts), member_id=MEMBER, now=NOW)


async def ask(
    store: Store, key: str, *, quota: Quota | None = None, at: dt.datetime = NOW, **parts: object
) -> Accepted | QuotaExceeded | BudgetUse:
    return await store.accept(
        asked(key, **({"created_at": at} | parts)), publish_at=at, quota=quota, double_since=at
    )


async def used(store: Store, *, member_id: int = MEMBER, now: dt.datetime = NOW) -> list[int]:
    """Return what counts in the server's day and month, and in a member's day."""
    found = await store.settings_of_guild(GUILD)
    return [use.used for use in await store.budget_uses(found, member_id=member_id, now=now)]


async def save(store: Store, new: Extension, was: Extension) -> Extension:
    assert await store.save(new, was=was)
    return new


async def test_without_budgets_everything_is_accepted_and_counted(store: Store) -> None:
    for number in range(3):
        assert isinstance(await ask(store, f"{number}"), Accepted)
    assert await used(store) == [3, 3, 3]
    assert await used(store, member_id=OTHER_MEMBER) == [3, 3, 0]


@pytest.mark.parametrize(
    ("name", "period", "is_of_member"),
    [
        ("daily_budget", Period.DAY, False),
        ("monthly_budget", Period.MONTH, False),
        ("member_budget", Period.DAY, True),
    ],
)
async def test_used_up_budget_refuses_and_says_when_it_renews(
    store: Store, name: str, period: Period, *, is_of_member: bool
) -> None:
    await set_budgets(store, **{name: 2})
    for number in range(2):
        assert isinstance(await ask(store, f"{number}"), Accepted)
    refused = await ask(store, "third")
    assert refused == BudgetUse(
        period=period, used=2, limit=2, renews_at=period.end(NOW), is_of_member=is_of_member
    )
    other = await ask(store, "other", member_id=OTHER_MEMBER)
    assert isinstance(other, Accepted) == is_of_member
    renewed = await ask(store, "later", at=period.end(NOW))
    assert isinstance(renewed, Accepted)


async def test_repeated_request_is_answered_as_before_though_the_budget_is_used_up(
    store: Store,
) -> None:
    await set_budgets(store, daily_budget=1)
    first = await ask(store, "one")
    assert isinstance(first, Accepted)
    assert await ask(store, "one") == Accepted(first.extension, is_new=False)


async def test_only_the_server_with_encore_pays(store: Store) -> None:
    await set_budgets(store, daily_budget=1)
    for number, reply in enumerate(
        (
            ReplyRef(channel_id=1),
            ReplyRef(channel_id=CHANNEL, guild_id=GUILD, editable_by_bot=False),
            ReplyRef(channel_id=CHANNEL, guild_id=GUILD + 1),
        )
    ):
        assert isinstance(await ask(store, f"{number}", reply=reply), Accepted)
    assert await used(store) == [0, 0, 0]
    assert isinstance(await ask(store, "here"), Accepted)


async def test_extension_whose_reply_was_lost_counts_still(store: Store) -> None:
    answer = await ask(store, "one")
    assert isinstance(answer, Accepted)
    ext = answer.extension
    await store.save_reply(ext.id, replace(ext.reply, editable_by_bot=False, unreachable=True))
    assert await used(store) == [1, 1, 1]


async def test_full_song_costs_nothing_even_when_the_budget_is_used_up(store: Store) -> None:
    await set_budgets(store, daily_budget=1)
    await ask(store, "part")
    for kind in (Kind.SPLICE, Kind.CONCAT):
        song = await ask(store, kind.value, kind=kind, clip_id=kind.value)
        assert isinstance(song, Accepted)
    assert await used(store) == [1, 1, 1]


async def test_part_of_a_session_counts_for_the_server_and_for_no_member(store: Store) -> None:
    await set_budgets(store, member_budget=1)
    await ask(store, f"{SESSION_KEY_PREFIX}1:1")
    assert await used(store) == [1, 1, 0]
    assert isinstance(await ask(store, "own"), Accepted)
    assert isinstance(await ask(store, f"{SESSION_KEY_PREFIX}1:2"), Accepted)


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        ("daily_budget", RestReason.DAILY_BUDGET),
        ("monthly_budget", RestReason.MONTHLY_BUDGET),
    ],
)
async def test_session_rests_while_a_budget_is_used_up(
    store: Store, budget: str, reason: RestReason
) -> None:
    await set_budgets(store, **{budget: 1})
    await ask(store, "one")
    state = await started(store)
    part = asked(f"{SESSION_KEY_PREFIX}{state.session.id}:1")
    new = await change(store, state.session.id, making, request=part)
    assert new is not None
    assert (new.session.rest_reason, new.session.rests_since) == (reason, NOW)
    assert new.session.parts_left == state.session.parts_left
    assert new.busy_round is None
    assert await used(store) == [1, 1, 1]


async def test_part_of_a_session_is_made_within_the_budget(store: Store) -> None:
    await set_budgets(store, daily_budget=1, notices_channel_id=NOTICES)
    state = await started(store)
    part = asked(f"{SESSION_KEY_PREFIX}{state.session.id}:1")
    new = await change(store, state.session.id, making, request=part)
    assert new is not None
    assert new.busy_round is not None
    [notice] = await store.claim_notices(now=NOW, lease_until=NOW + MINUTE)
    assert notice.level is Level.USED_UP


async def test_server_lowers_the_limits_of_the_operator_and_never_raises_them(
    store: Store,
) -> None:
    await set_budgets(store, member_limit=1, channel_limit=9)
    quota = Quota(member=2, channel=2)
    assert isinstance(await ask(store, "1", quota=quota), Accepted)
    assert isinstance(await ask(store, "2", quota=quota), QuotaExceeded)
    assert isinstance(await ask(store, "3", quota=quota, member_id=OTHER_MEMBER), Accepted)
    refused = await ask(store, "4", quota=quota, member_id=OTHER_MEMBER + 1)
    assert isinstance(refused, QuotaExceeded)
    assert not refused.of_member
    assert isinstance(await ask(store, "5", quota=None), Accepted)


async def test_member_use_counts_everywhere_and_what_is_in_progress(store: Store) -> None:
    await ask(store, "here")
    await ask(store, "direct", reply=ReplyRef(channel_id=1))
    await ask(store, "yesterday", at=NOW - DAY)
    await ask(store, "other", member_id=OTHER_MEMBER)
    gone = await ask(store, "gone")
    assert isinstance(gone, Accepted)
    await save(store, cancelled(gone.extension, now=NOW), gone.extension)
    assert await store.member_use(MEMBER, now=NOW) == (2, 3, 3)


# Notices


async def test_moderators_are_told_of_each_level_once_in_a_period(store: Store) -> None:
    await set_budgets(store, daily_budget=5, member_budget=9, notices_channel_id=NOTICES)
    exts = [await ask(store, f"{number}") for number in range(5)]
    last = exts[-1]
    assert isinstance(last, Accepted)
    await save(store, cancelled(last.extension, now=NOW), last.extension)
    await ask(store, "again")
    notices = await store.claim_notices(now=NOW, lease_until=NOW + MINUTE)
    told = [(each.level, each.used, each.limit, each.period) for each in notices]
    assert told == [(Level.LOW, 4, 5, Period.DAY), (Level.USED_UP, 5, 5, Period.DAY)]
    assert notices[0].starts_at == Period.DAY.start(NOW)
    await ask(store, "tomorrow", at=NOW + DAY)
    assert len(await store.claim_notices(now=NOW + DAY, lease_until=NOW + 2 * DAY)) == 2


async def test_notice_is_claimed_by_one_and_again_after_its_lease(store: Store) -> None:
    await set_budgets(store, monthly_budget=1, notices_channel_id=NOTICES)
    assert await store.next_notice() is None
    await ask(store, "one")
    assert await store.next_notice() == NOW
    [first] = await store.claim_notices(now=NOW, lease_until=NOW + MINUTE)
    assert (first.guild_id, first.tried_at) == (GUILD, None)
    assert await store.claim_notices(now=NOW, lease_until=NOW + MINUTE) == []
    assert await store.next_notice() == NOW + MINUTE
    [second] = await store.claim_notices(now=NOW + MINUTE, lease_until=NOW + 2 * MINUTE)
    assert second == replace(first, tried_at=NOW)
    [third] = await store.claim_notices(now=NOW + 2 * MINUTE, lease_until=NOW + 3 * MINUTE)
    assert third.tried_at == NOW
    await store.settle_notice(third.id)
    assert await store.next_notice() is None


async def test_without_a_channel_for_notices_none_is_stored(store: Store) -> None:
    await set_budgets(store, daily_budget=1)
    await ask(store, "one")
    assert await store.next_notice() is None


# Races


@pytest.fixture
async def stores(store: Store, url: str):  # noqa: ANN201 - a fixture
    """As many processes as the database can have at once: each has a store of its own."""
    async with AsyncExitStack() as stack:
        others = [
            await stack.enter_async_context(Store.open(url))
            for _ in range(0 if url.startswith("sqlite") else 3)
        ]
        yield [store, *others] * (8 // (1 + len(others)))


@pytest.mark.parametrize("name", ["daily_budget", "monthly_budget", "member_budget"])
async def test_budget_is_exact_however_many_ask_at_once(stores: list[Store], name: str) -> None:
    await set_budgets(stores[0], **{name: 5}, notices_channel_id=NOTICES)
    answers = await asyncio.gather(
        *(ask(store, f"{number}") for number, store in enumerate(stores * 3))
    )
    assert sum(isinstance(answer, Accepted) for answer in answers) == 5
    assert await used(stores[0]) == [5, 5, 5]
    claims = await asyncio.gather(
        *(store.claim_notices(now=NOW, lease_until=NOW + MINUTE) for store in stores)
    )
    told = sorted(notice.level for claimed in claims for notice in claimed)
    assert told == ([] if name == "member_budget" else [Level.LOW, Level.USED_UP])


async def test_parts_of_sessions_and_members_share_the_budget_when_all_ask_at_once(
    stores: list[Store],
) -> None:
    await set_budgets(stores[0], daily_budget=4)
    sessions = [
        await started(stores[0], f"s{number}", channel_id=1000 + number) for number in range(4)
    ]

    async def make(store: Store, number: int) -> bool:
        session_id = sessions[number].session.id
        part = asked(f"{SESSION_KEY_PREFIX}{session_id}:1")
        new = await change(store, session_id, making, request=part)
        return new is not None and new.busy_round is not None

    async def extend(store: Store, number: int) -> bool:
        return isinstance(await ask(store, f"{number}"), Accepted)

    done = await asyncio.gather(
        *(make(store, number) for number, store in enumerate(stores[:4])),
        *(extend(store, number) for number, store in enumerate(stores)),
    )
    assert sum(done) == 4
    assert await used(stores[0]) == [4, 4, sum(done[4:])]


# Whatever happens


@dataclass
class Model:
    """What a budget has to say, kept by hand: what each extension was charged, as far as is known.

    ``is_free`` has the extensions that ended and certainly cost nothing.
    """

    store: Store
    now: dt.datetime = NOW
    exts: list[Extension] = field(default_factory=list[Extension])
    is_free: set[int] = field(default_factory=set[int])

    def expected(self, *, member_id: int) -> list[int]:
        charged = [ext for ext in self.exts if ext.id not in self.is_free]
        day = [ext for ext in charged if ext.created_at.date() == self.now.date()]
        month = [ext for ext in charged if ext.created_at.month == self.now.month]
        return [len(day), len(month), sum(ext.member_id == member_id for ext in day)]

    async def move(self, index: int, change: Callable[[Extension], Extension]) -> Extension | None:
        """Save what an event makes of one extension; None if it does not fit its status."""
        if not self.exts:
            return None
        index %= len(self.exts)
        was = self.exts[index]
        new = change(was)
        if new == was:
            return None
        self.exts[index] = await save(self.store, new, was)
        return new


Event = tuple[str, int, int]
FREE = [
    failures.Rejected(),
    failures.UnknownClip(),
    failures.OutOfCredits(),
    failures.Unauthorized(),
    failures.SessionExpired(),
    failures.RateLimited(),
    failures.Unavailable(),
    failures.LengthUnknown(),
    failures.PastTheEnd(3.0),
]
LIMITS = {"daily_budget": 3, "monthly_budget": 7, "member_budget": 2}
DEADLINE = 15 * MINUTE


def refused(ext: Extension, number: int, now: dt.datetime) -> Extension:
    """Return ``ext`` refused before its provider had taken it."""
    if ext.status not in (Status.WAITING, Status.SUBMITTING):
        return ext
    return finished(ext, Status.FAILED, FREE[number % len(FREE)], now=now)


def unconfirmed(ext: Extension, now: dt.datetime) -> Extension:
    if ext.status is not Status.SUBMITTING:
        return ext
    return finished(ext, Status.UNCONFIRMED, failures.Unconfirmed(), now=now)


def news(ext: Extension, status: ClipStatus, now: dt.datetime) -> Extension:
    made = tuple(Clip(id=f"{ext.id}-{letter}", status=status) for letter in "ab")
    if status is ClipStatus.COMPLETE:
        made = tuple(heard(clip.id) for clip in made)
    return observed(ext, Progress(clips=made), now=now)


CHANGES: Mapping[str, Callable[[Extension, int, dt.datetime], Extension]] = {
    "cancelled": lambda ext, _n, now: cancelled(ext, now=now),
    "sent": lambda ext, _n, now: submitting(ext, now=now, lease_until=now + MINUTE),
    "postponed": lambda ext, _n, now: postponed(ext, failures.RateLimited(), due_at=now + SECOND),
    "refused": refused,
    "taken": lambda ext, _n, now: submitted(
        ext, Handle(task_id=f"t{ext.id}"), now=now, due_at=now, deadline=DEADLINE
    ),
    "unconfirmed": lambda ext, _n, now: unconfirmed(ext, now),
    "found again": lambda ext, _n, now: found_again(
        ext, Handle(task_id=f"t{ext.id}"), now=now, due_at=now, deadline=DEADLINE
    ),
    "failed": lambda ext, _n, now: news(ext, ClipStatus.FAILED, now),
    "complete": lambda ext, _n, now: news(ext, ClipStatus.COMPLETE, now),
    "expired": lambda ext, _n, now: expired(ext, now=now + 2 * DEADLINE),
    "checked again": lambda ext, _n, now: reopened(ext, now=now, deadline=DEADLINE),
}
GIVEN_BACK = ("cancelled", "refused")
events = st.lists(
    st.one_of(
        st.tuples(st.just("asked"), st.integers(0, 1), st.integers(0, 2)),
        st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 9), st.integers(0, 8)),
        st.tuples(st.just("a day passes"), st.just(0), st.just(0)),
    ),
    max_size=25,
)


async def live_through(store: Store, history: list[Event]) -> None:
    """Let everything of ``history`` happen; each budget is at what was charged after each event."""
    await set_budgets(store, **LIMITS)
    model = Model(store)
    for number, (event, which, how) in enumerate(history):
        now, member_id = model.now, MEMBER + which % 2
        if event == "a day passes":
            model.now += DAY
        elif event == "asked":
            parts = {"member_id": member_id, "due_at": now, "deadline_at": now + DEADLINE}
            answer = await ask(store, f"{number}", at=now, **parts)
            before = model.expected(member_id=member_id)
            has_room = all(use < limit for use, limit in zip(before, LIMITS.values(), strict=True))
            assert isinstance(answer, Accepted) == has_room, (before, answer)
            if isinstance(answer, Accepted):
                model.exts.append(answer.extension)
        else:
            change = CHANGES[event]
            new = await model.move(
                which,
                lambda ext, change=change, how=how, now=now: change(ext, how, now),
            )
            if new is not None and event in GIVEN_BACK:
                model.is_free.add(new.id)
        for each in (MEMBER, OTHER_MEMBER):
            expected = model.expected(member_id=each)
            assert await used(store, member_id=each, now=model.now) == expected


@settings(max_examples=60, deadline=None)
@given(history=events)
def test_any_history_leaves_each_budget_at_what_was_charged(
    empty_database: Path, history: list[Event]
) -> None:
    async def run(folder: Path) -> None:
        shutil.copy(empty_database, folder / "encore.db")
        async with Store.open(f"sqlite+aiosqlite:///{folder / 'encore.db'}") as store:
            await live_through(store, history)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))
