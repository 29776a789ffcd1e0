"""Full songs, joined by their provider, or else by Encore."""

import asyncio
import io
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from mutagen.id3 import ID3
from PIL import Image, ImageColor

from bot.audio.waveform import COLOURS
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.member import Member
from sandbox.discord.models import Attachment, Message
from sandbox.discord.permissions import Permission
from sandbox.providers.clips import Clip
from sandbox.providers.faults import Fault
from tests.support.bot_harness import (
    BLURPLE,
    GREEN,
    RED,
    STYLE,
    BotHarness,
    BotProcess,
    colour,
    colours,
    labels,
    text,
)
from tests.support.torture import KILLS_WHILE_JOINING

JOINS, OTHER = "suno_api", "aimlapi"
WORDS = "“Silver cities shine brightly”"  # the first that are sung in each part
CONTINUE_AT = ("0:10", "0:03", "0:02")  # where each part goes on


def files(message: Message, suffix: str) -> list[Attachment]:
    """Return the attachments of a reply whose names end with ``suffix``."""
    return [each for each in message.attachments if each.filename.endswith(suffix)]


def decoded_mp3(mp3: bytes) -> tuple[float, int]:
    """Return the seconds of an MP3 and its bit rate, by decoding it."""
    with av.open(io.BytesIO(mp3)) as container:
        seconds = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
        return seconds, container.bit_rate


def has_colour(wanted: str, png: bytes) -> bool:
    """Return whether a picture has more than a few points of a colour, such as ``#8094d6``."""
    image = Image.open(io.BytesIO(png)).convert("RGBA").convert("RGB")
    apart = np.abs(np.asarray(image).astype(int) - ImageColor.getrgb(wanted)).max(axis=2)
    return int((apart < 24).sum()) > 200


async def extend_in_turns(
    harness: BotHarness, provider: str, *, members: Sequence[Member] = (), parts: int = 3
) -> list[Message]:
    """Extend ``parts`` times, each time the first clip of the part before; members take turns."""
    replies: list[Message] = []
    for number in range(parts):
        member = members[number % len(members)] if members else harness.ada
        clip = {"clip": replies[-1].url} if replies else {}
        reply = await harness.extend(
            provider, at=CONTINUE_AT[number], title="Night Bus", member=member, **clip
        )
        await harness.finished(reply)
        replies.append(reply)
    return replies


def clips(harness: BotHarness, provider: str) -> list[Clip]:
    """Return the source, and the first clip of each part."""
    account = harness.account(provider)
    made = [
        account.clips[each.clip_ids[0]] for each in account.submissions if each.work == "extend"
    ]
    source = made[0].source
    assert source is not None
    return [source, *made]


def seconds_in_song(lineage: Sequence[Clip]) -> list[float]:
    """Return how many seconds of each clip are in the song."""
    following = [clip.continue_at for clip in lineage[1:]]
    return [
        clip.duration if cut is None else cut
        for clip, cut in zip(lineage, [*following, None], strict=True)
    ]


async def song_of(
    harness: BotHarness, reply: Message, *, letter: str = "A", member: Member | None = None
) -> Interaction:
    """Press *Song A* or *Song B* under a reply."""
    call = await (member or harness.ada).click(reply, f"💿 Song {letter}")
    assert message_of(call).reply_to is reply
    return call


def message_of(call: Interaction) -> Message:
    assert call.message is not None, call.error
    assert not call.is_ephemeral, text(call.message)
    return call.message


async def wait_until_final(harness: BotHarness, song: Message) -> None:
    """Wait until the reply of the song is final."""
    await harness.finished(song, within=30)


async def try_again(harness: BotHarness, song: Message) -> Message:
    """Press *Full song* until Encore has stored that the song, as it shows, has failed."""
    while True:
        call = await harness.ada.click(song, "💿 Full song")
        assert call.message is not None, call.error
        if not call.is_ephemeral:
            return call.message
        assert "is being made already" in text(call.message)


async def wait_until_song_is_stored(harness: BotHarness, reply: Message) -> None:
    """Wait until Encore has stored what it shows already: that the song of a reply is complete."""
    said = ""
    while "has that full song already" not in said:
        call = await harness.ada.slash("song", clip=reply.url)
        assert call.message is not None
        assert call.is_ephemeral
        said = text(call.message)


# Joined by the provider


