"""The files of a full song that Encore joins itself: the whole as one MP3, and a picture of it.

Each part is cut where the next one begins; all are joined with a short crossfade and encoded once.
The audio is on disk and is processed in blocks, so that a long song needs no more memory than a
short one. Knows nothing of Discord.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from bot.audio.bit_rates import highest_bit_rate, rounded_bit_rate
from bot.audio.errors import MediaError, TransientMediaError, UnusableMediaError
from bot.audio.fetch import DownloadedAudio
from bot.audio.models import Part
from bot.audio.process_pool import ProcessPool
from bot.audio.tags import Chapter, Tags, audio_file_name, song_chapters
from bot.audio.worker_functions import render_waveform, splice, write_tags
from bot.domain.attachments import Attachment, AttachmentStatus, Upload, Uploads
from bot.domain.failures import AttachNotAllowed, PartUnavailable, TooLarge, Unexpected
from bot.domain.lineage import LineageClip, SongFile, part_starts, part_titles, song_files
from bot.domain.models import Extension
from bot.services.media import MediaFetcher, save_picture, song_segments
from bot.store.store import Store

log = logging.getLogger(__name__)

PICTURE = "waveform-song.png"
MIN_PARTS = 2


@dataclass(frozen=True, slots=True)
class _FetchedFile:
    """A file of the song with its audio."""

    file: SongFile
    audio: DownloadedAudio

    @property
    def kept(self) -> float:
        """Seconds of it that are in the song."""
        cut, length = self.file.cut, self.audio.info.duration
        return length if cut is None else min(cut, length)

    def times(self, begin: float) -> list[float]:
        """Return the second at which each of its parts begins in a song where it does at that."""
        return [begin + start for start in self.file.starts(self.kept)]


class _MissingError(Exception):
    """The audio of a part is not available; the song would have a gap."""

    def __init__(self, number: int, step: LineageClip) -> None:
        super().__init__()
        self.failure = PartUnavailable(number, step.known.clip.id)


class SongFiles:
    """Makes the uploads for the reply of a splice."""

    def __init__(self, store: Store, media: MediaFetcher, pool: ProcessPool) -> None:
        self._store = store
        self._media = media
        self._pool = pool

    async def prepare(
        self, ext: Extension, folder: Path, *, limit: int | None, is_last: bool
    ) -> Uploads:
        """Return the song and its picture, or the reason why there is none; as `UploadBuilder`.

        A root clip that was not made here is left out if its audio is not available, as long as
        two parts remain.
        """
        if limit is None:
            return Uploads(failure=AttachNotAllowed())
        lineage = await self._store.lineage(ext.request.clip_id)
        length = part_starts(lineage)[-1]
        if length is not None and highest_bit_rate(length, limit) is None:
            return _too_large(length, limit)
        try:
            files = await self._fetch(lineage, folder, is_last=is_last)
        except _MissingError as missing:
            log.info("Extension %s: part %s is not available", ext.id, missing.failure.number)
            return Uploads(failure=missing.failure)
        try:
            return await self._join(ext, files, folder, limit)
        except UnusableMediaError as error:
            log.warning("Extension %s: its song can't be joined (%s)", ext.id, error)
            return Uploads(failure=Unexpected())

    async def _fetch(
        self, lineage: Sequence[LineageClip], folder: Path, *, is_last: bool
    ) -> list[_FetchedFile]:
        """Return the files with their audio.

        Raises:
            TransientMediaError: another attempt may succeed.
            _MissingError: a part that the song needs is not available.
        """
        files: list[_FetchedFile] = []
        number = 0
        for file in song_files(lineage):
            number, step = number + len(file.parts), file.clip
            try:
                audio = await self._media.audio(step.known, folder / f"part-{number}")
            except MediaError as error:
                if isinstance(error, TransientMediaError) and not is_last:
                    raise
                is_dispensable = step.extension is None and len(lineage) > MIN_PARTS
                if not is_dispensable:
                    raise _MissingError(number, step) from error
                log.info("Clip %s: left out of a song (%s)", step.known.clip.id, error)
            else:
                files.append(_FetchedFile(file, audio))
        return files

    async def _join(
        self, ext: Extension, files: Sequence[_FetchedFile], folder: Path, limit: int
    ) -> Uploads:
        """Return the song joined of ``files``, at the highest bit rate that fits."""
        parts = [part for each in files for part in each.file.parts]
        titles = part_titles(parts)
        begins = [0.0, *accumulate(each.kept for each in files)]
        length = begins[-1]
        times = _part_times(files, begins)
        # the joins will move by some milliseconds, but the tags have their size already
        tags = await self._tags(ext, parts, song_chapters(titles, [*times, length]), folder)
        best = rounded_bit_rate(max(each.audio.info.bit_rate for each in files))
        bit_rate = highest_bit_rate(length, limit, at_most=best, reserve=tags.size)
        if bit_rate is None:
            return _too_large(length, limit)
        path = folder / "song.mp3"
        sources = [Part(each.audio.path, each.file.cut) for each in files]
        song = await self._pool.run(splice, sources, path, bit_rate=bit_rate)
        for source in sources:
            source.path.unlink()
        starts = _part_times(files, song.starts)
        times = [*starts, song.duration]
        exact = replace(tags, chapters=song_chapters(titles, times))
        await self._pool.run(write_tags, path, exact)
        segments = song_segments(times, song.peaks)
        picture = await save_picture(
            self._pool.run(render_waveform, ext.title, segments), folder / PICTURE
        )
        attachment = Attachment(
            clip_id=ext.request.clip_id,
            outcome=AttachmentStatus.ATTACHED,
            bit_rate=bit_rate if bit_rate < best else None,
            picture=picture.name if picture else "",
            duration=song.duration,
            starts=tuple(starts),
        )
        audio = Upload(path=path, name=audio_file_name(ext.title, "full song"))
        return Uploads(attachments=(attachment,), files=(audio, picture) if picture else (audio,))

    async def _tags(
        self,
        ext: Extension,
        parts: Sequence[LineageClip],
        chapters: tuple[Chapter, ...],
        folder: Path,
    ) -> Tags:
        made = [part.extension for part in parts if part.extension]
        members = dict.fromkeys(str(each.member_id) for each in made)
        cover = await self._media.cover(parts[-1].known.clip, folder / "cover")
        return Tags(
            title=f"{ext.title} (full song)",
            album=ext.title,
            comment=f"{len(parts)} parts; made by Discord members {', '.join(members)}",
            lyrics="\n\n".join(each.request.lyrics for each in made if each.request.lyrics),
            cover=cover,
            chapters=chapters,
        )


def _part_times(files: Sequence[_FetchedFile], begins: Sequence[float]) -> list[float]:
    """Return the second at which each part begins, by those at which the files do."""
    pairs = zip(files, begins, strict=False)
    return [start for each, begin in pairs for start in each.times(begin)]


def _too_large(length: float, limit: int) -> Uploads:
    return Uploads(failure=TooLarge(seconds=round(length, 3), limit_bytes=limit))
