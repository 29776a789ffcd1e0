"""The queue of audio: enqueued with the final status, claimed with a lease, finished once."""

import asyncio
import datetime as dt
import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import failures
from bot.domain.attachments import Attachment, AttachmentStatus, AudioWork, Upload, Uploads
from bot.domain.models import (
    Clip,
    ClipStatus,
    Extension,
    Kind,
    Progress,
    Status,
)
from bot.domain.transitions import expired, finished, observed, reopened
from bot.store import extensions as extension_rows
from bot.store.database import open_database
from bot.store.leases import ReplyEdit
from bot.store.store import Store
from tests.support.store_samples import (
    MINUTE,
    NOW,
    SECOND,
    accept,
    accepted,
    completed_extension,
    heard,
    show,
    spliced,
    taken,
)

LAPSES = NOW + 5 * MINUTE
DONE = NOW + MINUTE  # when `finished` lets an extension end

texts = st.text(max_size=12)
seconds = st.floats(allow_nan=False)
attachments = st.lists(
    st.builds(
        Attachment,
        clip_id=texts,
        outcome=st.sampled_from(AttachmentStatus),
        bit_rate=st.none() | st.integers(8_000, 320_000),
        picture=texts,
        duration=st.none() | seconds,
        starts=st.lists(seconds, max_size=3).map(tuple),
    ),
    max_size=3,
).map(tuple)
numbers = itertools.count()


def attached(clip_id: str, duration: float | None = None, **parts: object) -> Attachment:
    """Return a clip that its reply carries."""
    whole = Attachment(clip_id=clip_id, outcome=AttachmentStatus.ATTACHED, duration=duration)
    return replace(whole, **parts)


async def claimed(
    store: Store,
    *,
    now: dt.datetime = LAPSES,
    lease_until: dt.datetime = LAPSES + MINUTE,
    limit: int = 9,
) -> list[AudioWork]:
    """Return what can be claimed, by default once all that has been wanted is due."""
    return await store.claim_audio(now=now, lease_until=lease_until, limit=limit)


async def wanted(store: Store) -> list[int]:
    """Return the ids of the extensions whose audio is wanted, which are claimed by this."""
    return [work.extension_id for work in await claimed(store)]


async def settled(store: Store, *clips: Attachment, idempotency_key: str = "one") -> Extension:
    """Return an extension whose audio has been attached."""
    ext = await completed_extension(
        store, idempotency_key, heard(f"{idempotency_key} a", duration=9.0)
    )
    [work] = await claimed(store)
    await attach(store, work, *clips)
    return await stored(store, ext)


async def stored(store: Store, ext: Extension) -> Extension:
    """Return ``ext`` as the store has it."""
    now = await store.extension(ext.id)
    assert now is not None
    return now


async def attach(store: Store, work: AudioWork, *clips: Attachment) -> None:
    """Have the reply show ``clips``, if the claim of ``work`` still holds."""
    if await store.finish_audio(work, Uploads(attachments=clips)):
        await show_uploads(store, work.extension_id)


async def show_uploads(store: Store, extension_id: int) -> None:
    """Have the reply show its pending uploads."""
    edit = await store.claim_edit(extension_id, now=LAPSES, lease_until=LAPSES + MINUTE)
    reply = edit.extension.reply
    await store.finish_edit(edit, reply, now=LAPSES, publish_at=NOW, shown=edit.uploads)


# Wanting


