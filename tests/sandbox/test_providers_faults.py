"""Fault injection: every kind of fault at every provider."""

import asyncio
import datetime as dt
import email.utils
import json
import re
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.providers.account import ProviderAccount
from sandbox.providers.clips import FORBIDDEN_LINK
from sandbox.providers.faults import ACCEPTED, HTTP_STATUS, REQUEST_FAULTS, Fault, FaultPlan, On
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Status

NAMES = ("aimlapi", "sunoapi_co", "suno_api", "sunoapi_com", "sunosay", "sunoapi_org")
SUBMIT = {
    "aimlapi": "/v2/generate/audio/suno-ai/clip",
    "sunoapi_co": "/suno/music/extend-music",
    "suno_api": "/api/extend_audio",
    "sunoapi_com": "/api/v2/suno/v3.5/extend",
    "sunosay": "/suno/music/extend-music",
    "sunoapi_org": "/api/v1/generate/extend",
}


def plain_http() -> ssl.SSLContext:
    """Return an SSL context without certificates: loading them takes most of a client's start."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Client:
    """A client of one API, which submits extensions and fetches their clips."""

    def __init__(self, server: ProviderServer, name: str, http: httpx.AsyncClient) -> None:
        self.name = name
        self.http = http
        self.account: ProviderAccount = server.account(name)
        self.task_id = ""

    async def submit(self) -> httpx.Response:
        source = self.account.source_clips()[0].id
        if self.name == "sunoapi_org":
            return await self._submit_to_sunoapi_org(source)
        body: dict[str, Any] = {
            "audio_id" if self.name == "suno_api" else "continue_clip_id": source,
            "continue_at": "30" if self.name == "sunoapi_co" else 30,
            "prompt": "la la",
        }
        if self.name != "aimlapi":
            body["tags"] = "folk"
        answer = await self.http.post(SUBMIT[self.name], json=body)
        found = re.search(r'"task_id": "([^"]+)"', answer.text)
        self.task_id = found[1] if found else ""
        return answer

    async def _submit_to_sunoapi_org(self, source: str) -> httpx.Response:
        body = {"defaultParamFlag": True, "audioId": source, "model": "V5", "continueAt": 30}
        texts = {"prompt": "la la", "style": "folk", "title": "Next"}
        callback = {"callBackUrl": "https://bot.example"}
        answer = await self.http.post(SUBMIT[self.name], json=body | texts | callback)
        found = re.search(r'"taskId": "([^"]+)"', answer.text)
        self.task_id = found[1] if found else ""
        return answer

    async def fetch(self) -> httpx.Response:
        ids = list(self.account.submissions[-1].clip_ids)
        match self.name:
            case "aimlapi":
                path = "/v2/generate/audio/suno-ai/clips"
                return await self.http.get(path, params={"clip_ids[]": ids})
            case "suno_api":
                return await self.http.get("/api/get", params={"ids": ",".join(ids)})
            case "sunoapi_com":
                path = "/api/v2/suno/v3.5/clips"
                return await self.http.get(path, params={"ids": ",".join(ids)})
            case "sunoapi_org":
                path = "/api/v1/generate/record-info"
                return await self.http.get(path, params={"taskId": self.task_id})
            case _:
                body = {"task_id": self.task_id}
                return await self.http.post("/suno/music/get-task", json=body)

    async def clips(self) -> list[dict[str, Any]]:
        body = (await self.fetch()).json()
        if self.name == "sunoapi_org":
            return clips_in_task(body["data"])
        return body["clips"] if isinstance(body, dict) else body

    def advance(self, status: Status) -> None:
        for clip_id in self.account.submissions[-1].clip_ids:
            self.account.advance(clip_id, status)


def clips_in_task(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the songs of sunoapi.org, which have no status of their own, as clips."""
    word: str = task["status"]

    def status(song: dict[str, Any]) -> str:
        if song["duration"]:
            return "complete"
        return "error" if word.endswith("_FAILED") else "streaming"

    is_known = word.isupper()
    return [
        {"status": status(song) if is_known else word, "audio_url": song["audioUrl"]}
        for song in task["response"]["sunoData"]
    ]


@pytest.fixture
async def providers() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        for account in server.accounts.values():
            account.enforce_rate_limits = False
        yield server


@pytest.fixture(params=NAMES)
async def client(
    providers: ProviderServer, request: pytest.FixtureRequest
) -> AsyncIterator[Client]:
    key = providers.provider_key(request.param)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(
        base_url=providers.provider_url(request.param),
        headers=headers,
        timeout=5,
        trust_env=False,
        verify=plain_http(),
    ) as http:
        yield Client(providers, request.param, http)


HANGING = {Fault.HANG_BEFORE, Fault.CAPTCHA_HANGS, Fault.HANG_AFTER}


