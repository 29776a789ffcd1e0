"""Fetches a clip's audio and cover into files, and draws waveforms."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from itertools import pairwise
from pathlib import Path

from bot.audio.download import SafeDownloader
from bot.audio.errors import MediaError, UnusableMediaError
from bot.audio.fetch import DownloadedAudio, check_audio, fetch_audio, fetch_image
from bot.audio.models import Cover, Peaks, Segment, Waveform
from bot.audio.process_pool import ProcessPool
from bot.domain.attachments import Upload
from bot.domain.models import Clip, ClipRecord
from bot.services.kept_audio import KeptAudio
from bot.services.links import LinkRefresher

log = logging.getLogger(__name__)


class MediaFetcher:
    """Fetches the audio and the covers of clips.

    Audio that only Encore can reach is kept, as its service may remove it at any time.
    """

    def __init__(
        self,
        downloader: SafeDownloader,
        pool: ProcessPool,
        links: LinkRefresher,
        kept: KeptAudio,
    ) -> None:
        self._downloader = downloader
        self._pool = pool
        self._links = links
        self._kept = kept

    async def audio(self, known: ClipRecord, into: Path) -> DownloadedAudio:
        """Fetch the audio of a clip; if its stored link is dead, by its current one.

        Raises:
            UnusableMediaError: no link leads to audio.
            TransientMediaError: it did not arrive; another attempt may succeed.
        """
        if await self._kept.copy(known.clip.id, into):
            return await check_audio(into, pool=self._pool)
        try:
            return await self._fetch(known.clip, into)
        except UnusableMediaError as error:
            fresh = (await self._links.refresh_clip(known)).known.clip
            if fresh.audio_url in (None, known.clip.audio_url):
                raise
            log.info("Clip %s: fetched by its current link (%s)", known.clip.id, error)
            return await self._fetch(fresh, into)

    async def cover(self, clip: Clip, into: Path) -> Cover | None:
        """Fetch the cover of a clip; None if there is none, or none that can be read."""
        if clip.image_url is None:
            return None
        try:
            return await fetch_image(
                clip.image_url, into, downloader=self._downloader, pool=self._pool
            )
        except MediaError as error:
            log.info("Clip %s: no cover (%s)", clip.id, error)
        except Exception:
            log.exception("Clip %s: its cover could not be read", clip.id)
        return None

    async def _fetch(self, clip: Clip, into: Path) -> DownloadedAudio:
        if clip.audio_url is None:
            raise UnusableMediaError("there is no link to it")
        fetched = await fetch_audio(
            clip.audio_url, into, downloader=self._downloader, pool=self._pool
        )
        if clip.public_url is None:
            await self._kept.keep(clip.id, into)
        return fetched


async def save_picture(drawing: Awaitable[Waveform], path: Path) -> Upload | None:
    """Save what is being drawn as the file ``path``, by whose name an embed refers to it.

    None if that fails for any reason: a song without a picture is still a song.
    """
    try:
        picture = await drawing
        await asyncio.to_thread(path.write_bytes, picture.png)
    except Exception:
        log.exception("%s could not be drawn", path.name)
        return None
    return Upload(path=path, name=path.name, description=picture.alt_text)


def song_segments(times: Sequence[float], peaks: Peaks) -> list[Segment]:
    """Return the segments of a song, numbered as in the reply's list of its parts.

    Args:
        times: the second at which each part begins, and last the length.
        peaks: of the whole song.
    """
    return [
        Segment(peaks.between(start, end), str(number))
        for number, (start, end) in enumerate(pairwise(times), start=1)
    ]
