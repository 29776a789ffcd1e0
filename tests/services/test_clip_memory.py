"""Clips that can't change are asked of the store once, all others each time."""

import pytest

from bot.domain.models import Clip, ClipRecord, ClipStatus
from bot.services.clip_cache import MAX_CACHED, ClipCache
from bot.store.store import Store
from tests.support.service_harness import SOURCE, START, ServiceHarness

AUDIO = "https://audio.example/a.mp3"


@pytest.fixture
def memory(store: Store) -> ClipCache:
    return ClipCache(store)


async def title(memory: ClipCache) -> str | None:
    known = await memory.clip(SOURCE)
    return known.clip.title if known else None


async def test_a_finished_clip_is_read_once(memory: ClipCache, harness: ServiceHarness) -> None:
    await harness.known(title="First", audio_url=AUDIO, duration=97.0)
    assert await title(memory) == "First"
    await harness.known(title="Second", audio_url=AUDIO, duration=97.0)
    assert await title(memory) == "First"


@pytest.mark.parametrize(
    "parts",
    [
        {"audio_url": AUDIO},
        {"duration": 97.0},
        {"status": ClipStatus.STREAMING, "audio_url": AUDIO, "duration": 97.0},
    ],
)
async def test_unfinished_clip_is_read_each_time(
    memory: ClipCache, harness: ServiceHarness, parts: dict[str, object]
) -> None:
    await harness.known(title="First", **parts)
    assert await title(memory) == "First"
    await harness.known(title="Second", **parts)
    assert await title(memory) == "Second"


async def test_a_clip_that_nobody_knew_may_become_known(
    memory: ClipCache, harness: ServiceHarness
) -> None:
    assert await title(memory) is None
    await harness.known(title="First")
    assert await title(memory) == "First"


async def test_the_oldest_is_forgotten_before_there_are_too_many(memory: ClipCache) -> None:
    def finished(number: int) -> ClipRecord:
        clip = Clip(
            id=f"{number}", status=ClipStatus.COMPLETE, audio_url=AUDIO, duration=float(number + 1)
        )
        return ClipRecord(clip=clip, provider="suno", known_at=START)

    for number in range(MAX_CACHED + 1):
        memory.keep(finished(number))
    assert await memory.clip("0") is None
    assert await memory.clip("1") == finished(1)
    assert await memory.clip(f"{MAX_CACHED}") == finished(MAX_CACHED)
