"""From settings to providers."""

import httpx
import pytest
from pydantic import SecretStr

from bot.domain.form import TextLimits
from bot.provider_settings import (
    AceStepSettings,
    ApiSettings,
    SunoApiCoSettings,
    SunoApiOrgSettings,
    SunoApiSettings,
)
from bot.providers.base import Unauthorized
from bot.providers.http import RateLimiter, Unlimited
from bot.providers.registry import open_providers
from bot.settings import Settings
from tests.support.provider_samples import (
    TASK,
    FakeTransport,
    adapter,
    ok,
    request_to,
    submit,
)

KEY = SecretStr("secret-key")


def settings(**given: object) -> Settings:
    key = ApiSettings(api_key=KEY)
    enabled = {
        "aimlapi": key,
        "sunoapi_co": SunoApiCoSettings(
            api_key=KEY, continue_at="number", task_path="/music/query"
        ),
        "suno_api": SunoApiSettings(
            base_url="http://localhost:3000",
            cookie=SecretStr("__client=1"),
            model="chirp-hawk",
            submit_timeout=60,
        ),
        "sunoapi_com": key,
        "sunosay": key,
        "sunoapi_org": SunoApiOrgSettings(
            api_key=KEY,
            model="V5",
            models="V6, V5,V6",
            audio="whole",
            callback_url="https://bot.example/heard/",
        ),
        "acestep": AceStepSettings(base_url="http://localhost:8001", api_key=KEY, length=30),
    }
    return Settings(_env_file=None, discord_token="token", **(enabled | given))


async def test_enabled_providers_are_opened_by_name() -> None:
    async with open_providers(
        settings(), transport=FakeTransport(httpx.Response(500))
    ) as providers:
        names = [
            *("aimlapi", "sunoapi_co", "suno_api", "sunoapi_com", "sunosay", "sunoapi_org"),
            "acestep",
        ]
        assert list(providers) == names
        assert [provider.name for provider in providers.values()] == names


async def test_provider_that_is_not_enabled_is_not_opened() -> None:
    only = settings(aimlapi=ApiSettings(), sunoapi_co=SunoApiCoSettings())
    async with open_providers(only, transport=FakeTransport(httpx.Response(500))) as providers:
        assert list(providers) == [
            *("suno_api", "sunoapi_com", "sunosay", "sunoapi_org", "acestep")
        ]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("aimlapi", "https://api.aimlapi.com/v2/generate/audio/suno-ai/clip"),
        ("sunoapi_co", "https://api.sunoapi.co/suno/music/extend-music"),
        ("suno_api", "http://localhost:3000/api/extend_audio"),
        ("sunoapi_com", "https://api.sunoapi.com/api/v2/suno/v3.5/extend"),
        ("sunosay", "https://api.sunosay.com/suno/music/extend-music"),
        ("sunoapi_org", "https://api.sunoapi.org/api/v1/generate/extend"),
        ("acestep", "http://localhost:8001/release_task"),
    ],
)
async def test_provider_is_reached_at_its_documented_address(name: str, url: str) -> None:
    transport = FakeTransport(httpx.Response(401))
    async with open_providers(settings(), transport=transport) as providers:
        with pytest.raises(Unauthorized):
            await submit(providers[name], request_to(name))
    assert [str(request.url) for request in transport.requests] == [url]
    headers = transport.requests[0].headers
    own = headers.get("Cookie") if name == "suno_api" else headers.get("Authorization")
    assert own == ("__client=1" if name == "suno_api" else "Bearer secret-key")


async def test_settings_override_the_rates_of_the_contract() -> None:
    given = settings(aimlapi=ApiSettings(api_key=KEY, submit_every=1.5, query_every=0.25))
    async with open_providers(given, transport=FakeTransport(httpx.Response(500))) as providers:
        rates = {
            name: (its.capabilities.submit_every, its.capabilities.query_every)
            for name, its in providers.items()
        }
    assert rates == {
        "aimlapi": (1.5, 0.25),
        "sunoapi_co": (4.0, 0.5),
        "suno_api": (0, 0),
        "sunoapi_com": (0, 0),
        "sunosay": (4.0, 0.5),
        "sunoapi_org": (1.0, 1.0),
        "acestep": (0, 1.0),
    }


async def test_continue_at_setting_of_sunoapi_co_reaches_its_requests() -> None:
    transport = FakeTransport(ok("sunosay_submitted"))
    async with open_providers(settings(), transport=transport) as providers:
        await providers["sunoapi_co"].extend(request_to())
    assert transport.bodies[0]["continue_at"] == 100


