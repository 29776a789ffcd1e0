"""ACE-Step: the form that it is sent, what its tasks mean, and how a forgotten one is found out."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bot.domain.models import Clip, ClipStatus, Handle, Progress
from bot.providers.acestep import AceStep
from bot.providers.adapter import ApiConfig
from bot.providers.base import (
    Provider,
    ProviderError,
    RateLimited,
    Rejected,
    SourceAudio,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    WrongAddress,
)
from sandbox.providers.faults import Fault
from sandbox.providers.server import ProviderServer
from sandbox.providers.timeline import Status, Timeline
from tests.support.audio_samples import tone, write_audio
from tests.support.provider_samples import FakeTransport, adapter, request_to

TASK = "550e8400-e29b-41d4-a716-446655440000"
HANDLE = Handle(task_id=TASK)
FILE = "/v1/audio?path=%2Fapp%2Fone.mp3"
RELEASED = httpx.Response(200, json={"data": {"task_id": TASK, "status": "queued"}, "code": 200})
ALIVE = [{"file": "", "status": 0, "progress": 0.5, "stage": "running"}]
REQUEST = request_to("acestep", continue_at=12.34)


def result(status: int, results: object, **parts: object) -> httpx.Response:
    task = {"task_id": TASK, "status": status, "result": json.dumps(results), **parts}
    return httpx.Response(200, json={"data": [task], "code": 200})


def stats(queued: int = 0, running: int = 0) -> httpx.Response:
    jobs = {"total": 9, "queued": queued, "running": running, "succeeded": 9, "failed": 0}
    data = {"jobs": jobs, "queue_size": queued, "queue_maxsize": 200, "avg_job_seconds": 8.5}
    return httpx.Response(200, json={"data": data, "code": 200})


TRACELESS = result(0, [])
BROKEN = Progress(error="")
TRACEBACK = """\
Traceback (most recent call last):
  File "/app/acestep/inference.py", line 12, in generate_music
    raise torch.OutOfMemoryError(text)
             ^^^^^^^^^^^^^^^^^^^^^^^^
{0}
"""
CHAIN = "{0}\nDuring handling of the above exception, another exception occurred:\n\n{1}"


@pytest.fixture
def audio(tmp_path: Path) -> SourceAudio:
    path = tmp_path / "source.flac"
    path.write_bytes(b"fLaC and more")
    return SourceAudio(path, "[Verse]\nOld words")


async def sent_form(
    transport: FakeTransport, provider: Provider, **changes: object
) -> dict[str, str]:
    """Return the fields of the form that a submission sends, its file by its name."""
    path = Path(__file__)
    request = replace(REQUEST, **{name: changes[name] for name in changes if name != "old"})
    source = SourceAudio(path, str(changes.get("old", "")))
    handle = await provider.extend_audio(request, source)
    assert handle == HANDLE
    [sent] = transport.requests
    assert sent.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    boundary = sent.headers["Content-Type"].partition("boundary=")[2]
    fields: dict[str, str] = {}
    for part in sent.content.split(f"--{boundary}".encode())[1:-1]:
        head, _, body = part.strip(b"\r\n").partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        fields[name] = body.decode()
        if b"filename" in head:
            assert b"audio/flac" in head
            fields[name] = "file"
            assert body.startswith(b'"""ACE-Step')
    return fields


async def test_form_repaints_beyond_the_end_of_the_audio() -> None:
    transport = FakeTransport(RELEASED)
    assert await sent_form(transport, adapter("acestep", transport)) == {
        "src_audio": "file",
        "task_type": "repaint",
        "prompt": "rock, uplifting",
        "lyrics": "[Verse]\nSilver cities",
        "repainting_start": "10.84",
        "repainting_end": "72.34",
        "audio_duration": "72.34",
        "batch_size": "2",
        "inference_steps": "8",
        "audio_format": "mp3",
        "thinking": "false",
        "use_cot_caption": "false",
        "use_cot_language": "false",
    }
    assert transport.paths == ["/release_task"]


async def test_settings_and_request_decide_about_model_steps_and_length() -> None:
    transport = FakeTransport(RELEASED)
    provider = adapter(
        "acestep", transport, model="acestep-v15-base", inference_steps=40, length=30
    )
    assert provider.capabilities.new_length is not None
    assert provider.capabilities.new_length.usual == 30
    fields = await sent_form(transport, provider, continue_at=1.0)
    assert fields["repainting_start"] == "0"
    assert (fields["model"], fields["inference_steps"]) == ("acestep-v15-base", "40")
    assert fields["repainting_end"] == "31"
    transport = FakeTransport(RELEASED)
    fields = await sent_form(transport, adapter("acestep", transport), length=45.5)
    assert fields["repainting_end"] == "57.84"


