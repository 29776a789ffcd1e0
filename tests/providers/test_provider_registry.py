"""From settings to providers, and the rates at which they are asked."""

import asyncio
import time

import httpx
import pytest
from pydantic import SecretStr

from bot.domain.form import TextLimits
from bot.providers.adapter import ApiConfig
from bot.providers.base import Provider, Unauthorized
from bot.providers.registry import open_providers
from bot.providers.sunosay import SunoSay
from bot.settings import ApiSettings, Settings, SunoApiCoSettings, SunoApiSettings
from tests.support.provider_samples import CLIPS, TASK, FakeTransport, adapter, ok, request_to

KEY = SecretStr("secret-key")


def settings(**given: object) -> Settings:
    key = ApiSettings(api_key=KEY)
    enabled = {
        "aimlapi": key,
        "sunoapi_co": SunoApiCoSettings(api_key=KEY, continue_at="number"),
        "suno_api": SunoApiSettings(base_url="http://localhost:3000", cookie=SecretStr("c=1")),
        "sunoapi_com": key,
        "sunosay": key,
    }
    return Settings(_env_file=None, discord_token="token", **(enabled | given))


async def test_every_enabled_provider_is_opened_under_its_name() -> None:
    async with open_providers(
        settings(), transport=FakeTransport(httpx.Response(500))
    ) as providers:
        names = ["aimlapi", "sunoapi_co", "suno_api", "sunoapi_com", "sunosay"]
        assert list(providers) == names
        assert [provider.name for provider in providers.values()] == names


async def test_what_is_not_enabled_is_not_there() -> None:
    only = settings(aimlapi=ApiSettings(), sunoapi_co=SunoApiCoSettings())
    async with open_providers(only, transport=FakeTransport(httpx.Response(500))) as providers:
        assert list(providers) == ["suno_api", "sunoapi_com", "sunosay"]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("aimlapi", "https://api.aimlapi.com/v2/generate/audio/suno-ai/clip"),
        ("sunoapi_co", "https://api.sunoapi.co/suno/music/extend-music"),
        ("suno_api", "http://localhost:3000/api/extend_audio"),
        ("sunoapi_com", "https://api.sunoapi.com/api/v2/suno/v3.5/extend"),
        ("sunosay", "https://api.sunosay.com/suno/music/extend-music"),
    ],
)
async def test_each_goes_to_its_documented_address(name: str, url: str) -> None:
    wire = FakeTransport(httpx.Response(401))
    async with open_providers(settings(), transport=wire) as providers:
        with pytest.raises(Unauthorized):
            await providers[name].extend(request_to(name))
    assert [str(request.url) for request in wire.requests] == [url]
    headers = wire.requests[0].headers
    own = headers.get("Cookie") if name == "suno_api" else headers.get("Authorization")
    assert own == ("c=1" if name == "suno_api" else "Bearer secret-key")


async def test_settings_take_the_place_of_the_contracts_rates() -> None:
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
    }


async def test_the_setting_of_sunoapi_co_reaches_its_requests() -> None:
    wire = FakeTransport(ok("sunosay_submitted"))
    async with open_providers(settings(), transport=wire) as providers:
        await providers["sunoapi_co"].extend(request_to())
    assert wire.bodies[0]["continue_at"] == 100


@pytest.mark.parametrize(
    ("name", "able", "limits", "batch"),
    [
        ("aimlapi", {"lookup", "long_poll"}, (3000, 200, 80), 6),
        ("sunoapi_co", {"needs_style"}, (3000, 200, 80), 1),
        ("suno_api", {"lookup", "exclude", "reconcile", "concat"}, (5000, 1000, 100), 2),
        ("sunoapi_com", {"lookup"}, (3000, 200, 80), 2),
        ("sunosay", {"needs_style"}, (3000, 200, 80), 1),
    ],
)
def test_capabilities_are_those_of_the_contract(
    name: str, able: set[str], limits: tuple[int, int, int], batch: int
) -> None:
    can = adapter(name, FakeTransport(httpx.Response(500))).capabilities
    words = ("lookup", "exclude", "reconcile", "concat", "long_poll", "needs_style")
    assert {word for word in words if getattr(can, word)} == able
    assert can.limits == TextLimits(lyrics=limits[0], style=limits[1], title=limits[2])
    assert can.batch == batch
    assert can.needs_continue_at


def limited(wire: FakeTransport, **rates: float) -> Provider:
    access = ApiConfig(base_url="https://music.example", **rates)
    return SunoSay(httpx.AsyncClient(transport=wire), access)


async def test_submissions_take_turns() -> None:
    provider = limited(FakeTransport(ok("sunosay_submitted")), submit_every=0.05)
    start = time.monotonic()
    await provider.wait_for_submit_slot()
    await provider.wait_for_submit_slot()
    assert time.monotonic() - start >= 0.04


async def test_questions_keep_their_distance_and_do_not_hold_up_another_provider() -> None:
    slow = limited(FakeTransport(ok("sunosay_streaming")), query_every=600)
    await slow.fetch([TASK])
    waiting = asyncio.create_task(slow.fetch([TASK]))
    async with asyncio.timeout(5):
        await adapter("suno_api", FakeTransport(ok("suno_api_clips"))).fetch([CLIPS])
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_base_url_that_httpx_refuses_is_the_operators_problem() -> None:
    access = ApiConfig(base_url="https://music.example:port")
    provider = SunoSay(httpx.AsyncClient(transport=FakeTransport(httpx.Response(500))), access)
    with pytest.raises(Unauthorized, match="base URL"):
        await provider.fetch([TASK])


async def test_a_mistake_of_ours_is_not_hidden_as_a_failure_of_the_provider() -> None:
    wire = FakeTransport(ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError):
        await adapter("suno_api", wire).fetch([CLIPS])