async def test_song_is_joined_by_a_provider_that_can(harness: BotHarness) -> None:
    ben = harness.discord.member("Ben")
    replies = await extend_in_turns(harness, JOINS, members=(harness.ada, ben), parts=2)
    song = message_of(await song_of(harness, replies[1], letter="B", member=ben))
    await wait_until_final(harness, song)
    *_, last, joined = harness.account(JOINS).submissions
    assert (joined.work, joined.request) == ("concat", {"clip_id": last.clip_ids[1]})
    assert colours(song)[-2:] == [BLURPLE, GREEN]
    said = text(song)
    assert "💿 Night Bus — full song" in said
    assert f"\n2. 0:10 [{WORDS}]({replies[0].url}) · {harness.ada.mention}" in said
    assert f"\n3. 0:13 [{WORDS}]({replies[1].url}) · {ben.mention}" in said
    assert f"\n-# Asked by {ben.mention}" in said
    assert song.pinged == frozenset()
    greens = [shown for _, shown in song.history if shown["embeds"][0]["color"] == GREEN]
    assert greens[0]["components"][0]["components"][0]["label"] == "▶ Listen"
    await harness.until(lambda: files(song, ".mp3"))
    assert labels(song) == ["Extend"]
    [audio] = files(song, ".mp3")
    assert audio.title == "Night Bus (full song)"
    whole = harness.account(JOINS).clips[joined.clip_ids[0]]
    assert decoded_mp3(audio.content)[0] == pytest.approx(whole.duration, abs=0.05)
    [picture] = files(song, ".png")
    assert "in 3 parts that join at 0:10, 0:13" in (picture.description or "")
    assert "continued here" not in text(replies[1])


async def test_button_of_an_old_reply_asks_with_which_clip_the_song_ends(
    harness: BotHarness,
) -> None:
    [reply] = await extend_in_turns(harness, JOINS, parts=1)
    buttons = [button for row in reply.components for button in row["components"]]
    next(each for each in buttons if each["label"] == "💿 Song A")["custom_id"] = "ext:song:1"
    question = await harness.ada.click(reply, "ext:song:1")
    assert question.is_ephemeral
    assert question.message is not None, question.error
    assert labels(question.message) == ["💿 Song A", "💿 Song B"]
    song = message_of(await harness.ada.click(question.message, "💿 Song B"))
    await wait_until_final(harness, song)
    assert colour(song) == GREEN


async def test_joined_song_is_extended_and_joined_again(harness: BotHarness) -> None:
    [reply] = await extend_in_turns(harness, JOINS, parts=1)
    song = message_of(await song_of(harness, reply))
    await wait_until_final(harness, song)
    opened = await harness.ada.click(song, "Extend")
    going_on = message_of(await harness.ada.submit(opened.modal, {"at": "0:12"}))
    await wait_until_final(harness, going_on)
    again = message_of(await song_of(harness, going_on))
    await wait_until_final(harness, again)
    assert colour(again) == GREEN, text(again)
    assert f"1. 0:00 [full song]({song.url}) · {harness.ada.mention}" in text(again)


async def test_song_is_requested_once_per_channel(harness: BotHarness) -> None:
    [reply] = await extend_in_turns(harness, JOINS, parts=1)
    clip = harness.account(JOINS).submissions[0].clip_ids[0]
    calls = await asyncio.gather(*(harness.ada.slash("song", clip=clip) for _ in range(3)))
    [song] = [call.message for call in calls if call.message and not call.is_ephemeral]
    await wait_until_final(harness, song)
    by_reply = await harness.ada.slash("song", clip=reply.url)
    assert by_reply.is_ephemeral
    assert by_reply.message is not None
    assert "has that full song already" in text(by_reply.message)
    assert song.url in text(by_reply.message)
    assert [each.work for each in harness.account(JOINS).submissions] == ["extend", "concat"]


async def test_song_whose_reply_was_deleted_is_made_again(harness: BotHarness) -> None:
    [reply] = await extend_in_turns(harness, JOINS, parts=1)
    song = message_of(await harness.ada.slash("song", clip=reply.url))
    await harness.until(lambda: files(song, ".mp3"), within=30)
    harness.discord.delete(song)
    again = message_of(await harness.ada.slash("song", clip=reply.url))
    await wait_until_final(harness, again)
    assert colour(again) == GREEN


