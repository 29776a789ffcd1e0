"""The files of finished clips: the audio of each with its tags, and one picture of all of them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_uppercase

from bot.audio.errors import MediaError, TransientMediaError
from bot.audio.fetch import DownloadedAudio
from bot.audio.models import EncodedFile, Peaks, Segment, Track
from bot.audio.process_pool import ProcessPool
from bot.audio.tags import Chapter, Tags, audio_file_name, song_chapters
from bot.audio.worker_functions import encode_to_limit, render_clips, render_waveform, write_tags
from bot.domain.attachments import Attachment, AttachmentStatus, Upload, Uploads
from bot.domain.lineage import LineageClip, part_starts, part_titles
from bot.domain.models import Clip, ClipRecord, Extension
from bot.domain.timecode import format_time
from bot.services.media import MediaFetcher, save_picture, song_segments
from bot.store.store import Store

log = logging.getLogger(__name__)

PICTURE = "waveform.png"
MAX_CLIPS = 4  # shown by a reply


@dataclass(frozen=True, slots=True)
class _LabelledClip:
    """A clip of an extension, and its letter there."""

    clip: Clip
    letter: str


class ClipFiles:
    """Makes the uploads for the reply of a complete extension."""

    def __init__(self, store: Store, media: MediaFetcher, pool: ProcessPool) -> None:
        self._store = store
        self._media = media
        self._pool = pool

    async def prepare(
        self, ext: Extension, folder: Path, *, limit: int | None, is_last: bool
    ) -> Uploads:
        """Return the audio of each playable clip and a picture of all; as `UploadBuilder`."""
        letters = zip(ext.clips[:MAX_CLIPS], ascii_uppercase, strict=False)
        clips = [_LabelledClip(clip, letter) for clip, letter in letters if clip.is_playable]
        if limit is None:
            refused = (_not_attached(each.clip, AttachmentStatus.NOT_ALLOWED) for each in clips)
            return Uploads(attachments=tuple(refused))
        are_whole = all(each.clip.contains_source for each in clips)
        source = [] if are_whole else await self._source_segment(ext, folder)
        parts = await self._store.lineage(ext.request.clip_id) if ext.kind.is_song else []
        attachments: list[Attachment] = []
        files: list[Upload] = []
        heard: list[tuple[_LabelledClip, Peaks]] = []
        for each in clips:
            try:
                fetched = await self._fetch(ext, each, folder)
                times = _song_times(parts, fetched.info.duration)
                tags = await self._tags(ext, each, song_chapters(part_titles(parts), times), folder)
                audio, fit = await self._encode(ext, each, fetched, tags, folder, limit)
            except MediaError as error:
                if isinstance(error, TransientMediaError) and not is_last:
                    raise
                log.info("Clip %s: its audio is not available (%s)", each.clip.id, error)
                attachments.append(_not_attached(each.clip, AttachmentStatus.UNAVAILABLE))
                continue
            fetched.path.unlink()
            heard.append((each, fetched.info.peaks))
            files += [audio] if audio else []
            attachments.append(
                Attachment(
                    clip_id=each.clip.id,
                    outcome=AttachmentStatus.ATTACHED if fit else AttachmentStatus.TOO_LARGE,
                    bit_rate=fit.bit_rate if fit else None,
                    picture=PICTURE,
                    duration=fetched.info.duration,
                )
            )
        picture = await self._draw(ext, source, heard, parts, folder / PICTURE)
        if picture is None:
            attachments = [replace(each, picture="") for each in attachments]
            return Uploads(attachments=tuple(attachments), files=tuple(files))
        return Uploads(attachments=tuple(attachments), files=(*files, picture))

    async def _draw(
        self,
        ext: Extension,
        source: Sequence[Segment],
        heard: Sequence[tuple[_LabelledClip, Peaks]],
        parts: Sequence[LineageClip],
        path: Path,
    ) -> Upload | None:
        """Draw the clips whose audio is there into one picture; None without any."""
        if not heard:
            return None
        if ext.kind.is_song:
            [(_, peaks)] = heard
            times = _song_times(parts, peaks.seconds)
            segments = song_segments(times, peaks) or [Segment(peaks)]
            return await save_picture(self._pool.run(render_waveform, ext.title, segments), path)
        tracks = [Track(each.letter, _segments(ext, each, peaks, source)) for each, peaks in heard]
        return await save_picture(self._pool.run(render_clips, ext.title, tracks), path)

    async def _source_segment(self, ext: Extension, folder: Path) -> list[Segment]:
        """Return the source up to where the new part begins, if its audio is available."""
        known = await self._store.clip(ext.request.clip_id)
        if known is None or ext.kind.is_song:
            return []
        try:
            fetched = await self._media.audio(known, folder / "source")
        except MediaError as error:
            log.info("Clip %s: not in the picture (%s)", known.clip.id, error)
            return []
        fetched.path.unlink()
        join = ext.request.continue_at or fetched.info.duration
        return [Segment(fetched.info.peaks.between(0, join), is_source=True)]

    async def _fetch(self, ext: Extension, each: _LabelledClip, folder: Path) -> DownloadedAudio:
        known = ClipRecord(
            clip=each.clip,
            provider=ext.request.provider,
            known_at=ext.created_at,
            extension_id=ext.id,
        )
        return await self._media.audio(known, folder / f"fetched-{each.letter}")

    async def _tags(
        self, ext: Extension, each: _LabelledClip, chapters: tuple[Chapter, ...], folder: Path
    ) -> Tags:
        return Tags(
            title=each.clip.title or ext.title,
            album=ext.title,
            comment=_comment(ext),
            lyrics=ext.request.lyrics,
            cover=await self._media.cover(each.clip, folder / "cover"),
            chapters=chapters,
        )

    async def _encode(
        self,
        ext: Extension,
        each: _LabelledClip,
        fetched: DownloadedAudio,
        tags: Tags,
        folder: Path,
        limit: int,
    ) -> tuple[Upload | None, EncodedFile | None]:
        """Return the file to attach and how it was encoded; None for both if it does not fit."""
        path = folder / f"{each.letter}.mp3"
        fit = await self._pool.run(
            encode_to_limit, fetched.path, fetched.info, path, limit=limit, reserve=tags.size
        )
        if fit is None:
            return None, None
        await self._pool.run(write_tags, path, tags)
        if ext.kind.is_song:
            name = audio_file_name(tags.title, "full song")
        else:
            name = audio_file_name(tags.title, each.letter, part=f"part {ext.part_number}")
        return Upload(path=path, name=name), fit


def _segments(
    ext: Extension, each: _LabelledClip, peaks: Peaks, source: Sequence[Segment]
) -> tuple[Segment, ...]:
    """Return what the picture of a clip shows: the source up to the join, then the new part.

    ``source`` is what the source's own file has of it; a clip that contains it needs none.
    """
    join = ext.new_part_start(each.clip)
    if not join:
        return (*source, Segment(peaks))
    old, new = peaks.between(0, join), peaks.between(join, peaks.seconds)
    return Segment(old, is_source=True), Segment(new)


def _comment(ext: Extension) -> str:
    """Return where the new part begins, such as *continued from Electric Dreams at 2:04*."""
    if ext.kind.is_song:
        return f"joined from all parts up to clip {ext.request.clip_id}"
    source = ext.source_title or f"clip {ext.request.clip_id}"
    point = ext.request.continue_at
    where = "the end" if point is None else format_time(round(point, 1))
    return f"continued from {source} at {where}"


def _song_times(parts: Sequence[LineageClip], length: float) -> list[float]:
    """Return the second at which each part begins, and last the song's length.

    Empty if that is not known of all, or if there are no parts.
    """
    if not parts:
        return []
    *begins, _ = part_starts(parts)
    known = [begin for begin in begins if begin is not None]
    return [*known, length] if len(known) == len(parts) else []


def _not_attached(clip: Clip, outcome: AttachmentStatus) -> Attachment:
    return Attachment(clip_id=clip.id, outcome=outcome)