@pytest.mark.parametrize(
    ("old", "new", "sent"),
    [
        ("", "", "[Instrumental]"),
        ("Old words", "", "Old words\n\n[Instrumental]"),
        ("Old words", "New words", "Old words\n\nNew words"),
        ("x" * 5000, "y" * 600, "y" * 600),
    ],
)
async def test_lyrics_describe_the_whole_file_as_far_as_they_fit(
    old: str, new: str, sent: str
) -> None:
    transport = FakeTransport(RELEASED)
    fields = await sent_form(transport, adapter("acestep", transport), old=old, lyrics=new)
    assert fields["lyrics"] == sent


async def test_clip_without_its_audio_is_rejected() -> None:
    transport = FakeTransport(RELEASED)
    with pytest.raises(Rejected):
        await adapter("acestep", transport).extend(REQUEST)
    assert transport.requests == []


async def test_other_adapters_take_no_audio(audio: SourceAudio) -> None:
    transport = FakeTransport(RELEASED)
    with pytest.raises(Rejected, match="takes no audio"):
        await adapter("sunosay", transport).extend_audio(REQUEST, audio)
    assert transport.requests == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (
            httpx.Response(400, json={"detail": "absolute audio file paths are not allowed"}),
            Rejected,
        ),
        (httpx.Response(401, json={"detail": "Missing or invalid API key"}), Unauthorized),
        (httpx.Response(404, json={"detail": "Not Found"}), WrongAddress),
        (httpx.Response(415, json={"detail": "Unsupported Content-Type"}), Unauthorized),
        (httpx.Response(422, json={"detail": [{"msg": "value is not a float"}]}), Rejected),
        (httpx.Response(429, json={"detail": "Server busy: queue is full"}), RateLimited),
        (httpx.Response(500, json={"detail": "Internal server error"}), Unconfirmed),
        (httpx.Response(200, json={"data": None, "code": 500, "error": "oops"}), Unconfirmed),
        (httpx.ConnectError("refused"), Unavailable),
        (httpx.ReadTimeout("late"), Unconfirmed),
    ],
)
async def test_failed_submission_has_its_kind_and_is_sent_once(
    answer: httpx.Response | Exception, kind: type[ProviderError], audio: SourceAudio
) -> None:
    transport = FakeTransport(answer)
    with pytest.raises(ProviderError) as caught:
        await adapter("acestep", transport).extend_audio(REQUEST, audio)
    assert type(caught.value) is kind
    assert len(transport.requests) == 1


async def test_audio_too_large_for_its_server_can_be_continued_earlier(audio: SourceAudio) -> None:
    page = httpx.Response(413, text="<html><h1>413 Request Entity Too Large</h1></html>")
    with pytest.raises(Rejected, match="continue at an earlier time"):
        await adapter("acestep", FakeTransport(page)).extend_audio(REQUEST, audio)


async def fetched(*answers: httpx.Response) -> Progress | None:
    provider = adapter("acestep", FakeTransport(*answers))
    return (await provider.fetch([HANDLE])).get(HANDLE)


async def test_done_task_has_clips_that_contain_their_source() -> None:
    other = FILE.replace("one", "two")
    progress = await fetched(result(1, [{"file": FILE, "status": 1}, {"file": other, "status": 1}]))
    assert progress is not None
    one, two = progress.clips
    assert one.audio_url == f"acestep:{FILE}"
    assert two.audio_url == f"acestep:{other}"
    assert one.public_url is None
    assert one.is_playable
    assert one.contains_source
    assert one.id != two.id
    assert not progress.is_open
    again = await fetched(result(1, [{"file": FILE, "status": 1}]))
    assert again is not None
    assert again.clips[0].id == one.id


@pytest.mark.parametrize(
    ("file", "link"),
    [
        (FILE, f"acestep:{FILE}"),
        (f"/behind/a/path{FILE}", f"acestep:{FILE}"),
        (f"http://127.0.0.1:8001{FILE}", f"acestep:{FILE}"),
        ("/files/one.mp3", "acestep:/files/one.mp3"),
        ("", None),
        (None, None),
        ("one.mp3", None),
        ("////elsewhere.example/one.mp3", None),
        ("http://[broken/one.mp3", None),
        ("/v1/audio?path=one\x00.mp3", None),
        (f"{FILE}{'x' * 2000}", None),
    ],
)
async def test_file_leads_to_the_server_itself_or_nowhere(
    file: str | None, link: str | None
) -> None:
    progress = await fetched(result(1, [{"file": file, "status": 1}]))
    assert progress is not None
    [clip] = progress.clips
    assert clip.audio_url == link
    assert clip.status is (ClipStatus.COMPLETE if link else ClipStatus.FAILED)


