"""The real adapters against the local providers, over real sockets."""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import AsyncIterator

import httpx
import pytest

from bot.domain.models import ClipStatus, ExtendRequest, Handle, Progress, Status
from bot.providers.adapter import Adapter, ApiConfig
from bot.providers.base import (
    OutOfCredits,
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    Unconfirmed,
)
from sandbox.providers import timeline
from sandbox.providers.faults import Fault
from sandbox.providers.server import ProviderServer
from tests.support.provider_samples import ADAPTERS

BY_CLIP = ("aimlapi", "suno_api", "sunoapi_com")


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer(timeline=timeline.Timeline(length=(4, 6))) as running:
        for studio in running.accounts.values():
            studio.enforce_rate_limits = False
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=False, trust_env=False) as one:  # noqa: S501 - loopback
        yield one


class Stage:
    """One adapter in front of one local provider."""

    def __init__(self, server: ProviderServer, client: httpx.AsyncClient, name: str) -> None:
        self.studio = server.account(name)
        access = ApiConfig(
            base_url=server.provider_url(name),
            key=server.provider_key(name),
            trusted_hosts={server.host},
        )
        self.provider: Adapter = ADAPTERS[name](client, access)
        self.request = ExtendRequest(
            provider=name,
            clip_id=self.studio.source_clips()[0].id,
            continue_at=121.1,
            lyrics="[Verse]\n\nSilver cities",
            style=("rock", "uplifting"),
            title="New Beginnings",
        )

    async def progress(self, handle: Handle) -> Progress:
        return (await self.provider.fetch([handle]))[handle]

    def reach(self, status: timeline.Status) -> None:
        for clip_id in self.studio.submissions[-1].clip_ids:
            self.studio.advance(clip_id, status)


@pytest.fixture(params=ADAPTERS)
def stage(
    request: pytest.FixtureRequest, server: ProviderServer, client: httpx.AsyncClient
) -> Stage:
    return Stage(server, client, request.param)


async def test_an_extension_goes_from_submitted_to_complete(stage: Stage) -> None:
    handle = await stage.provider.extend(stage.request)
    before = await stage.progress(handle)
    assert not any(clip.audio_url for clip in before.clips)

    stage.reach(timeline.Status.STREAMING)
    heard = await stage.progress(handle)
    assert [clip.status for clip in heard.clips] == [ClipStatus.STREAMING] * 2
    assert all(clip.audio_url for clip in heard.clips)

    stage.reach(timeline.Status.COMPLETE)
    done = await stage.progress(handle)
    assert [clip.id for clip in done.clips] == [*stage.studio.submissions[0].clip_ids]
    assert all(clip.is_playable and clip.duration for clip in done.clips)
    assert {clip.title for clip in done.clips} == {"New Beginnings"}
    assert not done.is_open
    assert done.error is None
    assert stage.studio.violations == []
    assert len(stage.studio.submissions) == 1


async def test_an_instrumental_is_taken_without_a_breach_of_the_contract(stage: Stage) -> None:
    await stage.provider.extend(dataclasses.replace(stage.request, lyrics=""))
    assert stage.studio.violations == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.BAD_REQUEST, Rejected),
        (Fault.UNAUTHORIZED, Unauthorized),
        (Fault.PAYMENT_REQUIRED, OutOfCredits),
        (Fault.RATE_LIMITED, RateLimited),
        (Fault.UNAVAILABLE, Unconfirmed),
        (Fault.CLOSE_BEFORE, Unconfirmed),
        (Fault.CLOSE_AFTER, Unconfirmed),
        (Fault.INVALID_JSON, Unconfirmed),
        (Fault.HTML_PAGE, Unconfirmed),
        (Fault.HTML_BAD_GATEWAY, Unconfirmed),
        (Fault.HANG_AFTER, Unconfirmed),
        (Fault.EMPTY_CLIPS, Rejected),
    ],
)
async def test_a_submission_that_goes_wrong_is_sent_once(
    stage: Stage, fault: Fault, kind: type[ProviderError]
) -> None:
    can = stage.provider.capabilities
    if fault is Fault.HANG_AFTER:
        stage.provider.capabilities = dataclasses.replace(can, submit_timeout=0.5)
    stage.studio.fail_next(fault, on="submit")
    with pytest.raises(ProviderError) as caught:
        await stage.provider.extend(stage.request)
    assert type(caught.value) is kind
    assert len(stage.studio.requests) == 1


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.CLOSE_BEFORE, Fault.INVALID_JSON])
async def test_a_question_that_goes_wrong_is_answered_the_next_time(
    stage: Stage, fault: Fault
) -> None:
    handle = await stage.provider.extend(stage.request)
    stage.reach(timeline.Status.COMPLETE)
    stage.studio.fail_next(fault, on="fetch")
    with pytest.raises(Unavailable):
        await stage.provider.fetch([handle])
    assert all(clip.is_playable for clip in (await stage.progress(handle)).clips)


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED_SECONDS, Fault.RATE_LIMITED_DATE])
async def test_the_wait_is_told_in_either_form(stage: Stage, fault: Fault) -> None:
    stage.studio.fail_next(fault, on="submit", retry_after=30)
    with pytest.raises(RateLimited) as caught:
        await stage.provider.extend(stage.request)
    assert caught.value.retry_after == pytest.approx(30, abs=2)


