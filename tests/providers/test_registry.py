"""From settings to providers."""

import httpx
import pytest
from pydantic import SecretStr

from bot.domain.form import TextLimits
from bot.providers.base import Unauthorized
from bot.providers.registry import open_providers
from bot.settings import AceStepSettings, ApiSettings, Settings, SunoApiCoSettings, SunoApiSettings
from tests.support.provider_samples import (
    ADAPTERS,
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
        "acestep": AceStepSettings(base_url="http://localhost:8001", api_key=KEY, length=30),
    }
    return Settings(_env_file=None, discord_token="token", **(enabled | given))


async def test_enabled_providers_are_opened_by_name() -> None:
    async with open_providers(
        settings(), transport=FakeTransport(httpx.Response(500))
    ) as providers:
        names = [*ADAPTERS]
        assert list(providers) == names
        assert [provider.name for provider in providers.values()] == names


async def test_provider_that_is_not_enabled_is_not_opened() -> None:
    only = settings(aimlapi=ApiSettings(), sunoapi_co=SunoApiCoSettings())
    async with open_providers(only, transport=FakeTransport(httpx.Response(500))) as providers:
        assert list(providers) == ["suno_api", "sunoapi_com", "sunosay", "acestep"]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("aimlapi", "https://api.aimlapi.com/v2/generate/audio/suno-ai/clip"),
        ("sunoapi_co", "https://api.sunoapi.co/suno/music/extend-music"),
        ("suno_api", "http://localhost:3000/api/extend_audio"),
        ("sunoapi_com", "https://api.sunoapi.com/api/v2/suno/v3.5/extend"),
        ("sunosay", "https://api.sunosay.com/suno/music/extend-music"),
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
    ],
)
def test_capabilities_are_those_of_the_contract(
    name: str, able: set[str], limits: tuple[int, int, int], batch: int
) -> None:
    can = adapter(name, FakeTransport(httpx.Response(500))).capabilities
    words = ("lookup", "exclude", "reconcile", "concat", "long_poll", "needs_style")
    words += ("instrumental_needs_style",)
    assert {word for word in words if getattr(can, word)} == able
    assert can.limits == TextLimits(lyrics=limits[0], style=limits[1], title=limits[2])
    assert can.batch == batch
    assert can.needs_continue_at == (name != "suno_api")
