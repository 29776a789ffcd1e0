"""Shared by the adapters' tests: a scripted transport, and each adapter on it."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from bot.domain.models import ExtendRequest, Handle
from bot.providers.acestep import AceStep
from bot.providers.adapter import Adapter, ApiConfig
from bot.providers.aimlapi import AimlApi
from bot.providers.base import Provider, SourceAudio
from bot.providers.suno_api import SunoApi
from bot.providers.sunoapi_co import SunoApiCo
from bot.providers.sunoapi_com import SunoApiCom
from bot.providers.sunoapi_org import SunoApiOrg
from bot.providers.sunosay import SunoSay

A = "11111111-1111-4111-8111-111111111111"
B = "22222222-2222-4222-8222-222222222222"
SOURCE = "33333333-3333-4333-8333-333333333333"
KEY = "sk-secret-of-the-operator"
COOKIE = "__client=secret-of-the-account; other=1"
BASE_URL = "https://music.example/behind/a/path"

# an adapter with two routes is here twice, the second with the route behind a slash
ADAPTERS: Mapping[str, Callable[..., Adapter]] = {
    "aimlapi": AimlApi,
    "sunoapi_co": SunoApiCo,
    "suno_api": SunoApi,
    "sunoapi_com": SunoApiCom,
    "sunosay": SunoSay,
    "sunoapi_org": SunoApiOrg,
    "sunoapi_org/jobs": partial(SunoApiOrg, route="jobs"),
    "acestep": AceStep,
}
# those that continue a clip by its id, and not by its audio
BY_CLIP_ID = [name for name in ADAPTERS if name != "acestep"]
CLIPS = Handle(clip_ids=(A, B))
TASK = Handle(task_id="t-1")
BY_TASK = ("sunoapi_co", "sunosay", "sunoapi_org", "sunoapi_org/jobs", "acestep")
HANDLES = {name: TASK if name in BY_TASK else CLIPS for name in ADAPTERS}


def answer(name: str) -> object:
    """Return the contract's answer from ``tests/providers/answers/<name>.json``."""
    path = Path(__file__).parents[1] / "providers" / "answers" / f"{name}.json"
    return json.loads(path.read_text("utf-8"))


def ok(name: str, status: int = 200) -> httpx.Response:
    """Return a response with the contract's answer ``name``."""
    return httpx.Response(status, json=answer(name))


class _Body(httpx.AsyncByteStream):
    """A response's body that is still to be read, as from a network."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


class FakeTransport(httpx.MockTransport):
    """Returns the planned answers in turn, and the last one again and again."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        super().__init__(self._next)
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def _next(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        planned = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        if isinstance(planned, Exception):
            raise planned
        stream = _Body(planned.content)
        return httpx.Response(planned.status_code, headers=planned.headers, stream=stream)

    @property
    def bodies(self) -> list[Any]:
        """The JSON bodies that were sent."""
        return [json.loads(request.content) for request in self.requests]

    @property
    def paths(self) -> list[str]:
        """The paths that were requested, without that of `BASE_URL`."""
        return [request.url.path.removeprefix("/behind/a/path") for request in self.requests]


def adapter(name: str, transport: httpx.AsyncBaseTransport, **options: Any) -> Provider:  # noqa: ANN401 - differ
    """Return the adapter ``name`` on ``transport``, with a base URL that has a path."""
    config = ApiConfig(base_url=BASE_URL, key=KEY, trusted_hosts={"trusted.example"})
    return ADAPTERS[name](httpx.AsyncClient(transport=transport), config, **options)


def request_to(provider: str = "sunosay", **changes: Any) -> ExtendRequest:  # noqa: ANN401 - any field
    """Return a request with every common field set."""
    given = {
        "clip_id": SOURCE,
        "continue_at": 100.0,
        "lyrics": "[Verse]\nSilver cities",
        "style": ("rock", "uplifting"),
        "title": "New Beginnings",
    }
    return ExtendRequest(provider=provider, **(given | changes))


async def submit(provider: Provider, request: ExtendRequest) -> Handle:
    """Submit ``request`` in the way that ``provider`` takes it; any file will do as audio."""
    if provider.capabilities.wants_source_audio:
        return await provider.extend_audio(request, SourceAudio(Path(__file__)))
    return await provider.extend(request)
