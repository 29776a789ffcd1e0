"""The finished reply is heard and seen: the audio itself, its tags, and a picture."""

import io
from typing import Any

import av
from mutagen.id3 import ID3
from PIL import Image
from stage import GREEN, LYRICS, Stage, colour, text

from sandbox.discord.models import Attachment, Message

CAN_TELL = ("aimlapi", "suno_api", "sunoapi_com")


def files(message: Message, suffix: str) -> list[Attachment]:
    """Return what is attached to a reply, by the end of its name."""
    return [each for each in message.attachments if each.filename.endswith(suffix)]


def seconds(mp3: bytes) -> float:
    """Return how long an MP3 is, by decoding it."""
    with av.open(io.BytesIO(mp3)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


async def test_a_finished_reply_carries_its_audio(stage: Stage, provider: str) -> None:
    reply = await stage.extend(provider, at="0:10", title="Night Bus")
    await stage.finished(reply)
    await stage.until(lambda: files(reply, ".mp3"))
    assert colour(reply) == GREEN
    songs = files(reply, ".mp3")
    assert [each.filename for each in songs] == ["Night_Bus_A.mp3", "Night_Bus_B.mp3"]
    assert [each.title for each in songs] == ["Night Bus (A)", "Night Bus (B)"]
    studio = stage.studio(provider)
    made = [studio.clips[clip_id] for clip_id in studio.submissions[0].clip_ids]
    for song, clip in zip(songs, made, strict=True):
        assert abs(seconds(song.content) - clip.duration) < 0.05
        tags: Any = ID3(fileobj=io.BytesIO(song.content))
        assert str(tags["TIT2"]) == "Night Bus"
        assert "at 0:10" in str(tags.getall("COMM")[0])
        assert tags.getall("USLT")[0].text == LYRICS
    for name, embed in zip("ab", reply.embeds[1:], strict=True):
        [picture] = files(reply, f"waveform-{name}.png")
        assert embed["image"]["url"] == picture.url
        assert len(picture.content) < 60_000
        assert Image.open(io.BytesIO(picture.content)).format == "PNG"
        # where a provider can't tell of clips that it did not make here, only the new part is seen
        shows_the_join = "up to 0:10, then the new part" in (picture.description or "")
        assert shows_the_join == (provider in CAN_TELL)
    assert "Listen" in text(reply)