@pytest.mark.parametrize("fault", sorted(HTTP_STATUS.keys() - ACCEPTED - {Fault.ERROR_BODY}))
async def test_error_fault_creates_nothing_and_applies_once(client: Client, fault: Fault) -> None:
    client.account.fail_next(fault, on="submit")
    answer = await client.submit()
    assert answer.status_code == HTTP_STATUS[fault]
    assert isinstance(answer.json(), dict)
    assert client.account.submissions == []
    assert client.account.requests[-1].status == HTTP_STATUS[fault]
    assert (await client.submit()).is_success
    assert len(client.account.submissions) == 1
    assert client.account.violations == []


async def test_error_body_fault_has_status_200(client: Client) -> None:
    client.account.fail_next(Fault.ERROR_BODY)
    answer = await client.submit()
    assert answer.status_code == 200
    assert any(name in answer.json() for name in ("code", "error", "statusCode"))
    assert client.account.submissions == []


async def test_403_text_distinguishes_credits_from_moderation(client: Client) -> None:
    client.account.fail_next(Fault.FORBIDDEN_CREDITS)
    client.account.fail_next(Fault.FORBIDDEN_MODERATION)
    empty, moderation = (await client.submit()).text, (await client.submit()).text
    assert any(word in empty.lower() for word in ("credits", "payment"))
    assert "inappropriate content" in moderation


async def test_429_has_three_forms_of_retry_after(client: Client) -> None:
    client.account.fail_next(Fault.RATE_LIMITED)
    client.account.fail_next(Fault.RATE_LIMITED_SECONDS, retry_after=7)
    client.account.fail_next(Fault.RATE_LIMITED_DATE, retry_after=60)
    headers = [(await client.submit()).headers.get("Retry-After") for _ in range(3)]
    assert headers[:2] == [None, "7"]
    moment = email.utils.parsedate_to_datetime(headers[2])
    assert 50 < (moment - dt.datetime.now(dt.UTC)).total_seconds() <= 60


@pytest.mark.parametrize(
    ("fault", "made"),
    [(Fault.HANG_BEFORE, 0), (Fault.CAPTCHA_HANGS, 0), (Fault.HANG_AFTER, 1)],
    ids=str,
)
async def test_hanging_request_ends_when_client_disconnects(
    client: Client, fault: Fault, made: int
) -> None:
    client.account.fail_next(fault, on="submit")
    client.http.timeout = httpx.Timeout(0.2)
    with pytest.raises(httpx.ReadTimeout):
        await client.submit()
    assert len(client.account.submissions) == made
    assert client.account.credits == 10_000 - 10 * made
    assert client.account.requests[-1].status is None


@pytest.mark.parametrize(
    ("fault", "made"), [(Fault.CLOSE_BEFORE, 0), (Fault.CLOSE_AFTER, 1)], ids=str
)
async def test_close_fault_drops_connection(client: Client, fault: Fault, made: int) -> None:
    client.account.fail_next(fault, on="submit")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await client.submit()
    assert len(client.account.submissions) == made
    assert client.account.requests[-1].status is None


async def test_invalid_json_fault_truncates_body(client: Client) -> None:
    client.account.fail_next(Fault.INVALID_JSON)
    answer = await client.submit()
    assert answer.headers["Content-Type"].startswith("application/json")
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert len(client.account.submissions) == 1


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.HTML_PAGE, 200),
        (Fault.HTML_NOT_FOUND, 404),
        (Fault.HTML_BAD_GATEWAY, 502),
    ],
    ids=str,
)
async def test_html_fault_returns_page(client: Client, fault: Fault, status: int) -> None:
    client.account.fail_next(fault)
    answer = await client.submit()
    assert answer.status_code == status
    assert answer.text.startswith("<!DOCTYPE html>")


async def test_accepted_gateway_timeout_charges_request(client: Client) -> None:
    client.account.fail_next(Fault.GATEWAY_TIMEOUT, on="submit", accepted=True)
    assert (await client.submit()).status_code == 504
    assert len(client.account.submissions) == 1


async def test_slow_but_made_fault_charges_request(client: Client) -> None:
    client.account.fail_next(Fault.SLOW_BUT_MADE)
    assert (await client.submit()).status_code == 503
    assert len(client.account.submissions) == 1


async def test_empty_clips_fault_returns_no_clips(client: Client) -> None:
    client.account.fail_next(Fault.EMPTY_CLIPS)
    answer = await client.submit()
    assert answer.status_code == 200
    body = answer.json()
    assert not (body.get("clips") or body.get("clip_ids") if isinstance(body, dict) else body)
    assert client.account.submissions == []