async def test_song_request_without_an_answer_is_sent_again_as_joining_is_free(
    harness: BotHarness,
) -> None:
    [reply] = await extend_in_turns(harness, JOINS, parts=1)
    harness.account(JOINS).fail_next(Fault.UNAVAILABLE, on="submit")
    song = message_of(await harness.ada.slash("song", clip=reply.url))
    await wait_until_final(harness, song)
    assert colour(song) == GREEN, text(song)
    assert [each.work for each in harness.account(JOINS).submissions] == ["extend", "concat"]


async def test_song_killed_while_it_is_submitted_is_told_and_never_sent_twice(
    offline_harness: BotHarness, tmp_path: Path
) -> None:
    harness, log = offline_harness, tmp_path / "bot.log"
    bot = BotProcess(harness, log)
    await bot.start()
    async with bot.child:
        [reply] = await extend_in_turns(harness, JOINS, parts=1)
        account = harness.account(JOINS)
        account.fail_next(Fault.HANG_AFTER, on="submit")
        song = message_of(await song_of(harness, reply))
        await harness.until(lambda: len(account.submissions) == 2)
        await bot.kill()
        await bot.start()
        await wait_until_final(harness, song)
    assert "No clear answer from suno-api" in text(song)
    assert "It may have been charged. Encore didn't send it again;" in text(song)
    assert "Nothing has been charged yet" not in text(song)
    assert "💿 Full song" in labels(song)
    assert [each.work for each in account.submissions] == ["extend", "concat"]


async def test_song_that_its_provider_fails_to_join_is_joined_by_encore(
    harness: BotHarness,
) -> None:
    [reply] = await extend_in_turns(harness, JOINS, parts=1)
    harness.account(JOINS).fail_next(Fault.ERROR_CLIPS, on="submit")
    song = message_of(await harness.ada.slash("song", clip=reply.url))
    await wait_until_final(harness, song)
    assert "suno-api couldn't join the parts" in text(song)
    again = await try_again(harness, song)
    await wait_until_final(harness, again)
    assert again.embeds[0]["footer"]["text"] == "Encore"
    [audio] = files(again, ".mp3")
    assert decoded_mp3(audio.content)[0] == pytest.approx(
        sum(seconds_in_song(clips(harness, JOINS))), abs=0.01
    )


# Joined by Encore


async def test_song_without_joining_provider_is_joined_by_encore(harness: BotHarness) -> None:
    ben = harness.discord.member("Ben")
    replies = await extend_in_turns(harness, OTHER, members=(harness.ada, ben))
    song = message_of(await song_of(harness, replies[2], member=ben))
    await wait_until_final(harness, song)
    assert colours(song) == [BLURPLE, GREEN]
    parts = seconds_in_song(clips(harness, OTHER))
    [audio] = files(song, ".mp3")
    assert audio.title == "Night Bus (full song)"
    seconds, _ = decoded_mp3(audio.content)
    assert seconds == pytest.approx(sum(parts), abs=0.01)
    tags: Any = ID3(fileobj=io.BytesIO(audio.content))
    assert str(tags["TIT2"]) == "Night Bus (full song)"
    said = text(song)
    assert f"0:{int(sum(parts)):02} · 4 parts" in said
    assert "\n1. 0:00 " in said
    for number, (reply, who) in enumerate(
        zip(replies, (harness.ada, ben, harness.ada), strict=True), start=2
    ):
        assert re.search(rf"\n{number}\. 0:1\d \[{WORDS}\]\({reply.url}\)", said)
        [line] = [line for line in said.splitlines() if reply.url in line]
        assert line.endswith(f"· {who.mention}")
    assert song.pinged == frozenset()
    [picture] = files(song, ".png")
    assert song.embeds[0]["image"]["url"] == picture.url
    assert "in 4 parts that join at 0:10, 0:13, 0:15" in (picture.description or "")
    for wanted in COLOURS[:4]:
        assert has_colour(wanted, picture.content)
    assert labels(song) == ["Extend"]
    assert [each.work for each in harness.account(OTHER).submissions] == ["extend"] * 3


async def test_song_joined_by_encore_is_extended_on_its_own_clock(harness: BotHarness) -> None:
    replies = await extend_in_turns(harness, OTHER, parts=2)
    song = message_of(await song_of(harness, replies[1]))
    await wait_until_final(harness, song)
    opened = await harness.ada.click(song, "Extend")
    assert opened.modal is not None, opened.message and text(opened.message)
    assert opened.modal.title == "Extend “Night Bus” · full song"
    sent = await harness.ada.submit(opened.modal, {"at": "0:11", "style": STYLE})
    reply = message_of(sent)
    await harness.finished(reply)
    assert f"From [Night Bus · part 2 · A]({replies[0].url}) at 0:11 of the full song" in text(
        reply
    )
    first, *_, last = harness.account(OTHER).submissions
    assert last.request["continue_clip_id"] == first.clip_ids[0]
    assert float(last.request["continue_at"]) == pytest.approx(1, abs=0.2)


