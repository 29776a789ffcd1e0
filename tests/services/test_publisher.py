"""The loop that edits replies, on a real store and a Discord of this process."""

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.attachments import Attachment, AttachmentStatus, Upload, Uploads
from bot.domain.models import Extension, ReplyRef, Status
from bot.interactions.delivery import MAX_REFUSALS
from bot.interactions.publisher import LEASE, Publisher, guild_file_limit
from tests.support.fake_discord import LOST_CONNECTION, FakeDiscord, FakeMessage, error
from tests.support.service_harness import CHANNEL, GUILD, START, ServiceHarness


class PublisherHarness:
    """The loop, and extensions whose reply is a message of the bot's own."""

    def __init__(self, harness: ServiceHarness, folder: Path, **parts: float) -> None:
        self.harness, self.folder = harness, folder
        self.discord = FakeDiscord(harness)
        self.publisher = Publisher(
            self.discord, harness.store, wakeups=harness.wakeups, clock=harness.clock, **parts
        )

    async def extension(self, status: Status = Status.WAITING, **reply: object) -> Extension:
        """Return an extension whose reply answers a message and has not been posted."""
        ext = await self.harness.ask("1")
        ref = ReplyRef(channel_id=CHANNEL, guild_id=GUILD, reply_to_id=5)
        await self.harness.store.save_reply(ext.id, replace(ref, **reply))
        if status is Status.COMPLETE:
            await self.complete(ext)
        return await self.harness.now(ext)

    async def complete(self, ext: Extension) -> Extension:
        """Let the provider finish ``ext``."""
        await self.harness.submit()
        return await self.harness.completed(ext)

    async def publish(self) -> None:
        """Run the loop once, when an edit is due, and let it finish."""
        due = await self.harness.store.next_publish()
        assert due is not None
        self.harness.clock.now = max(self.harness.clock.now, due)
        await self.publisher.run_once()
        await self.publisher.idle()

    async def attach(self, ext: Extension, *names: str) -> Uploads:
        """Store uploads for ``ext``, as the attacher does; return them."""
        files = []
        for name in names:
            path = self.folder / name
            path.write_bytes(b"sound")
            files.append(Upload(path=path, name=name))
        attachment = Attachment(clip_id=ext.clips[0].id, outcome=AttachmentStatus.ATTACHED)
        uploads = Uploads(attachments=(attachment,), files=tuple(files), limit=4 * 1024 * 1024)
        clock = self.harness.clock
        [work] = await self.harness.store.claim_audio(now=clock(), lease_until=clock(), limit=1)
        assert await self.harness.store.finish_audio(work, uploads)
        return uploads

    async def announce_continuation_of(self, ext: Extension) -> None:
        """Raise the revision of ``ext`` for a continuation that its reply can't show."""
        clock, request = self.harness.clock, replace(ext.request, clip_id=await self.clip(ext))
        unknown = replace(ext, request=request)
        await self.harness.store.bump_source_revision(unknown, publish_at=clock())

    async def clip(self, ext: Extension) -> str:
        """Return the id of the first clip that ``ext`` made."""
        return (await self.harness.now(ext)).clips[0].id

    @property
    def message(self) -> FakeMessage:
        """The only message there is."""
        [message] = self.discord.messages.values()
        return message

    async def is_shown(self, ext: Extension) -> bool:
        """Return whether the store says that the newest revision is shown, and it is."""
        now = await self.harness.now(ext)
        title = self.message.embeds[0].title or ""
        expected = "✅" if now.status is Status.COMPLETE else "⏳"
        return now.published == now.revision and title.startswith(expected)


@pytest.fixture
def harness(services: ServiceHarness, tmp_path: Path) -> PublisherHarness:
    return PublisherHarness(services, tmp_path)


async def test_unpublished_reply_is_posted_and_then_edited(harness: PublisherHarness) -> None:
    ext = await harness.extension()
    await harness.publish()
    assert (await harness.harness.now(ext)).reply.message_id == harness.message.id
    assert await harness.is_shown(ext)
    await harness.complete(ext)
    await harness.publish()
    assert await harness.is_shown(ext)
    assert harness.message.versions == 2


