"""Settings in, providers out: the one place that knows which adapters there are."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import httpx
from pydantic import SecretStr

from bot.providers import aimlapi, suno_api, sunoapi_co, sunoapi_com, sunosay
from bot.providers.adapter import ApiConfig
from bot.providers.base import Provider
from bot.settings import ApiSettings, Settings

# A server may close an idle connection just as we send on it, and then nobody knows whether the
# submission was taken. Servers keep idle connections for five seconds and more, we for two.
_LIMITS = httpx.Limits(max_connections=50, max_keepalive_connections=10, keepalive_expiry=2)

Build = Callable[[httpx.AsyncClient, Settings], Provider]


@asynccontextmanager
async def open_providers(
    settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncGenerator[dict[str, Provider]]:
    """Yield the enabled providers by name, each with an HTTP client of its own, closed at the end.

    Args:
        settings: say which are enabled and how they are reached.
        transport: takes the place of the network; for tests.
    """
    # to read the certificates is what takes time, so it is done once
    verify = httpx.create_ssl_context() if transport is None else True
    async with AsyncExitStack() as stack:
        providers: dict[str, Provider] = {}
        for name in settings.enabled:
            client = httpx.AsyncClient(transport=transport, limits=_LIMITS, verify=verify)
            await stack.enter_async_context(client)
            providers[name] = _BUILDERS[name](client, settings)
        yield providers


def _aimlapi(client: httpx.AsyncClient, settings: Settings) -> Provider:
    return aimlapi.AimlApi(client, _api_config(settings, settings.aimlapi, aimlapi.DEFAULTS))


def _sunoapi_co(client: httpx.AsyncClient, settings: Settings) -> Provider:
    api = settings.sunoapi_co
    access = _api_config(settings, api, sunoapi_co.DEFAULTS)
    return sunoapi_co.SunoApiCo(client, access, continue_at=api.continue_at)


def _suno_api(client: httpx.AsyncClient, settings: Settings) -> Provider:
    api = settings.suno_api
    access = _api_config(settings, api, suno_api.DEFAULTS)
    return suno_api.SunoApi(client, access, cookie=_text(api.cookie))


def _sunoapi_com(client: httpx.AsyncClient, settings: Settings) -> Provider:
    access = _api_config(settings, settings.sunoapi_com, sunoapi_com.DEFAULTS)
    return sunoapi_com.SunoApiCom(client, access)


def _sunosay(client: httpx.AsyncClient, settings: Settings) -> Provider:
    return sunosay.SunoSay(client, _api_config(settings, settings.sunosay, sunosay.DEFAULTS))


_BUILDERS: dict[str, Build] = {
    "aimlapi": _aimlapi,
    "sunoapi_co": _sunoapi_co,
    "suno_api": _suno_api,
    "sunoapi_com": _sunoapi_com,
    "sunosay": _sunosay,
}


def _api_config(settings: Settings, api: ApiSettings, defaults: ApiConfig) -> ApiConfig:
    """Return how an API is reached: as it is set, else as its contract says."""
    given = {
        "base_url": api.base_url,
        "submit_every": api.submit_every,
        "query_every": api.query_every,
    }
    return replace(
        defaults,
        key=_text(api.api_key),
        trusted_hosts=settings.trusted_audio_hosts,
        **{name: value for name, value in given.items() if value is not None},
    )


def _text(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
