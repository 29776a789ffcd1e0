"""The fourth loop: what is wanted is prepared and carried once, in the end with or without."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from bot.audio.errors import TransientMediaError
from bot.audio.process_pool import ProcessPool
from bot.domain import failures
from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.models import (
    ExtendRequest,
    Extension,
    Kind,
    ReplyRef,
    Status,
)
from bot.services import attacher
from bot.services.attacher import Attacher, AttachResult
from bot.services.uploads import Upload, Uploads
from tests.support.scripted_provider import Script
from tests.support.service_harness import ADA, CHANNEL, ServiceHarness
from tests.support.store_samples import accept

LIMIT = 10 * 1024 * 1024


class Replies:
    """Replies that take what they are given, unless a test says otherwise."""

    def __init__(self) -> None:
        self.limit: int | None = LIMIT
        self.on_carry = Script()
        self.shown: list[tuple[Extension, Uploads]] = []
        self.sizes: list[int] = []

    def attachment_limit(self, reply: ReplyRef) -> int | None:
        assert reply.channel_id == CHANNEL
        return self.limit

    async def carry(
        self, ext: Extension, prepared: Uploads, look: Callable[[Extension], Extension]
    ) -> AttachResult:
        self.sizes += [file.path.stat().st_size for file in prepared.files]
        carried: AttachResult = await self.on_carry.next(lambda: AttachResult.DONE)
        if carried is AttachResult.DONE:
            self.shown.append((look(ext), prepared))
        return carried


class Kitchen:
    """Prepares a small file of its own; a test may have it fail."""

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


class House:
    """The loop on a real store and a real workshop's folders."""

    def __init__(self, world: ServiceHarness, pool: ProcessPool) -> None:
        self.world, self.replies, self.kitchen = world, Replies(), Kitchen()
        self.attacher = Attacher(
            world.store,
            dict.fromkeys(Kind, self.kitchen),
            self.replies,
            pool,
            wakeups=world.wakeups,
            clock=world.clock,
        )

    async def work(self) -> None:
        """Let the loop run once, and finish what it started."""
        await self.attacher.run_once()
        await self.attacher.idle()

    async def work_later(self) -> None:
        """As `work`, when it is due."""
        due = await self.world.store.next_audio()
        assert due is not None
        assert due > self.world.clock()
        self.world.clock.now = due
        await self.work()

    async def splice(self) -> Extension:
        """Accept a full song to be made here."""
        now = self.world.clock()
        ext = Extension(
            idempotency_key="song",
            kind=Kind.SPLICE,
            member_id=ADA,
            request=ExtendRequest(provider="", clip_id="last"),
            reply=ReplyRef(channel_id=CHANNEL, message_id=5),
            status=Status.SUBMITTED,
            created_at=now,
            due_at=now,
            deadline_at=None,
        )
        return (await accept(self.world.store, ext)).extension

    async def kept(self, ext: Extension) -> list[AttachmentStatus]:
        """Return what the store says became of the audio."""
        return [each.outcome for each in await self.world.store.attachments(ext.id)]


@pytest.fixture
async def house(world: ServiceHarness, tmp_path: Path) -> AsyncGenerator[House]:
    async with ProcessPool(tmp_path / "work", workers=1) as pool:
        yield House(world, pool)
    assert list((tmp_path / "work").glob("work-*")) == []


async def test_a_finished_extension_is_carried_once(house: House) -> None:
    ext = await house.world.finished("one")
    await house.work()
    await house.work()
    [(shown, prepared)] = house.replies.shown
    assert shown.id == ext.id
    assert house.replies.sizes == [5]
    assert await house.world.store.attachments(ext.id) == prepared.attachments
    assert await house.world.store.next_audio() is None


async def test_a_length_nobody_told_is_shown_and_kept(house: House) -> None:
    ext = await house.world.finished("one")
    assert [clip.duration for clip in ext.clips] == [None, None]
    await house.work()
    [(shown, _)] = house.replies.shown
    now = await house.world.now(ext)
    assert [clip.duration for clip in shown.clips] == [12.5, None]
    assert now.clips == shown.clips
    assert now.revision == ext.revision


async def test_what_can_not_be_had_now_is_tried_again_later(house: House) -> None:
    ext = await house.world.finished("one")
    house.kitchen.on_prepare.then(TransientMediaError("it took too long"))
    await house.work()
    assert house.replies.shown == []
    await house.work_later()
    assert await house.kept(ext) == [AttachmentStatus.ATTACHED]
    assert house.kitchen.asked == [(LIMIT, False), (LIMIT, False)]


