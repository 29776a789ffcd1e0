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
    SessionExpired,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    UnknownClip,
)
from sandbox.providers import timeline
from sandbox.providers.faults import Fault
from sandbox.providers.server import ProviderServer
from tests.support.provider_samples import ADAPTERS, BY_CLIP_ID

BY_CLIP = ("aimlapi", "suno_api", "sunoapi_com")


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer(timeline=timeline.Timeline(length=(4, 6))) as running:
        for account in running.accounts.values():
            account.enforce_rate_limits = False
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=False, trust_env=False) as one:  # noqa: S501 - loopback
        yield one


class AdapterHarness:
    """One adapter in front of one local provider."""

    def __init__(self, server: ProviderServer, client: httpx.AsyncClient, name: str) -> None:
        service, _, self.route = name.partition("/")
        self.account = server.account(service)
        config = ApiConfig(
            base_url=server.provider_url(service),
            key=server.provider_key(service),
            trusted_hosts={server.host},
        )
        self.provider: Adapter = ADAPTERS[name](client, config)
        self.request = ExtendRequest(
            provider=service,
            clip_id=self.account.source_clips()[0].id,
            continue_at=121.1,
            lyrics="[Verse]\n\nSilver cities",
            style=("rock", "uplifting"),
            title="New Beginnings",
        )

    async def progress(self, handle: Handle) -> Progress:
        return (await self.provider.fetch([handle]))[handle]

    def reach(self, status: timeline.Status) -> None:
        for clip_id in self.account.submissions[-1].clip_ids:
            self.account.advance(clip_id, status)


@pytest.fixture(params=BY_CLIP_ID)
def harness(
    request: pytest.FixtureRequest, server: ProviderServer, client: httpx.AsyncClient
) -> AdapterHarness:
    return AdapterHarness(server, client, request.param)


async def test_extension_goes_from_submitted_to_complete(harness: AdapterHarness) -> None:
    handle = await harness.provider.extend(harness.request)
    before = await harness.progress(handle)
    assert not any(clip.audio_url for clip in before.clips)

    harness.reach(timeline.Status.STREAMING)
    heard = await harness.progress(handle)
    assert [clip.status for clip in heard.clips] == [ClipStatus.STREAMING] * 2
    assert all(clip.audio_url for clip in heard.clips)

    harness.reach(timeline.Status.COMPLETE)
    done = await harness.progress(handle)
    assert [clip.id for clip in done.clips] == [*harness.account.submissions[0].clip_ids]
    assert all(clip.is_playable and clip.duration for clip in done.clips)
    assert {clip.title for clip in done.clips} == {"New Beginnings"}
    assert not done.is_open
    assert done.error is None
    assert harness.account.violations == []
    assert len(harness.account.submissions) == 1


async def test_instrumental_keeps_to_the_contract(
    harness: AdapterHarness,
) -> None:
    await harness.provider.extend(dataclasses.replace(harness.request, lyrics=""))
    assert harness.account.violations == []