@pytest.mark.parametrize(
    ("answer", "progress"),
    [
        (result(0, ALIVE), Progress(is_open=True)),
        (TRACELESS, Progress(is_open=True)),
        (result(0, None), Progress(is_open=True)),
        (
            result(2, [{"status": 2, "error": "CUDA out of memory"}]),
            Progress(error="CUDA out of memory"),
        ),
        (result(2, [{"status": 2, "error": None}], progress_text="a line of its log"), BROKEN),
        (result(2, [], progress_text="a line of its log"), BROKEN),
        (result(2, []), BROKEN),
        (result(1, []), BROKEN),
        (result(3, ALIVE), Progress(is_open=True)),
        (result(3, None), Progress(is_open=True)),
        (httpx.Response(200, json={"data": []}), None),
    ],
)
async def test_task_that_is_not_done_is_open_or_failed(
    answer: httpx.Response, progress: Progress | None
) -> None:
    assert await fetched(answer) == progress


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TRACEBACK.format("RuntimeError: CUDA out of memory."), "CUDA out of memory."),
        (
            TRACEBACK.format("torch.OutOfMemoryError: No room.\nHint: buy more.\n\nGood bye"),
            "No room.",
        ),
        (
            CHAIN.format(TRACEBACK.format("KeyError: 'a'"), TRACEBACK.format("OSError: Disk full")),
            "Disk full",
        ),
        (TRACEBACK.format("AssertionError"), ""),
        (TRACEBACK.format("OSError: <html>"), ""),
        ("The model is not loaded", "The model is not loaded"),
        ({"odd": "thing"}, ""),
    ],
)
async def test_failed_task_is_told_in_the_last_words_of_its_traceback(
    error: object, told: str
) -> None:
    assert await fetched(result(2, [{"status": 2, "error": error}])) == Progress(error=told)


async def test_failed_twin_is_told_beside_the_good_clip() -> None:
    progress = await fetched(
        result(1, [{"file": FILE, "status": 1}, {"file": "", "status": 2, "error": "It broke"}])
    )
    assert progress is not None
    assert [clip.is_playable for clip in progress.clips] == [True, False]
    assert progress.clips[1].error == "It broke"


async def test_result_that_is_no_json_is_asked_for_again() -> None:
    task = {"task_id": TASK, "status": 1, "result": "[{"}
    with pytest.raises(Unavailable):
        await fetched(httpx.Response(200, json={"data": [task]}))
    waiting = httpx.Response(200, json={"data": [task | {"status": 0}]})
    assert await fetched(waiting) == Progress(is_open=True)


async def progresses(*answers: httpx.Response, times: int) -> list[Progress]:
    """Return what so many fetches in a row tell."""
    provider = adapter("acestep", FakeTransport(*answers))
    return [(await provider.fetch([HANDLE]))[HANDLE] for _ in range(times)]


async def test_task_that_was_alive_and_left_no_trace_is_forgotten() -> None:
    seen = await progresses(result(0, ALIVE), TRACELESS, TRACELESS, times=3)
    assert [each.is_forgotten for each in seen] == [False, False, True]


async def test_task_that_turns_up_again_was_not_forgotten() -> None:
    answers = (result(0, ALIVE), TRACELESS, result(0, ALIVE), TRACELESS, result(0, ALIVE))
    seen = await progresses(*answers, times=5)
    assert not any(each.is_forgotten for each in seen)


async def test_task_that_was_never_seen_is_forgotten_once_the_server_has_nothing_to_do() -> None:
    busy, idle = stats(queued=1, running=1), stats()
    answers = (TRACELESS, TRACELESS, TRACELESS, busy, TRACELESS, idle)
    seen = await progresses(*answers, times=4)
    assert [each.is_forgotten for each in seen] == [False, False, False, True]


async def test_server_without_figures_forgets_nothing() -> None:
    answers = (TRACELESS, TRACELESS, TRACELESS, httpx.Response(404), TRACELESS, httpx.Response(404))
    seen = await progresses(*answers, times=4)
    assert not any(each.is_forgotten for each in seen)


async def test_memory_of_tasks_is_bounded() -> None:
    results = [json.dumps(ALIVE), "[]"]

    def answer(request: httpx.Request) -> httpx.Response:
        named = json.loads(request.content)["task_id_list"]
        data = [{"task_id": each, "status": 0, "result": results[0]} for each in named]
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps({"data": data}).encode()))

    handles = [Handle(task_id=f"task-{number}") for number in range(1_030)]
    provider = adapter("acestep", httpx.MockTransport(answer))
    assert len(await provider.fetch(handles)) == len(handles)
    results.pop(0)
    for _ in range(2):
        seen = await provider.fetch([*handles, Handle(clip_ids=("a",))])
    # the first thousand were forgotten here when the next one came, so they are not given up
    assert [seen[handle].is_forgotten for handle in handles] == [False] * 1_000 + [True] * 30


