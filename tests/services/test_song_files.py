"""The full song that Encore joins itself: of which parts, how long, how good, and why not."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mutagen.id3 import ID3
from mutagen.mp3 import MP3

from bot.audio.analysis import analyze
from bot.audio.download import SafeDownloader
from bot.audio.errors import TransientMediaError
from bot.audio.models import Peaks
from bot.audio.tags import Chapter
from bot.audio.worker_functions import splice
from bot.domain import failures
from bot.domain.attachments import AttachmentStatus
from bot.domain.failures import Failure
from bot.domain.models import (
    Clip,
    ClipStatus,
    Extension,
    Handle,
    Kind,
    Progress,
    Status,
)
from bot.services.clip_files import ClipFiles
from bot.services.media import MediaFetcher, song_segments
from bot.services.song_files import PICTURE, SongFiles
from bot.services.uploads import Uploads
from tests.support.file_server import FileServer, cover, hosting, song
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import ADA, BEN, SOURCE, ServiceHarness
from tests.support.worker_calls import ThreadPool

MEGABYTE = 1_000_000
LENGTH = 2.0  # seconds of each part


class SongFilesHarness:
    """Songs in parts, of files that a server has."""

    def __init__(self, services: ServiceHarness, host: FileServer, folder: Path) -> None:
        self.services, self.host, self.folder = services, host, folder
        self.provider: Any = services.providers["suno"]
        self.mp3, self.length = song(folder, LENGTH), LENGTH
        self.pool = pool = ThreadPool(folder)
        media = MediaFetcher(
            SafeDownloader(trusted_hosts={host.name}),
            pool,
            services.links,
            services.runtime.kept_audio,
        )
        self.songs = SongFiles(services.store, media, pool)
        self.clips = ClipFiles(services.store, media, pool)

    async def source(self, file: bytes | int | None = None, **parts: object) -> None:
        """Let the clip that all begins with be known, with its audio."""
        link = self.host.put("source.mp3", self.mp3 if file is None else file)
        await self.services.known(**{"audio_url": link, "duration": self.length, **parts})

    async def part(
        self, number: int, clip_id: str, *, file: bytes | int | None = None, **fields: object
    ) -> Extension:
        """Return the complete extension that goes on from a clip, with one clip ``part-…``."""
        link = self.host.put(f"part-{number}.mp3", self.mp3 if file is None else file)
        image = fields.pop("image_url", None)
        clip = Clip(
            id=f"part-{number}",
            status=ClipStatus.COMPLETE,
            title="Night Bus",
            audio_url=link,
            image_url=image,
            duration=fields.pop("duration", self.length),
        )
        handle = Handle(clip_ids=(clip.id,))
        self.provider.on_extend.then(handle)
        self.provider.progress[handle] = Progress(clips=(clip,))
        # a known clip names itself by a link of Suno's, an unknown one by the reply that has it
        ext = await self.services.submitted(f"part {number}", clip=clip_id, **fields)
        await self.services.overdue(ext)
        await self.services.track()
        assert await self.services.is_at(ext, Status.COMPLETE)
        return await self.services.now(ext)

    async def lineage(self, *ats: str, files: tuple[bytes | int | None, ...] = ()) -> Extension:
        """Return the song that ends with the last of as many parts as there are ``ats``."""
        clip = SOURCE
        ext = None
        for number, at in enumerate(ats, start=1):
            file = files[number - 1] if files else None
            member = (ADA, BEN)[(number + 1) % 2]
            ext = await self.part(number, clip, file=file, at=at, member_id=member)
            clip = str(ext.reply.url)
        assert ext is not None
        return await self.services.song(ext.clips[0].id, "song")

    async def prepared(
        self, ext: Extension, *, limit: int | None = 8 * MEGABYTE, is_last: bool = False
    ) -> Uploads:
        return await self.songs.prepare(ext, self.folder, limit=limit, is_last=is_last)


@pytest.fixture
async def host() -> AsyncGenerator[FileServer]:
    async with hosting() as host:
        yield host


@pytest.fixture
def harness(services: ServiceHarness, host: FileServer, tmp_path: Path) -> SongFilesHarness:
    folder = tmp_path / "files"
    folder.mkdir()
    return SongFilesHarness(services, host, folder)


def chapters_of(path: Path) -> list[Chapter]:
    """Return the chapters of a file in the order of its table of contents.

    Each ends where the next begins, and the last where the file ends.
    """
    tags: Any = ID3(path)
    frames = [
        tags[f"CHAP:{name}"] for each in tags.getall("CTOC") for name in each.child_element_ids
    ]
    assert len(frames) == len(tags.getall("CHAP"))
    found = [
        Chapter(str(each.sub_frames["TIT2"]), each.start_time, each.end_time) for each in frames
    ]
    if found:
        assert [each.end for each in found[:-1]] == [each.start for each in found[1:]]
        assert found[-1].end == pytest.approx(1000 * MP3(path).info.length, abs=50)
    return found


def failure_of(prepared: Uploads) -> Failure | None:
    assert prepared.failure is not None
    assert prepared.files == ()
    return prepared.failure


async def test_song_is_as_long_as_its_segments(harness: SongFilesHarness) -> None:
    await harness.source()
    ext = await harness.lineage("1.25", "1.5", "end")
    prepared = await harness.prepared(ext)
    whole = 1.25 + 1.5 + (LENGTH - 0.01) + LENGTH
    [attachment] = prepared.attachments
    assert attachment.duration == pytest.approx(whole, abs=0.01)
    assert analyze(prepared.files[0].path).duration == pytest.approx(whole, abs=0.01)
    assert attachment.starts == pytest.approx((0, 1.25, 2.75, 4.74), abs=0.01)
    assert (attachment.clip_id, attachment.outcome) == ("part-3", AttachmentStatus.ATTACHED)
    assert (attachment.bit_rate, prepared.failure) == (None, None)


async def test_song_file_has_title_and_artist_tags(harness: SongFilesHarness) -> None:
    await harness.source()
    first = await harness.part(1, SOURCE, at="1", lyrics="La la", member_id=BEN)
    image = harness.host.put("cover.png", cover())
    last = await harness.part(
        2, str(first.reply.url), at="1", lyrics="Lo lo", image_url=image, member_id=ADA
    )
    prepared = await harness.prepared(await harness.services.song(last.clips[0].id, "song"))
    audio, picture = prepared.files
    assert audio.name == "Night Bus (full song).mp3"
    tags: Any = ID3(audio.path)
    assert str(tags["TIT2"]) == "Night Bus (full song)"
    assert str(tags.getall("COMM")[0]) == f"3 parts; made by Discord members {BEN}, {ADA}"
    assert tags.getall("USLT")[0].text == "La la\n\nLo lo"
    assert tags.getall("APIC")[0].mime == "image/jpeg"
    assert picture.name == PICTURE == prepared.attachments[0].picture
    assert picture.path.read_bytes().startswith(b"\x89PNG")
    assert picture.description == (
        "Waveform of “Night Bus”, 0:04 long, in 3 parts that join at 0:01, 0:02."
    )


async def test_each_part_of_a_song_is_a_chapter(harness: SongFilesHarness) -> None:
    await harness.source(title="Electric Dreams")
    first = await harness.part(1, SOURCE, at="1.25", lyrics="[Verse]\nLa la")
    last = await harness.part(2, str(first.reply.url), at="1.5", lyrics="Lo lo")
    prepared = await harness.prepared(await harness.services.song(last.clips[0].id, "song"))
    chapters = chapters_of(prepared.files[0].path)
    assert [each.title for each in chapters] == ["Electric Dreams", "Part 2: Verse", "Part 3"]
    starts = [1000 * start for start in prepared.attachments[0].starts]
    assert [each.start for each in chapters] == pytest.approx(starts, abs=1)


async def test_chapters_count_towards_the_attachment_limit(harness: SongFilesHarness) -> None:
    harness.mp3, harness.length = song(harness.folder, 4, bit_rate=320_000), 4
    await harness.source(title="Electric Dreams " * 5)
    ext = await harness.lineage("3.5", "3.5")
    # 220 kB of audio at 160 kbit/s, 9942 bytes of overhead and other tags, 1164 of chapters
    assert (await harness.prepared(ext, limit=230_400)).attachments[0].bit_rate == 128_000


async def test_song_that_takes_too_long_to_splice_fails_for_good(harness: SongFilesHarness) -> None:
    harness.pool.too_slow.add(splice)
    await harness.source()
    prepared = await harness.prepared(await harness.lineage("1.5"))
    assert prepared == Uploads(failure=failures.Unexpected())


async def test_without_a_picture_a_song_is_still_a_song(harness: SongFilesHarness) -> None:
    await harness.source()
    ext = await harness.lineage("1.25", "1.5")
    (harness.folder / PICTURE).mkdir()  # so that no file can be written there
    prepared = await harness.prepared(ext)
    assert [file.name for file in prepared.files] == ["Night Bus (full song).mp3"]
    assert prepared.attachments[0].picture == ""


async def test_only_attached_files_are_left(harness: SongFilesHarness) -> None:
    await harness.source()
    prepared = await harness.prepared(await harness.lineage("1", "1"))
    left = {path.name for path in harness.folder.iterdir()} - {"tone.mp3"}
    assert left == {file.path.name for file in prepared.files}


async def test_song_over_the_limit_gets_a_lower_bit_rate(harness: SongFilesHarness) -> None:
    harness.mp3, harness.length = song(harness.folder, 4, bit_rate=320_000), 4
    await harness.source()
    ext = await harness.lineage("3.5", "3.5")
    prepared = await harness.prepared(ext, limit=245_000)
    [attachment] = prepared.attachments
    assert attachment.bit_rate == 160_000
    assert prepared.files[0].path.stat().st_size <= 245_000


async def test_tags_count_towards_the_attachment_limit(harness: SongFilesHarness) -> None:
    harness.mp3, harness.length = song(harness.folder, 4, bit_rate=320_000), 4
    await harness.source()
    first = await harness.part(1, SOURCE, at="3.5", lyrics="la " * 900)
    last = await harness.part(2, str(first.reply.url), at="3.5", lyrics="lo " * 900)
    ext = await harness.services.song(last.clips[0].id, "song")
    prepared = await harness.prepared(ext, limit=235_000)
    assert prepared.attachments[0].bit_rate == 128_000


async def test_a_song_that_can_not_fit_is_not_even_fetched(harness: SongFilesHarness) -> None:
    await harness.source()
    prepared = await harness.prepared(await harness.lineage("1", "1"), limit=20_000)
    assert failure_of(prepared) == failures.TooLarge(4.0, 20_000)
    assert harness.host.asked == []


async def test_a_song_whose_length_was_not_known_may_turn_out_too_long(
    harness: SongFilesHarness, suno: ScriptedProvider
) -> None:
    suno.capabilities = replace(suno.capabilities, needs_continue_at=False)
    await harness.source(duration=None)
    ext = await harness.part(1, SOURCE, at="end", duration=None)
    prepared = await harness.prepared(
        await harness.services.song(ext.clips[0].id, "song"), limit=20_000
    )
    assert failure_of(prepared) == failures.TooLarge(4.0, 20_000)


async def test_where_files_are_not_allowed_nothing_is_fetched(harness: SongFilesHarness) -> None:
    await harness.source()
    prepared = await harness.prepared(await harness.lineage("1", "1"), limit=None)
    assert failure_of(prepared) == failures.AttachNotAllowed()
    assert harness.host.asked == []


async def test_a_beginning_that_can_not_be_had_is_left_out(harness: SongFilesHarness) -> None:
    ext = await harness.lineage("1", "1.5", "1")
    prepared = await harness.prepared(ext)
    [attachment] = prepared.attachments
    assert attachment.starts == pytest.approx((0, 1.5, 2.5), abs=0.01)
    assert attachment.duration == pytest.approx(1.5 + 1 + LENGTH, abs=0.01)
    chapters = chapters_of(prepared.files[0].path)
    assert [each.title for each in chapters] == ["Part 1", "Part 2", "Part 3"]
    assert "3 parts that join at 0:01, 0:02" in prepared.files[1].description


async def test_a_beginning_that_may_come_later_is_waited_for_but_not_for_ever(
    harness: SongFilesHarness,
) -> None:
    await harness.source(404)
    ext = await harness.lineage("1", "1")
    with pytest.raises(TransientMediaError):
        await harness.prepared(ext)
    prepared = await harness.prepared(ext, is_last=True)
    assert len(prepared.attachments[0].starts) == 2


async def test_of_a_source_and_one_part_the_beginning_can_not_be_left_out(
    harness: SongFilesHarness,
) -> None:
    ext = await harness.lineage("1")
    assert failure_of(await harness.prepared(ext)) == failures.PartUnavailable(1, SOURCE)


async def test_without_a_part_in_the_middle_there_is_no_song(harness: SongFilesHarness) -> None:
    await harness.source()
    ext = await harness.lineage("1", "1", "1", files=(None, 403, None))
    assert failure_of(await harness.prepared(ext)) == failures.PartUnavailable(3, "part-2")


async def test_a_part_that_may_come_later_is_waited_for_but_not_for_ever(
    harness: SongFilesHarness,
) -> None:
    await harness.source()
    ext = await harness.lineage("1", "1", files=(404, None))
    with pytest.raises(TransientMediaError):
        await harness.prepared(ext)
    last = await harness.prepared(ext, is_last=True)
    assert failure_of(last) == failures.PartUnavailable(2, "part-1")


# The picture and the chapters of what a provider joined


async def joined(harness: SongFilesHarness, ext: Extension, **parts: object) -> Extension:
    """Return the song as if its provider had joined it."""
    link = harness.host.put("whole.mp3", song(harness.folder, 4))
    clip = Clip(id="whole", status=ClipStatus.COMPLETE, audio_url=link, **parts)
    return replace(ext, kind=Kind.CONCAT, status=Status.COMPLETE, clips=(clip,))


async def test_picture_shows_the_parts_of_a_concatenated_song(harness: SongFilesHarness) -> None:
    await harness.source()
    ext = await joined(harness, await harness.lineage("1", "1"), title="Night Bus")
    prepared = await harness.clips.prepare(ext, harness.folder, limit=8 * MEGABYTE, is_last=False)
    audio, picture = prepared.files
    assert picture.description == (
        "Waveform of “Night Bus”, 0:04 long, in 3 parts that join at 0:01, 0:02."
    )
    tags: Any = ID3(audio.path)
    assert str(tags.getall("COMM")[0]) == "joined from all parts up to clip part-2"
    first, *rest = chapters_of(audio.path)
    assert first == Chapter("Dreams", 0, 1000)
    assert rest == [Chapter("Part 2", 1000, 2000), Chapter("Part 3", 2000, 4000)]


async def test_parts_behind_the_end_of_a_concatenated_song_are_no_chapters(
    harness: SongFilesHarness,
) -> None:
    harness.mp3, harness.length = song(harness.folder, 6), 6
    await harness.source()
    ext = await joined(harness, await harness.lineage("3", "5"), title="Night Bus")
    prepared = await harness.clips.prepare(ext, harness.folder, limit=8 * MEGABYTE, is_last=False)
    assert chapters_of(prepared.files[0].path) == [
        Chapter("Dreams", 0, 3000),
        Chapter("Part 2", 3000, 4000),
    ]


async def test_parts_with_unknown_cuts_are_one_segment_and_no_chapters(
    harness: SongFilesHarness, suno: ScriptedProvider
) -> None:
    suno.capabilities = replace(suno.capabilities, needs_continue_at=False)
    await harness.source(duration=None)
    ext = await harness.part(1, SOURCE, at="end")
    song = await joined(
        harness, await harness.services.song(ext.clips[0].id, "song"), title="Night Bus"
    )
    prepared = await harness.clips.prepare(song, harness.folder, limit=8 * MEGABYTE, is_last=False)
    assert prepared.files[1].description == "Waveform of “Night Bus”, 0:04 long."
    assert chapters_of(prepared.files[0].path) == []


def test_segments_of_a_song_are_numbered() -> None:
    segments = song_segments((0, 0.1, 0.2, 0.25, 0.4), Peaks(100, bytes(40)))
    assert [segment.label for segment in segments] == ["1", "2", "3", "4"]
    assert [len(segment.peaks.levels) for segment in segments] == [10, 10, 5, 15]
