"""Makes the enabled providers from the settings; the one module that knows all adapters."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import httpx
from pydantic import SecretStr

from bot.providers import acestep, aimlapi, suno_api, sunoapi_co, sunoapi_com, sunosay
from bot.providers.adapter import ApiConfig
from bot.providers.base import Provider
from bot.settings import ApiSettings, Settings

# A server may close an idle connection just as we send on it, and then the outcome of a submission
# is unknown. Servers keep idle connections for five seconds and more, we for two.
_LIMITS = httpx.Limits(max_connections=50, max_keepalive_connections=10, keepalive_expiry=2)

ProviderFactory = Callable[[httpx.AsyncClient, Settings], Provider]


@asynccontextmanager
async def open_providers(
    settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncGenerator[dict[str, Provider]]:
    """Yield the enabled providers by name; their HTTP clients, one for each, are closed at exit.

    Args:
        settings: say which providers are enabled and how to reach them.
        transport: replaces the network, for tests.
    """
    # Reading the certificates takes time, so it is done once.
    verify = httpx.create_ssl_context() if transport is None else True
    async with AsyncExitStack() as stack:
        providers: dict[str, Provider] = {}
        for name in settings.enabled:
            client = httpx.AsyncClient(transport=transport, limits=_LIMITS, verify=verify)
            await stack.enter_async_context(client)
            providers[name] = _FACTORIES[name](client, settings)
        yield providers


def _aimlapi(client: httpx.AsyncClient, settings: Settings) -> Provider:
    return aimlapi.AimlApi(client, _api_config(settings, settings.aimlapi, aimlapi.DEFAULTS))


def _sunoapi_co(client: httpx.AsyncClient, settings: Settings) -> Provider:
    api = settings.sunoapi_co
    config = _api_config(settings, api, sunoapi_co.DEFAULTS)
    return sunoapi_co.SunoApiCo(
        client, config, continue_at=api.continue_at, task_path=api.task_path or sunosay.TASK_PATH
    )


def _suno_api(client: httpx.AsyncClient, settings: Settings) -> Provider:
    api = settings.suno_api
    config = _api_config(settings, api, suno_api.DEFAULTS)
    return suno_api.SunoApi(
        client,
        config,
        cookie=_secret_text(api.cookie),
        model=api.model,
        submit_timeout=api.submit_timeout,
    )


def _sunoapi_com(client: httpx.AsyncClient, settings: Settings) -> Provider:
    config = _api_config(settings, settings.sunoapi_com, sunoapi_com.DEFAULTS)
    return sunoapi_com.SunoApiCom(client, config)


def _sunosay(client: httpx.AsyncClient, settings: Settings) -> Provider:
    return sunosay.SunoSay(client, _api_config(settings, settings.sunosay, sunosay.DEFAULTS))


def _acestep(client: httpx.AsyncClient, settings: Settings) -> Provider:
    api = settings.acestep
    return acestep.AceStep(
        client,
        _api_config(settings, api, acestep.DEFAULTS),
        model=api.model,
        inference_steps=api.inference_steps,
        length=api.length,
        deadline=api.deadline,
    )


_FACTORIES: dict[str, ProviderFactory] = {
    "aimlapi": _aimlapi,
    "sunoapi_co": _sunoapi_co,
    "suno_api": _suno_api,
    "sunoapi_com": _sunoapi_com,
    "sunosay": _sunosay,
    "acestep": _acestep,
}


def _api_config(settings: Settings, api: ApiSettings, defaults: ApiConfig) -> ApiConfig:
    """Return how to reach an API: as it is set, else as its contract says."""
    given = {
        "base_url": api.base_url,
        "submit_every": api.submit_every,
        "query_every": api.query_every,
    }
    return replace(
        defaults,
        key=_secret_text(api.api_key),
        trusted_hosts=settings.trusted_audio_hosts,
        **{name: value for name, value in given.items() if value is not None},
    )


def _secret_text(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
