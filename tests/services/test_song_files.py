"""The full song that Encore joins itself: of which parts, how long, how good, and why not."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mutagen.id3 import ID3

from bot.audio.analysis import analyze
from bot.audio.download import SafeDownloader
from bot.audio.errors import TransientMediaError
from bot.audio.models import Peaks
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


class Bench:
    """Songs in parts, of files that a server has."""

    def __init__(self, world: ServiceHarness, host: FileServer, folder: Path) -> None:
        self.world, self.host, self.folder = world, host, folder
        self.provider: Any = world.providers["suno"]
        self.mp3, self.length = song(folder, LENGTH), LENGTH
        self.pool = pool = ThreadPool(folder)
        media = MediaFetcher(SafeDownloader(trusted_hosts={host.name}), pool, world.links)
        self.songs = SongFiles(world.store, media, pool)
        self.clips = ClipFiles(world.store, media, pool)

    async def source(self, file: bytes | int | None = None, **parts: object) -> None:
        """Let the clip that all begins with be known, with its audio."""
        link = self.host.put("source.mp3", self.mp3 if file is None else file)
        await self.world.known(**{"audio_url": link, "duration": self.length, **parts})

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
        ext = await self.world.submitted(f"part {number}", clip=clip_id, **fields)
        await self.world.overdue(ext)
        await self.world.track()
        assert await self.world.is_at(ext, Status.COMPLETE)
        return await self.world.now(ext)

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
        return await self.world.song(ext.clips[0].id, "song")

    async def prepared(
        self, ext: Extension, *, limit: int | None = 8 * MEGABYTE, is_last: bool = False
    ) -> Uploads:
        return await self.songs.prepare(ext, self.folder, limit=limit, is_last=is_last)


@pytest.fixture
async def host() -> AsyncGenerator[FileServer]:
    async with hosting() as host:
        yield host


@pytest.fixture
def bench(world: ServiceHarness, host: FileServer, tmp_path: Path) -> Bench:
    folder = tmp_path / "files"
    folder.mkdir()
    return Bench(world, host, folder)


def failure_of(prepared: Uploads) -> Failure | None:
    assert prepared.failure is not None
    assert prepared.files == ()
    return prepared.failure


async def test_the_song_is_as_long_as_what_is_kept_of_its_parts(bench: Bench) -> None:
    await bench.source()
    ext = await bench.lineage("1.25", "1.5", "end")
    prepared = await bench.prepared(ext)
    whole = 1.25 + 1.5 + (LENGTH - 0.01) + LENGTH
    [attachment] = prepared.attachments
    assert attachment.duration == pytest.approx(whole, abs=0.01)
    assert analyze(prepared.files[0].path).duration == pytest.approx(whole, abs=0.01)
    assert attachment.starts == pytest.approx((0, 1.25, 2.75, 4.74), abs=0.01)
    assert (attachment.clip_id, attachment.outcome) == ("part-3", AttachmentStatus.ATTACHED)
    assert (attachment.bit_rate, prepared.failure) == (None, None)


async def test_the_file_tells_what_it_is_and_who_made_it(bench: Bench) -> None:
    await bench.source()
    first = await bench.part(1, SOURCE, at="1", lyrics="La la", member_id=BEN)
    image = bench.host.put("cover.png", cover())
    last = await bench.part(
        2, str(first.reply.url), at="1", lyrics="Lo lo", image_url=image, member_id=ADA
    )
    prepared = await bench.prepared(await bench.world.song(last.clips[0].id, "song"))
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


async def test_song_that_takes_too_long_to_splice_fails_for_good(bench: Bench) -> None:
    bench.pool.too_slow.add(splice)
    await bench.source()
    prepared = await bench.prepared(await bench.lineage("1.5"))
    assert prepared == Uploads(failure=failures.Unexpected())


async def test_without_a_picture_a_song_is_still_a_song(bench: Bench) -> None:
    await bench.source()
    ext = await bench.lineage("1.25", "1.5")
    (bench.folder / PICTURE).mkdir()  # so that no file can be written there
    prepared = await bench.prepared(ext)
    assert [file.name for file in prepared.files] == ["Night Bus (full song).mp3"]
    assert prepared.attachments[0].picture == ""


async def test_nothing_but_what_is_attached_is_left(bench: Bench) -> None:
    await bench.source()
    prepared = await bench.prepared(await bench.lineage("1", "1"))
    left = {path.name for path in bench.folder.iterdir()} - {"tone.mp3"}
    assert left == {file.path.name for file in prepared.files}


async def test_a_song_that_does_not_fit_as_good_as_it_is_fits_less_good(bench: Bench) -> None:
    bench.mp3, bench.length = song(bench.folder, 4, bit_rate=320_000), 4
    await bench.source()
    ext = await bench.lineage("3.5", "3.5")
    prepared = await bench.prepared(ext, limit=245_000)
    [attachment] = prepared.attachments
    assert attachment.bit_rate == 160_000
    assert prepared.files[0].path.stat().st_size <= 245_000


async def test_what_is_written_into_the_file_has_to_fit_too(bench: Bench) -> None:
    bench.mp3, bench.length = song(bench.folder, 4, bit_rate=320_000), 4
    await bench.source()
    first = await bench.part(1, SOURCE, at="3.5", lyrics="la " * 900)
    last = await bench.part(2, str(first.reply.url), at="3.5", lyrics="lo " * 900)
    ext = await bench.world.song(last.clips[0].id, "song")
    prepared = await bench.prepared(ext, limit=235_000)
    assert prepared.attachments[0].bit_rate == 128_000


async def test_a_song_that_can_not_fit_is_not_even_fetched(bench: Bench) -> None:
    await bench.source()
    prepared = await bench.prepared(await bench.lineage("1", "1"), limit=20_000)
    assert failure_of(prepared) == failures.TooLarge(4.0, 20_000)
    assert bench.host.asked == []


async def test_a_song_whose_length_was_not_known_may_turn_out_too_long(
    bench: Bench, suno: ScriptedProvider
) -> None:
    suno.capabilities = replace(suno.capabilities, needs_continue_at=False)
    await bench.source(duration=None)
    ext = await bench.part(1, SOURCE, at="end", duration=None)
    prepared = await bench.prepared(await bench.world.song(ext.clips[0].id, "song"), limit=20_000)
    assert failure_of(prepared) == failures.TooLarge(4.0, 20_000)


async def test_where_files_are_not_allowed_nothing_is_fetched(bench: Bench) -> None:
    await bench.source()
    prepared = await bench.prepared(await bench.lineage("1", "1"), limit=None)
    assert failure_of(prepared) == failures.AttachNotAllowed()
    assert bench.host.asked == []


async def test_a_beginning_that_can_not_be_had_is_left_out(bench: Bench) -> None:
    ext = await bench.lineage("1", "1.5", "1")
    prepared = await bench.prepared(ext)
    [attachment] = prepared.attachments
    assert attachment.starts == pytest.approx((0, 1.5, 2.5), abs=0.01)
    assert attachment.duration == pytest.approx(1.5 + 1 + LENGTH, abs=0.01)
    assert "3 parts that join at 0:01, 0:02" in prepared.files[1].description


async def test_a_beginning_that_may_come_later_is_waited_for_but_not_for_ever(
    bench: Bench,
) -> None:
    await bench.source(404)
    ext = await bench.lineage("1", "1")
    with pytest.raises(TransientMediaError):
        await bench.prepared(ext)
    prepared = await bench.prepared(ext, is_last=True)
    assert len(prepared.attachments[0].starts) == 2


async def test_of_a_source_and_one_part_the_beginning_can_not_be_left_out(bench: Bench) -> None:
    ext = await bench.lineage("1")
    assert failure_of(await bench.prepared(ext)) == failures.PartUnavailable(1, SOURCE)


async def test_without_a_part_in_the_middle_there_is_no_song(bench: Bench) -> None:
    await bench.source()
    ext = await bench.lineage("1", "1", "1", files=(None, 403, None))
    assert failure_of(await bench.prepared(ext)) == failures.PartUnavailable(3, "part-2")


async def test_a_part_that_may_come_later_is_waited_for_but_not_for_ever(bench: Bench) -> None:
    await bench.source()
    ext = await bench.lineage("1", "1", files=(404, None))
    with pytest.raises(TransientMediaError):
        await bench.prepared(ext)
    last = await bench.prepared(ext, is_last=True)
    assert failure_of(last) == failures.PartUnavailable(2, "part-1")


# The picture of what a provider joined


async def joined(bench: Bench, ext: Extension, **parts: object) -> Extension:
    """Return the song as if its provider had joined it."""
    link = bench.host.put("whole.mp3", song(bench.folder, 4))
    clip = Clip(id="whole", status=ClipStatus.COMPLETE, audio_url=link, **parts)
    return replace(ext, kind=Kind.CONCAT, status=Status.COMPLETE, clips=(clip,))


async def test_what_a_provider_joined_has_its_parts_in_the_picture(bench: Bench) -> None:
    await bench.source()
    ext = await joined(bench, await bench.lineage("1", "1"), title="Night Bus")
    prepared = await bench.clips.prepare(ext, bench.folder, limit=8 * MEGABYTE, is_last=False)
    audio, picture = prepared.files
    assert picture.description == (
        "Waveform of “Night Bus”, 0:04 long, in 3 parts that join at 0:01, 0:02."
    )
    tags: Any = ID3(audio.path)
    assert str(tags.getall("COMM")[0]) == "joined of all parts up to clip part-2"


async def test_parts_that_begin_nobody_knows_where_are_one_in_the_picture(
    bench: Bench, suno: ScriptedProvider
) -> None:
    suno.capabilities = replace(suno.capabilities, needs_continue_at=False)
    await bench.source(duration=None)
    ext = await bench.part(1, SOURCE, at="end")
    song = await joined(bench, await bench.world.song(ext.clips[0].id, "song"), title="Night Bus")
    prepared = await bench.clips.prepare(song, bench.folder, limit=8 * MEGABYTE, is_last=False)
    assert prepared.files[1].description == "Waveform of “Night Bus”, 0:04 long."


def test_segments_of_a_song_are_numbered() -> None:
    segments = song_segments((0, 0.1, 0.2, 0.25, 0.4), Peaks(100, bytes(40)))
    assert [segment.label for segment in segments] == ["1", "2", "3", "4"]
    assert [len(segment.peaks.levels) for segment in segments] == [10, 10, 5, 15]
