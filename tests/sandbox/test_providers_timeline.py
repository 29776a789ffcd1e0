"""The clock, the timing of clips, and long polling."""

import asyncio
import math
import random
import time

import httpx
import pytest

from sandbox.providers.account import ExtendParameters, ProviderAccount
from sandbox.providers.clock import Clock
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Milestones, Status, Timeline

QUICK = Timeline(queued=(1, 1), streaming=(2, 2), complete=(3, 3), length=(4, 4))


def new_account(clock: Clock | None = None, **changes: object) -> ProviderAccount:
    options = {"timeline": Timeline(), "seed": 0} | changes
    return ProviderAccount("aimlapi", clock or Clock(), **options)  # pyright: ignore[reportArgumentType]


def extend(account: ProviderAccount) -> list[str]:
    order = ExtendParameters(account.source_clips()[0].id, 30.0)
    return [clip.id for clip in account.extend(order, {})]


def test_clock_speed_change_keeps_current_time() -> None:
    clock = Clock(1000)
    moments = [clock.now()]
    for speed in (0.001, 1000, 1, 0.5):
        clock.speed = speed
        moments.append(clock.now())
    assert moments == sorted(moments)
    assert moments[-1] < 5_000
    assert clock.speed == 0.5


@pytest.mark.parametrize("speed", [0, -1, math.inf, math.nan])
def test_clock_rejects_invalid_speed(speed: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        Clock(speed)


async def test_wait_until_reacts_to_speed_change() -> None:
    clock = Clock(0.001)
    waiting = asyncio.ensure_future(clock.wait_until(10))
    await asyncio.sleep(0)
    clock.speed = 10_000
    async with asyncio.timeout(5):
        await waiting
        while clock.now() < 10:
            await clock.wait_until(10)
    assert clock.now() >= 10


async def test_stopped_clock_ends_waits() -> None:
    clock = Clock()
    waiting = asyncio.ensure_future(clock.wait_until(math.inf))
    await asyncio.sleep(0)
    clock.stop()
    async with asyncio.timeout(5):
        await waiting
        await clock.wait_until(math.inf)
    assert clock.is_stopped


@pytest.mark.parametrize(
    ("now", "status"),
    [(0.9, "submitted"), (1, "queued"), (2, "streaming"), (3, "complete"), (9, "complete")],
)
def test_milestones_status_by_time(now: float, status: str) -> None:
    assert Milestones(1, 2, 3).status(now) == status


def test_milestones_error_is_final() -> None:
    failed = Milestones(1, 2, 3, failed=2)
    assert [failed.status(now) for now in (1, 2, 3)] == ["queued", "error", "error"]
    assert failed.reached_at(Status.COMPLETE) == 2
    assert failed.reached_at(Status.QUEUED) == 1
    assert failed.reached_at(Status.SUBMITTED) == -math.inf


@pytest.mark.parametrize("status", [Status.QUEUED, Status.STREAMING, Status.COMPLETE, Status.ERROR])
def test_milestones_advanced_to_status(status: Status) -> None:
    assert Milestones(10, 20, 30).advanced(status, 5).status(5) is status


def test_timeline_draws_different_milestones_for_twins() -> None:
    timeline = Timeline()
    for seed in range(50):
        rng = random.Random(seed)
        first, second = timeline.draw_milestones(rng, 100, 2)
        for milestones in (first, second):
            assert 101 <= milestones.queued <= 104
            assert 120 <= milestones.streaming <= 140
            assert 220 <= milestones.complete <= 280
        assert first.streaming < second.streaming or first.streaming > 139
        assert first.complete <= second.complete


@pytest.mark.parametrize("span", [(5, 4), (-1, 4)])
def test_timeline_rejects_reversed_range(span: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="smaller one first"):
        Timeline(streaming=span)


def test_account_is_reproducible_by_seed() -> None:
    clock = Clock()
    first, again, other = (new_account(clock, seed=seed) for seed in (1, 1, 2))
    assert extend(first) == extend(again) != extend(other)
    assert [clip.id for clip in first.source_clips()] == [clip.id for clip in again.source_clips()]


def test_account_has_source_clips() -> None:
    account = new_account()
    clips = account.source_clips()
    assert [(clip.title, clip.duration) for clip in clips[:2]] == [("Electric Dreams", 192)] * 2
    assert sum(clip.duration <= 30 for clip in clips) >= 2
    assert {account.status(clip) for clip in clips} == {Status.COMPLETE}


async def test_clip_passes_through_all_statuses() -> None:
    async with ProviderServer(timeline=QUICK, speed=20) as providers:
        account = providers.account("suno_api")
        clip = account.clips[extend(account)[0]]
        seen: list[Status] = []

        def complete() -> bool:
            status = account.status(clip)
            if status not in seen:
                seen.append(status)
            return status is Status.COMPLETE

        await providers.wait_for(complete)
        assert seen == [Status.SUBMITTED, Status.QUEUED, Status.STREAMING, Status.COMPLETE]


async def test_timeline_can_be_changed_at_runtime() -> None:
    account = new_account()
    account.timeline = Timeline((0, 0), (0, 0), (0, 0), (2, 2))
    clip = account.clips[extend(account)[1]]
    assert (account.status(clip), clip.duration) == (Status.COMPLETE, 2)


async def ask(providers: ProviderServer, **query: object) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {providers.provider_key('aimlapi')}"}
    async with httpx.AsyncClient(headers=headers, timeout=10, trust_env=False) as http:
        url = f"{providers.provider_url('aimlapi')}/v2/generate/audio/suno-ai/clip"
        answer = await http.get(url, params=query)  # pyright: ignore[reportArgumentType]
        return answer.json()


async def test_long_poll_returns_when_status_is_reached() -> None:
    async with ProviderServer() as providers:
        account = providers.account("aimlapi")
        clip_id, _ = extend(account)
        asking = asyncio.ensure_future(ask(providers, clip_id=clip_id, status="streaming"))
        await providers.wait_for(lambda: account.requests)
        assert not asking.done()
        account.advance(clip_id, Status.STREAMING)
        assert (await asking)["status"] == "streaming"


async def test_long_poll_ends_after_two_minutes() -> None:
    timeline = Timeline(streaming=(500, 500), complete=(600, 600))
    async with ProviderServer(speed=1000, timeline=timeline) as providers:
        clip_id, _ = extend(providers.account("aimlapi"))
        start = providers.clock.now()
        answer = await ask(providers, clip_id=clip_id, status="completed")
        assert 120 <= providers.clock.now() - start < 400
        assert answer["status"] == "queued"


async def test_long_poll_for_submitted_returns_at_once() -> None:
    async with ProviderServer() as providers:
        clip_id, _ = extend(providers.account("aimlapi"))
        for query in ({}, {"status": "submitted"}):
            assert (await ask(providers, clip_id=clip_id, **query))["status"] == "submitted"


async def test_server_close_ends_long_polls() -> None:
    async with ProviderServer() as providers:
        account = providers.account("aimlapi")
        clip_id, _ = extend(account)
        asking = asyncio.ensure_future(ask(providers, clip_id=clip_id, status="completed"))
        await providers.wait_for(lambda: account.requests)
        begun = time.monotonic()
    assert time.monotonic() - begun < 3
    assert (await asking)["status"] == "submitted"


async def test_wait_for_raises_timeout_error() -> None:
    async with ProviderServer() as providers:
        with pytest.raises(TimeoutError):
            await providers.wait_for(lambda: False, timeout=0.02)
