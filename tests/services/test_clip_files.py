"""What a finished reply is to carry: the audio that fits, its tags, and a picture."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mutagen.id3 import ID3

from bot.audio.analysis import analyze
from bot.audio.download import SafeDownloader
from bot.audio.errors import TransientMediaError
from bot.audio.process_pool import ProcessPool
from bot.audio.worker_functions import encode_to_limit
from bot.domain.attachments import AttachmentStatus
from bot.domain.models import Clip, ClipStatus, Extension, Handle, Kind, Progress, Status
from bot.services.clip_files import ClipFiles
from bot.services.media import MediaFetcher
from bot.services.uploads import Uploads
from tests.support.file_server import FileServer, cover, hosting, song
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import SOURCE, ServiceHarness
from tests.support.worker_calls import ThreadPool

MEGABYTE = 1_000_000
LENGTH = 2.0


@pytest.fixture
async def host() -> AsyncGenerator[FileServer]:
    async with hosting() as host:
        yield host


@pytest.fixture
def pool(tmp_path: Path) -> ThreadPool:
    return ThreadPool(tmp_path)


class ClipFilesHarness:
    """The preparation of clips, on files that a server has."""

    def __init__(
        self, services: ServiceHarness, host: FileServer, pool: ProcessPool, folder: Path
    ) -> None:
        self.services, self.host, self.folder = services, host, folder
        self.mp3 = song(folder, LENGTH)
        downloader = SafeDownloader(trusted_hosts={host.name})
        media = MediaFetcher(downloader, pool, services.links, services.runtime.kept_audio)
        self.files = ClipFiles(services.store, media, pool)

    async def extension(self, *clips: Clip, **request: object) -> Extension:
        """Return a complete extension of a known source, as the store has it."""
        source = self.host.put("source.mp3", self.mp3)
        await self.services.known(audio_url=source, duration=LENGTH)
        provider: Any = self.services.providers["suno"]
        handle = Handle(clip_ids=tuple(clip.id for clip in clips))
        provider.on_extend.then(handle)
        provider.progress[handle] = Progress(clips=clips)
        ext = await self.services.submitted("one", **{"at": "1.5", "title": "Night Bus", **request})
        await self.services.overdue(ext)
        await self.services.track()
        assert await self.services.is_at(ext, Status.COMPLETE)
        return await self.services.now(ext)

    def clip(self, name: str, file: bytes | int | None = None, **parts: object) -> Clip:
        """Return a finished clip of the extension, served as ``file``."""
        link = self.host.put(f"{name}.mp3", self.mp3 if file is None else file)
        fields = {"audio_url": link, "title": "Night Bus", **parts}
        return Clip(id=f"suno-1-{name}", status=ClipStatus.COMPLETE, **fields)

    async def prepared(
        self, ext: Extension, *, limit: int | None = 8 * MEGABYTE, is_last: bool = False
    ) -> Uploads:
        return await self.files.prepare(ext, self.folder, limit=limit, is_last=is_last)


@pytest.fixture
def harness(
    services: ServiceHarness, host: FileServer, pool: ProcessPool, tmp_path: Path
) -> ClipFilesHarness:
    folder = tmp_path / "files"
    folder.mkdir()
    return ClipFilesHarness(services, host, pool, folder)


def names(prepared: Uploads) -> list[str]:
    return [file.name for file in prepared.files]


def outcomes(prepared: Uploads) -> list[AttachmentStatus]:
    return [each.outcome for each in prepared.attachments]


async def test_each_clip_brings_its_audio_and_all_one_picture_with_the_join(
    harness: ClipFilesHarness,
) -> None:
    picture = harness.host.put("cover.png", cover())
    ext = await harness.extension(
        harness.clip("a", image_url=picture), harness.clip("b"), lyrics="La la"
    )
    prepared = await harness.prepared(ext)
    assert names(prepared) == [
        "Night Bus · part 2 (A).mp3",
        "Night Bus · part 2 (B).mp3",
        "waveform.png",
    ]
    audio, second, waveform = prepared.files
    assert waveform.description == (
        "Waveforms of “Night Bus”: A 0:03 long, B 0:03 long; "
        "the source up to 0:01, then the new part."
    )
    assert abs(analyze(audio.path).duration - LENGTH) < 0.01
    tags: Any = ID3(audio.path)
    assert str(tags["TIT2"]) == "Night Bus"
    assert str(tags.getall("COMM")[0]) == "continued from Dreams at 0:01.5"
    assert tags.getall("USLT")[0].text == "La la"
    assert tags.getall("APIC")[0].mime == "image/jpeg"
    assert ID3(second.path).getall("APIC") == []
    [first, other] = prepared.attachments
    assert first.clip_id == "suno-1-a"
    assert first.outcome is AttachmentStatus.ATTACHED
    assert first.bit_rate is None
    assert (first.picture, other.picture) == ("waveform.png", "waveform.png")
    assert first.duration == pytest.approx(LENGTH, abs=0.01)


async def test_where_files_are_not_allowed_nothing_is_fetched(harness: ClipFilesHarness) -> None:
    ext = await harness.extension(harness.clip("a"))
    prepared = await harness.prepared(ext, limit=None)
    assert prepared.files == ()
    assert outcomes(prepared) == [AttachmentStatus.NOT_ALLOWED]
    assert harness.host.asked == []


async def test_audio_over_the_limit_is_encoded_anew(harness: ClipFilesHarness) -> None:
    long = song(harness.folder, 8, bit_rate=320_000)
    ext = await harness.extension(harness.clip("a", long))
    prepared = await harness.prepared(ext, limit=200_000)
    [attachment] = prepared.attachments
    assert attachment.outcome is AttachmentStatus.ATTACHED
    assert attachment.bit_rate == 160_000
    assert prepared.files[0].path.stat().st_size <= 200_000


async def test_audio_that_fits_at_no_bit_rate_leaves_the_picture_alone(
    harness: ClipFilesHarness,
) -> None:
    ext = await harness.extension(harness.clip("a"))
    prepared = await harness.prepared(ext, limit=10_000)
    assert outcomes(prepared) == [AttachmentStatus.TOO_LARGE]
    assert names(prepared) == ["waveform.png"]


async def test_a_clip_that_may_come_later_is_waited_for(harness: ClipFilesHarness) -> None:
    ext = await harness.extension(harness.clip("a"), harness.clip("b", 404))
    with pytest.raises(TransientMediaError):
        await harness.prepared(ext)


async def test_in_the_end_a_clip_that_never_came_is_left_out(harness: ClipFilesHarness) -> None:
    ext = await harness.extension(harness.clip("a", 404), harness.clip("b"))
    prepared = await harness.prepared(ext, is_last=True)
    assert outcomes(prepared) == [AttachmentStatus.UNAVAILABLE, AttachmentStatus.ATTACHED]
    assert names(prepared) == ["Night Bus · part 2 (B).mp3", "waveform.png"]
    assert [each.picture for each in prepared.attachments] == ["", "waveform.png"]
    assert prepared.files[1].description.startswith("Waveform of “Night Bus”: B 0:03 long;")


async def test_file_that_is_no_audio_is_not_tried_again(harness: ClipFilesHarness) -> None:
    ext = await harness.extension(harness.clip("a", b"<html>Not found</html>"))
    assert outcomes(await harness.prepared(ext)) == [AttachmentStatus.UNAVAILABLE]


async def test_a_dead_link_is_replaced_by_the_current_one(
    harness: ClipFilesHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.extension(harness.clip("a", 403))
    fresh = replace(ext.clips[0], audio_url=harness.host.put("fresh.mp3", harness.mp3))
    assert ext.handle is not None
    suno.progress[ext.handle] = Progress(clips=(fresh,))
    assert outcomes(await harness.prepared(ext)) == [AttachmentStatus.ATTACHED]
    assert (await harness.services.now(ext)).clips[0].audio_url == fresh.audio_url


async def test_a_source_that_can_not_be_had_is_not_in_the_picture(
    harness: ClipFilesHarness,
) -> None:
    ext = await harness.extension(harness.clip("a"))
    harness.host.files["source.mp3"] = 404
    prepared = await harness.prepared(ext)
    assert outcomes(prepared) == [AttachmentStatus.ATTACHED]
    assert prepared.files[1].description == "Waveform of “Night Bus”: A 0:02 long."


async def test_of_a_whole_song_the_source_is_no_part_of_its_own(harness: ClipFilesHarness) -> None:
    ext = replace(await harness.extension(harness.clip("a")), kind=Kind.CONCAT)
    prepared = await harness.prepared(ext)
    assert names(prepared)[0] == "Night Bus (full song).mp3"
    assert "source.mp3" not in harness.host.asked


async def test_a_clip_without_cover_link_or_with_a_broken_one_has_none(
    harness: ClipFilesHarness,
) -> None:
    ext = await harness.extension(harness.clip("a", image_url=harness.host.put("cover.png", b"no")))
    prepared = await harness.prepared(ext)
    assert ID3(prepared.files[0].path).getall("APIC") == []


async def test_without_a_second_the_new_part_joins_at_the_end(
    harness: ClipFilesHarness, suno: ScriptedProvider
) -> None:
    suno.capabilities = replace(suno.capabilities, needs_continue_at=False)
    ext = await harness.extension(harness.clip("a"))
    at_the_end = replace(ext.request, continue_at=None)
    prepared = await harness.prepared(replace(ext, request=at_the_end, source_title=""))
    assert "up to 0:02, then the new part" in prepared.files[1].description
    tags: Any = ID3(prepared.files[0].path)
    assert str(tags.getall("COMM")[0]) == f"continued from clip {SOURCE} at the end"


async def test_a_clip_without_a_link_is_asked_for_once_more(
    harness: ClipFilesHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.extension(harness.clip("a"))
    unlinked = replace(ext, clips=(replace(ext.clips[0], audio_url=None),))
    assert (await harness.prepared(unlinked)).attachments == ()
    await harness.services.store.remember_clip(
        "suno", Clip(id="other", status=ClipStatus.COMPLETE), now=harness.services.clock()
    )
    suno.capabilities = replace(suno.capabilities, lookup=True)
    link = harness.host.put("other.mp3", harness.mp3)
    suno.on_clip.then(Clip(id="other", status=ClipStatus.COMPLETE, audio_url=link))
    from_other = replace(ext, request=replace(ext.request, clip_id="other", continue_at=1.0))
    prepared = await harness.prepared(from_other)
    assert "the source up to 0:01" in prepared.files[1].description


async def test_clip_that_takes_too_long_to_encode_has_no_audio(harness: ClipFilesHarness) -> None:
    pool = ThreadPool(harness.folder)
    pool.too_slow.add(encode_to_limit)
    harness = ClipFilesHarness(harness.services, harness.host, pool, harness.folder)
    prepared = await harness.prepared(await harness.extension(harness.clip("a")))
    assert outcomes(prepared) == [AttachmentStatus.UNAVAILABLE]
    assert not prepared.files


async def test_without_a_picture_or_a_cover_a_song_is_still_a_song(
    harness: ClipFilesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    picture = harness.host.put("cover.png", cover())
    ext = await harness.extension(harness.clip("a", image_url=picture))
    for name in ("waveform.png", "cover.part"):
        (harness.folder / name).mkdir()  # so that no file can be written there
    prepared = await harness.prepared(ext)
    assert outcomes(prepared) == [AttachmentStatus.ATTACHED]
    assert names(prepared) == ["Night Bus · part 2 (A).mp3"]
    assert prepared.attachments[0].picture == ""
    assert "waveform.png could not be drawn" in caplog.text
    assert "its cover could not be read" in caplog.text


async def test_fetched_files_are_removed(harness: ClipFilesHarness) -> None:
    await harness.prepared(await harness.extension(harness.clip("a")))
    left = sorted(path.name for path in harness.folder.iterdir())
    assert left == ["A.mp3", "tone.mp3", "waveform.png"]


async def test_a_clip_nobody_knows_the_source_of_is_seen_alone(harness: ClipFilesHarness) -> None:
    ext = await harness.extension(harness.clip("a"))
    unknown = replace(ext.request, clip_id="never-heard-of", continue_at=3.0)
    handle = Handle(clip_ids=("x",))
    prepared = await harness.prepared(replace(ext, request=unknown, handle=handle))
    assert prepared.files[1].description == "Waveform of “Night Bus”: A 0:02 long."


async def test_clip_that_contains_its_source_shows_the_join_in_its_own_audio(
    harness: ClipFilesHarness,
) -> None:
    ext = await harness.extension(harness.clip("a", contains_source=True))
    harness.host.asked.clear()
    prepared = await harness.prepared(ext)
    _, waveform = prepared.files
    assert waveform.description == (
        "Waveform of “Night Bus”: A 0:02 long; the source up to 0:01, then the new part."
    )
    assert "source.mp3" not in harness.host.asked