async def test_clip_faults_fail_clips(client: Client) -> None:
    client.account.fail_next(Fault.ERROR_CLIPS)
    await client.submit()
    client.advance(Status.STREAMING)
    ids = client.account.submissions[0].clip_ids
    for clip_id in ids:
        client.account.advance(clip_id, Status.ERROR)
    clips = await client.clips()
    assert [clip["status"] for clip in clips] == ["error", "error"]
    assert "inappropriate" in (await client.fetch()).text


async def test_twin_fails_fault_fails_second_clip_over_time(
    client: Client, providers: ProviderServer
) -> None:
    client.account.fail_next(Fault.TWIN_FAILS)
    await client.submit()
    providers.clock.speed = 2000
    first, second = (client.account.clips[it] for it in client.account.submissions[0].clip_ids)
    await providers.wait_for(lambda: client.account.status(first) is Status.COMPLETE)
    assert client.account.status(second) is Status.ERROR
    assert [clip["status"] for clip in await client.clips()] == ["complete", "error"]


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        (Fault.NONE_MP3, "/audio/None.mp3"),
        (Fault.FORBIDDEN_LINK, FORBIDDEN_LINK),
        (Fault.EMPTY_AUDIO_URL, ""),
    ],
    ids=str,
)
async def test_link_faults_make_complete_clip_unplayable(
    client: Client, fault: Fault, ending: str
) -> None:
    client.account.fail_next(fault)
    await client.submit()
    client.advance(Status.COMPLETE)
    for clip in await client.clips():
        assert clip["status"] == "complete"
        assert clip["audio_url"].endswith(ending)
        assert bool(clip["audio_url"]) == bool(ending)


async def test_never_finishes_fault_keeps_clip_streaming(
    client: Client, providers: ProviderServer
) -> None:
    client.account.fail_next(Fault.NEVER_FINISHES)
    await client.submit()
    providers.clock.speed = 100_000
    start = providers.clock.now()
    await providers.wait_for(lambda: providers.clock.now() > start + 5_000)
    assert {clip["status"] for clip in await client.clips()} == {"streaming"}


async def test_missing_id_fault_omits_one_clip_per_response(client: Client) -> None:
    await client.submit()
    client.advance(Status.STREAMING)
    client.account.fail_next(Fault.MISSING_ID, count=2)
    assert [len(await client.clips()) for _ in range(3)] == [1, 1, 2]


async def test_unknown_status_fault_returns_unknown_word(client: Client) -> None:
    await client.submit()
    client.advance(Status.STREAMING)
    client.account.fail_next(Fault.UNKNOWN_STATUS)
    words = [{clip["status"] for clip in await client.clips()} for _ in range(2)]
    assert words == [{"rehearsing"}, {"streaming"}]


async def test_fault_applies_only_to_its_kind_of_request(client: Client) -> None:
    await client.submit()
    client.account.fail_next(Fault.UNAVAILABLE, on="submit")
    client.account.fail_next(Fault.BAD_GATEWAY, on="fetch", count=2)
    assert [(await client.fetch()).status_code for _ in range(3)] == [502, 502, 200]
    assert (await client.submit()).status_code == 503


@pytest.mark.parametrize("fault", sorted(REQUEST_FAULTS - HANGING))
async def test_fetch_requests_can_fail(client: Client, fault: Fault) -> None:
    await client.submit()
    client.account.fail_next(fault, on="fetch")
    try:
        answer = await client.fetch()
    except httpx.TransportError:
        assert fault in {Fault.CLOSE_BEFORE, Fault.CLOSE_AFTER}
    else:
        assert answer.status_code in {200, 404, 502, HTTP_STATUS.get(fault, 200)}
    assert len(client.account.submissions) == 1
    client.advance(Status.STREAMING)
    assert len(await client.clips()) == 2


async def test_server_close_ends_hanging_requests() -> None:
    async with ProviderServer() as providers:
        account = providers.account("suno_api")
        account.fail_next(Fault.HANG_BEFORE)
        async with httpx.AsyncClient(timeout=5, trust_env=False, verify=plain_http()) as http:
            task = providers.provider_url("suno_api") + "/api/get"
            with pytest.raises(httpx.ReadTimeout):
                await http.get(task, timeout=0.05)
            account.fail_next(Fault.HANG_BEFORE)
            request = http.build_request("GET", task)
            sending = asyncio.ensure_future(http.send(request))
            await providers.wait_for(lambda: len(account.requests) == 2)
            await providers.__aexit__(None, None, None)
            with pytest.raises(httpx.TransportError):
                await sending


@pytest.mark.parametrize(
    ("fault", "on"), [(Fault.NONE_MP3, "fetch"), (Fault.MISSING_ID, "submit")], ids=str
)
def test_add_impossible_fault_raises_value_error(fault: Fault, on: On) -> None:
    with pytest.raises(ValueError, match="happens on"):
        FaultPlan().add(fault, on=on)
    with pytest.raises(ValueError, match="once at least"):
        FaultPlan().add(fault, count=0)
