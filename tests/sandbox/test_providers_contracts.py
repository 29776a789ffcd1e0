"""The contracts of the APIs, over real sockets."""

import json
import re
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.providers.account import ProviderAccount
from sandbox.providers.faults import Fault
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Status, Timeline

AIML = "/v2/generate/audio/suno-ai"
COM = "/api/v2/suno/v3.5"
CO = "/suno/music"
ORG = "/api/v1/generate"
JOBS = "/api/v1/jobs"


def plain_http() -> ssl.SSLContext:
    """Return an SSL context without certificates: loading them takes most of a client's start."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture
async def providers() -> AsyncIterator[ProviderServer]:
    async with ProviderServer(timeline=Timeline(length=(4, 6))) as server:
        for account in server.accounts.values():
            account.enforce_rate_limits = False
        yield server


class Client:
    """A client of one API that has its key."""

    def __init__(self, server: ProviderServer, name: str, http: httpx.AsyncClient) -> None:
        self.name = name
        self.http = http
        self.account: ProviderAccount = server.account(name)
        self.source = self.account.source_clips()[0].id

    async def get(self, path: str, **query: str | list[str]) -> httpx.Response:
        return await self.http.get(path, params=query)

    async def post(self, path: str, body: object) -> httpx.Response:
        return await self.http.post(path, json=body)

    def body(self, **changes: object) -> dict[str, Any]:
        """Return a valid extension; ``...`` as value removes a field."""
        bodies: dict[str, dict[str, Any]] = {
            "aimlapi": {
                "continue_clip_id": self.source,
                "continue_at": 121.1,
                "prompt": "la la",
                "tags": ["rock", "uplifting"],
                "title": "Next",
            },
            "sunoapi_co": {
                "continue_clip_id": self.source,
                "continue_at": "48.76",
                "prompt": "la la",
                "tags": "folk, pop",
                "title": "Next",
            },
            "suno_api": {
                "audio_id": self.source,
                "continue_at": 30,
                "prompt": "la\n\nla",
                "tags": "folk",
                "title": "Next",
            },
            "sunoapi_com": {
                "continue_clip_id": self.source,
                "continue_at": 48.762,
                "prompt": "la la",
                "tags": "epic reggae",
                "title": "Next",
            },
        }
        bodies["sunosay"] = bodies["sunoapi_co"] | {"continue_at": 48.76, "model": "v3.5"}
        bodies["sunoapi_org"] = {
            "defaultParamFlag": True,
            "audioId": self.source,
            "model": "V5",
            "callBackUrl": "https://encore.invalid",
            "prompt": "la la",
            "style": "folk",
            "title": "Next",
            "continueAt": 48.76,
        }
        own = {self.key(name): it for name, it in changes.items()}
        return {key: it for key, it in (bodies[self.name] | own).items() if it is not ...}

    def key(self, name: str) -> str:
        """Return how this API spells a field of the others."""
        spelt = {
            "suno_api": {"continue_clip_id": "audio_id"},
            "sunoapi_org": {"continue_clip_id": "audioId", "continue_at": "continueAt"},
        }
        return spelt.get(self.name, {}).get(name, name)

    @property
    def path(self) -> str:
        return {
            "aimlapi": f"{AIML}/clip",
            "sunoapi_co": f"{CO}/extend-music",
            "suno_api": "/api/extend_audio",
            "sunoapi_com": f"{COM}/extend",
            "sunosay": f"{CO}/extend-music",
            "sunoapi_org": f"{ORG}/extend",
        }[self.name]

    async def extend(self, **changes: object) -> httpx.Response:
        return await self.post(self.path, self.body(**changes))

    async def extended(self) -> tuple[str, str]:
        """Extend and return the ids of the two clips."""
        answer = await self.extend()
        assert answer.is_success, answer.text
        first, second = self.account.submissions[-1].clip_ids
        return first, second


def connect(server: ProviderServer, name: str) -> httpx.AsyncClient:
    headers = (
        {"Authorization": f"Bearer {server.provider_key(name)}"}
        if server.provider_key(name)
        else {}
    )
    return httpx.AsyncClient(
        base_url=server.provider_url(name),
        headers=headers,
        timeout=10,
        trust_env=False,
        verify=plain_http(),
    )


@pytest.fixture
async def client(
    providers: ProviderServer, request: pytest.FixtureRequest
) -> AsyncIterator[Client]:
    async with connect(providers, request.param) as http:
        yield Client(providers, request.param, http)


def only(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("client", names, indirect=True)


every = only("aimlapi", "sunoapi_co", "suno_api", "sunoapi_com", "sunosay", "sunoapi_org")


def refused(answer: httpx.Response) -> int:
    """Return the error code of a response, in the status or the body."""
    body = answer.json()
    return body["code"] if answer.status_code == 200 else answer.status_code


@every
async def test_valid_extension_is_accepted_and_charged(client: Client) -> None:
    answer = await client.extend()
    assert answer.is_success
    (submission,) = client.account.submissions
    assert (submission.provider, submission.work, submission.charged) == (
        client.name,
        "extend",
        10,
    )
    assert submission.request == client.body()
    assert len(set(submission.clip_ids)) == 2
    assert client.account.credits == 9_990
    assert client.account.violations == []
    assert client.account.requests[-1].status == answer.status_code


@every
async def test_unknown_source_clip_is_refused(client: Client) -> None:
    answer = await client.extend(continue_clip_id="11111111-1111-4111-8111-111111111111")
    assert refused(answer) in {400, 404}
    assert client.account.submissions == []
    assert client.account.credits == 10_000


@every
@pytest.mark.parametrize("seconds", [192.5, 0])
async def test_continue_at_outside_source_is_refused(client: Client, seconds: float) -> None:
    at = f"{seconds:g}" if client.name == "sunoapi_co" else seconds
    assert refused(await client.extend(continue_at=at)) == 400
    assert client.account.submissions == []


@every
async def test_continue_at_end_of_source_is_accepted(client: Client) -> None:
    assert (await client.extend(continue_at="192" if client.name == "sunoapi_co" else 192)).json()
    assert len(client.account.submissions) == 1


@every
async def test_clip_in_progress_cannot_be_extended(client: Client) -> None:
    part, _ = await client.extended()
    assert refused(await client.extend(continue_clip_id=part)) in {400, 404}


@every
async def test_empty_account_gets_documented_error(client: Client) -> None:
    client.account.credits = 9
    answer = await client.extend()
    codes = {"aimlapi": 403, "sunoapi_com": 403, "sunoapi_org": 429}
    assert refused(answer) == codes.get(client.name, 402)
    assert client.account.submissions == []


@only("aimlapi", "sunoapi_co", "sunoapi_com", "sunosay", "sunoapi_org")
async def test_wrong_key_is_refused_and_not_logged(client: Client) -> None:
    client.http.headers["Authorization"] = "Bearer very-wrong"
    answer = await client.extend()
    assert refused(answer) == 401
    del client.http.headers["Authorization"]
    assert refused(await client.extend()) == 401
    assert client.account.submissions == []
    assert (answer.status_code == 200) == (client.name in {"sunoapi_co", "sunosay", "sunoapi_org"})
    assert "very-wrong" not in repr((client.account.requests, client.account.violations))


@every
async def test_invalid_json_is_refused_and_recorded(client: Client) -> None:
    answer = await client.http.post(client.path, data={"prompt": "x"})
    assert refused(answer) == 400
    assert [violation.refused for violation in client.account.violations] == [True]


@every
@pytest.mark.parametrize("content", ["{", "[1]", ""])
async def test_json_body_that_is_no_object_is_refused(client: Client, content: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.http.post(client.path, content=content, headers=headers)
    assert refused(answer) == 400
    assert client.account.submissions == []


@every
@pytest.mark.parametrize("field", ["title", "prompt"])
async def test_text_field_must_be_a_string(client: Client, field: str) -> None:
    assert refused(await client.extend(**{field: 3})) == 400
    assert client.account.violations[0].refused


@every
async def test_unknown_field_is_accepted_and_recorded(client: Client) -> None:
    assert (await client.extend(is_custom=True)).is_success
    (violation,) = client.account.violations
    assert (violation.reason, violation.refused) == ("unknown field is_custom", False)


@every
async def test_unknown_path_and_wrong_method_are_recorded(client: Client) -> None:
    assert (await client.get("/v9/none")).status_code == 404
    assert (await client.http.put(client.path, json={})).status_code == 405
    assert len(client.account.violations) == 2


@only("aimlapi")
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"tags": "rock"}, "tags"),
        ({"continue_at": "121.1"}, "continue_at"),
        ({"continue_at": True}, "continue_at"),
        ({"continue_at": ...}, "continue_at"),
        ({"continue_clip_id": ...}, "continue_clip_id"),
        ({"prompt": ...}, "prompt"),
        ({"title": 3}, "title"),
    ],
)
async def test_aimlapi_validates_the_body(
    client: Client, change: dict[str, Any], named: str
) -> None:
    answer = await client.extend(**change)
    assert answer.status_code == 400
    body = answer.json()
    assert named in body["message"]
    assert body["statusCode"] == "400"
    assert body["path"] == f"{AIML}/clip"
    assert body.keys() == {"message", "path", "requestId", "statusCode", "timestamp"}
    assert client.account.violations[0].refused


@only("aimlapi")
async def test_aimlapi_answers_with_clip_ids_and_201(client: Client) -> None:
    answer = await client.extend()
    assert answer.status_code == 201
    assert answer.json() == {"clip_ids": list(client.account.submissions[0].clip_ids)}


@only("aimlapi")
async def test_aimlapi_clip_shows_duration_only_when_complete(client: Client) -> None:
    part, _ = await client.extended()
    fresh = (await client.get(f"{AIML}/clip", clip_id=part)).json()
    assert (fresh["status"], fresh["audio_url"]) == ("submitted", "")
    assert fresh["metadata"]["duration"] is None
    assert fresh["metadata"]["history"] == [{"id": client.source, "continue_at": 121.1}]
    client.account.advance(part, Status.STREAMING)
    received_messages = (await client.get(f"{AIML}/clip", clip_id=part, status="streaming")).json()
    assert received_messages["audio_url"].endswith(f"/audio/stream?item_id={part}")
    client.account.advance(part, Status.COMPLETE)
    done = (await client.get(f"{AIML}/clip", clip_id=part, status="completed")).json()
    assert done["status"] == "complete"
    assert done["audio_url"].endswith(f"/audio/{part}.mp3")
    assert 4 <= done["metadata"]["duration"] <= 6


@only("aimlapi")
async def test_aimlapi_failed_clip_ends_long_poll(client: Client) -> None:
    part, _ = await client.extended()
    client.account.advance(part, Status.ERROR, "Prompt likely copyrighted")
    clip = (await client.get(f"{AIML}/clip", clip_id=part, status="completed")).json()
    assert clip["status"] == "error"
    assert clip["audio_url"].endswith("/None.mp3")
    assert clip["metadata"]["error_message"] == "Prompt likely copyrighted"


@only("aimlapi")
@pytest.mark.parametrize("word", ["error", "complete", "nonsense"])
async def test_aimlapi_rejects_unknown_wait_status(client: Client, word: str) -> None:
    answer = await client.get(f"{AIML}/clip", clip_id=client.source, status=word)
    assert answer.status_code == 400
    assert client.account.violations[0].refused


@only("aimlapi", "suno_api")
async def test_fetch_of_one_clip_can_miss_it(client: Client) -> None:
    path, name = {
        "aimlapi": (f"{AIML}/clip", "clip_id"),
        "suno_api": ("/api/clip", "id"),
    }[client.name]
    client.account.fail_next(Fault.MISSING_ID)
    codes = [(await client.get(path, **{name: client.source})).status_code for _ in range(2)]
    assert codes == [404 if client.name == "aimlapi" else 500, 200]


@only("aimlapi")
async def test_aimlapi_accepts_at_most_six_ids(client: Client) -> None:
    ids = [clip.id for clip in client.account.source_clips()]
    assert len(ids) == 6
    answer = await client.get(f"{AIML}/clips", **{"clip_ids[]": ids, "status": "completed"})
    assert [clip["id"] for clip in answer.json()] == ids
    answer = await client.get(f"{AIML}/clips", **{"clip_ids[]": [*ids, ids[0]]})
    assert answer.status_code == 400


@only("aimlapi")
async def test_aimlapi_returns_balance(client: Client) -> None:
    answer = await client.get("/v2/billing")
    assert answer.json() == {"current_balance": 10_000.0, "currency": "USD"}


@only("sunoapi_co", "sunosay")
async def test_sunosay_success_has_misleading_message(client: Client) -> None:
    answer = (await client.extend()).json()
    assert answer["code"] == 200
    assert answer["message"].startswith("Key verification failed")
    assert "clips" not in answer


@only("sunoapi_co", "sunosay")
async def test_sunosay_task_contains_streaming_clips(client: Client) -> None:
    task = {"task_id": (await client.extend()).json()["task_id"]}
    first, second = client.account.submissions[0].clip_ids
    fresh = (await client.post(f"{CO}/get-task", task)).json()
    assert (fresh["code"], fresh["status"], fresh["clips"]) == (200, "submitted", [])
    assert fresh["prompt"] == {"prompt": "la la"}
    client.account.advance(first, Status.STREAMING)
    partial = (await client.post(f"{CO}/get-task", task)).json()
    assert partial["status"] == "streaming"
    assert [clip["continue_clip_id"] for clip in partial["clips"]] == [first]
    client.account.advance(first, Status.COMPLETE)
    client.account.advance(second, Status.COMPLETE)
    done = (await client.post(f"{CO}/get-task", task)).json()
    assert done["status"] == "complete"
    assert [clip["continue_clip_id"] for clip in done["clips"]] == [first, second]
    assert all(4 <= float(clip["duration"]) <= 6 for clip in done["clips"])
    assert all(isinstance(clip["duration"], str) for clip in done["clips"])


@only("sunoapi_co", "sunosay")
async def test_sunosay_returns_error_when_both_clips_failed(client: Client) -> None:
    task = {"task_id": (await client.extend()).json()["task_id"]}
    for clip_id in client.account.submissions[0].clip_ids:
        client.account.advance(clip_id, Status.ERROR, "Prompt too long.")
    answer = (await client.post(f"{CO}/get-task", task)).json()
    assert (answer["status"], answer["message"]) == ("error", "Prompt too long.")


@only("sunoapi_co", "sunosay")
async def test_sunosay_instrumental_path_has_capital_letter_and_no_prompt(client: Client) -> None:
    answer = await client.post(f"{CO}/extend-Instrumental", client.body(prompt=...))
    assert answer.json()["code"] == 200
    assert client.account.violations == []
    answer = await client.post(f"{CO}/extend-instrumental", client.body(prompt=...))
    assert answer.status_code == 404
    await client.post(f"{CO}/extend-Instrumental", client.body())
    assert client.account.violations[-1].reason == "unknown field prompt"


@only("sunosay")
@pytest.mark.parametrize("change", [{"continue_at": "100"}, {"tags": ...}, {"prompt": ...}])
async def test_sunosay_requires_number_and_tags(client: Client, change: dict[str, Any]) -> None:
    answer = await client.extend(**change)
    assert answer.status_code == 200
    assert answer.json()["code"] == 400
    assert next(iter(change)) in answer.json()["message"]


@only("sunoapi_co")
@pytest.mark.parametrize("seconds", [100, "1e2", "00:30", "-3", ""])
async def test_sunoapi_co_requires_decimal_string(client: Client, seconds: object) -> None:
    assert (await client.extend(continue_at=seconds)).json()["code"] == 400
    assert client.account.violations[0].refused


@only("sunoapi_co")
async def test_sunoapi_co_needs_no_tags(client: Client) -> None:
    assert (await client.extend(tags=..., title=...)).json()["code"] == 200


@only("sunoapi_co", "sunosay")
async def test_sunosay_refuses_unknown_task(client: Client) -> None:
    assert (await client.post(f"{CO}/get-task", {"task_id": "t"})).json()["code"] == 400


@only("sunoapi_co", "sunosay")
async def test_sunosay_limits_extensions_to_one_per_four_seconds(
    client: Client, providers: ProviderServer
) -> None:
    client.account.enforce_rate_limits = True
    assert (await client.extend()).json()["code"] == 200
    instrumental = client.body(prompt=...)
    answer = await client.post(f"{CO}/extend-Instrumental", instrumental)
    assert answer.json()["code"] == 429
    assert len(client.account.submissions) == 1
    providers.clock.speed = 1000
    start = providers.clock.now()
    await providers.wait_for(lambda: providers.clock.now() > start + 4)
    providers.clock.speed = 1
    answer = await client.post(f"{CO}/extend-Instrumental", instrumental)
    assert answer.json()["code"] == 200


@only("sunoapi_co", "sunosay")
async def test_sunosay_limits_queries_to_two_per_second(client: Client) -> None:
    task = {"task_id": (await client.extend()).json()["task_id"]}
    client.account.enforce_rate_limits = True
    codes = [(await client.post(f"{CO}/get-task", task)).json()["code"] for _ in range(3)]
    assert codes == [200, 200, 429]


@only("suno_api")
@pytest.mark.parametrize("audio_id", [..., ""])
async def test_suno_api_requires_audio_id(client: Client, audio_id: object) -> None:
    answer = await client.extend(audio_id=audio_id)
    assert answer.status_code == 400
    assert answer.json() == {"error": "Audio ID is required"}


@only("suno_api")
async def test_suno_api_requires_continue_at_as_number(client: Client) -> None:
    answer = await client.extend(continue_at="00:30")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("API Error: ")


@only("suno_api")
async def test_suno_api_returns_two_clips_on_submission(client: Client) -> None:
    clips = (await client.extend()).json()
    assert [clip["status"] for clip in clips] == ["submitted", "submitted"]
    for clip in clips:
        assert "error_message" not in clip
        assert (clip["audio_url"], clip["duration"], clip["negative_tags"]) == ("", None, "")
        assert clip["lyric"] == "la\nla"


@only("suno_api")
async def test_suno_api_without_continue_at_continues_from_end(client: Client) -> None:
    await client.extend(continue_at=...)
    made = client.account.clips[client.account.submissions[0].clip_ids[0]]
    assert made.continue_at == 192


@only("suno_api")
async def test_suno_api_wait_audio_string_false_waits(
    client: Client, providers: ProviderServer
) -> None:
    providers.clock.speed = 1000
    clips = (await client.extend(wait_audio="false")).json()
    assert {clip["status"] for clip in clips} <= {"streaming", "complete"}
    assert all("error_message" in clip for clip in clips)


@only("suno_api")
async def test_suno_api_returns_at_most_two_clips(client: Client) -> None:
    ids = [clip.id for clip in client.account.source_clips()]
    answer = await client.get("/api/get", ids=",".join(ids[:2]))
    assert [clip["id"] for clip in answer.json()] == ids[:2]
    assert client.account.violations == []
    answer = await client.get("/api/get", ids=",".join(ids[:4]))
    assert [clip["id"] for clip in answer.json()] == ids[:2]
    assert not client.account.violations[0].refused
    assert "error_message" in answer.json()[0]
    assert "negative_tags" not in answer.json()[0]


@only("suno_api")
async def test_suno_api_without_ids_lists_latest_twenty(client: Client) -> None:
    for _ in range(9):
        newest = await client.extended()
    listed = (await client.get("/api/get")).json()
    assert len(listed) == 20
    assert [clip["id"] for clip in listed[:2]] == list(reversed(newest))
    assert client.account.violations == []
    assert len((await client.get("/api/get", ids="")).json()) == 20
    assert len(client.account.violations) == 1


@only("suno_api")
@pytest.mark.parametrize(("path", "name"), [("/api/get", "ids"), ("/api/clip", "id")])
async def test_suno_api_hides_cause_of_failed_fetch(client: Client, path: str, name: str) -> None:
    answer = await client.get(path, **{name: "nobody"})
    assert answer.status_code == 500
    assert answer.json() == {"error": "Internal server error"}


@only("suno_api")
async def test_suno_api_answers_the_known_clips_of_several(client: Client) -> None:
    answer = await client.get("/api/get", ids=f"nobody,{client.source}")
    assert [clip["id"] for clip in answer.json()] == [client.source]


@only("suno_api")
async def test_suno_api_says_why_the_session_ended_but_not_on_fetches(client: Client) -> None:
    client.account.fail_next(Fault.SESSION_ENDED, count=3)
    answers = [await client.extend(), await client.get("/api/get", ids=client.source)]
    answers.append(await client.get("/api/get_limit"))
    assert [answer.status_code for answer in answers] == [500, 500, 500]
    reason = "Failed to get session id, you may need to update the SUNO_COOKIE"
    assert [answer.json()["error"] for answer in answers] == [
        f"Internal error: {reason}",
        "Internal server error",
        f"Internal server error. Error: {reason}",
    ]
    assert client.account.submissions == []


@only("suno_api")
async def test_suno_api_without_a_browser_fails_before_sending(client: Client) -> None:
    client.account.fail_next(Fault.NO_BROWSER)
    answer = await client.extend()
    assert answer.status_code == 500
    assert "Executable doesn't exist" in answer.json()["error"]


@only("suno_api")
async def test_suno_api_answers_a_wrong_path_with_a_page(client: Client) -> None:
    answer = await client.get("/api/api/get")
    assert answer.status_code == 404
    assert answer.text.startswith("<!DOCTYPE html>")
    answer = await client.http.put("/api/get", json={})
    assert (answer.status_code, answer.content) == (405, b"")


@only("suno_api")
async def test_suno_api_clip_returns_raw_suno_clip(client: Client) -> None:
    clip = (await client.get("/api/clip", id=client.source)).json()
    assert clip["metadata"]["duration"] == 192
    assert "duration" not in clip
    answer = await client.get("/api/clip")
    assert (answer.status_code, answer.json()) == (400, {"error": "Missing parameter id"})


@only("suno_api")
async def test_suno_api_concat_joins_extension_with_source(client: Client) -> None:
    part, _ = await client.extended()
    client.account.advance(part, Status.COMPLETE)
    joined = (await client.post("/api/concat", {"clip_id": part})).json()
    assert joined["id"] not in {part, client.source}
    assert joined["status"] == "submitted"
    assert joined["metadata"]["type"] == "concat"
    client.account.advance(joined["id"], Status.COMPLETE)
    (done,) = (await client.get("/api/get", ids=joined["id"])).json()
    assert done["type"] == "concat"
    assert done["duration"] == pytest.approx(30 + client.account.clips[part].duration)
    assert [each.charged for each in client.account.submissions] == [10, 0]


@only("suno_api")
async def test_suno_api_concat_of_source_clip_is_refused(client: Client) -> None:
    answer = await client.post("/api/concat", {})
    assert (answer.status_code, answer.json()) == (400, {"error": "Clip id is required"})
    answer = await client.post("/api/concat", {"clip_id": client.source})
    assert answer.status_code == 404


@only("suno_api")
async def test_suno_api_returns_credit_limit(client: Client) -> None:
    await client.extended()
    assert (await client.get("/api/get_limit")).json() == {
        "credits_left": 9_990,
        "period": "day",
        "monthly_limit": 10_000,
        "monthly_usage": 10,
    }


@only("sunoapi_com")
async def test_sunoapi_com_task_is_complete_while_clips_begin(client: Client) -> None:
    task = (await client.extend()).json()
    assert task["status"] == "complete"
    assert [clip["status"] for clip in task["clips"]] == ["submitted", "submitted"]
    assert [clip["id"] for clip in task["clips"]] == list(client.account.submissions[0].clip_ids)
    assert task["id"] not in {clip["id"] for clip in task["clips"]}
    (history,) = task["clips"][0]["metadata"]["history"]
    assert (history["id"], history["continue_at"]) == (f"m_{client.source}", 48.762)


@only("sunoapi_com")
@pytest.mark.parametrize(
    "change", [{"prompt": ...}, {"tags": ["a"]}, {"continue_at": "48"}, {"continue_clip_id": ...}]
)
async def test_sunoapi_com_requires_fields(client: Client, change: dict[str, Any]) -> None:
    answer = await client.extend(**change)
    assert answer.status_code == 400
    assert next(iter(change)) in answer.json()["error"]


@only("sunoapi_com")
async def test_sunoapi_com_accepts_empty_strings(client: Client) -> None:
    assert (await client.extend(prompt="", tags="")).status_code == 200


@only("sunoapi_com")
async def test_sunoapi_com_returns_at_most_two_clips(client: Client) -> None:
    ids = [clip.id for clip in client.account.source_clips()]
    answer = (await client.get(f"{COM}/clips", ids=",".join(ids[:3]))).json()
    assert [clip["id"] for clip in answer["clips"]] == ids[:2]
    assert answer["clips"][0]["metadata"]["duration"] == 192
    assert not client.account.violations[0].refused


@only("sunoapi_com")
async def test_sunoapi_com_refuses_fetch_without_ids(client: Client) -> None:
    assert (await client.get(f"{COM}/clips")).status_code == 400
    assert (await client.get(f"{COM}/clips", ids="nobody")).status_code == 400
    assert [violation.reason for violation in client.account.violations] == ["missing ids."]


@only("sunoapi_com")
async def test_sunoapi_com_returns_credits(client: Client) -> None:
    assert (await client.get("/api/v1/get-credits")).json() == {
        "credits": 10_000,
        "extra_credits": 0,
    }


async def task_of(client: Client, answer: httpx.Response) -> dict[str, Any]:
    """Return what the legacy route tells of an accepted extension."""
    task_id = answer.json()["data"]["taskId"]
    return (await client.get(f"{ORG}/record-info", taskId=task_id)).json()["data"]


def advance(client: Client, *statuses: Status) -> None:
    for clip_id, status in zip(client.account.submissions[-1].clip_ids, statuses, strict=True):
        client.account.advance(clip_id, status)


@only("sunoapi_org")
@pytest.mark.parametrize(
    "change",
    [
        {"audioId": ...},
        {"model": ...},
        {"model": "V3"},
        {"callBackUrl": ...},
        {"defaultParamFlag": ...},
        {"prompt": ...},
        {"style": ""},
        {"title": ...},
        {"continueAt": "48"},
    ],
)
async def test_sunoapi_org_requires_fields(client: Client, change: dict[str, Any]) -> None:
    answer = await client.extend(**change)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (200, 400, None)
    assert next(iter(change)) in answer.json()["msg"]


@only("sunoapi_org")
async def test_sunoapi_org_takes_all_from_the_source_without_the_flag(client: Client) -> None:
    left_out = dict.fromkeys(("style", "title", "continueAt"), ...)
    await client.extend(defaultParamFlag=False, prompt="ignored", **left_out)
    made = client.account.clips[client.account.submissions[0].clip_ids[0]]
    assert (made.title, made.prompt, made.continue_at) == ("Electric Dreams", "", 192)


@only("sunoapi_org")
@pytest.mark.parametrize(("model", "sung"), [("V6", "words"), ("V5", "la la")])
async def test_sunoapi_org_sings_the_lyrics_since_v6(client: Client, model: str, sung: str) -> None:
    await client.extend(model=model, lyrics="words")
    assert client.account.clips[client.account.submissions[0].clip_ids[0]].prompt == sung


@only("sunoapi_org")
async def test_sunoapi_org_goes_from_pending_to_the_failed_callback(client: Client) -> None:
    accepted = await client.extend()
    before = await task_of(client, accepted)
    assert (before["status"], before["response"]) == ("PENDING", None)
    advance(client, Status.STREAMING, Status.STREAMING)
    heard = await task_of(client, accepted)
    assert heard["status"] == "TEXT_SUCCESS"
    assert all(song["streamAudioUrl"] for song in heard["response"]["sunoData"])
    advance(client, Status.COMPLETE, Status.STREAMING)
    first = await task_of(client, accepted)
    assert first["status"] == "FIRST_SUCCESS"
    assert [bool(song["audioUrl"]) for song in first["response"]["sunoData"]] == [True, False]
    advance(client, Status.COMPLETE, Status.COMPLETE)
    done = await task_of(client, accepted)
    assert done["status"] == "CALLBACK_EXCEPTION"
    assert all(song["audioUrl"] and song["duration"] for song in done["response"]["sunoData"])


@only("sunoapi_org")
async def test_sunoapi_org_succeeds_where_its_callback_is_heard(client: Client) -> None:
    accepted = await client.extend(callBackUrl="https://bot.example/callback")
    advance(client, Status.COMPLETE, Status.COMPLETE)
    assert (await task_of(client, accepted))["status"] == "SUCCESS"


@only("sunoapi_org")
async def test_sunoapi_org_spells_keys_by_the_age_of_the_model(client: Client) -> None:
    accepted = {model: await client.extend(model=model) for model in ("V5", "V6")}
    for clip in client.account.clips.values():
        client.account.advance(clip.id, Status.COMPLETE)
    old = (await task_of(client, accepted["V5"]))["response"]["sunoData"][0]
    new = (await task_of(client, accepted["V6"]))["response"]["data"][0]
    assert old["audioUrl"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", old["createTime"])
    assert new["audio_url"]
    assert isinstance(new["createTime"], int)


@only("sunoapi_org")
async def test_sunoapi_org_keeps_the_audio_of_a_song_whose_twin_failed(client: Client) -> None:
    accepted = await client.extend()
    advance(client, Status.COMPLETE, Status.ERROR)
    task = await task_of(client, accepted)
    assert (task["status"], task["errorCode"]) == ("GENERATE_AUDIO_FAILED", 400)
    assert [bool(song["audioUrl"]) for song in task["response"]["sunoData"]] == [True, False]


@only("sunoapi_org")
async def test_sunoapi_org_wants_the_model_of_the_source(client: Client) -> None:
    await client.extend(model="V5")
    advance(client, Status.COMPLETE, Status.COMPLETE)
    made = client.account.submissions[0].clip_ids[0]
    answer = await client.extend(audioId=made, model="V6", continueAt=2)
    assert (answer.json()["code"], len(client.account.submissions)) == (400, 1)
    assert (await client.extend(audioId=made, model="V5", continueAt=2)).json()["code"] == 200


@only("sunoapi_org")
async def test_sunoapi_org_limits_the_rate_by_another_code_on_each_route(client: Client) -> None:
    client.account.enforce_rate_limits = True
    for _ in range(20):
        await client.get(f"{ORG}/record-info", taskId="none")
    assert (await client.get(f"{ORG}/record-info", taskId="none")).json()["code"] == 430
    assert (await client.get(f"{JOBS}/recordInfo", taskId="none")).json()["code"] == 429


@only("sunoapi_org")
async def test_sunoapi_org_tells_nothing_of_an_unknown_task(client: Client) -> None:
    for path in (f"{ORG}/record-info", f"{JOBS}/recordInfo"):
        assert (await client.get(path, taskId="none")).json()["data"] is None
        assert (await client.get(path)).json()["code"] == 400


@only("sunoapi_org")
async def test_sunoapi_org_returns_credits(client: Client) -> None:
    for path in (f"{ORG}/credit", "/api/v1/chat/credit"):
        assert (await client.get(path)).json()["data"] == 10_000


def job(client: Client, **changes: object) -> dict[str, Any]:
    """Return a valid extension for the jobs route; ``...`` as value removes a field."""
    fields = {"audio_id": client.source, "model": "V6", "continue_at": 30, "lyrics": "la la"}
    given = {key: it for key, it in (fields | changes).items() if it is not ...}
    return {"model": "ai-music-api/extend", "input": given}


@only("sunoapi_org")
async def test_sunoapi_org_job_goes_from_waiting_to_a_text_of_json(client: Client) -> None:
    accepted = await client.post(f"{JOBS}/createTask", job(client))
    task_id = accepted.json()["data"]["taskId"]

    async def state() -> tuple[str, str]:
        told = (await client.get(f"{JOBS}/recordInfo", taskId=task_id)).json()["data"]
        return told["state"], told["resultJson"]

    assert await state() == ("waiting", "")
    advance(client, Status.STREAMING, Status.STREAMING)
    assert (await state())[0] == "generating"
    advance(client, Status.COMPLETE, Status.ERROR)
    told, result = await state()
    songs = json.loads(result)["data"]
    assert (told, [bool(song["audio_url"]) for song in songs]) == ("success", [True, False])
    assert client.account.violations == []


@only("sunoapi_org")
async def test_sunoapi_org_job_fails_with_its_own_words(client: Client) -> None:
    accepted = await client.post(f"{JOBS}/createTask", job(client))
    advance(client, Status.ERROR, Status.ERROR)
    task_id = accepted.json()["data"]["taskId"]
    told = (await client.get(f"{JOBS}/recordInfo", taskId=task_id)).json()["data"]
    assert (told["state"], told["failCode"], told["resultJson"]) == ("fail", "501", "")
    assert "inappropriate" in told["failMsg"]


@only("sunoapi_org")
@pytest.mark.parametrize(
    "change",
    [
        {"audio_id": ...},
        {"model": "V3"},
        {"title": "x" * 101},
        {"style": 3},
        {"continue_at": "30"},
        {"instrumental": "yes"},
    ],
)
async def test_sunoapi_org_validates_jobs(client: Client, change: dict[str, Any]) -> None:
    answer = await client.post(f"{JOBS}/createTask", job(client, **change))
    assert answer.json()["code"] == 422
    assert client.account.violations[0].refused


@only("sunoapi_org")
async def test_sunoapi_org_job_needs_its_own_model_and_credits(client: Client) -> None:
    assert (await client.post(f"{JOBS}/createTask", {"model": "V6"})).json()["code"] == 422
    client.account.credits = 9
    assert (await client.post(f"{JOBS}/createTask", job(client))).json()["code"] == 402


def test_environment_enables_all_providers() -> None:
    server = ProviderServer(port=8090)
    environment = server.environment()
    assert environment.pop("ENCORE_TRUSTED_AUDIO_HOSTS") == "127.0.0.1"
    names = {re.sub(r"_(BASE_URL|API_KEY)$", "", name) for name in environment}
    assert names == {name.upper() for name in server.accounts}
    assert "SUNO_API_API_KEY" not in environment
    assert environment["SUNO_API_BASE_URL"] == "http://127.0.0.1:8090/suno_api"
