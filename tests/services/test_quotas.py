"""How much may be in progress at once, and what is said to who wants more."""

import asyncio
import re
from dataclasses import replace

import pytest

from bot.domain.errors import UserError
from bot.domain.form import Form
from bot.domain.models import Extension
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import (
    ADA,
    BEN,
    ELSEWHERE,
    SOURCE,
    ServiceHarness,
    actor,
    complete,
    handle_of,
    reply_to,
)
from tests.support.store_samples import accept, asked


def limited(store: Store, *, member: int = 0, channel: int = 0) -> ServiceHarness:
    return ServiceHarness(store, ScriptedProvider(), member_limit=member, channel_limit=channel)


async def refusal(harness: ServiceHarness, idempotency_key: str, **fields: object) -> UserError:
    with pytest.raises(UserError) as refused:
        await harness.ask(idempotency_key, **fields)
    return refused.value


async def test_without_limits_nobody_is_refused(store: Store) -> None:
    harness = limited(store)
    exts = [await harness.ask(str(number)) for number in range(12)]
    assert await store.queue_position(exts[-1]) == 12


async def test_a_member_is_refused_in_whatever_channel(store: Store) -> None:
    harness = limited(store, member=2)
    await harness.ask("1")
    await harness.ask("2", channel_id=ELSEWHERE)
    said = await refusal(harness, "3", channel_id=9)
    assert said.problem == "That's the limit: you have 2 extensions in progress."
    await harness.ask("4", member_id=BEN)


async def test_a_channel_refuses_whichever_member(store: Store) -> None:
    harness = limited(store, channel=10)
    for number in range(10):
        await harness.ask(str(number), member_id=number)
    said = await refusal(harness, "10", member_id=BEN)
    assert said.problem == "That's the limit: this channel has 10 extensions in progress."
    await harness.ask("11", member_id=BEN, channel_id=ELSEWHERE)


async def test_refused_extension_leaves_no_row(store: Store) -> None:
    harness = limited(store, member=1)
    await harness.ask("1")
    await refusal(harness, "2")
    assert (await accept(store, asked("2"))).is_new


async def test_finished_extension_frees_its_quota(store: Store) -> None:
    harness = limited(store, member=1)
    first = await harness.ask("1")
    await harness.service.cancel(first.id, actor())
    await harness.finished("2")
    await harness.ask("3")
    await refusal(harness, "4")


async def test_a_refusal_names_what_is_in_progress_with_links(store: Store) -> None:
    harness = limited(store, member=2)
    one = await harness.ask("1", title="Silver *Cities*")
    two = await harness.ask("2")
    said = await refusal(harness, "3")
    assert said.remedy == (
        f"[Silver \\*Cities\\*]({one.reply.url}) · [Untitled]({two.reply.url}). "
        "Come back when one of them is done."
    )


async def test_quota_error_names_a_reply_without_id_without_link(store: Store) -> None:
    harness = limited(store, member=1)
    one = await harness.ask("1", title="Song")
    await store.save_reply(one.id, replace(one.reply, message_id=None))
    assert (await refusal(harness, "2")).remedy.startswith("Song. ")


async def test_quota_error_of_one_extension_is_singular(store: Store) -> None:
    harness = limited(store, member=1)
    await harness.ask("1")
    assert "you have 1 extension in progress." in (await refusal(harness, "2")).problem


async def test_of_many_only_some_are_named(store: Store) -> None:
    harness = limited(store, channel=8)
    for number in range(8):
        await harness.ask(str(number), member_id=number, title=f"Song {number}")
    remedy = (await refusal(harness, "8")).remedy
    assert re.findall(r"Song \d", remedy) == [f"Song {number}" for number in range(5)]
    assert "and 3 more. Come back" in remedy


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(30, "within a minute"), (90, "within 2 minutes"), (150, "within 3 minutes")],
)
async def test_quota_error_says_when_to_come_back(store: Store, seconds: int, words: str) -> None:
    harness = limited(store)
    exts = [await harness.ask(f"learn {number}") for number in range(8)]
    await harness.submit()
    exts = [await harness.now(ext) for ext in exts]
    harness.clock.advance(seconds)
    await harness.track()
    harness.providers["suno"].progress.update({handle_of(ext): complete(ext) for ext in exts})
    await harness.overdue(*exts)
    await harness.track()
    later = ServiceHarness(store, ScriptedProvider(), member_limit=1, clock=harness.clock)
    await later.ask("1")
    said = await refusal(later, "2")
    assert said.remedy.endswith(f"Come back when one of them is done, usually {words}.")


@pytest.mark.parametrize("limits", [{"member": 2}, {"channel": 2}])
async def test_a_limit_is_exact_however_many_ask_at_once(
    store: Store, limits: dict[str, int]
) -> None:
    harness = limited(store, **limits)
    answers = await asyncio.gather(
        *(harness.ask(str(number)) for number in range(6)), return_exceptions=True
    )
    assert sum(isinstance(answer, Extension) for answer in answers) == 2
    assert sum(isinstance(answer, UserError) for answer in answers) == 4


async def test_a_replayed_event_is_answered_as_before_though_nothing_more_may_pass(
    store: Store,
) -> None:
    harness = limited(store, member=1, channel=1)
    first = await harness.ask("1")
    again = await harness.acceptance.accept_form(
        Form(clip=SOURCE, at="10"), idempotency_key="1", member_id=ADA, reply=reply_to("1")
    )
    assert (again.extension, again.is_new) == (first, False)


async def test_another_take_counts_like_any_other(store: Store) -> None:
    harness = limited(store, member=1)
    done = await harness.finished("1")
    await harness.retake(done, "2")
    harness.clock.advance(60)
    with pytest.raises(UserError, match="1 extension in progress"):
        await harness.retake(done, "3")