@pytest.mark.parametrize("name", ["aimlapi", "sunoapi_co", "suno_api", "sunoapi_com"])
async def test_extension_without_style_keeps_to_the_contract(
    server: ProviderServer, client: httpx.AsyncClient, name: str
) -> None:
    harness = AdapterHarness(server, client, name)
    await harness.provider.extend(dataclasses.replace(harness.request, style=()))
    assert harness.account.violations == []


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
        (Fault.HTML_NOT_FOUND, Unauthorized),
        (Fault.HTML_BAD_GATEWAY, Unconfirmed),
        (Fault.SLOW_BUT_MADE, Unconfirmed),
        (Fault.CAPTCHA_HANGS, Unconfirmed),
        (Fault.HANG_AFTER, Unconfirmed),
        (Fault.EMPTY_CLIPS, Rejected),
    ],
)
async def test_failed_submission_is_sent_once(
    harness: AdapterHarness, fault: Fault, kind: type[ProviderError]
) -> None:
    can = harness.provider.capabilities
    if fault in (Fault.HANG_AFTER, Fault.CAPTCHA_HANGS):
        harness.provider.capabilities = dataclasses.replace(can, submit_timeout=0.5)
    harness.account.fail_next(fault, on="submit")
    with pytest.raises(ProviderError) as caught:
        await harness.provider.extend(harness.request)
    assert isinstance(caught.value, kind)
    assert len(harness.account.requests) == 1


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.CLOSE_BEFORE, Fault.INVALID_JSON])
async def test_failed_query_succeeds_the_next_time(harness: AdapterHarness, fault: Fault) -> None:
    handle = await harness.provider.extend(harness.request)
    harness.reach(timeline.Status.COMPLETE)
    harness.account.fail_next(fault, on="fetch")
    with pytest.raises(Unavailable):
        await harness.provider.fetch([handle])
    assert all(clip.is_playable for clip in (await harness.progress(handle)).clips)


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED_SECONDS, Fault.RATE_LIMITED_DATE])
async def test_retry_after_is_read_in_both_forms(harness: AdapterHarness, fault: Fault) -> None:
    harness.account.fail_next(fault, on="submit", retry_after=30)
    with pytest.raises(RateLimited) as caught:
        await harness.provider.extend(harness.request)
    assert caught.value.retry_after == pytest.approx(30, abs=2)


async def test_empty_account_is_out_of_credits(harness: AdapterHarness) -> None:
    harness.account.credits = 0
    with pytest.raises(OutOfCredits):
        await harness.provider.extend(harness.request)


async def test_wrong_key_is_the_operators_problem(
    harness: AdapterHarness, server: ProviderServer, client: httpx.AsyncClient
) -> None:
    name = harness.account.name
    if name == "suno_api":
        pytest.skip("it asks for no key")
    config = ApiConfig(base_url=server.provider_url(name), key="another-secret")
    with pytest.raises(Unauthorized):
        await ADAPTERS[name](client, config).extend(harness.request)


@pytest.mark.parametrize("fault", [Fault.NONE_MP3, Fault.FORBIDDEN_LINK, Fault.EMPTY_AUDIO_URL])
async def test_complete_clip_may_have_no_link(harness: AdapterHarness, fault: Fault) -> None:
    harness.account.fail_next(fault)
    handle = await harness.provider.extend(harness.request)
    harness.reach(timeline.Status.COMPLETE)
    seen = await harness.progress(handle)
    assert {clip.status for clip in seen.clips} == {ClipStatus.COMPLETE}
    assert not all(clip.audio_url for clip in seen.clips)


async def test_failed_clip_leaves_its_twin_playable(harness: AdapterHarness) -> None:
    harness.account.fail_next(Fault.TWIN_FAILS)
    handle = await harness.provider.extend(harness.request)
    harness.account.advance(harness.account.submissions[0].clip_ids[0], timeline.Status.COMPLETE)
    harness.account.advance(harness.account.submissions[0].clip_ids[1], timeline.Status.ERROR)
    seen = await harness.progress(handle)
    assert [clip.is_playable for clip in seen.clips] == [True, False]
    # a task of sunosay's has one message for both, and none while one of them is good, as a job has
    says_why = harness.account.name not in ("sunoapi_co", "sunosay") and harness.route != "jobs"
    assert seen.clips[1].error == ("Prompt contained inappropriate material" if says_why else "")


@pytest.mark.parametrize("name", BY_CLIP)
async def test_clip_and_credits_are_looked_up(
    server: ProviderServer, client: httpx.AsyncClient, name: str
) -> None:
    harness = AdapterHarness(server, client, name)
    clip = await harness.provider.clip(harness.request.clip_id)
    assert clip is not None
    assert (clip.title, clip.duration) == ("Electric Dreams", 192.0)
    left = await harness.provider.credits()
    assert left is not None
    assert left.left == 10_000
    assert harness.account.violations == []


