from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.audio_samples import mp3, noise
from tests.support.raw_server import RawServer, serving


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of audio."""
    return mp3(noise(2), tmp_path_factory.mktemp("song") / "song.mp3", bit_rate=128_000)


@pytest_asyncio.fixture
async def wire() -> AsyncIterator[RawServer]:
    async with serving() as wire:
        yield wire
