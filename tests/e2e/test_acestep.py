"""ACE-Step: the new part follows the source's own audio, clip by clip, up to the full song."""

import datetime as dt
import io
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from mutagen.id3 import ID3

from bot.services.attacher import MAX_ATTEMPTS
from cogs.loops import LoopsCog
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.models import Attachment, Message, Upload
from sandbox.providers.account import ProviderAccount
from sandbox.providers.clips import LinkKind
from sandbox.providers.faults import Fault
from sandbox.providers.mp3 import encode_mp3
from sandbox.providers.music import SAMPLE_RATE, Samples, Segment, render
from tests.support.audio_samples import between, likeness
from tests.support.bot_harness import (
    GREEN,
    RED,
    BotHarness,
    BotProcess,
    colour,
    labels,
    text,
)
from tests.support.torture import KILLS_WHILE_ATTACHING

NAME, SUNO = "acestep", "suno_api"
LENGTH = 10  # seconds of a new part


@pytest.fixture
async def harness(offline_harness: BotHarness) -> AsyncIterator[BotHarness]:
    offline_harness.has_acestep = True
    async with offline_harness.bot():
        yield offline_harness


def mp3s(message: Message) -> list[Attachment]:
    return [each for each in message.attachments if each.filename.endswith(".mp3")]


def pictures(message: Message) -> list[str]:
    found = (each for each in message.attachments if each.filename.endswith(".png"))
    return [each.description or "" for each in found]