async def test_nothing_is_edited_without_news(harness: PublisherHarness) -> None:
    ext = await harness.extension()
    await harness.publish()
    harness.harness.clock.advance(60)
    await harness.publisher.run_once()
    await harness.publisher.idle()
    assert harness.message.versions == 1
    assert await harness.is_shown(ext)


async def test_revision_that_shows_nothing_new_is_published_without_an_edit(
    harness: PublisherHarness,
) -> None:
    ext = await harness.extension(Status.COMPLETE)
    await harness.publish()
    await harness.announce_continuation_of(ext)
    await harness.publish()
    assert harness.message.versions == 1
    assert await harness.is_shown(ext)


async def test_edit_of_which_no_answer_came_is_repeated_although_the_reply_is_as_before(
    harness: PublisherHarness,
) -> None:
    ext = await harness.extension(Status.COMPLETE)
    await harness.publish()
    await harness.announce_continuation_of(ext)
    clock = harness.harness.clock
    clock.advance(60)
    # the process that claimed it was killed: it may have changed the reply, or not
    await harness.harness.store.claim_edit(ext.id, now=clock(), lease_until=clock() + LEASE)
    await harness.publish()
    assert harness.message.versions == 2
    assert await harness.is_shown(ext)


async def test_post_that_was_made_unanswered_is_edited_to_the_newest_state(
    harness: PublisherHarness,
) -> None:
    ext = await harness.extension()
    harness.discord.on_posted.then(LOST_CONNECTION)
    await harness.publish()
    assert (await harness.harness.now(ext)).reply.message_id is None
    await harness.complete(ext)
    await harness.publish()
    assert await harness.is_shown(ext)
    assert harness.message.versions == 2


async def test_post_that_is_answered_with_the_same_content_needs_no_edit(
    harness: PublisherHarness,
) -> None:
    ext = await harness.extension()
    harness.discord.on_posted.then(LOST_CONNECTION)
    await harness.publish()
    await harness.publish()
    assert await harness.is_shown(ext)
    assert harness.message.versions == 1


async def test_edit_shows_the_row_as_it_is_when_its_turn_comes(harness: PublisherHarness) -> None:
    ext = await harness.extension()
    posting, may_post = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        posting.set()
        await may_post.wait()

    harness.discord.on_post.then(wait)
    second = await harness.harness.ask("2")  # its reply goes to the same channel after the first
    await harness.harness.store.save_reply(second.id, ext.reply)
    harness.harness.clock.advance(10)
    await harness.publisher.run_once()
    await posting.wait()
    await harness.harness.submit()
    await harness.harness.completed(second)
    may_post.set()
    await harness.publisher.idle()
    [message] = [
        each for each in harness.discord.messages.values() if each.nonce == f"ext-{second.id}"
    ]
    assert (message.embeds[0].title or "").startswith("✅")
    assert message.versions == 1


async def test_two_publishers_post_one_message(harness: PublisherHarness, tmp_path: Path) -> None:
    ext = await harness.extension()
    other = PublisherHarness(harness.harness, tmp_path)
    other.discord.messages = harness.discord.messages
    harness.harness.clock.advance(10)
    await asyncio.gather(harness.publisher.run_once(), other.publisher.run_once())
    await asyncio.gather(harness.publisher.idle(), other.publisher.idle())
    assert await harness.is_shown(ext)
    assert harness.message.versions == 1


async def test_pending_files_are_attached_and_settled_with_the_edit(
    harness: PublisherHarness,
) -> None:
    ext = await harness.extension(Status.COMPLETE)
    await harness.publish()
    assert harness.message.attachments == []
    uploads = await harness.attach(ext, "a.mp3", "a.png")
    await harness.publish()
    assert harness.message.attachments == ["a.mp3", "a.png"]
    assert await harness.harness.store.attachments(ext.id) == uploads.attachments
    assert await harness.is_shown(ext)