async def test_settings_of_suno_api_reach_it() -> None:
    transport = FakeTransport(ok("suno_api_submitted"))
    async with open_providers(settings(), transport=transport) as providers:
        provider = providers["suno_api"]
        await provider.extend(request_to("suno_api"))
    assert transport.bodies[0]["model"] == "chirp-hawk"
    assert provider.capabilities.limits.lyrics == 5000
    assert provider.capabilities.submit_timeout == 60


async def test_settings_of_sunoapi_org_reach_it() -> None:
    transport = FakeTransport(httpx.Response(200, json={"code": 200, "data": {"taskId": "t-1"}}))
    async with open_providers(settings(), transport=transport) as providers:
        provider = providers["sunoapi_org"]
        await provider.extend(request_to("sunoapi_org"))
    [body] = transport.bodies
    assert (body["model"], body["callBackUrl"]) == ("V5", "https://bot.example/heard")
    assert provider.capabilities.models == ("V5", "V6")
    assert provider.capabilities.limits.title == 100


async def test_audio_of_sunoapi_org_is_the_whole_where_that_is_set() -> None:
    songs = [{"id": "a", "audioUrl": "https://a.example/a.mp3"}]
    task = {"status": "SUCCESS", "response": {"sunoData": songs}}
    transport = FakeTransport(httpx.Response(200, json={"code": 200, "data": task}))
    async with open_providers(settings(), transport=transport) as providers:
        [progress] = (await providers["sunoapi_org"].fetch([TASK])).values()
    assert [clip.contains_source for clip in progress.clips] == [True]


async def test_address_of_kie_chooses_its_route_unless_it_is_set() -> None:
    for route, path in ((None, "/api/v1/jobs/createTask"), ("legacy", "/api/v1/generate/extend")):
        api = SunoApiOrgSettings(api_key=KEY, base_url="https://api.kie.ai", route=route)
        transport = FakeTransport(httpx.Response(401))
        async with open_providers(settings(sunoapi_org=api), transport=transport) as providers:
            with pytest.raises(Unauthorized):
                await providers["sunoapi_org"].extend(request_to("sunoapi_org"))
        assert transport.paths == [path]


async def test_task_path_setting_of_sunoapi_co_reaches_its_requests() -> None:
    transport = FakeTransport(ok("sunosay_complete"))
    async with open_providers(settings(), transport=transport) as providers:
        await providers["sunoapi_co"].fetch([TASK])
    assert transport.requests[0].url == "https://api.sunoapi.co/music/query"


@pytest.mark.parametrize(
    ("name", "able", "limits", "batch"),
    [
        ("aimlapi", {"lookup", "long_poll"}, (3000, 200, 80), 6),
        ("sunoapi_co", {"instrumental_needs_style"}, (3000, 200, 80), 1),
        ("suno_api", {"lookup", "exclude", "reconcile", "concat"}, (3000, 200, 80), 2),
        ("sunoapi_com", {"lookup"}, (3000, 200, 80), 2),
        ("sunosay", {"needs_style"}, (3000, 200, 80), 1),
        (
            "sunoapi_org",
            {"needs_style", "exclude", "same_model_as_source"},
            (5000, 1000, 80),
            1,
        ),
        ("sunoapi_org/jobs", {"exclude", "same_model_as_source"}, (5000, 1000, 80), 1),
    ],
)
def test_capabilities_are_those_of_the_contract(
    name: str, able: set[str], limits: tuple[int, int, int], batch: int
) -> None:
    can = adapter(name, FakeTransport(httpx.Response(500))).capabilities
    words = ("lookup", "exclude", "reconcile", "concat", "long_poll", "needs_style")
    words += ("instrumental_needs_style", "same_model_as_source")
    assert {word for word in words if getattr(can, word)} == able
    assert can.limits == TextLimits(lyrics=limits[0], style=limits[1], title=limits[2])
    assert can.batch == batch
    assert can.needs_continue_at == (name != "suno_api")


async def test_limiters_are_made_by_the_name_of_service_and_kind() -> None:
    made: list[tuple[str, float]] = []

    def limiter(name: str, interval: float) -> RateLimiter:
        made.append((name, interval))
        return Unlimited()

    limited = ApiSettings(api_key=KEY, submit_every=7, query_every=3)
    only = settings(
        aimlapi=limited,
        sunoapi_co=SunoApiCoSettings(),
        suno_api=SunoApiSettings(),
        sunoapi_com=ApiSettings(),
        sunosay=ApiSettings(),
        sunoapi_org=SunoApiOrgSettings(),
        acestep=AceStepSettings(),
    )
    transport = FakeTransport(httpx.Response(500))
    async with open_providers(only, transport=transport, rate_limiter=limiter) as providers:
        await providers["aimlapi"].wait_for_submit_slot()
    assert made == [("aimlapi:submit", 7), ("aimlapi:query", 3)]
