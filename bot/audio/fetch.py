"""Fetch a clip's audio or cover: download it, then check that it is what it should be."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.audio.download import DownloadLimits, SafeDownloader
from bot.audio.models import AudioInfo, Cover
from bot.audio.process_pool import ProcessPool
from bot.audio.worker_functions import analyze, load_cover

_MEBIBYTE: Final = 1024 * 1024
AUDIO_LIMITS: Final = DownloadLimits(max_bytes=128 * _MEBIBYTE, timeout=120)
IMAGE_LIMITS: Final = DownloadLimits(max_bytes=8 * _MEBIBYTE, timeout=30)
# An hour of audio takes 6 s, a cover of 24 million pixels 2 s.
_ANALYSIS_TIMEOUT: Final = 30.0  # seconds
_COVER_TIMEOUT: Final = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class DownloadedAudio:
    """Audio on disk that decodes from its first to its last sample.

    Attributes:
        path: the file.
        info: what decoding it told.
    """

    path: Path
    info: AudioInfo


async def fetch_audio(
    url: str,
    into: Path,
    *,
    downloader: SafeDownloader,
    pool: ProcessPool,
    limits: DownloadLimits = AUDIO_LIMITS,
) -> DownloadedAudio:
    """Download the audio at ``url`` to the file ``into``, which exists only on success.

    Raises:
        UnusableMediaError: the address or the response is not acceptable, or it is not audio.
        TransientMediaError: it did not arrive, or truncated; another attempt may succeed.
    """
    await downloader.download(url, into, limits)
    return await check_audio(into, pool=pool)


async def check_audio(path: Path, *, pool: ProcessPool) -> DownloadedAudio:
    """Decode the file ``path``, which is removed unless it is audio; raises as `fetch_audio`."""
    try:
        info = await pool.run_within(_ANALYSIS_TIMEOUT, analyze, path)
    except BaseException:
        _remove(path)
        raise
    return DownloadedAudio(path, info)


async def fetch_image(
    url: str,
    into: Path,
    *,
    downloader: SafeDownloader,
    pool: ProcessPool,
    limits: DownloadLimits = IMAGE_LIMITS,
) -> Cover:
    """Download the picture at ``url`` and return it as a cover; ``into`` is removed again.

    Raises:
        UnusableMediaError: the address or the response is not acceptable, or it is no picture.
        TransientMediaError: it did not arrive; another attempt may succeed.
    """
    await downloader.download(url, into, limits)
    try:
        return await pool.run_within(_COVER_TIMEOUT, load_cover, into)
    finally:
        _remove(into)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
