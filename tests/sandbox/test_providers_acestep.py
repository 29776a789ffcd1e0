"""The local ACE-Step: what it takes, what it adds, and what it forgets."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from sandbox.providers.faults import Fault
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Status
from tests.support.audio_samples import noise, tone, write_audio

NAME = "acestep"
FORM = {
    "task_type": "repaint",
    "repainting_start": "1.5",
    "repainting_end": "5",
    "audio_duration": "5",
    "prompt": "folk",
    "lyrics": "[Verse]\nHome",
    "batch_size": "2",
    "thinking": "false",
    "use_cot_caption": "false",
    "use_cot_language": "false",
    "audio_format": "mp3",
}


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        yield running


@pytest.fixture
async def http(server: ProviderServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=server.provider_url(NAME),
        headers={"Authorization": f"Bearer {server.provider_key(NAME)}"},
        trust_env=False,
        timeout=20,
    ) as client:
        yield client


@pytest.fixture
def audio(tmp_path: Path) -> bytes:
    return write_audio(tone(3), tmp_path / "a.flac", "flac").read_bytes()


async def released(http: httpx.AsyncClient, audio: bytes, **fields: str) -> httpx.Response:
    form = {name: value for name, value in (FORM | fields).items() if value}
    return await http.post("release_task", data=form, files={"src_audio": ("a.flac", audio)})


async def task_of(http: httpx.AsyncClient, task_id: str) -> dict[str, Any]:
    answer = await http.post("query_result", json={"task_id_list": [task_id]})
    [task] = answer.json()["data"]
    assert isinstance(task["result"], str)
    return task | {"result": json.loads(task["result"])}


def seconds(mp3: bytes) -> float:
    with av.open(io.BytesIO(mp3)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


async def made(server: ProviderServer, http: httpx.AsyncClient, answer: httpx.Response) -> float:
    """Return the seconds of the first file of a task, which is finished at once."""
    account = server.account(NAME)
    for clip_id in account.submissions[-1].clip_ids:
        account.advance(clip_id, Status.COMPLETE)
    task = await task_of(http, answer.json()["data"]["task_id"])
    assert task["status"] == 1
    found = await http.get(task["result"][0]["file"].removeprefix("/"))
    return seconds(found.content)


@pytest.mark.parametrize(
    ("end", "length"), [("5", 5), ("4.25", 4.25), ("-1", 3), ("0", 3), ("", 3), ("2", 3)]
)
async def test_end_beyond_the_source_adds_to_it_and_no_other_does(
    server: ProviderServer, http: httpx.AsyncClient, audio: bytes, end: str, length: float
) -> None:
    answer = await released(http, audio, repainting_end=end)
    assert answer.json()["data"]["status"] == "queued"
    assert await made(server, http, answer) == pytest.approx(length, abs=0.001)
    assert server.account(NAME).violations == []


async def test_audio_of_more_than_a_mebibyte_is_taken(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    audio = write_audio(noise(8), tmp_path / "a.flac", "flac").read_bytes()
    assert len(audio) > 1 << 20
    assert (await released(http, audio, repainting_end="9")).status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"src_audio_path": "/etc/passwd"}, "absolute audio file paths are not allowed"),
        ({"task_type": "repaint"}, "repaint needs src_audio"),
        ({"task_type": "text2music"}, "the sandbox can only repaint"),
    ],
)
async def test_json_has_no_audio(
    server: ProviderServer, http: httpx.AsyncClient, body: dict[str, str], message: str
) -> None:
    answer = await http.post("release_task", json=body)
    assert (answer.status_code, answer.json()) == (400, {"detail": message})
    assert [each.refused for each in server.account(NAME).violations] == [True]


@pytest.mark.parametrize(
    ("fields", "content"),
    [
        ({"repainting_start": "3.5"}, None),
        ({"repainting_start": "soon"}, None),
        ({"repainting_end": "601"}, None),
        ({"model": "another"}, None),
        ({}, b"no audio"),
    ],
)
async def test_form_that_makes_no_sense_is_refused(
    http: httpx.AsyncClient, audio: bytes, fields: dict[str, str], content: bytes | None
) -> None:
    assert (await released(http, content or audio, **fields)).status_code == 400


async def test_language_model_and_short_duration_are_violations(
    server: ProviderServer, http: httpx.AsyncClient, audio: bytes
) -> None:
    await released(http, audio, thinking="true", audio_duration="3", odd="field")
    reasons = [each.reason for each in server.account(NAME).violations]
    assert reasons == [
        "unknown field odd",
        "audio_duration is less than repainting_end",
        "thinking needs the language model",
    ]


async def test_unknown_task_waits_for_ever(http: httpx.AsyncClient) -> None:
    task = await task_of(http, "nobody-knows-it")
    assert (task["status"], task["result"]) == (0, [])


async def test_restart_forgets_tasks_and_keeps_files(
    server: ProviderServer, http: httpx.AsyncClient, audio: bytes
) -> None:
    answer = await released(http, audio)
    assert await made(server, http, answer) == pytest.approx(5, abs=0.001)
    task_id = answer.json()["data"]["task_id"]
    file = (await task_of(http, task_id))["result"][0]["file"]
    ordered = await http.post(
        f"{server.base_url}/sandbox/restart", json={"provider": NAME}, headers={}
    )
    assert ordered.json() == {"restarts": 1}
    task = await task_of(http, task_id)
    assert (task["status"], task["result"]) == (0, [])
    assert (await http.get(file.removeprefix("/"))).status_code == 200
    assert (await http.get("v1/stats")).json()["data"]["jobs"]["total"] == 0


async def test_failed_task_has_a_traceback(
    server: ProviderServer, http: httpx.AsyncClient, audio: bytes
) -> None:
    account = server.account(NAME)
    account.fail_next(Fault.ERROR_CLIPS)
    answer = await released(http, audio)
    for clip_id in account.submissions[-1].clip_ids:
        account.advance(clip_id, Status.ERROR)
    task = await task_of(http, answer.json()["data"]["task_id"])
    assert task["status"] == 2
    [result] = task["result"]
    assert result["error"].startswith("Traceback (most recent call last):\n")
    assert "\nRuntimeError: Music generation failed: CUDA out of memory" in result["error"]


async def test_files_that_could_not_be_saved_are_left_out(
    server: ProviderServer, http: httpx.AsyncClient, audio: bytes
) -> None:
    account = server.account(NAME)
    files: list[list[str]] = []
    for fault in (Fault.TWIN_FAILS, Fault.EMPTY_AUDIO_URL):
        account.fail_next(fault)
        answer = await released(http, audio)
        first, second = account.submissions[-1].clip_ids
        account.advance(first, Status.COMPLETE)
        is_failed = fault is Fault.TWIN_FAILS
        account.advance(second, Status.ERROR if is_failed else Status.COMPLETE)
        task = await task_of(http, answer.json()["data"]["task_id"])
        assert task["status"] == 1
        files.append([each["file"] for each in task["result"]])
    assert [[bool(file) for file in each] for each in files] == [[True], [False]]


async def test_answer_can_lack_a_task_or_tell_an_unknown_status(
    server: ProviderServer, http: httpx.AsyncClient, audio: bytes
) -> None:
    task_id = (await released(http, audio)).json()["data"]["task_id"]
    server.account(NAME).fail_next(Fault.MISSING_ID)
    answer = await http.post("query_result", json={"task_id_list": [task_id]})
    assert answer.json()["data"] == []
    server.account(NAME).fail_next(Fault.UNKNOWN_STATUS)
    assert (await task_of(http, task_id))["status"] == 3


async def test_refused_form_and_wrong_key_are_told_as_by_fastapi(
    server: ProviderServer, http: httpx.AsyncClient, audio: bytes
) -> None:
    server.account(NAME).fail_next(Fault.UNPROCESSABLE, on="submit")
    answer = await released(http, audio)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["msg"] == "Input should be a valid number"
    keys = {"Authorization": "Bearer another"}, {"Authorization": ""}
    told = [(await http.get("v1/stats", headers=each)).json()["detail"] for each in keys]
    assert told == ["Invalid API key", "Missing Authorization header"]


async def test_living_task_is_queued_then_running(
    server: ProviderServer, http: httpx.AsyncClient, audio: bytes
) -> None:
    answer = await released(http, audio)
    task_id = answer.json()["data"]["task_id"]
    assert (await task_of(http, task_id))["result"][0]["stage"] == "queued"
    for clip_id in server.account(NAME).submissions[-1].clip_ids:
        server.account(NAME).advance(clip_id, Status.STREAMING)
    assert (await task_of(http, task_id))["result"][0]["stage"] == "running"
    jobs = (await http.get("v1/stats")).json()["data"]["jobs"]
    assert (jobs["running"], jobs["queued"]) == (1, 0)


async def test_full_queue_is_429(
    server: ProviderServer, http: httpx.AsyncClient, audio: bytes
) -> None:
    server.account(NAME).fail_next(Fault.RATE_LIMITED, on="submit")
    answer = await released(http, audio)
    assert (answer.status_code, answer.json()) == (429, {"detail": "Server busy: queue is full"})


async def test_files_are_served_to_who_has_the_key_from_its_folder_only(
    http: httpx.AsyncClient,
) -> None:
    outside = await http.get("v1/audio", params={"path": "/etc/passwd"})
    gone = await http.get("v1/audio", params={"path": "/app/.cache/acestep/tmp/api_audio/x-0.mp3"})
    keyless = await http.get("v1/audio", headers={"Authorization": ""})
    assert [each.status_code for each in (outside, gone, keyless)] == [403, 404, 401]
    assert (await http.get("health")).json()["data"]["status"] == "ok"
    assert (await http.get("v1/models")).json()["data"]["default_model"] == "acestep-v15-turbo"
