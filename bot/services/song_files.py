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
from bot.domain.lineage import LineageClip, cut_points, part_starts, part_titles
from bot.domain.models import Extension
from bot.services.media import MediaFetcher, save_picture, song_segments
from bot.store.store import Store

log = logging.getLogger(__name__)

PICTURE = "waveform-song.png"
MIN_PARTS = 2


@dataclass(frozen=True, slots=True)
class _FetchedPart:
    """A part with its audio."""

    step: LineageClip
    cut: float | None
    audio: DownloadedAudio

    @property
    def kept(self) -> float:
        """Seconds of it that are in the song."""
        length = self.audio.info.duration
        return length if self.cut is None else min(self.cut, length)


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
            parts = await self._fetch(lineage, folder, is_last=is_last)
        except _MissingError as missing:
            log.info("Extension %s: part %s is not available", ext.id, missing.failure.number)
            return Uploads(failure=missing.failure)
        try:
            return await self._join(ext, parts, folder, limit)
        except UnusableMediaError as error:
            log.warning("Extension %s: its song can't be joined (%s)", ext.id, error)
            return Uploads(failure=Unexpected())

    async def _fetch(
        self, lineage: Sequence[LineageClip], folder: Path, *, is_last: bool
    ) -> list[_FetchedPart]:
        """Return the parts with their audio.

        Raises:
            TransientMediaError: another attempt may succeed.
            _MissingError: a part that the song needs is not available.
        """
        parts: list[_FetchedPart] = []
        for number, (step, cut) in enumerate(
            zip(lineage, cut_points(lineage), strict=True), start=1
        ):
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
                parts.append(_FetchedPart(step, cut, audio))
        return parts

    async def _join(
        self, ext: Extension, parts: Sequence[_FetchedPart], folder: Path, limit: int
    ) -> Uploads:
        """Return the song joined of ``parts``, at the highest bit rate that fits."""
        titles = part_titles([part.step for part in parts])
        times = [0.0, *accumulate(part.kept for part in parts)]
        length = times[-1]
        # the joins will move by some milliseconds, but the tags have their size already
        tags = await self._tags(ext, parts, song_chapters(titles, times), folder)
        best = rounded_bit_rate(max(part.audio.info.bit_rate for part in parts))
        bit_rate = highest_bit_rate(length, limit, at_most=best, reserve=tags.size)
        if bit_rate is None:
            return _too_large(length, limit)
        path = folder / "song.mp3"
        sources = [Part(part.audio.path, part.cut) for part in parts]
        song = await self._pool.run(splice, sources, path, bit_rate=bit_rate)
        for source in sources:
            source.path.unlink()
        times = [*song.starts, song.duration]
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
            starts=song.starts,
        )
        audio = Upload(path=path, name=audio_file_name(ext.title, "full song"))
        return Uploads(attachments=(attachment,), files=(audio, picture) if picture else (audio,))

    async def _tags(
        self,
        ext: Extension,
        parts: Sequence[_FetchedPart],
        chapters: tuple[Chapter, ...],
        folder: Path,
    ) -> Tags:
        made = [part.step.extension for part in parts if part.step.extension]
        members = dict.fromkeys(str(each.member_id) for each in made)
        cover = await self._media.cover(parts[-1].step.known.clip, folder / "cover")
        return Tags(
            title=f"{ext.title} (full song)",
            album=ext.title,
            comment=f"{len(parts)} parts; made by Discord members {', '.join(members)}",
            lyrics="\n\n".join(each.request.lyrics for each in made if each.request.lyrics),
            cover=cover,
            chapters=chapters,
        )


def _too_large(length: float, limit: int) -> Uploads:
    return Uploads(failure=TooLarge(seconds=round(length, 3), limit_bytes=limit))
