"""Extensions are accepted once, found again, and saved by whoever knew them as they were."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain.models import Extension, Handle, Progress, Reason, ReasonKind, ReplyRef, Status
from bot.domain.polling import CompletionTimes
from bot.domain.transitions import cancelled, finished, observed, poll_failed, postponed
from bot.store.store import Store
from tests.support.store_samples import (
    GUILD,
    MINUTE,
    NOW,
    SECOND,
    accepted,
    asked,
    claim_next,
    completed_extension,
    heard,
    show,
    taken,
)


async def test_an_accepted_extension_is_returned_with_its_id(store: Store) -> None:
    ext, is_new = await store.insert(asked("one"))
    assert is_new
    assert ext.id > 0
    assert ext == replace(asked("one"), id=ext.id)
    assert await store.extension(ext.id) == ext


async def test_a_repeated_trigger_is_given_the_stored_extension(store: Store) -> None:
    first = await accepted(store, "one")
    assert await store.insert(asked("one", clip_id="another")) == (first, False)


async def test_an_unknown_id_names_no_extension(store: Store) -> None:
    assert await store.extension(1) is None


async def test_an_extension_is_found_by_its_reply(store: Store) -> None:
    await accepted(store, "other", message_id=1)
    ext = await accepted(store, "one", message_id=1_300_000_000_000_000_000)
    assert await store.find_by_reply(1_300_000_000_000_000_000) == ext
    assert await store.find_by_reply(2) is None


async def test_an_extension_is_found_by_what_asked_for_it(store: Store) -> None:
    await accepted(store, "other")
    ext = await accepted(store, "reaction:1:🔁:2")
    assert await store.find_by_trigger("reaction:1:🔁:2") == ext
    assert await store.find_by_trigger("reaction:1:🔁:3") is None


async def test_a_saved_reply_changes_nothing_else(store: Store) -> None:
    ext = await accepted(store, "one")
    reply = ReplyRef(
        channel_id=8,
        guild_id=GUILD,
        message_id=99,
        token="secret",
        token_expires_at=NOW + MINUTE,
        editable_by_bot=False,
        reply_to_id=98,
        final_shown=True,
        unreachable=True,
    )
    await store.save_reply(ext.id, reply)
    assert await store.extension(ext.id) == replace(ext, reply=reply)


async def test_saving_leaves_reply_and_publishing_alone(store: Store) -> None:
    was = await taken(store, "one")
    reply = replace(was.reply, message_id=7)
    await store.save_reply(was.id, reply)
    await show(store, was)
    new = observed(was, Progress(clips=(heard("a"),)), now=NOW + MINUTE)
    assert await store.save(new, was=was)
    assert await store.extension(was.id) == replace(new, reply=reply, published=2)


@pytest.mark.parametrize(
    "change",
    [
        lambda ext: finished(ext, Status.FAILED, Reason(kind=ReasonKind.UNEXPECTED), now=NOW),
        lambda ext: replace(ext, revision=ext.revision + 1),
        lambda ext: poll_failed(ext, due_at=ext.due_at),
        lambda ext: replace(ext, due_at=ext.due_at + SECOND / 1_000_000),
    ],
    ids=["status", "revision", "failures", "due_at"],
)
async def test_who_knew_an_older_state_loses(
    store: Store, change: Callable[[Extension], Extension]
) -> None:
    was = await taken(store, "one")
    winner = change(was)
    assert await store.save(winner, was=was)
    loser = observed(was, Progress(clips=(heard("lost"),)), now=NOW)
    assert not await store.save(loser, was=was)
    assert await store.extension(was.id) == winner


async def test_saving_never_loses_a_clip(store: Store) -> None:
    was = await completed_extension(store, "one", heard("a"), heard("b"))
    forgetful = replace(was, clips=(heard("a", title="New"),), revision=was.revision + 1)
    assert await store.save(forgetful, was=was)
    stored = await store.extension(was.id)
    assert stored.clips == (heard("a", title="New"), heard("b"))


async def test_two_extensions_may_hear_of_the_same_clip(store: Store) -> None:
    one = await completed_extension(store, "one", heard("a", title="One"))
    two = await completed_extension(store, "two", heard("a", title="Two"))
    assert await store.extension(one.id) == one
    assert await store.extension(two.id) == two


async def test_a_handle_without_a_task_is_a_handle(store: Store) -> None:
    was = await taken(store, "one")
    new = replace(was, handle=Handle(clip_ids=()), revision=9)
    assert await store.save(new, was=was)
    assert (await store.extension(was.id)).handle == Handle()


async def test_text_that_no_database_takes_is_mended(store: Store) -> None:
    odd = heard("a", title="Night\x00fall \ud83d")
    ext = await completed_extension(store, "one", odd)
    stored = await store.extension(ext.id)
    assert stored.clips[0].title == "Nightfall ?"


async def test_the_line_is_counted_for_each_provider(store: Store) -> None:
    first = await accepted(store, "one")
    await accepted(store, "elsewhere", provider="other")
    second = await accepted(store, "two")
    third = await accepted(store, "three")
    assert [await store.queue_position(ext) for ext in (first, second, third)] == [1, 2, 3]
    assert await store.save(cancelled(first, now=NOW), was=first)
    assert await store.queue_position(third) == 2


async def test_an_advanced_line_is_news_for_its_first_places(store: Store) -> None:
    line = [await accepted(store, f"{number}") for number in range(4)]
    other = await accepted(store, "elsewhere", provider="other")
    gone = await claim_next(store, "suno", now=NOW, lease_until=NOW)
    await store.bump_queue_positions("suno", places=2)
    revisions = [(await store.extension(ext.id)).revision for ext in (*line, other)]
    assert revisions == [gone.revision, 2, 2, 1, 1]


async def test_an_empty_line_advances_quietly(store: Store) -> None:
    ext = await taken(store, "one")
    await store.bump_queue_positions("suno")
    assert await store.extension(ext.id) == ext


async def test_timings_are_those_of_the_latest_complete_extensions(store: Store) -> None:
    for number in range(1, 4):
        await completed_extension(store, f"{number}", heard(f"c{number}"), after=number * MINUTE)
    await completed_extension(store, "elsewhere", heard("other"), provider="other")
    await completed_extension(store, "silent", replace(heard("s"), audio_url=None))
    assert await store.timings("suno", limit=2) == [
        CompletionTimes(180.0, 180.0),
        CompletionTimes(120.0, 120.0),
    ]


async def test_open_providers_are_those_with_unfinished_work(store: Store) -> None:
    waiting = await accepted(store, "one", provider="waiting")
    held = postponed(waiting, Reason(kind=ReasonKind.RATE_LIMITED), due_at=NOW + MINUTE)
    assert await store.save(held, was=waiting)
    await taken(store, "two", provider="tracked")
    await completed_extension(store, "three", heard("a"), provider="done")
    assert await store.providers_in_use() == {"waiting", "tracked"}
