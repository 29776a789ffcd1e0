"""What is old and serves nobody goes; what others need stays."""

import datetime as dt
from dataclasses import replace

from bot.domain.form import Form
from bot.domain.models import Extension
from bot.domain.transitions import cancelled
from bot.store.retention import (
    BATCH,
    DRAFT_LIFETIME,
    EXPIRED_TOKEN_LIFETIME,
    FAILED_LIFETIME,
    OWNED_BY_EXTENSION,
)
from bot.store.schema import extensions, metadata
from bot.store.store import Store
from tests.support.store_samples import (
    MINUTE,
    NOW,
    SECOND,
    accepted,
    completed_extension,
    heard,
    spliced,
)
from tests.support.stored_sessions import change, over, started, with_failed_part

DAY = dt.timedelta(days=1)
KEEP = 30 * DAY
LATER = NOW + FAILED_LIFETIME + MINUTE


async def forget(store: Store, now: dt.datetime, keep: dt.timedelta | None = None) -> None:
    while await store.forget(now=now, keep=keep):
        pass


async def failed(store: Store, key: str, **parts: object) -> Extension:
    ext = await accepted(store, key, **parts)
    new = cancelled(ext, now=NOW)
    assert await store.save(new, was=ext)
    return new


async def is_there(store: Store, ext: Extension) -> bool:
    return await store.extension(ext.id) is not None


def test_all_that_refers_to_an_extension_goes_with_it_or_keeps_it() -> None:
    referring = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if column.references(extensions.c.id)
    }
    owned = {f"{table.name}.extension_id" for table in OWNED_BY_EXTENSION}
    needing = {"extensions.retake_of", "rounds.extension_id", "sessions.song_id"}
    assert referring == owned | needing


async def test_drafts_go_after_a_week_and_their_ids_never_come_back(store: Store) -> None:
    draft_id = await store.keep_draft(Form(clip="abc"), member_id=1, now=NOW)
    await forget(store, NOW + DRAFT_LIFETIME)
    assert await store.draft(draft_id, member_id=1) is not None
    await forget(store, NOW + DRAFT_LIFETIME + SECOND)
    assert await store.draft(draft_id, member_id=1) is None
    assert await store.keep_draft(Form(clip="abc"), member_id=1, now=NOW) > draft_id


async def test_tokens_go_once_they_have_expired(store: Store) -> None:
    ext = await accepted(store, "one")
    expires_at = NOW + 15 * MINUTE
    reply = replace(ext.reply, token="secret", token_expires_at=expires_at)
    await store.save_reply(ext.id, reply)
    await forget(store, expires_at + EXPIRED_TOKEN_LIFETIME)
    assert (await store.extension(ext.id)).reply == reply
    await forget(store, expires_at + EXPIRED_TOKEN_LIFETIME + SECOND)
    assert (await store.extension(ext.id)).reply == replace(reply, token="")


async def test_tokens_that_discord_refused_go(store: Store) -> None:
    ext = await accepted(store, "one")
    reply = replace(ext.reply, token="secret", token_expires_at=None)
    await store.save_reply(ext.id, reply)
    await forget(store, NOW)
    assert (await store.extension(ext.id)).reply == replace(reply, token="")


async def test_requests_without_audio_go_after_months(store: Store) -> None:
    ext = await failed(store, "one")
    await forget(store, NOW + FAILED_LIFETIME)
    assert await is_there(store, ext)
    await forget(store, LATER)
    assert not await is_there(store, ext)


async def test_what_is_heard_or_in_progress_stays_for_ever(store: Store) -> None:
    made = await completed_extension(store, "made", heard("a"))
    waiting = await accepted(store, "waiting")
    await forget(store, NOW + 3650 * DAY)
    assert await is_there(store, made)
    assert await is_there(store, waiting)


async def test_a_request_that_was_repeated_stays_as_long_as_its_repetition(store: Store) -> None:
    first = await failed(store, "first")
    second = await completed_extension(store, "second", heard("a"), retake_of=first.id)
    await forget(store, LATER)
    assert await is_there(store, first)
    assert await is_there(store, second)


async def test_finished_requests_go_if_the_operator_limits_that(store: Store) -> None:
    made = await completed_extension(store, "made", heard("a"), heard("b"))
    assert await store.claim_audio(now=NOW + MINUTE, lease_until=NOW + 2 * MINUTE, limit=1)
    await forget(store, NOW + KEEP, KEEP)
    assert await is_there(store, made)
    await forget(store, NOW + KEEP + 2 * MINUTE, KEEP)
    assert not await is_there(store, made)
    assert await store.clip("a") is None
    assert await store.attachments(made.id) == ()


async def test_a_limit_shorter_than_months_holds_for_failures_too(store: Store) -> None:
    ext = await failed(store, "one")
    await forget(store, NOW + KEEP, DAY)
    assert not await is_there(store, ext)


async def test_nothing_goes_in_the_month_in_which_budgets_count_it(store: Store) -> None:
    june = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    without_audio = await failed(store, "failed")
    made = await completed_extension(store, "made", heard("a"))
    await forget(store, june - SECOND, DAY)
    assert await is_there(store, without_audio)
    assert await is_there(store, made)
    await forget(store, june, DAY)
    assert not await is_there(store, without_audio)
    assert not await is_there(store, made)


async def test_ancestors_stay_as_long_as_what_goes_on_from_them(store: Store) -> None:
    root = await completed_extension(store, "root", heard("a"))
    child = await completed_extension(store, "child", heard("b"), clip_id="a")
    late = await completed_extension(store, "late", heard("c"), clip_id="b", after=60 * DAY)
    await forget(store, NOW + 61 * DAY, KEEP)
    assert [await is_there(store, ext) for ext in (root, child, late)] == [True, True, True]
    await forget(store, NOW + 91 * DAY, KEEP)
    assert [await is_there(store, ext) for ext in (root, child, late)] == [False, False, False]


async def test_a_song_keeps_the_clip_that_it_ends_with(store: Store) -> None:
    part = await completed_extension(store, "part", heard("a"))
    song = await spliced(store, "song", "a")
    await forget(store, NOW + 365 * DAY, KEEP)
    assert await is_there(store, part)
    assert await is_there(store, song)


async def test_a_request_from_its_own_clip_does_not_keep_itself(store: Store) -> None:
    ext = await completed_extension(store, "odd", heard("a"), clip_id="a")
    await forget(store, NOW + KEEP + 2 * MINUTE, KEEP)
    assert not await is_there(store, ext)


async def test_many_are_deleted_a_batch_at_a_time(store: Store) -> None:
    for number in range(BATCH + 1):
        await failed(store, f"key-{number}")
    assert await store.forget(now=LATER, keep=None)
    assert await store.forget(now=LATER, keep=None)
    assert not await store.forget(now=LATER, keep=None)


async def test_a_session_keeps_its_parts_and_goes_with_all_that_is_its(store: Store) -> None:
    state = await with_failed_part(store, await started(store))
    running_id = state.session.id
    [part] = state.extensions.values()
    await forget(store, NOW + 365 * DAY, KEEP)
    assert await store.session_state(running_id) is not None
    assert await is_there(store, part)
    await change(store, running_id, over)
    await forget(store, NOW + 365 * DAY, KEEP)
    assert await store.session_state(running_id) is None
    assert not await is_there(store, part)


async def test_sessions_stay_for_ever_without_a_limit(store: Store) -> None:
    state = await started(store)
    await change(store, state.session.id, over)
    await forget(store, NOW + 3650 * DAY)
    assert await store.session_state(state.session.id) is not None
