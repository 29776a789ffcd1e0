"""The audio and the cover of a clip, fetched into a file by whatever link leads there now."""

import logging
from pathlib import Path

from bot.audio.covers import Cover
from bot.audio.downloader import SafeDownloader
from bot.audio.errors import MediaError, UnusableMediaError
from bot.audio.fetch import DownloadedAudio, fetch_audio, fetch_image
from bot.audio.pool import ProcessPool
from bot.domain.models import Clip, ClipRecord
from bot.services.fresh_links import LinkRefresher

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
            return await fetch_image(clip.image_url, into, downloader=self._door, run=self._pool.run)
        except MediaError as error:
            log.info("Clip %s: no cover (%s)", clip.id, error)
        except Exception:
            log.exception("Clip %s: its cover could not be read", clip.id)
        return None

    async def _fetched(self, clip: Clip, into: Path) -> DownloadedAudio:
        if clip.audio_url is None:
            raise UnusableMediaError("there is no link to it")
        return await fetch_audio(clip.audio_url, into, downloader=self._door, run=self._pool.run)
