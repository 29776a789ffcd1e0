"""The services, their audio and the control API on one loopback port."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from aiohttp import web
from typing_extensions import override

from sandbox.loopback import LoopbackServer, local_only
from sandbox.providers.account import ProviderAccount
from sandbox.providers.acestep import AceStep
from sandbox.providers.aimlapi import AimlApi
from sandbox.providers.api import Api
from sandbox.providers.audio import AudioHost
from sandbox.providers.clips import Clip, Links
from sandbox.providers.clock import Clock
from sandbox.providers.control import ControlApi
from sandbox.providers.suno_api import SunoApi
from sandbox.providers.sunoapi_com import SunoApiCom
from sandbox.providers.sunoapi_org import SunoApiOrg
from sandbox.providers.sunosay import SunoSay
from sandbox.providers.timeline import Timeline

_APIS: Final[dict[str, type[Api]]] = {
    "aimlapi": AimlApi,
    "sunoapi_co": SunoSay,
    "suno_api": SunoApi,
    "sunoapi_com": SunoApiCom,
    "sunosay": SunoSay,
    "sunoapi_org": SunoApiOrg,
    "acestep": AceStep,
}
_MAX_REQUEST_BYTES: Final = 256 << 20  # ten minutes of audio are sent in one piece
# it knows no clips, only audio that it is given
_WITHOUT_SAMPLES: Final = frozenset({"acestep"})
# the self-hosted API has no key
_KEYLESS: Final = frozenset({"suno_api"})


class ProviderServer(LoopbackServer):
    """Serves the providers while the context is entered.

    Args:
        host: The address to listen on; keep it on loopback, the control API needs no password.
        port: The port; 0 takes a free one.
        speed: The clock's speed; ``clock.speed`` changes it at any time.
        seed: Determines ids, songs and the timing of clips.
        timeline: The ranges of that timing; each account's ``timeline`` changes it later.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        speed: float = 1.0,
        seed: int = 0,
        timeline: Timeline | None = None,
    ) -> None:
        # handlers of hanging requests are cancelled with the connection
        super().__init__(host, port, backlog=1024, cancel_handlers=True)
        self.clock = Clock(speed)
        self.accounts = {
            name: ProviderAccount(
                name,
                self.clock,
                timeline=timeline or Timeline(),
                seed=seed,
                has_sample_clips=name not in _WITHOUT_SAMPLES,
            )
            for name in _APIS
        }
        self._audio = AudioHost(self._find_clip, self.clock)
        # links are made before the port is known; their root is set on start
        self._links = Links("")

    @override
    def _create_app(self) -> web.Application:
        app = web.Application(
            client_max_size=_MAX_REQUEST_BYTES, middlewares=[local_only(self.host)]
        )
        for name, api in _APIS.items():
            key = None if name in _KEYLESS else self.provider_key(name)
            api(self.accounts[name], self._links, key).add_routes(app)
        self._audio.add_routes(app)
        ControlApi(self.accounts, self._links, self.clock, self.environment).add_routes(app)
        return app

    @override
    def _on_start(self) -> None:
        self._links.root = self.base_url

    @override
    async def _before_stop(self) -> None:
        self.clock.stop()

    @override
    async def _after_stop(self) -> None:
        await self._audio.close()

    def provider_url(self, provider: str) -> str:
        """Return the base URL of a provider, for ``<PREFIX>_BASE_URL``."""
        return f"{self.base_url}/{self.account(provider).name}"

    def provider_key(self, provider: str) -> str:
        """Return the API key of a provider; empty if it needs none."""
        return "" if provider in _KEYLESS else f"sandbox-{provider}-key"

    def account(self, provider: str) -> ProviderAccount:
        """Return the account at a provider."""
        return self.accounts[provider]

    def environment(self) -> dict[str, str]:
        """Return the bot's environment variables for all providers."""
        variables = {"ENCORE_TRUSTED_AUDIO_HOSTS": self.host}
        for name in self.accounts:
            variables[f"{name.upper()}_BASE_URL"] = self.provider_url(name)
            if self.provider_key(name):
                variables[f"{name.upper()}_API_KEY"] = self.provider_key(name)
        return variables

    async def wait_for(self, condition: Callable[[], object], *, timeout: float = 5) -> None:  # noqa: ASYNC109 - real seconds, and the error names what was waited for
        """Return as soon as ``condition`` is truthy.

        Raises:
            TimeoutError: It was not within ``timeout`` real seconds.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{condition} did not come true in {timeout} seconds")
            await asyncio.sleep(0.005)

    def _find_clip(self, clip_id: str) -> Clip | None:
        for account in self.accounts.values():
            if clip_id in account.clips:
                return account.clips[clip_id]
        return None
