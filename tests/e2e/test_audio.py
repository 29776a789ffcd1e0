"""The finished reply is heard and seen: the audio itself, its tags, and a picture."""

import io
import logging
import random
from pathlib import Path
from typing import Any

import av
import pytest
from mutagen.id3 import ID3
from PIL import Image

from sandbox.discord.models import Attachment, Message
from sandbox.discord.permissions import Permission
from tests.support.bot_harness import GREEN, LYRICS, BotHarness, BotProcess, colour, labels, text
from tests.support.torture import KILLS_WHILE_ATTACHING

NAME = "suno_api"
CAN_TELL = ("aimlapi", "suno_api", "sunoapi_com")


def files(message: Message, suffix: str) -> list[Attachment]:
    """Return what is attached to a reply, by the end of its name."""
    return [each for each in message.attachments if each.filename.endswith(suffix)]


def seconds(mp3: bytes) -> float:
    """Return how long an MP3 is, by decoding it."""
    with av.open(io.BytesIO(mp3)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


async def test_a_finished_reply_carries_its_audio(harness: BotHarness, provider: str) -> None:
    reply = await harness.extend(provider, at="0:10", title="Night Bus")
    await harness.finished(reply)
    await harness.until(lambda: files(reply, ".mp3"))
    assert colour(reply) == GREEN
    songs = files(reply, ".mp3")
    assert [each.filename for each in songs] == ["Night_Bus_part_2_A.mp3", "Night_Bus_part_2_B.mp3"]
    assert [each.title for each in songs] == ["Night Bus · part 2 (A)", "Night Bus · part 2 (B)"]
    account = harness.account(provider)
    made = [account.clips[clip_id] for clip_id in account.submissions[0].clip_ids]
    for song, clip in zip(songs, made, strict=True):
        assert abs(seconds(song.content) - clip.duration) < 0.05
        tags: Any = ID3(fileobj=io.BytesIO(song.content))
        assert str(tags["TIT2"]) == "Night Bus"
        assert "at 0:10" in str(tags.getall("COMM")[0])
        assert tags.getall("USLT")[0].text == LYRICS
    [picture] = files(reply, "waveform.png")
    [embed] = reply.embeds
    assert embed["image"]["url"] == picture.url
    assert len(picture.content) < 60_000
    assert Image.open(io.BytesIO(picture.content)).format == "PNG"
    # where a provider can't tell of clips that it did not make here, only the new part is seen
    shows_the_join = "up to 0:10, then the new part" in (picture.description or "")
    assert shows_the_join == (provider in CAN_TELL)
    assert not [label for label in labels(reply) if "Listen" in label]


async def carries(harness: BotHarness, message: Message, *, songs: int = 2) -> None:
    """Wait until a reply carries its audio."""
    await harness.until(lambda: len(files(message, ".mp3")) == songs)


async def test_complete_reply_has_links_at_once_and_all_files_in_one_edit(
    harness: BotHarness,
) -> None:
    reply = await harness.extend(NAME, at="0:10")
    await carries(harness, reply)
    greens = [shown for _, shown in reply.history if shown["embeds"][0]["color"] == GREEN]
    assert len(greens) == 2
    assert greens[0]["attachments"] == []
    assert "\n-# attaching the audio …\n" in greens[0]["embeds"][0]["description"]
    assert [each["label"] for each in greens[0]["components"][0]["components"]] == [
        "▶ Listen A",
        "▶ Listen B",
    ]
    # Discord lists a picture that an embed shows with the embed alone
    assert len(greens[1]["attachments"]) == 2
    [embed] = greens[1]["embeds"]
    assert "waveform" in embed["image"]["url"]
    assert "attaching" not in embed["description"]


async def test_later_edits_keep_audio_and_picture(harness: BotHarness) -> None:
    reply = await harness.extend(NAME, at="0:10")
    await carries(harness, reply)
    before = [each.id for each in reply.attachments]
    await harness.ada.click(reply, "🔁 Another take")
    opened = await harness.ada.click(reply, "Extend A")
    assert opened.modal is not None
    await harness.ada.submit(opened.modal)
    await harness.until(lambda: "continued here" in text(reply))
    assert [each.id for each in reply.attachments] == before
    pictures = [embed["image"]["url"] for embed in reply.embeds]
    assert pictures == [each.url for each in files(reply, ".png")]


async def test_audio_over_the_attachment_limit_is_encoded_to_fit(harness: BotHarness) -> None:
    harness.discord.state.guild.attachment_limit = 85_000
    reply = await harness.extend(NAME, at="0:10")
    await carries(harness, reply)
    assert all(len(each.content) <= 85_000 for each in files(reply, ".mp3"))
    assert "kbit/s to fit" in text(reply)


async def test_audio_that_fits_at_no_bit_rate_is_linked(
    harness: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.interactions.publisher")
    harness.discord.state.guild.attachment_limit = 45_000
    reply = await harness.extend(NAME, at="0:10")
    await harness.until(lambda: files(reply, ".png"))
    assert files(reply, ".mp3") == []
    assert "too large to attach here" in text(reply)
    assert labels(reply)[:2] == ["▶ Listen A", "▶ Listen B"]
    await harness.until(lambda: "audio files: 2 too large" in caplog.text)


async def test_interaction_attaches_files_without_the_permission(harness: BotHarness) -> None:
    state = harness.discord.state
    state.set_overwrite(state.channel, state.bot, deny=Permission.ATTACH_FILES)
    await carries(harness, await harness.extend(NAME, at="0:10"))


async def test_without_the_permission_and_a_token_the_reply_names_it(harness: BotHarness) -> None:
    state = harness.discord.state
    state.set_overwrite(state.channel, state.bot, deny=Permission.ATTACH_FILES)
    sent = await harness.ask(NAME, at="0:10")
    assert sent.message is not None
    sent.invalidate_token()
    reply = sent.message
    await harness.until(lambda: "needs *Attach Files*" in text(reply))
    assert reply.attachments == []
    assert colour(reply) == GREEN


@pytest.mark.torture
async def test_reply_carries_each_clip_once_whenever_the_bot_is_killed(
    offline_harness: BotHarness, tmp_path: Path
) -> None:
    harness, log = offline_harness, tmp_path / "bot.log"
    bot = BotProcess(harness, log)
    await bot.start()
    replies = [await harness.extend(NAME, at=f"0:1{number}") for number in range(3)]
    for reply in replies:
        await harness.finished(reply)
    # from the first byte that is fetched to the edit, and a little beyond
    await bot.die_often(KILLS_WHILE_ATTACHING, within=2.0, chance=random.Random(11))
    async with bot.child:
        for reply in replies:
            await carries(harness, reply)
    for reply in replies:
        assert [each.filename[-6:] for each in files(reply, ".mp3")] == ["_A.mp3", "_B.mp3"]
        assert len(files(reply, ".png")) == 1
        assert colour(reply) == GREEN
    public = [each for each in harness.ada.read() if not each.is_ephemeral]
    assert len(public) == len(replies)
    assert "Traceback" not in log.read_text()
