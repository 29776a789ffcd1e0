from collections.abc import Callable
from pathlib import Path

import pytest

from bot.audio.download import SafeDownloader
from bot.audio.errors import MediaError, TransientMediaError, UnusableMediaError
from bot.audio.fetch import DownloadedAudio, fetch_audio, fetch_image
from bot.audio.models import Cover
from tests.support.audio_samples import RATE, file_names, noise, write_audio
from tests.support.file_server import cover
from tests.support.raw_server import RawServer, http_response
from tests.support.worker_calls import ThreadPool


def content(path: Path) -> bytes:
    return path.read_bytes()


async def fetched(server: RawServer, into: Path, pool: ThreadPool) -> DownloadedAudio:
    downloader = SafeDownloader(trusted_hosts={server.host})
    return await fetch_audio(server.url("/a"), into, downloader=downloader, pool=pool)


async def fetched_cover(server: RawServer, into: Path, pool: ThreadPool) -> Cover:
    downloader = SafeDownloader(trusted_hosts={server.host})
    return await fetch_image(server.url("/a"), into, downloader=downloader, pool=pool)


async def test_mp3_is_fetched_and_analyzed(
    server: RawServer, song: Path, thread_pool: ThreadPool, tmp_path: Path
) -> None:
    server.responses["/a"] = http_response(content(song))
    audio = await fetched(server, tmp_path / "a.mp3", thread_pool)
    assert content(audio.path) == content(song)
    assert audio.info.duration == noise(2).shape[1] / RATE
    assert file_names(tmp_path) == ["a.mp3"]


@pytest.mark.parametrize(
    ("codec", "name"), [("aac", "a.m4a"), ("flac", "a.flac"), ("pcm_s16le", "a.wav")]
)
async def test_other_formats_are_fetched_too(
    codec: str, name: str, server: RawServer, thread_pool: ThreadPool, tmp_path: Path
) -> None:
    server.responses["/a"] = http_response(content(write_audio(noise(1), tmp_path / name, codec)))
    audio = await fetched(server, tmp_path / "b", thread_pool)
    assert not audio.info.is_mp3
    assert audio.info.duration == pytest.approx(1, abs=0.05)


# what an MP3 becomes; the error
BROKEN_FILES: dict[str, tuple[Callable[[bytes], bytes], type[MediaError]]] = {
    "HTML": (lambda _: b"<!doctype html>" + b"<p>Not here.</p>" * 999, UnusableMediaError),
    "a list of other files": (
        lambda _: b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n",
        UnusableMediaError,
    ),
    "nothing": (lambda _: b"", UnusableMediaError),
    "two thirds": (lambda mp3: mp3[: len(mp3) * 2 // 3], TransientMediaError),
    "half a frame less": (lambda mp3: mp3[:-200], TransientMediaError),
}


@pytest.mark.parametrize(("broken", "error"), BROKEN_FILES.values(), ids=BROKEN_FILES)
async def test_broken_audio_is_refused_and_removed(
    broken: Callable[[bytes], bytes],
    error: type[MediaError],
    server: RawServer,
    song: Path,
    thread_pool: ThreadPool,
    tmp_path: Path,
) -> None:
    server.responses["/a"] = http_response(broken(content(song)))
    with pytest.raises(error):
        await fetched(server, tmp_path / "a.mp3", thread_pool)
    assert not file_names(tmp_path)


async def test_audio_longer_than_its_stated_length_is_refused(
    server: RawServer, song: Path, thread_pool: ThreadPool, tmp_path: Path
) -> None:
    mp3 = content(song)
    server.responses["/a"] = http_response(mp3, length=len(mp3) // 2 + 9)
    with pytest.raises(TransientMediaError):
        await fetched(server, tmp_path / "a.mp3", thread_pool)


async def test_cover_is_fetched_and_its_file_removed(
    server: RawServer, thread_pool: ThreadPool, tmp_path: Path
) -> None:
    server.responses["/a"] = http_response(cover())
    assert (await fetched_cover(server, tmp_path / "c", thread_pool)).jpeg
    assert not file_names(tmp_path)


async def test_unusable_cover_is_refused_and_removed(
    server: RawServer, thread_pool: ThreadPool, tmp_path: Path
) -> None:
    server.responses["/a"] = http_response(b"<html>")
    with pytest.raises(UnusableMediaError):
        await fetched_cover(server, tmp_path / "c", thread_pool)
    assert not file_names(tmp_path)
