from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.audio_samples import noise, write_mp3
from tests.support.raw_server import RawServer, running_server
from tests.support.worker_calls import ThreadPool


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of audio."""
    return write_mp3(noise(2), tmp_path_factory.mktemp("song") / "song.mp3", bit_rate=128_000)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RawServer]:
    async with running_server() as server:
        yield server


@pytest.fixture
def thread_pool(tmp_path: Path) -> ThreadPool:
    return ThreadPool(tmp_path)