async def test_reactions_on_a_song_extend_its_last_clip(harness: BotHarness) -> None:
    [reply] = await extend_in_turns(harness, OTHER, parts=1)
    song = message_of(await harness.ada.slash("song", clip=reply.url))
    await wait_until_final(harness, song)
    await wait_until_song_is_stored(harness, reply)
    await harness.ada.react(song, "⏩")
    await harness.until(lambda: len(harness.account(OTHER).submissions) == 2)
    one, two = harness.account(OTHER).submissions
    assert two.request["continue_clip_id"] == one.clip_ids[0]
    await harness.ada.react(song, "🔁")
    await harness.until(lambda: harness.ada.read(harness.ada.dm))
    [refusal] = harness.ada.read(harness.ada.dm)
    assert "has no other take" in text(refusal)


async def test_song_needs_the_permission_to_attach_files(
    harness: BotHarness,
) -> None:
    state = harness.discord.state
    [reply] = await extend_in_turns(harness, OTHER, parts=1)
    state.set_overwrite(state.channel, state.bot, deny=Permission.ATTACH_FILES)
    call = await harness.ada.slash("song", clip=reply.url)
    call.invalidate_token()
    song = message_of(call)
    await wait_until_final(harness, song)
    assert colour(song) == RED
    assert "*Attach Files*" in text(song)
    state.set_overwrite(state.channel, state.bot)
    again = await try_again(harness, song)
    await wait_until_final(harness, again)
    assert len(files(again, ".mp3")) == 1


async def test_song_too_large_for_the_server_says_so(harness: BotHarness) -> None:
    harness.discord.state.guild.attachment_limit = 60_000
    [reply] = await extend_in_turns(harness, OTHER, parts=1)
    song = message_of(await harness.ada.slash("song", clip=reply.url))
    await wait_until_final(harness, song)
    assert colour(song) == RED
    assert "too large to attach" in text(song)


async def test_song_of_an_unknown_clip_is_refused(harness: BotHarness) -> None:
    call = await harness.ada.slash("song", clip=harness.source(OTHER))
    assert call.is_ephemeral
    assert call.message is not None
    assert "don't know that clip" in text(call.message)


async def test_song_is_reached_by_reply_command_and_autocomplete(harness: BotHarness) -> None:
    [reply] = await extend_in_turns(harness, OTHER, parts=1)
    song = message_of(await harness.ada.slash("reply", link=reply.url, do="song B"))
    await wait_until_final(harness, song)
    assert colour(song) == GREEN
    refused = await harness.ada.slash("reply", link=song.url, do="song B")
    assert refused.message is not None
    assert "That reply has no clip B" in text(refused.message)
    offered = await harness.ada.autocomplete("song", focused="clip", value="night")
    made = [*harness.account(OTHER).submissions[0].clip_ids]
    assert {choice["value"] for choice in offered[:2]} == {*made}


@pytest.mark.torture
async def test_song_is_made_once_whenever_the_bot_is_killed(
    offline_harness: BotHarness, tmp_path: Path
) -> None:
    harness, log = offline_harness, tmp_path / "bot.log"
    bot = BotProcess(harness, log)
    await bot.start()
    replies = await extend_in_turns(harness, OTHER)
    songs = [message_of(await harness.ada.slash("song", clip=reply.url)) for reply in replies]
    # from the first byte that is fetched to the edit, and a little beyond
    await bot.die_often(KILLS_WHILE_JOINING, within=2.5, chance=random.Random(5))
    async with bot.child:
        for song in songs:
            await wait_until_final(harness, song)
            await harness.until(lambda shown=song: len(files(shown, ".mp3")) == 1)
    lineage = clips(harness, OTHER)
    for number, song in enumerate(songs, start=2):
        [audio] = files(song, ".mp3")
        length, _ = decoded_mp3(audio.content)
        assert length == pytest.approx(sum(seconds_in_song(lineage[:number])), abs=0.01)
        assert len(files(song, ".png")) == 1
        assert colour(song) == GREEN
    public = [each for each in harness.ada.read() if not each.is_ephemeral]
    assert len(public) == len(replies) + len(songs)
    assert "Traceback" not in log.read_text()