async def test_complete_extension_enqueues_its_audio(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a"))
    assert await store.next_audio() == ext.finished_at
    assert await claimed(store, now=ext.finished_at - SECOND) == []
    [work] = await claimed(store, now=ext.finished_at)
    assert work == AudioWork(extension_id=ext.id, due_at=LAPSES + MINUTE, failures=0)


async def test_unfinished_extension_enqueues_no_audio(store: Store) -> None:
    was = await taken(store, "one")
    streaming = replace(heard("a"), status=ClipStatus.STREAMING)
    assert await store.save(observed(was, Progress(clips=(streaming,)), now=NOW), was=was)
    await accepted(store, "waiting")
    assert await store.next_audio() is None


@pytest.mark.parametrize(
    "status", [Status.FAILED, Status.UNCONFIRMED, Status.EXPIRED, Status.CANCELLED]
)
async def test_failed_extension_enqueues_no_audio(store: Store, status: Status) -> None:
    was = await taken(store, "one")
    failure = failures.Unexpected()
    assert await store.save(finished(was, status, failure, now=NOW), was=was)
    assert await store.next_audio() is None


async def test_complete_without_playable_clip_enqueues_no_audio(store: Store) -> None:
    was = await taken(store, "one")
    silent = replace(was, status=Status.COMPLETE, finished_at=NOW, clips=(_withheld("a"),))
    assert await store.save(silent, was=was)
    assert await store.next_audio() is None


async def test_expired_with_a_playable_clip_enqueues_its_audio(store: Store) -> None:
    was = await taken(store, "one")
    half = observed(was, Progress(clips=(heard("a"), _queued("b"))), now=NOW)
    assert await store.save(half, was=was)
    assert await store.save(expired(half, now=half.deadline_at), was=half)
    assert await store.next_audio() == half.deadline_at


async def test_later_save_of_a_complete_extension_enqueues_no_audio_again(store: Store) -> None:
    ext = await settled(store)
    retitled = replace(ext, source_title="Rain", revision=ext.revision + 1)
    assert await store.save(retitled, was=ext)
    assert await store.next_audio() is None


async def test_refused_save_enqueues_no_audio(store: Store) -> None:
    was = await taken(store, "one")
    assert await store.save(replace(was, revision=was.revision + 1), was=was)
    assert not await store.save(observed(was, Progress(clips=(heard("a"),)), now=NOW), was=was)
    assert await store.next_audio() is None


async def test_audio_is_enqueued_in_the_transaction_that_completes_the_extension(
    sqlite_url: str,
) -> None:
    async with Store.open(sqlite_url) as store:
        was = await taken(store, "one")
    done = observed(was, Progress(clips=(heard("a"),)), now=NOW)

    async def undone(db: AsyncConnection) -> None:
        assert await extension_rows.save(db, done, was=was)
        raise ZeroDivisionError

    async with open_database(sqlite_url) as database:
        # opening let the claim of the first store lapse
        [was] = await Store(database).claim_due("suno", now=NOW, lease_until=was.due_at)
        with pytest.raises(ZeroDivisionError):
            await database.run(undone, writes=True)
        store = Store(database)
        assert (await store.extension(was.id)).status is Status.SUBMITTED
        assert await store.next_audio() is None
        assert await store.save(done, was=was)
        assert await store.next_audio() == NOW


async def test_check_again_enqueues_audio_once_more_when_complete(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a"), _withheld("b"))
    [first] = await claimed(store)
    await attach(store, first, attached("a"))
    ext = await stored(store, ext)
    checked = reopened(ext, now=LAPSES, deadline=MINUTE)
    assert await store.save(checked, was=ext)
    assert await store.next_audio() is None
    found = observed(checked, Progress(clips=(heard("b"),)), now=LAPSES + SECOND)
    assert await store.save(found, was=checked)
    assert await store.next_audio() == LAPSES + SECOND
    # until then the reply carries what it carried
    assert await store.attachments(ext.id) == (attached("a"),)


async def test_failed_extension_complete_after_check_again_enqueues_its_audio(store: Store) -> None:
    ext = await completed_extension(store, "one", _withheld("a"))
    assert ext.status is Status.FAILED
    assert await store.next_audio() is None
    checked = reopened(ext, now=LAPSES, deadline=MINUTE)
    assert await store.save(checked, was=ext)
    assert await store.save(
        observed(checked, Progress(clips=(heard("a"),)), now=LAPSES), was=checked
    )
    assert await wanted(store) == [ext.id]


async def test_accepted_splice_enqueues_its_audio(store: Store) -> None:
    song = await spliced(store, "song", "a")
    assert await store.next_audio() == song.created_at
    assert await wanted(store) == [song.id]


async def test_splice_accepted_twice_enqueues_its_audio_once(store: Store) -> None:
    song = await spliced(store, "song", "a")
    [work] = await claimed(store)
    await attach(store, work)
    song = await stored(store, song)
    assert await accept(store, replace(song, id=0)) == (song, False, None)
    assert await store.next_audio() is None


async def test_concat_enqueues_its_audio_when_complete(
    store: Store,
) -> None:
    was = await taken(store, "song", kind=Kind.CONCAT)
    assert await store.next_audio() is None
    assert await store.save(observed(was, Progress(clips=(heard("s"),)), now=NOW), was=was)
    assert await wanted(store) == [was.id]


async def test_enqueue_again_resets_failures_and_due_time(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a"))
    [work] = await claimed(store)
    await store.postpone_audio(work, due_at=LAPSES)
    [work] = await claimed(store)
    await attach(store, work, attached("a"))
    await store.enqueue_audio(ext.id, due_at=LAPSES + SECOND)
    assert await store.next_audio() == LAPSES + SECOND
    assert await store.attachments(ext.id) == (attached("a"),)
    [again] = await claimed(store, now=LAPSES + SECOND)
    assert again.failures == 0


async def test_finish_of_an_older_claim_keeps_audio_that_was_enqueued_again(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a"))
    [work] = await claimed(store)
    await store.enqueue_audio(ext.id, due_at=LAPSES)
    await attach(store, work, attached("a"))
    assert await store.attachments(ext.id) == ()
    assert await wanted(store) == [ext.id]


# Claiming


async def test_claim_audio_takes_the_longest_due_first_up_to_its_limit(store: Store) -> None:
    for number in (3, 1, 2):
        ext = await completed_extension(store, f"{number}", heard(f"{number}"))
        await store.enqueue_audio(ext.id, due_at=NOW + number * SECOND)
    batches = [await claimed(store, limit=2), await claimed(store, limit=2)]
    assert [[work.extension_id for work in batch] for batch in batches] == [[2, 3], [1]]


async def test_claimed_audio_is_due_again_when_the_lease_expires(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a"))
    [first] = await claimed(store, now=DONE, lease_until=LAPSES)
    assert first.due_at == LAPSES
    assert await store.next_audio() == LAPSES
    assert await claimed(store, now=LAPSES - SECOND) == []
    [second] = await claimed(store, now=LAPSES, lease_until=LAPSES + MINUTE)
    assert second == AudioWork(extension_id=ext.id, due_at=LAPSES + MINUTE, failures=0)


async def test_concurrent_claims_of_audio_share_nothing(url: str) -> None:
    async with Store.open(url) as store:
        ids = {(await completed_extension(store, f"{n}", heard(f"{n}"))).id for n in range(9)}
        batches = await asyncio.gather(*(claimed(store, limit=2) for _ in range(5)))
        batches.append(await claimed(store))
    assert sorted(work.extension_id for batch in batches for work in batch) == sorted(ids)


async def test_opening_sqlite_expires_leases_of_audio(sqlite_url: str) -> None:
    async with Store.open(sqlite_url) as store:
        done = await settled(store, attached("two a"), idempotency_key="two")
        ext = await completed_extension(store, "one", heard("a"))
        [work] = await claimed(store, now=LAPSES + MINUTE, lease_until=LAPSES + 9 * MINUTE)
        assert await store.claim_edit(ext.id, now=NOW, lease_until=LAPSES)
    async with Store.open(sqlite_url) as store:
        [again] = await claimed(store, now=NOW, lease_until=LAPSES)
        assert again == replace(work, due_at=LAPSES)
        assert await store.attachments(done.id) == (attached("two a"),)
        # and so does its claim on the reply
        assert await store.claim_edit(ext.id, now=NOW, lease_until=LAPSES)


async def test_opening_postgres_keeps_leases_of_audio(postgres_url: str) -> None:
    async with Store.open(postgres_url) as store:
        await completed_extension(store, "one", heard("a"))
        await claimed(store)
        async with Store.open(postgres_url) as other:
            assert await claimed(other) == []


async def test_postpone_audio_counts_failures_and_sets_the_due_time(store: Store) -> None:
    await completed_extension(store, "one", heard("a"))
    for attempt in range(3):
        now = LAPSES + attempt * MINUTE
        [work] = await claimed(store, now=now, lease_until=now + SECOND)
        assert work.failures == attempt
        await store.postpone_audio(work, due_at=now + MINUTE)
        assert await store.next_audio() == now + MINUTE


async def test_expired_claim_can_neither_finish_nor_postpone_audio(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a"))
    [slow] = await claimed(store, now=DONE, lease_until=LAPSES)
    [quick] = await claimed(store, now=LAPSES, lease_until=LAPSES + MINUTE)
    await attach(store, slow, attached("a", 60.0))
    await store.postpone_audio(slow, due_at=NOW)
    assert await store.attachments(ext.id) == ()
    assert (await store.extension(ext.id)).clips == (heard("a"),)
    assert await store.next_audio() == LAPSES + MINUTE
    await attach(store, quick, attached("a"))
    await attach(store, slow)
    await store.postpone_audio(slow, due_at=NOW)
    assert await store.attachments(ext.id) == (attached("a"),)
    assert await store.next_audio() is None


# What became of it


async def test_attachments_are_empty_until_audio_is_finished(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a"))
    assert await store.attachments(ext.id) == ()
    assert await store.attachments(ext.id + 1) == ()


async def test_audio_is_awaited_until_an_edit_has_shown_it(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a"))
    assert await store.is_audio_awaited(ext.id)
    assert not await store.is_audio_awaited(ext.id + 1)
    [work] = await store.claim_audio(now=LAPSES, lease_until=LAPSES + MINUTE, limit=1)
    await store.finish_audio(work, Uploads(attachments=(attached("a"),)))
    assert await store.is_audio_awaited(ext.id)
    shown = await settled(store, attached("b"), idempotency_key="two")
    assert not await store.is_audio_awaited(shown.id)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kept=attachments)
async def test_attachments_round_trip(store: Store, kept: tuple[Attachment, ...]) -> None:
    ext = await settled(store, *kept, idempotency_key=f"{next(numbers)}")
    assert await store.attachments(ext.id) == kept
    assert await store.next_audio() is None


async def test_finish_audio_saves_a_duration_that_was_unknown(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a"), heard("b"), heard("c", duration=9.0))
    other = await completed_extension(store, "other", heard("a"))
    [work, _] = await claimed(store)
    await attach(store, work, attached("a", 61.5), attached("b"), attached("c", 62.0))
    stored = await store.extension(ext.id)
    assert [clip.duration for clip in stored.clips] == [61.5, None, 9.0]
    assert (await store.extension(other.id)).clips[0].duration is None


async def test_finish_audio_of_a_splice_leaves_the_duration_of_its_last_clip(store: Store) -> None:
    ext = await completed_extension(store, "one", heard("a"))
    [work] = await claimed(store)
    await attach(store, work, attached("a", 180.0, starts=(0.0, 60.0)))
    assert (await store.extension(ext.id)).clips[0].duration is None


async def test_save_without_a_duration_keeps_the_decoded_one(
    store: Store,
) -> None:
    ext = await completed_extension(store, "one", heard("a"), _withheld("b"))
    [work] = await claimed(store)
    await attach(store, work, attached("a", 61.5))
    ext = await stored(store, ext)
    assert ext.clips[0].duration == 61.5
    ext = replace(ext, clips=(heard("a"), *ext.clips[1:]))
    assert await store.save(reopened(ext, now=LAPSES, deadline=MINUTE), was=ext)
    assert (await store.clip("a")).clip.duration == 61.5


# Pending uploads


SONG = attached("s", 180.0, starts=(0.0, 60.0), picture="w.png")
FILES = (
    Upload(path=Path("/gone/a.mp3"), name="a.mp3"),
    Upload(path=Path("/gone/w.png"), name="w.png", description="a picture"),
)


async def pending(store: Store, uploads: Uploads, **parts: object) -> ReplyEdit:
    """Return a claimed edit of an extension, or else a splice, that is to attach ``uploads``."""
    ext = await spliced(store, "song", "a", **parts)
    ext = await show(store, ext)
    [work] = await claimed(store)
    assert await store.finish_audio(work, uploads)
    edit = await store.claim_edit(ext.id, now=NOW, lease_until=LAPSES)
    assert edit is not None
    return edit


@pytest.mark.parametrize("failure", [None, failures.TooLarge(seconds=9.0, limit_bytes=5)])
async def test_pending_uploads_come_back_as_they_were(
    store: Store, failure: failures.Failure | None
) -> None:
    uploads = Uploads(attachments=(SONG,), files=FILES, failure=failure, limit=5)
    edit = await pending(store, uploads)
    assert edit.uploads == replace(uploads, revision=edit.extension.revision)
    assert not edit.awaits_audio
    assert await store.with_pending_uploads({edit.extension.id, 99}) == {edit.extension.id}


async def test_stored_uploads_raise_the_revision(store: Store) -> None:
    edit = await pending(store, Uploads())
    assert (edit.extension.published, edit.extension.revision) == (1, 2)


async def test_splice_ends_in_the_transaction_in_which_its_song_is_shown(store: Store) -> None:
    edit = await pending(store, Uploads(attachments=(SONG,)), status=Status.SUBMITTED)
    assert (await stored(store, edit.extension)).status is Status.SUBMITTED
    reply = replace(edit.extension.reply, final_shown=True)
    await store.finish_edit(edit, reply, now=DONE, publish_at=LAPSES, shown=edit.uploads)
    song = await stored(store, edit.extension)
    assert (song.status, song.finished_at) == (Status.COMPLETE, DONE)
    assert (song.published, song.revision, song.reply) == (2, 2, reply)
    assert await store.attachments(song.id) == (SONG,)
    assert await store.with_pending_uploads({song.id}) == set()


async def test_splice_without_a_route_ends_without_attachments(store: Store) -> None:
    failure = failures.Unexpected()
    edit = await pending(store, Uploads(failure=failure), status=Status.SUBMITTED)
    await store.finish_edit(edit, edit.extension.reply, now=DONE, publish_at=LAPSES, shown=None)
    song = await stored(store, edit.extension)
    assert (song.status, song.failure) == (Status.FAILED, failure)
    assert await store.attachments(song.id) == ()


async def test_uploads_that_were_dropped_meanwhile_are_not_settled(store: Store) -> None:
    edit = await pending(store, Uploads(attachments=(SONG,)))
    await store.enqueue_audio(edit.extension.id, due_at=NOW)
    await store.finish_edit(
        edit, edit.extension.reply, now=DONE, publish_at=LAPSES, shown=edit.uploads
    )
    assert await store.attachments(edit.extension.id) == ()
    assert await wanted(store) == [edit.extension.id]


async def test_requeued_uploads_are_made_again_and_were_all_that_was_new(store: Store) -> None:
    edit = await pending(store, Uploads(attachments=(SONG,), files=FILES))
    await store.requeue_uploads(edit, edit.uploads, now=NOW, due_at=LAPSES, size_limit=7)
    assert await store.next_publish() is None
    assert await store.next_audio() == LAPSES
    [work] = await claimed(store)
    assert (work.size_limit, work.failures) == (7, 0)
    await store.finish_audio(work, Uploads())
    edit = await store.claim_edit(edit.extension.id, now=LAPSES, lease_until=LAPSES + MINUTE)
    await store.requeue_uploads(edit, edit.uploads, now=NOW, due_at=NOW, failures=1)
    [work] = await claimed(store)
    assert (work.size_limit, work.failures) == (7, 1)


async def test_requeued_uploads_leave_other_news_to_be_shown(store: Store) -> None:
    edit = await pending(store, Uploads(attachments=(SONG,), files=FILES))
    was = edit.extension
    assert await store.save(replace(was, revision=was.revision + 1), was=was)
    await store.requeue_uploads(edit, edit.uploads, now=NOW, due_at=LAPSES)
    other = await store.claim_edit(was.id, now=NOW, lease_until=LAPSES)
    assert other is not None
    assert (other.uploads, other.awaits_audio) == (None, True)


async def test_abandoned_work_ends_a_splice(store: Store) -> None:
    song = await spliced(store, "song", "a", status=Status.SUBMITTED)
    failure = failures.Unexpected()
    [work] = await claimed(store)
    lapsed = replace(work, due_at=NOW)
    await store.abandon_audio(lapsed, Uploads(), now=NOW)
    assert (await stored(store, song)).status is Status.SUBMITTED
    await store.abandon_audio(work, Uploads(failure=failure), now=NOW)
    assert (await stored(store, song)).status is Status.FAILED
    assert await store.next_audio() is None


async def test_renewed_claim_holds_longer_and_a_lost_one_is_not_renewed(store: Store) -> None:
    await completed_extension(store, "one", heard("a"))
    [work] = await claimed(store, lease_until=LAPSES + SECOND)
    renewed = await store.renew_audio(work, lease_until=LAPSES + MINUTE)
    assert renewed == replace(work, due_at=LAPSES + MINUTE)
    assert await claimed(store, now=LAPSES + 2 * SECOND) == []
    assert await store.renew_audio(work, lease_until=LAPSES) is None


async def test_audio_that_is_still_worked_on_is_not_claimed(store: Store) -> None:
    one = await completed_extension(store, "one", heard("a"))
    two = await completed_extension(store, "two", heard("b"))
    found = await store.claim_audio(now=LAPSES, lease_until=LAPSES, limit=9, excluding={one.id})
    assert [work.extension_id for work in found] == [two.id]


def _withheld(clip_id: str) -> Clip:
    """Return a finished clip that cannot be played."""
    return Clip(id=clip_id, status=ClipStatus.COMPLETE)


def _queued(clip_id: str) -> Clip:
    return Clip(id=clip_id, status=ClipStatus.QUEUED)
