"""What the tests of the adapters share: a scripted network, and each adapter on it."""

import json
from pathlib import Path
from typing import Any

import httpx

from bot.domain.models import ExtendRequest, Handle
from bot.providers.adapter import ApiConfig
from bot.providers.aimlapi import AimlApi
from bot.providers.base import Provider
from bot.providers.suno_api import SunoApi
from bot.providers.sunoapi_co import SunoApiCo
from bot.providers.sunoapi_com import SunoApiCom
from bot.providers.sunosay import SunoSay

A = "11111111-1111-4111-8111-111111111111"
B = "22222222-2222-4222-8222-222222222222"
SOURCE = "33333333-3333-4333-8333-333333333333"
KEY = "sk-secret-of-the-operator"
COOKIE = "__client=secret-of-the-account; other=1"
BASE_URL = "https://music.example/behind/a/path"

ADAPTERS = {
    "aimlapi": AimlApi,
    "sunoapi_co": SunoApiCo,
    "suno_api": SunoApi,
    "sunoapi_com": SunoApiCom,
    "sunosay": SunoSay,
}
CLIPS = Handle(clip_ids=(A, B))
TASK = Handle(task_id="t-1")
HANDLES = {name: TASK if name in ("sunoapi_co", "sunosay") else CLIPS for name in ADAPTERS}


def answer(name: str) -> object:
    """Return the contract's answer that is kept under ``name``."""
    path = Path(__file__).parents[1] / "providers" / "answers" / f"{name}.json"
    return json.loads(path.read_text("utf-8"))


def ok(name: str, status: int = 200) -> httpx.Response:
    """Return the response that carries the contract's answer ``name``."""
    return httpx.Response(status, json=answer(name))


class FakeTransport(httpx.MockTransport):
    """A network that gives the planned answers in turn, the last again and again."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        super().__init__(self._next)
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def _next(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        planned = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        if isinstance(planned, Exception):
            raise planned
        return httpx.Response(planned.status_code, headers=planned.headers, content=planned.content)

    @property
    def bodies(self) -> list[Any]:
        """The JSON bodies that were sent."""
        return [json.loads(request.content) for request in self.requests]


def adapter(name: str, wire: httpx.AsyncBaseTransport, **options: Any) -> Provider:  # noqa: ANN401 - what each takes
    """Return the adapter ``name`` on ``wire``, with a base URL that has a path of its own."""
    access = ApiConfig(base_url=BASE_URL, key=KEY, trusted_hosts={"trusted.example"})
    return ADAPTERS[name](httpx.AsyncClient(transport=wire), access, **options)


def request_to(provider: str = "sunosay", **changes: Any) -> ExtendRequest:  # noqa: ANN401 - any field
    """Return a request with everything in it."""
    given = {
        "clip_id": SOURCE,
        "continue_at": 100.0,
        "lyrics": "[Verse]\nSilver cities",
        "style": ("rock", "uplifting"),
        "title": "New Beginnings",
    }
    return ExtendRequest(provider=provider, **(given | changes))
