"""Sessions: members write a song together, part by part, and vote on it."""

import io
from itertools import accumulate
from pathlib import Path
from typing import Any

import av
import pytest
from mutagen.id3 import ID3

from sandbox.discord.models import Attachment, Message
from sandbox.providers.clips import Clip
from sandbox.providers.faults import Fault
from sandbox.providers.music import render
from tests.support.audio_samples import between, likeness, read_samples
from tests.support.bot_harness import GREEN, PROVIDERS, BotHarness, colour, labels, text
from tests.support.session_evening import Evening

# providers that know nothing of a clip that was not made there by Encore
WITHOUT_LOOKUP = ("sunoapi_co", "sunosay", "sunoapi_org")
STYLE = "lo-fi, mellow, piano"
VERSE = "[Verse]\nNeon rain on the window\nRunning down in silver lines"
OTHER_VERSE = "[Verse]\nStreetlights count the empty corners"
CHORUS = "[Chorus]\nRun, run, the night is electric"
BRIDGE = "[Bridge]\nAnd if the power fails at midnight"
OUTRO = "[Outro]\nSlow now, slow, the dawn is breaking"


def files(message: Message, suffix: str) -> list[Attachment]:
    return [each for each in message.attachments if each.filename.endswith(suffix)]


def seconds_of(mp3: bytes) -> float:
    """Return the length of an MP3, by decoding it."""
    with av.open(io.BytesIO(mp3)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


def chapters_of(mp3: bytes) -> list[tuple[float, float, str]]:
    """Return the chapters of an MP3: start and end in seconds, and title."""
    tags: Any = ID3(fileobj=io.BytesIO(mp3))
    return [
        (each.start_time / 1000, each.end_time / 1000, str(each.sub_frames["TIT2"]))
        for each in sorted(tags.getall("CHAP"), key=lambda each: each.start_time)
    ]


def lineage_of(clip: Clip) -> list[Clip]:
    """Return the source and all that follows it up to ``clip``."""
    lineage = [clip]
    while lineage[0].source is not None:
        lineage.insert(0, lineage[0].source)
    return lineage


def seconds_in_song(lineage: list[Clip]) -> list[float]:
    """Return how many seconds of each clip are in the song."""
    cuts = [each.continue_at for each in lineage[1:]]
    return [
        each.duration if cut is None else cut
        for each, cut in zip(lineage, [*cuts, None], strict=True)
    ]


def song_reply(harness: BotHarness) -> Message | None:
    """Return the reply with the full song, once its audio is there."""
    replies = (each for each in harness.ada.read() if "full song" in text(each))
    return next((each for each in replies if files(each, ".mp3")), None)


async def write_a_song(evening: Evening) -> None:
    """Write two parts of a song in two rounds."""
    ada, bo, cy, dee, eli = evening.members
    # round 1: most votes win; the second clip goes on
    await evening.write(bo, VERSE, at="0:10", style=STYLE)
    await evening.write(cy, OTHER_VERSE, at="0:12", style=STYLE)
    await evening.vote_for(1, ada, dee)
    await evening.vote_for(2, eli)
    await evening.count_votes(5)
    over = await evening.until_shown("Round 1", "goes in", "Write the next part meanwhile")
    assert "3 votes · [Neon rain on the window](" in text(over)
    assert "-# 5 votes" in text(over)
    # round 2 is written while the part is made
    await evening.write(dee, CHORUS)
    await evening.until(lambda: evening.result)
    await evening.choose_all("B goes on", ada, bo, cy)
    await evening.choose_all("A goes on", dee)
    await evening.choose_all("🔁 Neither", eli)
    await evening.count_choices(5)
    await evening.until_shown("Round 1 · B goes on", "1 A · 3 B · 1 neither")
    await evening.until(lambda: evening.board)
    # round 2: everybody who took part has voted, so that it ends early; it begins at a second
    changed = await evening.write(dee, CHORUS, at="0:03", style="half-time, piano")
    assert changed.message is not None
    assert "Your proposal is now 1" in text(changed.message)
    for member in (ada, bo, cy, eli):
        voted = await member.click(evening.proposal(1), "🗳️ Vote for this")
        assert voted.message is not None
        assert "Your vote: 1" in text(voted.message)
    await evening.count_votes(5)
    await evening.until_shown("Round 2", "goes in")
    await evening.until(lambda: evening.result)
    # nobody chooses: the first clip goes on
    await evening.count_choices(0)
    await evening.until_shown("Round 2 · A goes on", "Nobody chose")


async def end_a_song(evening: Evening) -> None:
    """Vote for neither clip, take a part back, and end the song in the sixth round."""
    ada, bo, cy, dee, eli = evening.members
    # round 3: neither; it is listed anew in round 4, with no vote
    await evening.until(lambda: evening.board)
    await evening.write(cy, BRIDGE)
    await evening.count_votes(1)
    await evening.until(lambda: evening.result)
    await evening.choose_all("🔁 Neither", ada, bo)
    await evening.count_choices(2)
    await evening.until_shown("Round 3 · neither goes on", "is back on the board")
    await evening.until_shown("Round 4", "Nobody has voted yet")
    await evening.vote_for(1, cy, eli)
    await evening.count_votes(2)
    await evening.until(lambda: evening.result)
    await evening.choose_all("A goes on", ada)
    await evening.count_choices(1)
    # round 5: what was written last is taken back by more than half
    await evening.until_shown("Round 5", "what comes next?")
    await evening.write(bo, OUTRO)
    await evening.more(ada, "↩ Take “And if the power fails at midnight” back")
    await evening.until_shown("Proposals", "take “And if the power fails at midnight” back")
    await evening.vote_for(2, cy, dee)
    await evening.count_votes(4)
    await evening.until_shown("Round 5", "is taken back")
    # round 6: the end
    await evening.until_shown("Round 6", "what comes next?")
    await evening.write(bo, OUTRO)
    await evening.more(dee, "🏁 End the song")
    await evening.until_shown("Proposals", "the song ends here")
    await evening.vote_for(2, ada, cy, eli)
    await evening.count_votes(5)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_five_members_write_a_song_in_six_rounds(
    offline_harness: BotHarness, provider: str
) -> None:
    harness = offline_harness
    async with harness.bot() as bot:
        evening = await Evening(harness, bot).start(provider, title="Night Bus", vote=60)
        await write_a_song(evening)
        await end_a_song(evening)
        recap = await evening.until_shown("Night Bus is finished")
        await evening.until(lambda: labels(evening.card) == ["The thread", "💿 The full song"])
        await evening.until(lambda: song_reply(harness), within=30)
        song = song_reply(harness)
        assert song is not None
        # all parts are heard, from where each begins
        account = harness.account(provider)
        made = [each for each in account.submissions if each.work == "extend"]
        assert len(made) == 4
        lineage = lineage_of(account.clips[made[1].clip_ids[0]])
        assert [each.id for each in lineage[1:]] == [made[0].clip_ids[1], made[1].clip_ids[0]]
        parts = seconds_in_song(lineage)
        if provider in WITHOUT_LOOKUP:
            del parts[0]  # the audio of the source can't be had
        [audio] = files(song, ".mp3")
        assert seconds_of(audio.content) == pytest.approx(sum(parts), abs=0.05)
        chapters = chapters_of(audio.content)
        starts = [0.0, *accumulate(parts)]
        assert [start for start, _, _ in chapters] == pytest.approx(starts[:-1], abs=0.05)
        assert [end for _, end, _ in chapters] == pytest.approx(starts[1:], abs=0.05)
        titles = [title for _, _, title in chapters][-2:]
        assert [title.split(": ")[1] for title in titles] == ["Verse", "Chorus"]
        # it is told where it was started, and in the thread
        assert song.reply_to is evening.card
        assert colour(song) == GREEN
        assert evening.dee.mention in text(song)
        assert "2 parts" in text(evening.card)
        assert song.url in text(recap)
        assert "**Verse**" in text(recap)
        assert f"{evening.bo.mention} · 3 of 5 votes" in text(recap)
        assert f"{evening.dee.mention} · 5 of 5 votes" in text(recap)
        assert "5 members wrote 6 proposals" in text(recap)
        [lyrics] = files(recap, ".txt")
        for words in ("Neon rain on the window", "Run, run", "Bo", "Dee"):
            assert words in lyrics.content.decode()
        assert "power fails" not in lyrics.content.decode()
        for post in evening.posts():
            assert post.pinged == frozenset()
        assert evening.edits_without_news() == []
        assert evening.hasty_edits() == []


@pytest.mark.parametrize("provider", WITHOUT_LOOKUP)
async def test_a_second_is_asked_for_where_nobody_can_tell_the_end(
    evening: Evening, provider: str
) -> None:
    await evening.start(provider)
    refused = await evening.write(evening.bo, VERSE, style=STYLE)
    assert refused.is_ephemeral
    assert refused.message is not None
    assert "can't tell how long that clip is." in text(refused.message)
    assert "Enter the time yourself under *Continue at*, such as `1:30`." in text(refused.message)
    again = await evening.bo.click(refused.message, "✏️ Edit & send")
    proposed = await evening.bo.submit(again.modal, {"at": "0:10"})
    assert proposed.message is not None
    assert "Neon rain on the window" in text(proposed.message)
    assert "goes on at 0:10 of the last part" in text(proposed.message)
    await evening.count_votes(1)
    await evening.until(lambda: evening.result)
    [submission] = evening.harness.account(provider).submissions
    assert "10" in {str(value) for value in submission.request.values()}


async def test_song_written_with_acestep_is_heard_from_its_first_source_on(
    offline_harness: BotHarness, tmp_path: Path
) -> None:
    harness = offline_harness
    harness.has_acestep = True
    harness.overrides["ACESTEP_LENGTH"] = "10"
    account = harness.account("acestep")
    async with harness.bot() as bot:
        # the source is a clip of suno-api; every file holds all that came before
        evening = await Evening(harness, bot).start("acestep", title="Night Bus", vote=60)
        _, bo, cy, dee, _ = evening.members
        await evening.write_and_send(bo, VERSE, at="0:08", style=STYLE)
        await evening.until(lambda: evening.result)
        await evening.choose_all("B goes on", cy)
        await evening.count_choices(1)
        await evening.until_shown("Round 2", "what comes next?")
        # a part that fails costs nothing, and is listed anew
        account.fail_next(Fault.ERROR_CLIPS)
        await evening.write_and_send(cy, CHORUS)
        await evening.until_shown("ACE-Step couldn't finish it", "CUDA out of memory")
        failed = await evening.until_shown("what comes next?", "Nothing was charged.")
        assert "may have been charged" not in text(failed)
        await evening.vote_for(1, cy)
        await evening.count_votes(1)
        await evening.until(lambda: evening.result)
        await evening.count_choices(0)
        # the third goes on within the second
        await evening.until_shown("what comes next?")
        await evening.add_part(dee, OUTRO, at="0:25")
        await evening.more(dee, "🏁 End the song")
        await evening.until_shown("Proposals", "the song ends here")
        await evening.vote_for(1, bo, cy, dee)
        await evening.count_votes(3)
        await evening.until_shown("Night Bus is finished")
        await evening.until(lambda: song_reply(harness), within=30)
    song = song_reply(harness)
    assert song is not None
    ends = [float(each.request["repainting_end"]) for each in account.submissions]
    assert ends == pytest.approx([18, 28, 28, 35], abs=0.05)
    [audio] = files(song, ".mp3")
    assert seconds_of(audio.content) == pytest.approx(35, abs=0.05)
    starts = [start for start, _, _ in chapters_of(audio.content)]
    assert starts == pytest.approx([0, 8, 18, 25], abs=0.05)
    first, _, second, third = account.submissions
    chosen = (first.clip_ids[1], second.clip_ids[0], third.clip_ids[0])
    source = harness.account("suno_api").clips[harness.source("acestep")]
    (tmp_path / "song.mp3").write_bytes(audio.content)
    heard = read_samples(tmp_path / "song.mp3")
    made = (source, *(account.clips[clip_id] for clip_id in chosen))
    for clip, start, end in zip(made, starts, [*starts[1:], 35], strict=True):
        part = between(heard, start + 0.1, end - 0.1)
        assert likeness(between(render(clip.segments), 0.1, end - start - 0.1), part) > 0.95