async def test_missing_files_are_made_again_without_an_edit(harness: PublisherHarness) -> None:
    ext = await harness.extension(Status.COMPLETE)
    await harness.publish()
    [file] = (await harness.attach(ext, "a.mp3")).files
    file.path.unlink()
    await harness.publish()
    assert (harness.message.attachments, harness.message.versions) == ([], 1)
    await harness.attach(ext, "a.mp3")
    await harness.publish()
    assert harness.message.attachments == ["a.mp3"]
    assert await harness.is_shown(ext)


async def test_too_large_files_are_made_again_for_half_the_size(harness: PublisherHarness) -> None:
    ext = await harness.extension(Status.COMPLETE)
    await harness.publish()
    uploads = await harness.attach(ext, "a.mp3")
    harness.discord.on_edit.then(error(413, 40005))
    await harness.publish()
    clock = harness.harness.clock
    [work] = await harness.harness.store.claim_audio(now=clock(), lease_until=clock(), limit=1)
    assert (work.size_limit, work.failures) == (uploads.limit // 2, 0)


@pytest.mark.parametrize("refusals", [[error(400, 50035)] * 2, [error(413, 40005)]])
async def test_refused_files_count_as_a_failed_attempt(
    harness: PublisherHarness, refusals: list[Exception]
) -> None:
    ext = await harness.extension(Status.COMPLETE)
    await harness.publish()
    await harness.attach(ext, "a.mp3")
    if len(refusals) == 1:  # too large even though no song was attached
        await set_limit(harness, ext, 0)
    harness.discord.on_edit.then(*refusals)
    await harness.publish()
    due = await harness.harness.store.next_audio()
    [work] = await harness.harness.store.claim_audio(now=due, lease_until=due, limit=1)
    assert work.failures == 1


async def set_limit(harness: PublisherHarness, ext: Extension, limit: int) -> None:
    """Store pending uploads made for another limit in place of those there are."""
    await harness.harness.store.enqueue_audio(ext.id, due_at=harness.harness.clock())
    clock, path = harness.harness.clock, harness.folder / "a.png"
    path.write_bytes(b"picture")
    [work] = await harness.harness.store.claim_audio(now=clock(), lease_until=clock(), limit=1)
    files = (Upload(path=path, name=path.name),)
    await harness.harness.store.finish_audio(work, Uploads(files=files, limit=limit))


async def test_where_files_are_forbidden_the_reply_is_edited_without_them(
    harness: PublisherHarness,
) -> None:
    ext = await harness.extension(Status.COMPLETE)
    await harness.publish()
    await harness.attach(ext, "a.mp3")
    harness.discord.on_edit.then(error(403, 50013))
    await harness.publish()
    [attachment] = await harness.harness.store.attachments(ext.id)
    assert attachment.outcome is AttachmentStatus.NOT_ALLOWED
    assert harness.message.attachments == []
    assert await harness.is_shown(ext)


async def test_files_are_kept_while_discord_is_unreachable(harness: PublisherHarness) -> None:
    ext = await harness.extension(Status.COMPLETE)
    await harness.publish()
    await harness.attach(ext, "a.mp3")
    harness.discord.on_edit.then(*[error(500), LOST_CONNECTION, TimeoutError()] * 4)
    for _ in range(13):
        await harness.publish()
    assert harness.message.attachments == ["a.mp3"]
    assert await harness.harness.store.next_audio() is None


async def test_edit_that_hangs_is_given_up_before_its_claim_lapses(
    services: ServiceHarness, tmp_path: Path
) -> None:
    harness = PublisherHarness(services, tmp_path, edit_timeout=0.01)
    ext = await harness.extension()
    harness.discord.on_post.then(asyncio.Event().wait)
    await harness.publish()
    due = await services.store.next_publish()
    assert START < due < START + LEASE
    other = PublisherHarness(services, tmp_path)
    await other.publish()
    assert await other.is_shown(ext)


async def test_direct_message_waits_for_the_audio_and_is_sent_once(
    harness: PublisherHarness,
) -> None:
    ext = await harness.extension(Status.COMPLETE, editable_by_bot=False)
    await harness.publish()
    assert harness.discord.messages == {}
    await harness.attach(ext, "a.mp3")
    harness.discord.on_posted.then(LOST_CONNECTION)
    await harness.publish()
    await harness.publish()
    assert harness.message.attachments == ["a.mp3"]
    assert (harness.message.channel_id, harness.message.versions) == (-ext.member_id, 1)


async def test_direct_message_made_by_a_process_that_was_killed_is_edited(
    harness: PublisherHarness,
) -> None:
    ext = await harness.extension(Status.COMPLETE, editable_by_bot=False)
    await harness.attach(ext, "a.mp3")
    harness.discord.on_posted.then(LOST_CONNECTION)
    await harness.publish()
    await harness.harness.store.enqueue_audio(ext.id, due_at=harness.harness.clock())
    await harness.attach(ext, "a.mp3", "a.png")
    await harness.publish()
    assert harness.message.attachments == ["a.mp3", "a.png"]


async def test_reply_without_any_route_settles_its_audio(harness: PublisherHarness) -> None:
    ext = await harness.extension(Status.COMPLETE, editable_by_bot=False, final_shown=True)
    await harness.attach(ext, "a.mp3")
    await harness.publish()
    assert harness.discord.messages == {}
    assert await harness.harness.store.with_pending_uploads({ext.id}) == set()
    assert await harness.harness.store.next_publish() is None


async def test_concurrent_edits_are_bounded_and_none_is_started_twice(
    harness: PublisherHarness,
) -> None:
    ext = await harness.extension()
    may_post = asyncio.Event()
    harness.discord.on_post.then(may_post.wait)
    harness.harness.clock.advance(10)
    await harness.publisher.run_once()
    harness.harness.clock.advance(3600)  # its claim has lapsed
    await harness.publisher.run_once()
    may_post.set()
    await harness.publisher.idle()
    assert harness.message.versions == 1
    assert (await harness.harness.now(ext)).published == 1


# Refusals of Discord (the table of codes is in test_delivery.py)


@pytest.mark.parametrize("code", [0, 40004, 40333])
async def test_refusal_that_passes_closes_nothing(harness: PublisherHarness, code: int) -> None:
    ext = await harness.extension()
    await harness.publish()
    await harness.complete(ext)
    harness.discord.on_edit.then(*[error(403, code)] * 3)
    for _ in range(4):
        await harness.publish()
    assert await harness.is_shown(ext)
    assert (await harness.harness.now(ext)).reply.editable_by_bot


@pytest.mark.parametrize("code", [50083, 160005])
async def test_closed_thread_is_told_directly_once_and_edited_when_it_opens(
    harness: PublisherHarness, code: int
) -> None:
    ext = await harness.extension()
    await harness.publish()
    await harness.complete(ext)
    harness.discord.on_edit.then(*[error(400, code)] * 2)
    harness.discord.on_open_thread.then(*[error(403, 50013)] * 2)
    await harness.publish()  # its audio is awaited
    assert len(harness.discord.messages) == 1
    await harness.attach(await harness.harness.now(ext), "a.mp3")
    await harness.publish()
    thread, direct = harness.discord.messages.values()
    assert (direct.channel_id, direct.attachments) == (-ext.member_id, ["a.mp3"])
    assert await harness.harness.store.next_publish() is None
    await harness.harness.store.bump_source_revision(
        replace(ext, request=replace(ext.request, clip_id=(await harness.clip(ext)))),
        publish_at=harness.harness.clock(),
    )
    harness.discord.on_edit.then(error(400, code))
    await harness.publish()  # news that nobody needs: dropped
    assert (thread.versions, direct.versions) == (1, 1)
    assert await harness.harness.store.next_publish() is None
    assert (await harness.harness.now(ext)).reply.editable_by_bot


async def test_member_who_cannot_be_told_leaves_the_thread_open(harness: PublisherHarness) -> None:
    ext = await harness.extension()
    await harness.publish()
    await harness.complete(ext)
    await harness.attach(await harness.harness.now(ext), "a.mp3")
    harness.discord.on_edit.then(error(400, 160005))
    harness.discord.on_post.then(error(400, 50278))
    await harness.publish()
    reply = (await harness.harness.now(ext)).reply
    assert (reply.editable_by_bot, reply.unreachable, reply.final_shown) == (True, False, False)
    assert await harness.harness.store.next_publish() is None


async def test_direct_message_is_opened_anew_once_without_access(harness: PublisherHarness) -> None:
    ext = await harness.extension(Status.COMPLETE, editable_by_bot=False)
    await harness.attach(ext, "a.mp3")
    harness.discord.on_post.then(error(403, 50001), error(403, 50001))
    await harness.publish()
    assert not (await harness.harness.now(ext)).reply.unreachable
    harness.discord.on_post.then(error(403, 50001))
    await harness.publish()
    assert harness.message.attachments == ["a.mp3"]


@pytest.mark.parametrize("refusal", [error(403), error(400, 50035)])
async def test_route_that_refuses_for_long_is_left(
    harness: PublisherHarness, refusal: Exception
) -> None:
    ext = await harness.extension()
    await harness.publish()
    await harness.complete(ext)
    await harness.harness.store.enqueue_audio(ext.id, due_at=harness.harness.clock())
    harness.discord.on_edit.then(*[refusal] * 100)
    for _ in range(MAX_REFUSALS):
        await harness.publish()
    assert not (await harness.harness.now(ext)).reply.editable_by_bot
    await harness.attach(await harness.harness.now(ext), "a.mp3")
    harness.discord.on_post.then(error(403, 40003))
    await harness.publish()
    await harness.publish()
    assert [each.channel_id for each in harness.discord.messages.values()][1:] == [-ext.member_id]


async def test_outage_closes_no_route(harness: PublisherHarness) -> None:
    ext = await harness.extension()
    harness.discord.on_post.then(*[error(503)] * 50, error(403))
    for _ in range(52):
        await harness.publish()
    assert await harness.is_shown(ext)


async def test_files_that_a_guild_may_not_have_are_left_out(harness: PublisherHarness) -> None:
    ext = await harness.extension(Status.COMPLETE)
    await harness.publish()
    await harness.attach(ext, "a.mp3")
    harness.discord.on_edit.then(error(403, 400001))
    await harness.publish()
    [attachment] = await harness.harness.store.attachments(ext.id)
    assert attachment.outcome is AttachmentStatus.NOT_ALLOWED
    assert await harness.is_shown(ext)


async def test_limit_is_that_of_the_route(harness: PublisherHarness) -> None:
    default = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
    now = harness.harness.clock()
    alive, dead = now + LEASE, now
    reply = ReplyRef(channel_id=1, token="t", token_expires_at=alive, attachment_limit=5 * default)
    assert harness.publisher.attachment_limit(reply) == 5 * default
    for later in (
        replace(reply, token_expires_at=dead),
        replace(reply, token_expires_at=dead, editable_by_bot=False),
    ):
        assert harness.publisher.attachment_limit(later) == default


async def test_files_made_for_a_larger_limit_are_made_again_for_a_direct_message(
    harness: PublisherHarness,
) -> None:
    default = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
    ext = await harness.extension(Status.COMPLETE, editable_by_bot=False)
    [file] = (await harness.attach(ext, "a.mp3")).files
    file.path.write_bytes(bytes(default + 1))
    await harness.publish()
    assert harness.discord.messages == {}
    clock = harness.harness.clock
    [work] = await harness.harness.store.claim_audio(now=clock(), lease_until=clock(), limit=1)
    assert work.size_limit == default


# Archived threads


async def archived(harness: PublisherHarness) -> Extension:
    """Return a complete extension whose reply is in a thread that was archived before that."""
    ext = await harness.extension()
    await harness.publish()
    await harness.complete(ext)
    harness.discord.on_edit.then(error(400, 50083))
    return await harness.harness.now(ext)


async def test_archived_thread_is_opened_for_a_result_and_for_its_audio(
    harness: PublisherHarness,
) -> None:
    ext = await archived(harness)
    await harness.publish()
    assert await harness.is_shown(ext)
    await harness.attach(ext, "a.mp3")
    harness.discord.on_edit.then(error(400, 50083))
    await harness.publish()
    assert harness.message.attachments == ["a.mp3"]
    assert harness.discord.opened_threads == [CHANNEL] * 2


async def test_archived_thread_stays_closed_for_progress(harness: PublisherHarness) -> None:
    ext = await harness.extension()
    await harness.publish()
    await harness.harness.submit()
    harness.discord.on_edit.then(error(400, 50083))
    await harness.publish()
    assert harness.discord.opened_threads == []
    assert (await harness.harness.now(ext)).reply.editable_by_bot


async def test_archived_thread_is_opened_after_an_outage(harness: PublisherHarness) -> None:
    ext = await archived(harness)
    harness.discord.on_edit.then(error(400, 50083))
    harness.discord.on_open_thread.then(error(503))
    await harness.publish()
    await harness.publish()
    assert await harness.is_shown(ext)
    assert len(harness.discord.messages) == 1


async def test_thread_that_is_archived_again_at_once_is_opened_once(
    harness: PublisherHarness,
) -> None:
    ext = await archived(harness)
    harness.discord.on_edit.then(error(400, 50083))
    await harness.attach(ext, "a.mp3")
    await harness.publish()
    thread, direct = harness.discord.messages.values()
    assert harness.discord.opened_threads == [CHANNEL]
    assert (thread.versions, direct.attachments) == (1, ["a.mp3"])


# Files


async def test_files_that_discord_drops_are_not_said_to_be_attached(
    harness: PublisherHarness,
) -> None:
    ext = await harness.extension(Status.COMPLETE)
    await harness.publish()
    await harness.attach(ext, "a.mp3")
    harness.discord.drops_files = True
    await harness.publish()
    [attachment] = await harness.harness.store.attachments(ext.id)
    assert attachment.outcome is AttachmentStatus.NOT_ALLOWED
    assert await harness.is_shown(ext)


async def test_token_that_may_not_attach_files_has_no_limit_until_it_is_dead(
    harness: PublisherHarness,
) -> None:
    now = harness.harness.clock()
    reply = ReplyRef(
        channel_id=1,
        token="t",
        token_expires_at=now + LEASE,
        attachment_limit=9,
        editable_by_bot=False,
    )
    for allowed, limit in ((True, 9), (False, None)):
        reply = replace(reply, files_allowed=allowed)
        assert harness.publisher.attachment_limit(reply) == limit
    dead = replace(reply, token_expires_at=now)
    default = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
    assert harness.publisher.attachment_limit(dead) == default


@pytest.mark.parametrize(
    ("boosts", "features", "megabytes"),
    [
        (10, [], 10),
        (10, ["MAX_FILE_SIZE_50_MB"], 50),
        (50, ["COMMUNITY", "MAX_FILE_SIZE_100_MB"], 100),
        (100, ["MAX_FILE_SIZE_50_MB", "MAX_FILE_SIZE_250_MB"], 250),
        (100, ["MAX_FILE_SIZE_50_MB"], 100),
    ],
)
def test_file_limit_of_a_guild_is_raised_by_features(
    boosts: int, features: list[str], megabytes: int
) -> None:
    unit = 1024 * 1024
    guild: Any = SimpleNamespace(filesize_limit=boosts * unit, features=features)
    assert guild_file_limit(guild) == megabytes * unit