async def test_an_empty_account_is_out_of_credits(stage: Stage) -> None:
    stage.studio.credits = 0
    with pytest.raises(OutOfCredits):
        await stage.provider.extend(stage.request)


async def test_a_wrong_key_is_the_operators_problem(
    stage: Stage, server: ProviderServer, client: httpx.AsyncClient
) -> None:
    name = stage.studio.name
    if name == "suno_api":
        pytest.skip("it asks for no key")
    access = ApiConfig(base_url=server.provider_url(name), key="another-secret")
    with pytest.raises(Unauthorized):
        await ADAPTERS[name](client, access).extend(stage.request)


@pytest.mark.parametrize("fault", [Fault.NONE_MP3, Fault.FORBIDDEN_LINK, Fault.EMPTY_AUDIO_URL])
async def test_a_complete_clip_may_have_no_link(stage: Stage, fault: Fault) -> None:
    stage.studio.fail_next(fault)
    handle = await stage.provider.extend(stage.request)
    stage.reach(timeline.Status.COMPLETE)
    seen = await stage.progress(handle)
    assert {clip.status for clip in seen.clips} == {ClipStatus.COMPLETE}
    assert not all(clip.audio_url for clip in seen.clips)


async def test_a_failed_twin_does_not_take_the_other_along(stage: Stage) -> None:
    stage.studio.fail_next(Fault.TWIN_FAILS)
    handle = await stage.provider.extend(stage.request)
    stage.studio.advance(stage.studio.submissions[0].clip_ids[0], timeline.Status.COMPLETE)
    stage.studio.advance(stage.studio.submissions[0].clip_ids[1], timeline.Status.ERROR)
    seen = await stage.progress(handle)
    assert [clip.is_playable for clip in seen.clips] == [True, False]
    # a task of sunosay's has one message for both, and none while one of them is good
    says_why = stage.studio.name in BY_CLIP
    assert seen.clips[1].error == ("Prompt contained inappropriate material" if says_why else "")


@pytest.mark.parametrize("name", BY_CLIP)
async def test_a_clip_is_looked_up_and_credits_are_told(
    server: ProviderServer, client: httpx.AsyncClient, name: str
) -> None:
    stage = Stage(server, client, name)
    clip = await stage.provider.clip(stage.request.clip_id)
    assert clip is not None
    assert (clip.title, clip.duration) == ("Electric Dreams", 192.0)
    left = await stage.provider.credits()
    assert left is not None
    assert left.left == 10_000
    assert stage.studio.violations == []


async def test_aimlapi_is_waited_on_until_there_is_news(
    server: ProviderServer, client: httpx.AsyncClient
) -> None:
    stage = Stage(server, client, "aimlapi")
    handle = await stage.provider.extend(stage.request)
    asking = asyncio.create_task(stage.provider.fetch([handle], newer_than=Status.SUBMITTED))
    await server.wait_for(lambda: len(stage.studio.requests) == 2)
    stage.reach(timeline.Status.STREAMING)
    seen = (await asking)[handle]
    assert {clip.status for clip in seen.clips} == {ClipStatus.STREAMING}


async def test_suno_api_finds_again_what_it_never_answered(
    server: ProviderServer, client: httpx.AsyncClient
) -> None:
    stage = Stage(server, client, "suno_api")
    since = dt.datetime.now(dt.UTC)
    stage.studio.fail_next(Fault.CLOSE_AFTER, on="submit")
    with pytest.raises(Unconfirmed):
        await stage.provider.extend(stage.request)
    found = await stage.provider.find_recent(stage.request, since=since)
    assert set(found) == set(stage.studio.submissions[0].clip_ids)


async def test_suno_api_joins_a_lineage(server: ProviderServer, client: httpx.AsyncClient) -> None:
    stage = Stage(server, client, "suno_api")
    part = await stage.provider.extend(stage.request)
    stage.reach(timeline.Status.COMPLETE)
    whole = await stage.provider.concat(part.clip_ids[0])
    stage.reach(timeline.Status.COMPLETE)
    (clip,) = (await stage.progress(whole)).clips
    assert clip.is_playable
    assert clip.duration is not None
    assert clip.duration > 121