async def test_tasks_are_asked_for_in_batches() -> None:
    handles = [Handle(task_id=f"task-{number}") for number in range(45)]
    transport = FakeTransport(httpx.Response(200, json={"data": []}))
    assert await adapter("acestep", transport).fetch(handles) == {}
    assert [len(body["task_id_list"]) for body in transport.bodies] == [20, 20, 5]


async def test_credits_are_places_in_its_queue() -> None:
    left = await adapter("acestep", FakeTransport(stats(queued=3))).credits()
    assert left is not None
    assert (left.left, left.unit) == (197, "places in its queue")


# Against the local server


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer(timeline=Timeline(length=(4, 6))) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=False, trust_env=False) as one:  # noqa: S501 - loopback
        yield one


def at_sandbox(server: ProviderServer, client: httpx.AsyncClient, key: str = "") -> AceStep:
    name = "acestep"
    return AceStep(
        client,
        ApiConfig(base_url=server.provider_url(name), key=key or server.provider_key(name)),
        length=10,
    )


@pytest.fixture
def tune(tmp_path: Path) -> SourceAudio:
    return SourceAudio(write_audio(tone(3), tmp_path / "tune.flac", "flac"))


async def clips_of(provider: AceStep, handle: Handle) -> tuple[Clip, ...]:
    return (await provider.fetch([handle]))[handle].clips


async def test_extension_at_the_local_server_goes_to_its_files(
    server: ProviderServer, client: httpx.AsyncClient, tune: SourceAudio
) -> None:
    provider, account = at_sandbox(server, client), server.account("acestep")
    handle = await provider.extend_audio(replace(REQUEST, continue_at=3.0), tune)
    assert (await provider.fetch([handle]))[handle] == Progress(is_open=True)
    for clip_id in account.submissions[0].clip_ids:
        account.advance(clip_id, Status.COMPLETE)
    clips = await clips_of(provider, handle)
    assert all(clip.is_playable for clip in clips)
    link = (clips[0].audio_url or "").removeprefix("acestep:")
    key = {"Authorization": f"Bearer {server.provider_key('acestep')}"}
    found = await client.get(server.provider_url("acestep") + link, headers=key)
    assert found.headers["Content-Type"] == "audio/mpeg"
    assert (await client.get(server.provider_url("acestep") + link)).status_code == 401
    elsewhere = urlsplit(link).path + "?path=/etc/passwd"
    answer = await client.get(server.provider_url("acestep") + elsewhere, headers=key)
    assert answer.status_code == 403
    assert account.violations == []


async def test_local_server_forgets_after_a_restart(
    server: ProviderServer, client: httpx.AsyncClient, tune: SourceAudio
) -> None:
    provider, account = at_sandbox(server, client), server.account("acestep")
    handle = await provider.extend_audio(replace(REQUEST, continue_at=3.0), tune)
    account.restart()
    provider._api._limiter = None  # noqa: SLF001 - it would take seconds
    seen = [(await provider.fetch([handle]))[handle] for _ in range(3)]
    assert [each.is_forgotten for each in seen] == [False, False, True]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.BAD_REQUEST, Rejected),
        (Fault.UNAUTHORIZED, Unauthorized),
        (Fault.RATE_LIMITED, RateLimited),
        (Fault.SERVER_ERROR, Unconfirmed),
        (Fault.CLOSE_BEFORE, Unconfirmed),
        (Fault.CLOSE_AFTER, Unconfirmed),
        (Fault.INVALID_JSON, Unconfirmed),
        (Fault.HTML_NOT_FOUND, Unauthorized),
        (Fault.EMPTY_CLIPS, Unconfirmed),
    ],
)
async def test_failed_submission_to_the_local_server_is_sent_once(
    server: ProviderServer,
    client: httpx.AsyncClient,
    tune: SourceAudio,
    fault: Fault,
    kind: type[ProviderError],
) -> None:
    account = server.account("acestep")
    account.fail_next(fault, on="submit")
    with pytest.raises(ProviderError) as caught:
        await at_sandbox(server, client).extend_audio(replace(REQUEST, continue_at=3.0), tune)
    assert isinstance(caught.value, kind)
    assert len(account.requests) == 1


async def test_wrong_key_is_the_operators_problem(
    server: ProviderServer, client: httpx.AsyncClient, tune: SourceAudio
) -> None:
    with pytest.raises(Unauthorized):
        await at_sandbox(server, client, "another-secret").extend_audio(REQUEST, tune)
