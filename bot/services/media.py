"""The audio and the cover of a clip, fetched into a file by whatever link leads there now."""

import asyncio
import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from bot.audio.analysis import Peaks
from bot.audio.download import SafeDownloader
from bot.audio.errors import MediaError, UnusableMediaError
from bot.audio.fetch import Cover, DownloadedAudio, fetch_audio, fetch_image
from bot.audio.process_pool import ProcessPool
from bot.audio.waveform import Segment, render_waveform, waveform_alt_text
from bot.domain.attachments import Upload
from bot.domain.lineage import LineageClip
from bot.domain.models import Clip, ClipRecord
from bot.services.links import LinkRefresher

log = logging.getLogger(__name__)


class MediaFetcher:
    """Fetches what clips link to."""

    def __init__(self, downloader: SafeDownloader, pool: ProcessPool, links: LinkRefresher) -> None:
        self._door = downloader
        self._pool = pool
        self._links = links

    async def audio(self, known: ClipRecord, into: Path) -> DownloadedAudio:
        """Fetch the audio of a clip; where its link is dead, by the current one.

        Raises:
            Refused: no link leads to audio.
            Failed: it did not come; it may, another time.
        """
        try:
            return await self._fetched(known.clip, into)
        except UnusableMediaError as refused:
            fresh = (await self._links.refresh_clip(known)).known.clip
            if fresh.audio_url in (None, known.clip.audio_url):
                raise
            log.info("Clip %s: fetched by its current link (%s)", known.clip.id, refused)
            return await self._fetched(fresh, into)

    async def cover(self, clip: Clip, into: Path) -> Cover | None:
        """Fetch the cover of a clip; None where there is none, or none that can be had or read."""
        if clip.image_url is None:
            return None
        try:
            return await fetch_image(
                clip.image_url, into, downloader=self._door, run=self._pool.run
            )
        except MediaError as error:
            log.info("Clip %s: no cover (%s)", clip.id, error)
        except Exception:
            log.exception("Clip %s: its cover could not be read", clip.id)
        return None

    async def _fetched(self, clip: Clip, into: Path) -> DownloadedAudio:
        if clip.audio_url is None:
            raise UnusableMediaError("there is no link to it")
        return await fetch_audio(clip.audio_url, into, downloader=self._door, run=self._pool.run)


log = logging.getLogger(__name__)


async def draw_waveform(
    pool: ProcessPool, title: str, stretches: Sequence[Segment], path: Path
) -> Upload | None:
    """Draw ``stretches`` into the file ``path``, by whose name an embed can refer to it.

    None if that fails, whatever the reason: a song without a picture is still a song.
    """
    try:
        png = await pool.run(render_waveform, title, stretches)
        await asyncio.to_thread(path.write_bytes, png)
    except Exception:
        log.exception("%s could not be drawn", path.name)
        return None
    return Upload(path=path, name=path.name, description=waveform_alt_text(title, stretches))


def song_segments(
    parts: Sequence[LineageClip], times: Sequence[float], peaks: Peaks, *, title: str
) -> list[Segment]:
    """Return the stretches of a song.

    Args:
        parts: what it is joined of; they are numbered, as in the reply's list.
        times: the second at which each begins, and last the length.
        peaks: of the whole.
        title: of the song; a part of the same name has only its number.
    """
    return [
        Segment(peaks.between(start, end), _label(number, step, title))
        for number, (step, (start, end)) in enumerate(
            zip(parts, pairwise(times), strict=True), start=1
        )
    ]


def _label(number: int, step: LineageClip, title: str) -> str:
    if step.extension is None:
        return f"{number} · source"
    own = step.known.clip.title
    return f"{number} · {own}" if own not in ("", title) else str(number)