def samples(mp3: bytes) -> Samples:
    """Return the samples of an MP3, without the padding of its encoder."""
    with av.open(io.BytesIO(mp3)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(frames, axis=1)


def account(harness: BotHarness) -> ProviderAccount:
    return harness.account(NAME)


def failed_attempts(harness: BotHarness) -> int:
    """Return how often the audio of the only extension could not be attached."""
    with closing(sqlite3.connect(f"file:{harness.database}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT failures FROM audio").fetchall()
    return sum(failures for (failures,) in rows)


async def heard(harness: BotHarness, reply: Message) -> list[Samples]:
    """Return the audio of a finished reply."""
    await harness.finished(reply)
    assert colour(reply) == GREEN, text(reply)
    await harness.until(lambda: mp3s(reply))
    return [samples(each.content) for each in mp3s(reply)]


async def continued(harness: BotHarness, *, at: str, clip: str, **options: object) -> Message:
    return await harness.extend(
        NAME, clip=clip, at=at, length=str(LENGTH), title="Night Bus", **options
    )


async def pressed(harness: BotHarness, reply: Message, label: str, **typed: str) -> Interaction:
    """Press a button that opens the form, and send it with what is typed."""
    opened = await harness.ada.click(reply, label)
    assert opened.modal is not None, opened.message and text(opened.message)
    return await harness.ada.submit(opened.modal, typed)


def message_of(call: Interaction) -> Message:
    assert call.message is not None, call.error
    return call.message


async def test_clip_of_another_service_goes_on_in_a_chain_up_to_the_full_song(
    harness: BotHarness,
) -> None:
    # a clip of suno-api, made here
    first = await harness.extend(SUNO, at="0:08", title="Night Bus")
    [one, _] = await heard(harness, first)
    # ACE-Step goes on at its third second
    second = await continued(harness, at="0:03", clip=first.url)
    [two, twin] = await heard(harness, second)
    assert abs(two.shape[1] - (3 + LENGTH) * SAMPLE_RATE) <= 1
    assert likeness(between(one, 0.1, 2.9), between(two, 0.1, 2.9)) > 0.98
    assert likeness(between(two, 3.1, 12), between(twin, 3.1, 12)) < 0.98
    assert (
        "A 0:13 long, B 0:13 long; the source up to 0:03, then the new part." in pictures(second)[0]
    )
    [sent] = account(harness).submissions
    assert sent.request["repainting_start"] == "1.5"
    assert sent.request["repainting_end"] == sent.request["audio_duration"] == "13"
    assert sent.charged == 0
    # and again at the tenth second of its own file
    third = message_of(await pressed(harness, second, "Extend A", at="0:10", length="11"))
    [three, _] = await heard(harness, third)
    assert abs(three.shape[1] - 21 * SAMPLE_RATE) <= 1
    assert likeness(between(two, 0.1, 9.9), between(three, 0.1, 9.9)) > 0.98
    assert "the source up to 0:10, then the new part." in pictures(third)[0]
    # the source is the clip of suno-api up to 0:08, and the last file holds all that follows it
    song = message_of(await harness.ada.click(third, "💿 Song A"))
    [whole] = await heard(harness, song)
    assert abs(whole.shape[1] - (8 + 21) * SAMPLE_RATE) <= 0.008 * SAMPLE_RATE
    at = whole.shape[1] / SAMPLE_RATE - 21
    assert likeness(between(three, 1, 20.5), between(whole, at + 1, at + 20.5)) > 0.97
    tags: Any = ID3(fileobj=io.BytesIO(mp3s(song)[0].content))
    starts = [chapter.start_time / 1000 for chapter in tags.getall("CHAP")]
    assert starts == pytest.approx([0, 8, 11, 18], abs=0.01)
    assert "0:29 · 4 parts" in text(song)
    for start in ("\n1. 0:00 ", "\n2. 0:08 ", "\n3. 0:11 ", "\n4. 0:18 "):
        assert start in text(song)
    # the song's own clock leads to the clip and the second of its file: 0:20 is 12 s of the last
    fourth = message_of(await pressed(harness, song, "Extend", at="0:20", length="10"))
    [four, _] = await heard(harness, fourth)
    assert abs(four.shape[1] - 22 * SAMPLE_RATE) <= 0.02 * SAMPLE_RATE


async def test_reply_without_public_link_has_no_link(harness: BotHarness) -> None:
    reply = await continued(harness, at="0:03", clip=harness.source(SUNO))
    await heard(harness, reply)
    assert "Listen" not in text(reply)
    assert not any("Listen" in label for label in labels(reply))
    assert "v1/audio" not in str(reply.history)


async def test_audio_that_can_not_be_attached_is_told_without_a_link(harness: BotHarness) -> None:
    harness.discord.state.guild.attachment_limit = 45_000
    reply = await continued(harness, at="0:03", clip=harness.source(SUNO))
    await harness.until(lambda: "too large to attach, so it can't be heard" in text(reply))
    assert "the link plays it" not in text(reply)


async def test_file_that_its_server_has_lost_is_told_and_can_be_checked_again(
    offline_harness: BotHarness,
) -> None:
    harness = offline_harness
    harness.has_acestep = True
    account(harness).fail_next(Fault.FORBIDDEN_LINK)
    async with harness.bot() as bot:
        loops = bot.get_cog("LoopsCog")
        assert isinstance(loops, LoopsCog)
        reply = await continued(harness, at="0:03", clip=harness.source(SUNO))
        for attempt in range(1, MAX_ATTEMPTS):
            await harness.until(lambda number=attempt: failed_attempts(harness) == number)
            harness.clock.move(dt.timedelta(minutes=2))
            loops.wakeups.attacher.notify()
        await harness.until(lambda: "its audio couldn't be fetched and attached" in text(reply))
        assert colour(reply) == GREEN
        for clip in account(harness).clips.values():
            clip.link_kind = LinkKind.PLAYABLE
        await harness.ada.click(reply, "Check again")
        await heard(harness, reply)


async def test_clip_of_acestep_is_unknown_to_others_and_leads_back(harness: BotHarness) -> None:
    reply = await continued(harness, at="0:03", clip=harness.source(SUNO))
    await heard(harness, reply)
    call = await harness.open_modal(SUNO, clip=reply.url, at="0:04")
    told = message_of(call)
    assert "**suno-api doesn't know this clip.**" in text(told)
    assert "This one was made through ACE-Step." in text(told)
    assert labels(told) == ["Try ACE-Step"]
    await pressed(harness, told, "Try ACE-Step")
    await harness.until(lambda: len(account(harness).submissions) == 2)
    # without a length it is 60 seconds
    assert account(harness).submissions[1].request["repainting_end"] == "64"


async def test_clip_that_its_service_refuses_can_be_tried_with_acestep(harness: BotHarness) -> None:
    reply = await harness.extend("aimlapi", clip=harness.source(SUNO), at="0:03")
    await harness.finished(reply)
    again = message_of(await pressed(harness, reply, "Try ACE-Step", length="10"))
    [audio, _] = await heard(harness, again)
    assert abs(audio.shape[1] - 13 * SAMPLE_RATE) <= 1


async def test_retake_and_redo_keep_the_length(harness: BotHarness) -> None:
    reply = await continued(harness, at="0:03", clip=harness.source(SUNO))
    await heard(harness, reply)
    retake = message_of(await harness.ada.click(reply, "🔁 Another take"))
    opened = await harness.ada.click(reply, "✏️ Change & redo")
    assert opened.modal is not None
    assert opened.modal.fields["length"]["value"] == str(LENGTH)
    await heard(harness, retake)
    ends = [each.request["repainting_end"] for each in account(harness).submissions]
    assert ends == ["13", "13"]


async def test_clip_that_nobody_has_is_told_and_nothing_is_sent(harness: BotHarness) -> None:
    reply = await continued(harness, at="0:03", clip="5e0f3c10-aaaa-4bbb-8ccc-0123456789ab")
    await harness.finished(reply)
    assert "The clip's audio can't be downloaded" in text(reply)
    assert "Nothing was sent" in text(reply)
    assert [*account(harness).requests] == []
    assert "✏️ Edit & send" in labels(reply)


async def test_request_that_a_restarted_server_forgot_is_found_out(harness: BotHarness) -> None:
    account(harness).fail_next(Fault.NEVER_FINISHES)
    reply = await continued(harness, at="0:03", clip=harness.source(SUNO))
    await harness.until(lambda: len(account(harness).requests) > 2)
    account(harness).restart()
    await harness.finished(reply)
    assert colour(reply) == RED
    assert "**The ACE-Step server forgot this request" in text(reply)
    assert "Nothing was charged." in text(reply)
    again = message_of(await pressed(harness, reply, "✏️ Edit & send"))
    await heard(harness, again)


async def test_full_queue_postpones(harness: BotHarness) -> None:
    account(harness).fail_next(Fault.RATE_LIMITED_SECONDS, on="submit", retry_after=1)
    reply = await continued(harness, at="0:03", clip=harness.source(SUNO))
    await harness.until(lambda: "asked Encore to wait" in text(reply))
    await heard(harness, reply)
    assert len(account(harness).submissions) == 1


async def test_options_are_there_with_the_service_only(offline_harness: BotHarness) -> None:
    harness = offline_harness
    for has_it in (False, True):
        harness.has_acestep = has_it
        async with harness.bot():
            [command] = [
                each for each in harness.discord.commands.all() if each["name"] == "extend"
            ]
            options = {each["name"]: each for each in command["options"]}
            assert {"length", "file"} <= options.keys() if has_it else "file" not in options
            assert options["clip"]["required"] is not has_it


@pytest.mark.torture
async def test_request_is_sent_once_whenever_the_bot_is_killed(
    offline_harness: BotHarness, tmp_path: Path
) -> None:
    harness, log = offline_harness, tmp_path / "bot.log"
    harness.has_acestep = True
    bot = BotProcess(harness, log)
    await bot.start()
    asked = [
        continued(harness, at=f"0:0{number}", clip=harness.source(SUNO)) for number in (3, 4, 5)
    ]
    replies = [await each for each in asked]
    await bot.die_often(KILLS_WHILE_ATTACHING, within=2.0, chance=random.Random(7))
    async with bot.child:
        for reply in replies:
            await harness.finished(reply, within=40)
    sent = [each.request["repainting_end"] for each in account(harness).submissions]
    assert len(sent) == len(set(sent)) <= len(replies)
    assert "Traceback" not in log.read_text()


# Files of members


def song_file(seconds: float, name: str = "my_song.mp3") -> Upload:
    return Upload(name, encode_mp3(render((Segment(5, 1, 0.0, seconds),))))


async def uploaded(harness: BotHarness, file: Upload, **options: object) -> Message:
    """Have a member use /extend with a file; return the answer, which only they see."""
    call = await harness.ada.slash("extend", file=file, **options)
    await harness.until(lambda: call.message is not None and call.message.embeds)
    return message_of(call)


async def test_file_of_a_member_goes_on_again_and_again(offline_harness: BotHarness) -> None:
    harness = offline_harness
    harness.has_acestep = True
    file = song_file(12)
    async with harness.bot():
        offer = await uploaded(harness, file, at="0:09", length="10", lyrics="[Verse]\nHome")
        assert "**my song** is 0:12 long" in text(offer)
        call = await pressed(harness, offer, "✍️ Write what comes next")
        reply = message_of(call)
        [audio, _] = await heard(harness, reply)
        assert abs(audio.shape[1] - 19 * SAMPLE_RATE) <= 1
        original = samples(file.content)
        assert likeness(between(original, 0.1, 8.9), between(audio, 0.1, 8.9)) > 0.98
        assert "my song" in text(reply)
        assert account(harness).submissions[0].request["lyrics"] == "[Verse]\nHome"
    harness.discord.state.attachments.clear()  # Discord's links expire after a day
    async with harness.bot():
        retake = message_of(await harness.ada.click(reply, "🔁 Another take"))
        await heard(harness, retake)
        song = message_of(await harness.ada.click(reply, "💿 Song A"))
        [whole] = await heard(harness, song)
        assert abs(whole.shape[1] - 19 * SAMPLE_RATE) <= 0.008 * SAMPLE_RATE
        assert "\n2. 0:09 " in text(song)
        for kept in harness.database.parent.glob("encore.db.audio/file-*"):
            kept.unlink()
        refused = message_of(await harness.ada.click(reply, "🔁 Another take"))
        assert "Encore doesn't have that file any more." in text(refused)
        assert "/extend file:" in text(refused)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (Upload("notes.mp3", b"no audio at all" * 100), "isn't audio that Encore can read"),
        (Upload("long.mp3", b""), "isn't audio that Encore can read"),
    ],
)
async def test_file_that_is_no_audio_is_refused(
    harness: BotHarness, file: Upload, said: str
) -> None:
    answer = await uploaded(harness, file, lyrics="[Verse]\nHome")
    assert said in text(answer)
    assert "[Verse]" in text(answer).replace("\\", "")  # what was typed is not lost
    assert account(harness).submissions == []


