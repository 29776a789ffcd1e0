"""The control API, and the providers as a process."""

import asyncio
import json
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from sandbox.providers.account import ExtendParameters
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Status

ROOT = Path(__file__).parents[2]


def plain_http() -> ssl.SSLContext:
    """Return an SSL context without certificates: loading them takes most of a client's start."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture
async def providers() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        yield server


@pytest.fixture
async def http(providers: ProviderServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=f"{providers.base_url}/sandbox/", timeout=5, trust_env=False, verify=plain_http()
    ) as client:
        yield client


async def test_health_lists_providers(providers: ProviderServer, http: httpx.AsyncClient) -> None:
    health = (await http.get("health")).json()
    assert health["status"] == "ok"
    assert health["providers"] == list(providers.accounts)
    assert health["environment"] == providers.environment()


async def test_clips_lists_clips_by_provider(
    providers: ProviderServer, http: httpx.AsyncClient
) -> None:
    everything = (await http.get("clips")).json()["clips"]
    with_clips = [each for each in providers.accounts.values() if each.source_clips()]
    assert len(everything) == 6 * len(with_clips)
    ours = (await http.get("clips", params={"provider": "sunosay"})).json()["clips"]
    expected = [clip.id for clip in providers.account("sunosay").source_clips()]
    assert [clip["id"] for clip in ours] == expected
    assert ours[0]["audio_url"] == f"{providers.base_url}/audio/{expected[0]}.mp3"
    assert (await http.get("clips", params={"provider": "none"})).status_code == 400


async def test_speed_sets_clock_speed(providers: ProviderServer, http: httpx.AsyncClient) -> None:
    assert (await http.post("speed", json={"speed": 50})).json() == {"speed": 50.0}
    assert providers.clock.speed == 50


async def test_faults_are_added_listed_and_cleared(
    providers: ProviderServer, http: httpx.AsyncClient
) -> None:
    order = {"provider": "suno_api", "fault": "unavailable", "on": "fetch", "count": 3}
    assert (await http.post("faults", json=order)).status_code == 200
    (planned,) = (await http.get("faults")).json()["faults"]
    assert planned.items() >= order.items()
    answer = await http.get(f"{providers.provider_url('suno_api')}/api/get")
    assert answer.status_code == 503
    assert (await http.delete("faults")).json() == {"faults": []}
    answer = await http.get(f"{providers.provider_url('suno_api')}/api/get")
    assert answer.status_code == 200


async def test_requests_submissions_and_violations_are_listed(
    providers: ProviderServer, http: httpx.AsyncClient
) -> None:
    account = providers.account("suno_api")
    body = {"audio_id": account.source_clips()[0].id, "continue_at": 5, "odd": 1}
    await http.post(f"{providers.provider_url('suno_api')}/api/extend_audio", json=body)
    (submission,) = (await http.get("submissions")).json()["submissions"]
    assert (submission["provider"], submission["request"]) == ("suno_api", body)
    (request,) = (await http.get("requests")).json()["requests"]
    assert (request["json"], request["status"]) == (body, 200)
    (violation,) = (await http.get("violations")).json()["violations"]
    assert violation["reason"] == "unknown field odd"


async def test_credits_and_timeline_are_set(
    providers: ProviderServer, http: httpx.AsyncClient
) -> None:
    await http.post("credits", json={"provider": "aimlapi", "credits": 5})
    assert providers.account("aimlapi").credits == 5
    await http.post("timeline", json={"complete": [50, 60], "provider": "aimlapi"})
    assert providers.account("aimlapi").timeline.complete == (50, 60)
    assert providers.account("sunosay").timeline.complete == (120, 180)
    await http.post("timeline", json={"length": [4, 5]})
    assert {account.timeline.length for account in providers.accounts.values()} == {(4, 5)}
    assert providers.account("aimlapi").timeline.complete == (50, 60)


async def test_advance_sets_clip_status(providers: ProviderServer, http: httpx.AsyncClient) -> None:
    account = providers.account("aimlapi")
    clip = account.extend(ExtendParameters(account.source_clips()[0].id, 5.0), {})[0]
    order = {"clip_id": clip.id, "status": "complete"}
    assert (await http.post("advance", json=order)).json() == order
    assert account.status(clip) is Status.COMPLETE


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("speed", {}),
        ("speed", {"speed": 0}),
        ("speed", {"speed": "fast"}),
        ("speed", [1]),
        ("faults", {"provider": "aimlapi", "fault": "nonsense"}),
        ("faults", {"provider": "nobody", "fault": "unavailable"}),
        ("faults", {"provider": "aimlapi", "fault": "missing_id", "on": "submit"}),
        ("timeline", {"complete": [2, 1]}),
        ("timeline", {"complete": [2]}),
        ("advance", {"clip_id": "nobody", "status": "complete"}),
        ("advance", {"clip_id": "nobody", "status": "nonsense"}),
        ("credits", {"provider": "aimlapi"}),
    ],
)
async def test_invalid_command_is_answered_with_400(
    http: httpx.AsyncClient, path: str, order: object
) -> None:
    answer = await http.post(path, json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_command_without_json_is_refused(http: httpx.AsyncClient) -> None:
    assert (await http.post("speed", data={"speed": "2"})).status_code == 400
    headers = {"Content-Type": "application/json"}
    assert (await http.post("speed", content="{", headers=headers)).status_code == 400


async def start(*options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox.providers",
        *options,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_provider_process_prints_readiness_and_ends_cleanly(number: signal.Signals) -> None:
    process = await start("--speed", "7", "--length", "4", "5")
    assert process.stdout is not None
    async with asyncio.timeout(20):
        ready = json.loads(await process.stdout.readline())
        async with httpx.AsyncClient(timeout=5, trust_env=False, verify=plain_http()) as http:
            health = (await http.get(f"{ready['base_url']}/sandbox/health")).json()
        process.send_signal(number)
        rest, errors = await process.communicate()
    assert health["speed"] == 7
    assert health["environment"] == ready["environment"]
    assert (process.returncode, rest, errors) == (0, b"", b"")


async def test_provider_process_reports_start_errors(providers: ProviderServer) -> None:
    for options in (("--port", str(providers.port)), ("--speed", "0")):
        process = await start(*options)
        async with asyncio.timeout(20):
            output, errors = await process.communicate()
        assert (process.returncode, output) == (2, b"")
        assert len(errors.decode().splitlines()) == 1
