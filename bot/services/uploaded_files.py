"""Files that members upload in order to continue them: checked, kept, and known as clips.

Knows nothing of Discord.
"""

import asyncio
import hashlib
import logging
from pathlib import Path, PurePath

from bot.audio.download import DownloadLimits, SafeDownloader
from bot.audio.errors import MediaError, TransientMediaError
from bot.audio.fetch import fetch_audio
from bot.audio.process_pool import ProcessPool
from bot.domain.clip_reference import file_id
from bot.domain.errors import UserError
from bot.domain.models import Clip, ClipStatus
from bot.domain.text import collapse_whitespace, escape_line, strip_invisible
from bot.domain.timecode import format_length
from bot.services.runtime import Runtime

log = logging.getLogger(__name__)

MAX_BYTES = 64 << 20  # of one file
MIN_SECONDS = 3.0
LIMITS = DownloadLimits(max_bytes=MAX_BYTES, timeout=120)
NAME_LENGTH = 60  # UTF-16 units of a file's name in an answer
NO_PROVIDER = ""  # of a clip that is a file


class UploadedFiles:
    """Takes files in."""

    def __init__(self, runtime: Runtime, downloader: SafeDownloader, pool: ProcessPool) -> None:
        self._runtime = runtime
        self._store = runtime.store
        self._clock = runtime.clock
        self._downloader = downloader
        self._pool = pool
        self._kept = runtime.kept_audio

    @property
    def are_accepted(self) -> bool:
        """Whether a file can be kept, and a provider can continue it."""
        providers = self._runtime.providers.values()
        return self._kept.is_possible and any(
            each.capabilities.wants_source_audio for each in providers
        )

    async def receive(self, url: str, *, name: str, size: int) -> Clip:
        """Return the file at ``url`` as a clip, once it is kept.

        Args:
            url: of the file; it need not work afterwards.
            name: of the file.
            size: bytes.

        Raises:
            UserError: it is no audio, too large, too long or too short, or can't be kept.
        """
        shown = f"“{escape_line(name, NAME_LENGTH)}”"
        if size > MAX_BYTES:
            raise UserError(
                f"{shown} is too large.",
                f"It has {size / (1 << 20):.0f} MB; Encore takes up to {MAX_BYTES >> 20}. "
                "Save it as MP3 and upload that.",
            )
        with self._pool.temporary_folder() as folder:
            path = folder / "file"
            seconds = await self._fetch(url, path, shown)
            self._require_length(seconds, shown)
            digest = await asyncio.to_thread(_sha256, path)
            clip = Clip(
                id=file_id(digest),
                status=ClipStatus.COMPLETE,
                title=_title(name),
                audio_url=f"file:{digest}",  # kept here, so it is never fetched by it
                duration=seconds,
            )
            is_kept = await self._kept.keep(clip.id, path)
        if not is_kept:
            raise UserError("Encore can't keep that file.", self._runtime.operator_contact.request)
        await self._store.remember_clip(NO_PROVIDER, clip, now=self._clock())
        log.info("Clip %s: a file of %s bytes was taken in", clip.id, size)
        return clip

    async def _fetch(self, url: str, path: Path, shown: str) -> float:
        try:
            fetched = await fetch_audio(
                url, path, downloader=self._downloader, pool=self._pool, limits=LIMITS
            )
        except TransientMediaError as error:
            log.info("A file could not be taken in (%s)", error)
            raise UserError(
                f"{shown} didn't arrive whole, or it's damaged.", "Upload it once more."
            ) from error
        except MediaError as error:
            log.info("A file was not taken in (%s)", error)
            raise UserError(
                f"{shown} isn't audio that Encore can read.",
                "Upload an MP3, WAV, FLAC, OGG or M4A file, of an hour at most.",
            ) from error
        return fetched.info.duration

    def _require_length(self, seconds: float, shown: str) -> None:
        length = format_length(seconds)
        if seconds < MIN_SECONDS:
            raise UserError(
                f"{shown} is too short.",
                f"It's {length} long; it takes {MIN_SECONDS:.0f} seconds at least.",
            )
        limits = [
            each.capabilities.longest_song
            for each in self._runtime.providers.values()
            if each.capabilities.wants_source_audio
        ]
        longest = max((limit for limit in limits if limit is not None), default=None)
        if None not in limits and longest is not None and seconds > longest:
            raise UserError(
                f"{shown} is too long.",
                f"It's {length} long; up to {format_length(longest)} can be continued here.",
            )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _title(name: str) -> str:
    return collapse_whitespace(strip_invisible(PurePath(name).stem).replace("_", " "))