async def test_in_the_end_the_reply_says_that_there_is_no_audio(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    ext = await house.world.finished("one")
    house.kitchen.on_prepare.then(*[RuntimeError("odd")] * attacher.MAX_ATTEMPTS)
    await house.work()
    for _ in range(attacher.MAX_ATTEMPTS - 1):
        assert house.replies.shown == []
        await house.work_later()
    assert [is_last for _, is_last in house.kitchen.asked] == [False] * 5 + [True]
    [(shown, prepared)] = house.replies.shown
    assert prepared.files == ()
    assert [clip.audio_url for clip in shown.clips] == [clip.audio_url for clip in ext.clips]
    assert await house.kept(ext) == [AttachmentStatus.UNAVAILABLE] * 2
    assert await house.world.store.next_audio() is None
    assert "failed unexpectedly" in caplog.text


async def test_an_edit_that_does_not_get_through_is_repeated_for_half_an_hour(
    house: House,
) -> None:
    ext = await house.world.finished("one")
    house.replies.on_carry.then(*[AttachResult.LATER] * (attacher.MAX_EDITS + 1))
    began = house.world.clock()
    await house.work()
    for _ in range(attacher.MAX_EDITS):
        await house.work_later()
    assert await house.world.store.next_audio() is None
    assert await house.kept(ext) == []
    assert 15 * 60 < (house.world.clock() - began).total_seconds() < 60 * 60


async def test_a_reply_that_is_gone_ends_the_work(house: House) -> None:
    ext = await house.world.finished("one")
    house.replies.on_carry.then(AttachResult.NOWHERE)
    await house.work()
    assert await house.world.store.next_audio() is None
    assert await house.kept(ext) == []


async def test_what_discord_finds_too_large_is_made_smaller(house: House) -> None:
    await house.world.finished("one")
    house.replies.on_carry.then(AttachResult.TOO_LARGE, AttachResult.TOO_LARGE)
    house.replies.limit = attacher.SMALL + 1
    await house.work()
    assert [limit for limit, _ in house.kitchen.asked] == [
        attacher.SMALL + 1,
        attacher.SMALL // 2,
        0,
    ]
    assert len(house.replies.shown) == 1


async def test_what_is_too_large_without_a_file_is_left_for_later(house: House) -> None:
    await house.world.finished("one")
    house.replies.limit = 0
    house.replies.on_carry.then(AttachResult.TOO_LARGE)
    await house.work()
    assert house.replies.shown == []
    assert await house.world.store.next_audio() is not None


async def test_where_files_are_forbidden_the_reply_says_so(house: House) -> None:
    await house.world.finished("one")
    house.replies.on_carry.then(AttachResult.NOT_ALLOWED, AttachResult.NOT_ALLOWED)
    await house.work()
    assert [limit for limit, _ in house.kitchen.asked] == [LIMIT, None]
    assert house.replies.shown == []  # even without a file: not now


async def test_a_splice_is_complete_when_it_is_carried(house: House) -> None:
    ext = await house.splice()
    await house.work()
    [(shown, _)] = house.replies.shown
    now = await house.world.now(ext)
    assert shown.status is now.status is Status.COMPLETE
    assert shown.revision == now.revision  # so that the edit is not made once more
    assert await house.kept(ext) == [AttachmentStatus.ATTACHED]


async def test_a_splice_that_can_not_be_made_fails_with_its_reason(house: House) -> None:
    ext = await house.splice()
    failure = failures.NotPlayable()
    house.kitchen.on_prepare.then(Uploads(failure=failure))
    await house.work()
    now = await house.world.now(ext)
    assert (now.status, now.failure) == (Status.FAILED, failure)
    [(shown, _)] = house.replies.shown
    assert shown == now


async def test_a_splice_whose_reply_is_out_of_reach_ends_too(house: House) -> None:
    ext = await house.splice()
    house.replies.on_carry.then(*[AttachResult.LATER] * (attacher.MAX_EDITS + 1))
    await house.work()
    for _ in range(attacher.MAX_EDITS):
        await house.work_later()
    now = await house.world.now(ext)
    assert now.status is Status.FAILED
    assert now.revision > ext.revision  # the publisher has news to show


async def test_killed_before_it_was_kept_it_is_carried_anew(house: House) -> None:
    ext = await house.world.finished("one")
    store, clock = house.world.store, house.world.clock
    lease_until = clock() + attacher.LEASE
    [work] = await store.claim_audio(now=clock(), lease_until=lease_until, limit=1)
    await house.work()
    assert house.replies.shown == []  # someone else has it
    clock.now = lease_until
    await house.work()
    assert len(house.replies.shown) == 1
    late = Attachment(clip_id="x", outcome=AttachmentStatus.TOO_LARGE)
    await store.finish_audio(work, (late,))
    assert await house.kept(ext) == [AttachmentStatus.ATTACHED]


async def test_only_so_much_is_done_at_once(house: House) -> None:
    for number in range(attacher.MAX_CONCURRENT + 1):
        await house.world.finished(f"ext {number}")
    await house.attacher.run_once()
    await house.attacher.run_once()
    await house.attacher.idle()
    assert len(house.replies.shown) == attacher.MAX_CONCURRENT
    await house.work()
    assert len(house.replies.shown) == attacher.MAX_CONCURRENT + 1


async def test_stopping_leaves_the_rest_for_the_next_start(house: House) -> None:
    ext = await house.world.finished("one")
    await house.attacher.run_once()
    await house.attacher.stop()
    assert await house.kept(ext) == []
    house.world.clock.advance(attacher.LEASE.total_seconds())
    await house.work()
    assert await house.kept(ext) == [AttachmentStatus.ATTACHED]


async def test_one_failure_touches_nobody_else(house: House) -> None:
    first, second = await house.world.finished("one"), await house.world.finished("two")
    house.kitchen.on_prepare.then(ValueError("odd"))
    await house.work()
    assert [shown.id for shown, _ in house.replies.shown] in ([first.id], [second.id])
