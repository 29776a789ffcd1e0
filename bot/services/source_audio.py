"""The audio of a source clip, for providers that are given it: fetched, and cut where it goes on.

The clip may be of any provider, or a file that a member uploaded. Knows nothing of Discord.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from bot.audio.process_pool import ProcessPool
from bot.audio.worker_functions import cut
from bot.domain.clip_reference import is_file_id
from bot.domain.failures import Failure, PastTheEnd, SongTooLong, SourceUnavailable
from bot.domain.lineage import song_files
from bot.domain.models import Clip, ClipRecord, ClipStatus, Extension
from bot.domain.timecode import effective_continue_at
from bot.providers.base import Capabilities, ProviderError, SourceAudio
from bot.services.media import MediaFetcher
from bot.services.runtime import Runtime

log = logging.getLogger(__name__)

LOOKUP_TIMEOUT = 20.0  # seconds that a provider has to tell of a clip


@dataclass(frozen=True, slots=True)
class PreparedSource:
    """What is sent to a provider.

    Attributes:
        extension: with the second of the cut.
        audio: up to there.
        clip: the source, as far as it is known.
    """

    extension: Extension
    audio: SourceAudio
    clip: Clip


class UnusableSourceError(Exception):
    """The source can't be continued so; another attempt would end the same way.

    Attributes:
        failure: that the extension ends with.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(type(failure).__name__)
        self.failure = failure


class SourceAudioPreparer:
    """Fetches and cuts the audio of source clips."""

    def __init__(self, runtime: Runtime, media: MediaFetcher, pool: ProcessPool) -> None:
        self._store = runtime.store
        self._providers = runtime.providers
        self._clock = runtime.clock
        self._media = media
        self._pool = pool

    def temporary_folder(self) -> contextlib.AbstractContextManager[Path]:
        """Return a context of an empty folder for `prepare`."""
        return self._pool.temporary_folder()

    async def prepare(
        self, ext: Extension, capabilities: Capabilities, folder: Path
    ) -> PreparedSource:
        """Return ``ext`` with the second at which its source is cut, and the audio up to there.

        Raises:
            UnusableSourceError: the extension ends.
            MediaError: the audio can't be had.
        """
        known = await self._source(ext.request.clip_id)
        if known is None:
            raise UnusableSourceError(SourceUnavailable(is_file_id(ext.request.clip_id)))
        fetched = await self._media.audio(known, folder / "source")
        length = fetched.info.duration
        join = effective_continue_at(ext.request.continue_at, length)
        if join is None:
            raise UnusableSourceError(PastTheEnd(length))
        latest = capabilities.latest_continue_at(ext.request.length)
        if latest is not None and join > latest:
            raise UnusableSourceError(SongTooLong(latest))
        path = folder / "source.flac"
        await self._pool.run(cut, fetched.path, path, seconds=join)
        fetched.path.unlink()
        request = replace(ext.request, continue_at=join)
        audio = SourceAudio(path, await self._lyrics(known))
        return PreparedSource(replace(ext, request=request), audio, known.clip)

    async def _source(self, clip_id: str) -> ClipRecord | None:
        """Return a clip with audio: as it is known, else as a provider knows it."""
        known = await self._store.clip(clip_id)
        if known is not None and known.clip.audio_url is not None:
            return known
        if known is not None and known.extension_id is not None:
            return known  # its provider may hand out a fresh link
        for name, provider in self._providers.items():
            if not provider.capabilities.lookup or is_file_id(clip_id):
                continue
            try:
                async with asyncio.timeout(LOOKUP_TIMEOUT):
                    clip = await provider.clip(clip_id)
            except (ProviderError, TimeoutError) as error:
                log.info(
                    "Clip %s: %s does not tell of it (%s)", clip_id, name, type(error).__name__
                )
                continue
            if clip is not None and clip.status is ClipStatus.COMPLETE and clip.audio_url:
                await self._store.remember_clip(name, clip, now=self._clock())
                return ClipRecord(clip=clip, provider=name, known_at=self._clock())
        return known

    async def _lyrics(self, known: ClipRecord) -> str:
        """Return the lyrics of what the audio of a clip holds, as far as they are known."""
        lineage = await self._store.lineage(known.clip.id)
        held = song_files(lineage)[-1].parts if lineage else ()
        return "\n\n".join(part.known.lyrics for part in held if part.known.lyrics)
