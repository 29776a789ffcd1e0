"""Makes the enabled providers from the settings; the one module that knows all adapters."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import httpx
from pydantic import SecretStr

from bot.provider_settings import ApiSettings
from bot.providers import acestep, aimlapi, suno_api, sunoapi_co, sunoapi_com, sunoapi_org, sunosay
from bot.providers.adapter import ApiConfig
from bot.providers.base import Provider
from bot.providers.http import RateLimiterFactory, rate_limiter
from bot.providers.measured import MeasuredClient
from bot.settings import Settings

# A server may close an idle connection just as we send on it, and then the outcome of a submission
# is unknown. Servers keep idle connections for five seconds and more, we for two.
_LIMITS = httpx.Limits(max_connections=50, max_keepalive_connections=10, keepalive_expiry=2)

ProviderFactory = Callable[[httpx.AsyncClient, Settings, RateLimiterFactory], Provider]


@asynccontextmanager
async def open_providers(
    settings: Settings,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    rate_limiter: RateLimiterFactory = rate_limiter,
) -> AsyncGenerator[dict[str, Provider]]:
    """Yield the enabled providers by name; their HTTP clients, one for each, are closed at exit.

    Args:
        settings: say which providers are enabled and how to reach them.
        transport: replaces the network, for tests.
        rate_limiter: makes what spaces requests, where several processes share the keys.
    """
    # Reading the certificates takes time, so it is done once.
    verify = httpx.create_ssl_context() if transport is None else True
    async with AsyncExitStack() as stack:
        providers: dict[str, Provider] = {}
        for name in settings.enabled:
            client = MeasuredClient(name, transport=transport, limits=_LIMITS, verify=verify)
            await stack.enter_async_context(client)
            providers[name] = _FACTORIES[name](client, settings, rate_limiter)
        yield providers


def _aimlapi(
    client: httpx.AsyncClient, settings: Settings, limiter: RateLimiterFactory
) -> Provider:
    return aimlapi.AimlApi(
        client, _api_config(settings, settings.aimlapi, aimlapi.DEFAULTS, limiter)
    )


def _sunoapi_co(
    client: httpx.AsyncClient, settings: Settings, limiter: RateLimiterFactory
) -> Provider:
    api = settings.sunoapi_co
    config = _api_config(settings, api, sunoapi_co.DEFAULTS, limiter)
    return sunoapi_co.SunoApiCo(
        client, config, continue_at=api.continue_at, task_path=api.task_path or sunosay.TASK_PATH
    )


def _suno_api(
    client: httpx.AsyncClient, settings: Settings, limiter: RateLimiterFactory
) -> Provider:
    api = settings.suno_api
    config = _api_config(settings, api, suno_api.DEFAULTS, limiter)
    return suno_api.SunoApi(
        client,
        config,
        cookie=_secret_text(api.cookie),
        model=api.model,
        submit_timeout=api.submit_timeout,
    )


def _sunoapi_com(
    client: httpx.AsyncClient, settings: Settings, limiter: RateLimiterFactory
) -> Provider:
    config = _api_config(settings, settings.sunoapi_com, sunoapi_com.DEFAULTS, limiter)
    return sunoapi_com.SunoApiCom(client, config)


def _sunosay(
    client: httpx.AsyncClient, settings: Settings, limiter: RateLimiterFactory
) -> Provider:
    return sunosay.SunoSay(
        client, _api_config(settings, settings.sunosay, sunosay.DEFAULTS, limiter)
    )


def _sunoapi_org(
    client: httpx.AsyncClient, settings: Settings, limiter: RateLimiterFactory
) -> Provider:
    api = settings.sunoapi_org
    return sunoapi_org.SunoApiOrg(
        client,
        _api_config(settings, api, sunoapi_org.DEFAULTS, limiter),
        route=api.route,
        models=api.offered_models,
        callback_url=api.callback_url,
        contains_source=api.audio == "whole",
    )


def _acestep(
    client: httpx.AsyncClient, settings: Settings, limiter: RateLimiterFactory
) -> Provider:
    api = settings.acestep
    return acestep.AceStep(
        client,
        _api_config(settings, api, acestep.DEFAULTS, limiter),
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
    "sunoapi_org": _sunoapi_org,
    "acestep": _acestep,
}


def _api_config(
    settings: Settings, api: ApiSettings, defaults: ApiConfig, limiter: RateLimiterFactory
) -> ApiConfig:
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
        rate_limiter=limiter,
        **{name: value for name, value in given.items() if value is not None},
    )


def _secret_text(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
