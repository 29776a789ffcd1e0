"""The loop that prepares audio: what it stores for the publisher, and what becomes of its files."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest

from bot.audio.errors import TransientMediaError
from bot.audio.process_pool import ProcessPool
from bot.domain import failures
from bot.domain.attachments import Attachment, AttachmentStatus, Upload, Uploads
from bot.domain.models import (
    ExtendRequest,
    Extension,
    Kind,
    ReplyRef,
    Status,
)
from bot.services import attacher
from bot.services.attacher import Attacher
from bot.store.leases import ReplyEdit
from tests.support.scripted_provider import Script
from tests.support.service_harness import ADA, CHANNEL, ServiceHarness, until
from tests.support.store_samples import accept

LIMIT = 10 * 1024 * 1024


class FakeUploadBuilder:
    """Makes a small file of its own; a test may let it fail."""

    def __init__(self) -> None:
        self.on_prepare = Script()
        self.asked: list[tuple[int | None, bool]] = []

    async def prepare(
        self, ext: Extension, folder: Path, *, limit: int | None, is_last: bool
    ) -> Uploads:
        self.asked.append((limit, is_last))
        return await self.on_prepare.next(self.usual, ext, folder)

    def usual(self, ext: Extension, folder: Path) -> Uploads:
        path = folder / "a.mp3"
        path.write_bytes(b"sound")
        clip_id = ext.clips[0].id if ext.clips else ext.request.clip_id
        made = Attachment(clip_id=clip_id, outcome=AttachmentStatus.ATTACHED, duration=12.5)
        return Uploads(attachments=(made,), files=(Upload(path=path, name="a.mp3"),))


class AttacherHarness:
    """The loop on a real store and the folders of a real pool; the test edits the replies."""

    def __init__(self, services: ServiceHarness, pool: ProcessPool, **parts: float) -> None:
        self.services, self.builder = services, FakeUploadBuilder()
        self.limit: int | None = LIMIT
        self.attacher = Attacher(
            services.store,
            dict.fromkeys(Kind, self.builder),
            pool,
            attachment_limit=lambda _: self.limit,
            wakeups=services.wakeups,
            clock=services.clock,
            **parts,
        )

    async def work(self) -> None:
        """Run the loop once and let its tasks finish."""
        await self.attacher.run_once()
        await self.attacher.idle()

    async def work_later(self) -> None:
        """As `work`, when it is due."""
        due = await self.services.store.next_audio()
        assert due is not None
        assert due > self.services.clock()
        self.services.clock.now = due
        await self.work()

    async def edit(self, ext: Extension) -> ReplyEdit:
        """Claim the edit that is to show ``ext``."""
        now = self.services.clock()
        edit = await self.services.store.claim_edit(ext.id, now=now, lease_until=now)
        assert edit is not None
        return edit

    async def show(self, ext: Extension) -> None:
        """Have the reply of ``ext`` show what is pending."""
        edit, now = await self.edit(ext), self.services.clock()
        await self.services.store.finish_edit(
            edit, ext.reply, now=now, publish_at=now, shown=edit.uploads
        )

    async def pending(self, ext: Extension) -> Uploads | None:
        """Return the uploads that the next edit of ``ext`` is to attach."""
        return (await self.edit(ext)).uploads

    async def splice(self, **parts: object) -> Extension:
        """Accept a full song to be made here."""
        now = self.services.clock()
        ext = Extension(
            idempotency_key="song",
            kind=Kind.SPLICE,
            member_id=ADA,
            request=ExtendRequest(provider="", clip_id="last"),
            reply=ReplyRef(**{"channel_id": CHANNEL, "message_id": 5, **parts}),
            status=Status.SUBMITTED,
            created_at=now,
            due_at=now,
            deadline_at=None,
        )
        return (await accept(self.services.store, ext)).extension


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncGenerator[ProcessPool]:
    async with ProcessPool(tmp_path / "work", workers=1) as pool:
        yield pool
    assert list((tmp_path / "work").glob("work-*")) == []


@pytest.fixture
def harness(services: ServiceHarness, pool: ProcessPool) -> AttacherHarness:
    return AttacherHarness(services, pool)


async def test_complete_extension_gets_pending_uploads_and_a_revision(
    harness: AttacherHarness,
) -> None:
    ext = await harness.services.finished("one")
    await harness.work()
    edit = await harness.edit(ext)
    assert edit.extension.revision == ext.revision + 1
    assert edit.uploads is not None
    [file] = edit.uploads.files
    assert file.path.read_bytes() == b"sound"
    assert (edit.uploads.limit, edit.uploads.revision) == (LIMIT, ext.revision + 1)
    assert await harness.services.store.next_audio() is None


async def test_files_stay_until_an_edit_has_shown_them(harness: AttacherHarness) -> None:
    ext = await harness.services.finished("one")
    await harness.work()
    edit = await harness.edit(ext)
    await harness.work()
    assert edit.uploads is not None
    assert edit.uploads.are_there
    await harness.show(ext)
    await harness.work()
    assert not edit.uploads.are_there
    assert not edit.uploads.files[0].path.parent.exists()
    shown = await harness.services.store.attachments(ext.id)
    assert shown == edit.uploads.attachments


async def test_measured_duration_is_stored_with_the_edit(harness: AttacherHarness) -> None:
    ext = await harness.services.finished("one")
    assert [clip.duration for clip in ext.clips] == [None, None]
    await harness.work()
    await harness.show(ext)
    now = await harness.services.now(ext)
    assert [clip.duration for clip in now.clips] == [12.5, None]


async def test_audio_that_is_not_available_now_is_tried_again_later(
    harness: AttacherHarness,
) -> None:
    ext = await harness.services.finished("one")
    harness.builder.on_prepare.then(TransientMediaError("it took too long"))
    await harness.work()
    assert (await harness.services.now(ext)).revision == ext.revision
    await harness.work_later()
    assert (await harness.pending(ext)).files
    assert harness.builder.asked == [(LIMIT, False), (LIMIT, False)]


async def test_after_the_last_attempt_the_reply_says_that_there_is_no_audio(
    harness: AttacherHarness, caplog: pytest.LogCaptureFixture
) -> None:
    ext = await harness.services.finished("one")
    harness.builder.on_prepare.then(*[RuntimeError("odd")] * attacher.MAX_ATTEMPTS)
    await harness.work()
    for _ in range(attacher.MAX_ATTEMPTS - 1):
        await harness.work_later()
    assert [is_last for _, is_last in harness.builder.asked] == [False] * 5 + [True]
    uploads = await harness.pending(ext)
    assert uploads is not None
    assert uploads.files == ()
    assert [each.outcome for each in uploads.attachments] == [AttachmentStatus.UNAVAILABLE] * 2
    assert await harness.services.store.next_audio() is None
    assert "failed unexpectedly" in caplog.text


async def test_preparation_that_takes_too_long_is_tried_again(
    services: ServiceHarness, pool: ProcessPool, caplog: pytest.LogCaptureFixture
) -> None:
    harness = AttacherHarness(services, pool, preparation_timeout=0)
    await services.finished("one")
    harness.builder.on_prepare.then(hang)
    await harness.work()
    due = await services.store.next_audio()
    assert due is not None
    assert due > services.clock()
    assert "unexpectedly" not in caplog.text


async def test_claim_is_renewed_while_files_are_prepared(
    services: ServiceHarness, pool: ProcessPool
) -> None:
    harness = AttacherHarness(services, pool, renew_interval=0.001)
    ext = await services.finished("one")
    ready = asyncio.Event()
    harness.builder.on_prepare.then(after(ready, harness.builder))
    await harness.attacher.run_once()
    until_lapses = await services.store.next_audio()
    services.clock.advance(30)
    await until(lambda: is_renewed(services, until_lapses))
    ready.set()
    await harness.attacher.idle()
    assert (await harness.pending(ext)).files


async def test_lost_claim_ends_the_preparation(services: ServiceHarness, pool: ProcessPool) -> None:
    harness = AttacherHarness(services, pool, renew_interval=0.01)
    ext = await services.finished("one")
    harness.builder.on_prepare.then(hang)
    await harness.attacher.run_once()
    await services.store.enqueue_audio(ext.id, due_at=services.clock())  # as another process would
    await harness.attacher.idle()
    assert await services.store.next_audio() == services.clock()
    await harness.work()
    assert (await harness.pending(ext)).files


async def test_uploads_of_a_lost_claim_are_dropped(harness: AttacherHarness) -> None:
    ext = await harness.services.finished("one")

    async def lose_claim(ext: Extension, folder: Path) -> Uploads:
        await harness.services.store.enqueue_audio(ext.id, due_at=harness.services.clock())
        return harness.builder.usual(ext, folder)

    harness.builder.on_prepare.then(lose_claim)
    await harness.work()
    assert (await harness.services.now(ext)).revision == ext.revision
    await harness.work()
    assert (await harness.pending(ext)).files


async def test_files_that_discord_found_too_large_are_made_for_less(
    harness: AttacherHarness,
) -> None:
    ext = await harness.services.finished("one")
    await harness.work()
    edit, now = await harness.edit(ext), harness.services.clock()
    await harness.services.store.requeue_uploads(
        edit, edit.uploads, now=now, due_at=now, size_limit=LIMIT // 2
    )
    await harness.work()
    assert [limit for limit, _ in harness.builder.asked] == [LIMIT, LIMIT // 2]
    assert not edit.uploads.are_there
    assert (await harness.pending(ext)).limit == LIMIT // 2


async def test_files_that_discord_refuses_again_and_again_are_left_out(
    harness: AttacherHarness,
) -> None:
    ext = await harness.services.finished("one")
    for _ in range(attacher.MAX_ATTEMPTS):
        await harness.work()
        edit, now = await harness.edit(ext), harness.services.clock()
        assert edit.uploads.files
        await harness.services.store.requeue_uploads(
            edit, edit.uploads, now=now, due_at=now, failures=1
        )
    await harness.work()
    assert (await harness.pending(ext)).files == ()


async def test_where_files_are_forbidden_none_are_made(harness: AttacherHarness) -> None:
    await harness.services.finished("one")
    harness.limit = None
    await harness.work()
    assert harness.builder.asked == [(None, False)]


async def test_splice_ends_with_the_edit_that_shows_it(harness: AttacherHarness) -> None:
    song = await harness.splice()
    await harness.work()
    assert (await harness.services.now(song)).status is Status.SUBMITTED
    await harness.show(song)
    now = await harness.services.now(song)
    assert now.status is Status.COMPLETE
    assert now.published == now.revision  # so that the edit is not made once more


async def test_splice_that_can_not_be_made_fails_with_its_reason(
    harness: AttacherHarness,
) -> None:
    song = await harness.splice()
    failure = failures.NotPlayable()
    harness.builder.on_prepare.then(Uploads(failure=failure))
    await harness.work()
    await harness.show(song)
    now = await harness.services.now(song)
    assert (now.status, now.failure) == (Status.FAILED, failure)


async def test_splice_that_fails_each_time_fails_in_the_end(harness: AttacherHarness) -> None:
    song = await harness.splice()
    harness.builder.on_prepare.then(*[TransientMediaError("no")] * attacher.MAX_ATTEMPTS)
    await harness.work()
    for _ in range(attacher.MAX_ATTEMPTS - 1):
        await harness.work_later()
    await harness.show(song)
    assert (await harness.services.now(song)).status is Status.FAILED


async def test_unreachable_reply_gets_no_files(harness: AttacherHarness) -> None:
    song = await harness.splice(unreachable=True)
    await harness.work()
    assert harness.builder.asked == []
    assert (await harness.services.now(song)).status is Status.FAILED
    assert await harness.services.store.next_audio() is None


async def test_killed_before_it_was_stored_it_is_prepared_anew(harness: AttacherHarness) -> None:
    ext = await harness.services.finished("one")
    store, clock = harness.services.store, harness.services.clock
    lease_until = clock() + attacher.LEASE
    [work] = await store.claim_audio(now=clock(), lease_until=lease_until, limit=1)
    await harness.work()
    assert harness.builder.asked == []  # another process has it
    clock.now = lease_until
    await harness.work()
    assert len(harness.builder.asked) == 1
    assert not await store.finish_audio(work, Uploads())
    assert (await harness.pending(ext)).files


async def test_concurrent_preparations_are_bounded(harness: AttacherHarness) -> None:
    for number in range(attacher.MAX_CONCURRENT + 1):
        await harness.services.finished(f"ext {number}")
    await harness.attacher.run_once()
    await harness.attacher.run_once()
    await harness.attacher.idle()
    assert len(harness.builder.asked) == attacher.MAX_CONCURRENT
    await harness.work()
    assert len(harness.builder.asked) == attacher.MAX_CONCURRENT + 1


async def test_files_on_disk_are_bounded_until_they_are_shown(
    services: ServiceHarness, pool: ProcessPool
) -> None:
    harness = AttacherHarness(services, pool, max_pending=2)
    exts = [await services.finished(f"ext {number}") for number in range(3)]
    await harness.work()
    await harness.work()
    assert len(harness.builder.asked) == 2
    await harness.show(exts[0])
    await harness.work()
    assert len(harness.builder.asked) == 3


async def test_stop_leaves_the_rest_for_the_next_start(harness: AttacherHarness) -> None:
    ext = await harness.services.finished("one")
    await harness.attacher.run_once()
    await harness.attacher.stop()
    assert (await harness.services.now(ext)).revision == ext.revision
    harness.services.clock.advance(attacher.LEASE.total_seconds())
    await harness.work()
    assert (await harness.pending(ext)).files


async def test_failure_touches_no_other_extension(harness: AttacherHarness) -> None:
    first, second = await harness.services.finished("one"), await harness.services.finished("two")
    harness.builder.on_prepare.then(ValueError("odd"))
    await harness.work()
    pending = await harness.services.store.with_pending_uploads({first.id, second.id})
    assert len(pending) == 1


async def hang(*_: object) -> Uploads:
    await asyncio.Event().wait()
    raise AssertionError


def after(
    ready: asyncio.Event, builder: FakeUploadBuilder
) -> Callable[[Extension, Path], Awaitable[Uploads]]:
    async def prepare(ext: Extension, folder: Path) -> Uploads:
        await ready.wait()
        return builder.usual(ext, folder)

    return prepare


async def is_renewed(services: ServiceHarness, before: object) -> bool:
    return await services.store.next_audio() != before