async def test_clip_of_another_provider_is_unknown_to_a_submission(
    harness: AdapterHarness, server: ProviderServer
) -> None:
    elsewhere = "aimlapi" if harness.account.name != "aimlapi" else "suno_api"
    clip_id = server.account(elsewhere).source_clips()[0].id
    with pytest.raises(UnknownClip):
        await harness.provider.extend(dataclasses.replace(harness.request, clip_id=clip_id))
    assert len(harness.account.requests) == 1
    assert harness.account.credits == 10_000


@pytest.mark.parametrize("name", ["aimlapi", "sunoapi_com"])
async def test_clip_of_another_provider_is_unknown_to_a_lookup(
    server: ProviderServer, client: httpx.AsyncClient, name: str
) -> None:
    harness = AdapterHarness(server, client, name)
    with pytest.raises(UnknownClip):
        await harness.provider.clip(server.account("suno_api").source_clips()[0].id)


@pytest.mark.parametrize("route", ["sunoapi_org", "sunoapi_org/jobs"])
async def test_sunoapi_org_tells_credits_and_nothing_of_a_clip(
    server: ProviderServer, client: httpx.AsyncClient, route: str
) -> None:
    harness = AdapterHarness(server, client, route)
    left = await harness.provider.credits()
    assert left is not None
    assert left.left == 10_000
    assert await harness.provider.clip(harness.request.clip_id) is None


@pytest.mark.parametrize("route", ["sunoapi_org", "sunoapi_org/jobs"])
@pytest.mark.parametrize("model", ["V4_5", "V6"])
async def test_sunoapi_org_sings_the_words_with_models_of_each_age(
    server: ProviderServer, client: httpx.AsyncClient, route: str, model: str
) -> None:
    harness = AdapterHarness(server, client, route)
    handle = await harness.provider.extend(dataclasses.replace(harness.request, model=model))
    harness.reach(timeline.Status.COMPLETE)
    made = harness.account.clips[(await harness.progress(handle)).clips[0].id]
    assert (made.prompt, made.model) == ("[Verse]\n\nSilver cities", model)
    assert (made.title, made.tags) == ("New Beginnings", "rock, uplifting")
    assert harness.account.violations == []


async def test_sunoapi_org_has_the_first_song_before_the_second(
    server: ProviderServer, client: httpx.AsyncClient
) -> None:
    harness = AdapterHarness(server, client, "sunoapi_org")
    handle = await harness.provider.extend(harness.request)
    harness.reach(timeline.Status.STREAMING)
    harness.account.advance(harness.account.submissions[0].clip_ids[0], timeline.Status.COMPLETE)
    first = await harness.progress(handle)
    assert [clip.status for clip in first.clips] == [ClipStatus.COMPLETE, ClipStatus.STREAMING]
    assert first.is_open


@pytest.mark.parametrize("route", ["sunoapi_org", "sunoapi_org/jobs"])
async def test_sunoapi_org_tells_why_a_task_failed(
    server: ProviderServer, client: httpx.AsyncClient, route: str
) -> None:
    harness = AdapterHarness(server, client, route)
    handle = await harness.provider.extend(harness.request)
    harness.reach(timeline.Status.ERROR)
    assert (await harness.progress(handle)).error == "Prompt contained inappropriate material"


@pytest.mark.parametrize("route", ["sunoapi_org", "sunoapi_org/jobs"])
async def test_sunoapi_org_limits_the_rate_without_charging(
    server: ProviderServer, client: httpx.AsyncClient, route: str
) -> None:
    harness = AdapterHarness(server, client, route)
    for _ in range(20):
        await harness.provider.fetch([Handle(task_id="none")])
    harness.account.enforce_rate_limits = True
    with pytest.raises(RateLimited):
        await harness.provider.extend(harness.request)
    assert harness.account.submissions == []


async def test_aimlapi_long_poll_ends_with_news(
    server: ProviderServer, client: httpx.AsyncClient
) -> None:
    harness = AdapterHarness(server, client, "aimlapi")
    handle = await harness.provider.extend(harness.request)
    asking = asyncio.create_task(harness.provider.fetch([handle], newer_than=Status.SUBMITTED))
    await server.wait_for(lambda: len(harness.account.requests) == 2)
    harness.reach(timeline.Status.STREAMING)
    seen = (await asking)[handle]
    assert {clip.status for clip in seen.clips} == {ClipStatus.STREAMING}