async def test_file_too_long_or_too_large_is_refused(harness: BotHarness) -> None:
    minute = song_file(20).content
    long = await uploaded(harness, Upload("long.mp3", minute * 31))
    assert "**“long.mp3” is too long.**" in text(long)
    assert "up to 10:00 can be continued here" in text(long)
    large = await uploaded(harness, Upload("large.wav", bytes((64 << 20) + 1)))
    assert "**“large.wav” is too large.**" in text(large)


async def test_file_and_clip_exclude_each_other(harness: BotHarness) -> None:
    both = await harness.ada.slash("extend", file=song_file(4), clip=harness.source(SUNO))
    assert "You named a clip and a file." in text(message_of(both))
    neither = await harness.ada.slash("extend", at="0:10")
    assert "You haven't picked a song yet." in text(message_of(neither))


async def test_file_is_refused_by_a_service_that_takes_none(harness: BotHarness) -> None:
    answer = await uploaded(harness, song_file(5), provider=SUNO)
    assert "**suno-api doesn't know this clip.**" in text(answer)
    assert labels(answer) == ["Try ACE-Step"]
    call = await pressed(harness, answer, "Try ACE-Step", length="10")
    [audio, _] = await heard(harness, message_of(call))
    assert abs(audio.shape[1] - 15 * SAMPLE_RATE) <= 0.02 * SAMPLE_RATE
