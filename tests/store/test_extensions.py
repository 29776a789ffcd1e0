"""Extensions are found, saved on condition, and counted."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain import failures
from bot.domain.models import ClipStatus, Extension, Handle, Kind, Progress, ReplyRef, Status
from bot.domain.polling import Sighting
from bot.domain.transitions import cancelled, finished, observed, poll_failed, postponed
from bot.store.store import Store
from tests.support.store_samples import (
    GUILD,
    MINUTE,
    NOW,
    SECOND,
    accepted,
    claim_next,
    completed_extension,
    heard,
    show,
    taken,
)


async def test_extension_with_an_unknown_id_is_none(store: Store) -> None:
    assert await store.extension(1) is None


async def test_find_by_reply_returns_the_extension_of_a_message(store: Store) -> None:
    await accepted(store, "other", message_id=1)
    ext = await accepted(store, "one", message_id=1_300_000_000_000_000_000)
    assert await store.find_by_reply(1_300_000_000_000_000_000) == ext
    assert await store.find_by_reply(2) is None


async def test_save_reply_changes_nothing_else(store: Store) -> None:
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


async def test_save_leaves_reply_and_publishing_alone(store: Store) -> None:
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
        lambda ext: finished(ext, Status.FAILED, failures.Unexpected(), now=NOW),
        lambda ext: replace(ext, revision=ext.revision + 1),
        lambda ext: poll_failed(ext, due_at=ext.due_at),
        lambda ext: replace(ext, due_at=ext.due_at + SECOND / 1_000_000),
    ],
    ids=["status", "revision", "failures", "due_at"],
)
async def test_save_from_an_older_state_is_refused(
    store: Store, change: Callable[[Extension], Extension]
) -> None:
    was = await taken(store, "one")
    winner = change(was)
    assert await store.save(winner, was=was)
    loser = observed(was, Progress(clips=(heard("lost"),)), now=NOW)
    assert not await store.save(loser, was=was)
    assert await store.extension(was.id) == winner


async def test_save_never_deletes_a_clip(store: Store) -> None:
    was = await completed_extension(store, "one", heard("a"), heard("b"))
    forgetful = replace(was, clips=(heard("a", title="New"),), revision=was.revision + 1)
    assert await store.save(forgetful, was=was)
    stored = await store.extension(was.id)
    assert stored.clips == (heard("a", title="New"), heard("b"))


async def test_two_extensions_may_have_the_same_clip(store: Store) -> None:
    one = await completed_extension(store, "one", heard("a", title="One"))
    two = await completed_extension(store, "two", heard("a", title="Two"))
    assert await store.extension(one.id) == one
    assert await store.extension(two.id) == two


async def test_handle_without_a_task_id_round_trips(store: Store) -> None:
    was = await taken(store, "one")
    new = replace(was, handle=Handle(clip_ids=()), revision=9)
    assert await store.save(new, was=was)
    assert (await store.extension(was.id)).handle == Handle()


async def test_text_that_a_database_refuses_is_repaired(store: Store) -> None:
    odd = heard("a", title="Night\x00fall \ud83d")
    ext = await completed_extension(store, "one", odd)
    stored = await store.extension(ext.id)
    assert stored.clips[0].title == "Nightfall ?"


async def test_queue_position_counts_one_provider(store: Store) -> None:
    first = await accepted(store, "one")
    await accepted(store, "elsewhere", provider="other")
    second = await accepted(store, "two")
    third = await accepted(store, "three")
    assert [await store.queue_position(ext) for ext in (first, second, third)] == [1, 2, 3]
    assert await store.save(cancelled(first, now=NOW), was=first)
    assert await store.queue_position(third) == 2


async def test_bump_queue_positions_raises_the_revision_of_the_first_places(store: Store) -> None:
    line = [await accepted(store, f"{number}") for number in range(4)]
    other = await accepted(store, "elsewhere", provider="other")
    gone = await claim_next(store, "suno", now=NOW, lease_until=NOW)
    await store.bump_queue_positions("suno", places=2)
    revisions = [(await store.extension(ext.id)).revision for ext in (*line, other)]
    assert revisions == [gone.revision, 3, 3, 2, 1]  # the claim had raised those behind it


async def test_bump_queue_positions_of_an_empty_queue_changes_nothing(store: Store) -> None:
    ext = await taken(store, "one")
    await store.bump_queue_positions("suno")
    assert await store.extension(ext.id) == ext


async def polled_extension(
    store: Store, key: str, *, silent: int = 1, heard_by: int = 2, until: int = 3, **parts: object
) -> Extension:
    """Return a complete extension that was polled at these minutes, and complete at ``until``."""
    ext = await taken(store, key, **parts)
    reports = [
        (silent, replace(heard(key), status=ClipStatus.QUEUED, audio_url=None)),
        (heard_by, replace(heard(key), status=ClipStatus.STREAMING)),
        (until, heard(key)),
    ]
    for minutes, clip in reports:
        was = ext
        ext = observed(was, Progress(clips=(clip,)), now=NOW + minutes * MINUTE)
        assert await store.save(ext, was=was)
    return ext


async def completed_at(store: Store, provider: str = "suno", **limit: int) -> list[float | None]:
    """Return the ages (minutes) at which the extensions were seen complete, as they are stored."""
    _, complete = await store.sightings(provider, **limit)
    return [sighting.seen_at and sighting.seen_at / 60 for sighting in complete]


async def test_sightings_are_the_intervals_between_polls(store: Store) -> None:
    await polled_extension(store, "one", silent=1, heard_by=2, until=4)
    assert await store.sightings("suno") == ([Sighting(60.0, 120.0)], [Sighting(120.0, 240.0)])


async def test_sighting_of_audio_that_the_first_poll_found_begins_at_the_submission(
    store: Store,
) -> None:
    was = await taken(store, "one")
    streaming = replace(heard("a"), status=ClipStatus.STREAMING)
    audible = observed(was, Progress(clips=(streaming,)), now=NOW + MINUTE)
    assert await store.save(audible, was=was)
    done = observed(audible, Progress(clips=(heard("a"),)), now=NOW + 2 * MINUTE)
    assert await store.save(done, was=audible)
    assert await store.sightings("suno") == ([Sighting(0.0, 60.0)], [Sighting(60.0, 120.0)])


async def test_sightings_are_those_of_the_latest_complete_extensions(store: Store) -> None:
    for minutes in (3, 4, 5):
        await polled_extension(store, f"{minutes}", until=minutes)
    await polled_extension(store, "elsewhere", provider="other")
    await completed_extension(store, "polled once", heard("b"))
    assert await completed_at(store, limit=2) == [5, 4]


async def test_sightings_ignore_what_only_its_deadline_ended(store: Store) -> None:
    await polled_extension(store, "late", until=15)
    await polled_extension(store, "in time", until=14)
    assert await completed_at(store) == [14]


async def test_providers_in_use_are_those_with_unfinished_extensions(store: Store) -> None:
    waiting = await accepted(store, "one", provider="waiting")
    held = postponed(waiting, failures.RateLimited(), due_at=NOW + MINUTE)
    assert await store.save(held, was=waiting)
    await taken(store, "two", provider="tracked")
    await completed_extension(store, "three", heard("a"), provider="done")
    assert await store.providers_in_use() == {"waiting", "tracked"}


async def test_sightings_skip_extensions_accepted_after_one_that_is_still_tracked(
    store: Store,
) -> None:
    await polled_extension(store, "before", until=5)
    await taken(store, "slow")
    await polled_extension(store, "quick")
    assert await completed_at(store) == [5]


async def test_sightings_ignore_tracked_extensions_of_other_providers(store: Store) -> None:
    await taken(store, "slow", provider="other")
    await polled_extension(store, "quick")
    assert await completed_at(store) == [3]


async def test_sightings_ignore_full_songs(store: Store) -> None:
    await polled_extension(store, "part", until=5)
    await polled_extension(store, "song", kind=Kind.CONCAT)
    await taken(store, "another song", kind=Kind.CONCAT, clip_id="another")
    await polled_extension(store, "quick", until=3)
    assert await completed_at(store) == [3, 5]


async def test_extension_that_is_open_again_shows_no_final_status(store: Store) -> None:
    ext = await accepted(store, "one")
    done = replace(ext, status=Status.EXPIRED, revision=2)
    assert await store.save(done, was=ext)
    await store.save_reply(ext.id, replace(ext.reply, final_shown=True))
    done = await store.extension(ext.id)
    assert await store.save(replace(done, status=Status.SUBMITTED, revision=3), was=done)
    assert not (await store.extension(ext.id)).reply.final_shown