async def test_suno_api_does_not_know_the_clip_of_another_account(
    server: ProviderServer, client: httpx.AsyncClient
) -> None:
    harness = AdapterHarness(server, client, "suno_api")
    assert await harness.provider.clip(server.account("aimlapi").source_clips()[0].id) is None
    assert len(harness.account.requests) == 2


async def test_suno_api_tells_an_ended_session_from_everything_else(
    server: ProviderServer, client: httpx.AsyncClient
) -> None:
    harness = AdapterHarness(server, client, "suno_api")
    handle = await harness.provider.extend(harness.request)
    harness.account.fail_next(Fault.SESSION_ENDED, count=6)
    for call in (
        harness.provider.clip(harness.request.clip_id),  # asks twice, as does the next
        harness.provider.fetch([handle]),
        harness.provider.credits(),
        harness.provider.extend(harness.request),
    ):
        with pytest.raises(SessionExpired, match="Renew the cookie"):
            await call
    assert not harness.account.faults.planned
    assert len(harness.account.submissions) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.NO_BROWSER, Unauthorized),
        (Fault.SESSION_GONE, SessionExpired),
        (Fault.CONTINUE_AT_REQUIRED, Rejected),
    ],
)
async def test_suno_api_says_why_nothing_was_sent(
    server: ProviderServer, client: httpx.AsyncClient, fault: Fault, kind: type[ProviderError]
) -> None:
    harness = AdapterHarness(server, client, "suno_api")
    harness.account.fail_next(fault)
    with pytest.raises(kind):
        await harness.provider.extend(harness.request)


async def test_suno_api_at_a_wrong_address_is_the_operators_problem(
    server: ProviderServer, client: httpx.AsyncClient
) -> None:
    config = ApiConfig(base_url=server.provider_url("suno_api") + "/api")
    with pytest.raises(Unauthorized, match="base URL"):
        await ADAPTERS["suno_api"](client, config).credits()


async def test_suno_api_concat_that_was_too_slow_can_be_sent_again(
    server: ProviderServer, client: httpx.AsyncClient
) -> None:
    harness = AdapterHarness(server, client, "suno_api")
    part = await harness.provider.extend(harness.request)
    harness.reach(timeline.Status.COMPLETE)
    harness.account.fail_next(Fault.SLOW_BUT_MADE)
    with pytest.raises(Unavailable):
        await harness.provider.concat(part.clip_ids[0])
    assert await harness.provider.concat(part.clip_ids[0])
    assert [each.charged for each in harness.account.submissions] == [10, 0, 0]


@pytest.mark.parametrize("fault", [Fault.CLOSE_AFTER, Fault.SLOW_BUT_MADE])
async def test_suno_api_finds_clips_of_an_unanswered_submission(
    server: ProviderServer, client: httpx.AsyncClient, fault: Fault
) -> None:
    harness = AdapterHarness(server, client, "suno_api")
    since = dt.datetime.now(dt.UTC)
    harness.account.fail_next(fault, on="submit")
    with pytest.raises(Unconfirmed):
        await harness.provider.extend(harness.request)
    found = await harness.provider.find_recent(harness.request, since=since)
    assert set(found) == set(harness.account.submissions[0].clip_ids)


async def test_suno_api_concat_makes_one_playable_clip(
    server: ProviderServer, client: httpx.AsyncClient
) -> None:
    harness = AdapterHarness(server, client, "suno_api")
    part = await harness.provider.extend(harness.request)
    harness.reach(timeline.Status.COMPLETE)
    whole = await harness.provider.concat(part.clip_ids[0])
    harness.reach(timeline.Status.COMPLETE)
    (clip,) = (await harness.progress(whole)).clips
    assert clip.is_playable
    assert clip.duration is not None
    assert clip.duration > 121
