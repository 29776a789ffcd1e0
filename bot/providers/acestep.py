"""ACE-Step 1.5 on one's own machine: it is given the source's audio and repaints past its end.

Contract: docs/en/API.md and acestep/api_server.py of github.com/ace-step/ACE-Step-1.5. The result
holds source and new part in one file. The server keeps tasks in memory only, and says of a task
that it does not know that it is waiting.
"""

import datetime as dt
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import httpx
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from typing_extensions import override

from bot.domain.form import TextLimits, format_style
from bot.domain.models import Clip, ClipStatus, ExtendRequest, Handle, Progress, Status
from bot.domain.text import utf16_length
from bot.providers.adapter import (
    INSTRUMENTAL,
    MAX_CLIPS,
    Adapter,
    ApiConfig,
    gather_successes,
    require_continue_at,
)
from bot.providers.base import (
    Capabilities,
    Credits,
    NewLength,
    ProviderError,
    Rejected,
    SourceAudio,
    Unauthorized,
    Unavailable,
    WrongAddress,
)
from bot.providers.clip_schema import MAX_URL_LENGTH, Id
from bot.providers.errors import ErrorResponse
from bot.providers.http import Form
from bot.providers.redaction import redacted

_log = logging.getLogger(__name__)

DEFAULTS = ApiConfig(base_url="http://127.0.0.1:8001", query_every=1.0)
SHORTEST, USUAL, LONGEST = 10.0, 60.0, 90.0  # seconds: windows that its tutorial recommends
CAPABILITIES = Capabilities(
    label="ACE-Step",
    limits=TextLimits(lyrics=5500, style=700, title=100),  # as far as it reads them
    needs_continue_at=False,  # the audio that it is given says where
    wants_source_audio=True,
    new_length=NewLength(shortest=SHORTEST, longest=LONGEST, usual=USUAL),
    longest_song=600.0,
    deadline=dt.timedelta(minutes=45),  # without a graphics card, a part takes many minutes
    batch=20,
    is_free=True,
    submit_timeout=120,  # with the upload
)

_RELEASE_PATH = "/release_task"
_QUERY_PATH = "/query_result"
_STATS_PATH = "/v1/stats"
_OVERLAP = 1.5  # seconds of the source that are composed anew, so that the join is not a cut
_CLIPS = 2
_WAITING, _DONE, _FAILED = 0, 1, 2
_FINAL = (_DONE, _FAILED)
# Answers in a row without a trace of the task: after it was seen alive, and else.
_LOST_AFTER, _DOUBTED_AFTER = 2, 3
_MAX_REMEMBERED = 1000  # tasks
_CONTENT_TYPE = "audio/flac"
# in a traceback: the exception, which follows the last line of code
_EXCEPTION = re.compile(r"^ .*\n[\w.]+: (.+)$", re.MULTILINE)


class _Task(BaseModel):
    task_id: Id
    status: int = _WAITING
    result: object = None


class _Result(BaseModel):
    """One clip of a task, or how far the task is."""

    file: str | None = None
    status: int | None = None
    error: object = None


class _Released(BaseModel):
    task_id: Id


class _ReleaseResponse(BaseModel):
    data: _Released


class _QueryResponse(BaseModel):
    data: list[_Task]


class _Jobs(BaseModel):
    queued: int
    running: int


class _Stats(BaseModel):
    jobs: _Jobs
    queue_size: Annotated[int, Field(ge=0)] = 0
    queue_maxsize: Annotated[int, Field(ge=0)] = 0


class _StatsResponse(BaseModel):
    data: _Stats


_RELEASE_SCHEMA = TypeAdapter(_ReleaseResponse)
_QUERY_SCHEMA = TypeAdapter(_QueryResponse)
_STATS_SCHEMA = TypeAdapter(_StatsResponse)
_RESULTS_SCHEMA = TypeAdapter(list[_Result])


class AceStep(Adapter):
    """The adapter to an ACE-Step server.

    Args:
        client: of this provider alone.
        config: how to reach it.
        model: one that the server has loaded; empty is its default.
        inference_steps: more take longer; the turbo models are made for 8.
        length: seconds of a new part where a member asks for nothing.
        deadline: how long an extension may take.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        config: ApiConfig,
        *,
        model: str = "",
        inference_steps: int = 8,
        length: float = USUAL,
        deadline: dt.timedelta | None = CAPABILITIES.deadline,
    ) -> None:
        usual = NewLength(shortest=SHORTEST, longest=LONGEST, usual=length)
        capabilities = replace(CAPABILITIES, new_length=usual, deadline=deadline)
        super().__init__(client, config, name="acestep", capabilities=capabilities)
        self._model = model
        self._inference_steps = inference_steps
        self._length = length
        self._base_path = urlsplit(config.base_url).path.rstrip("/")
        self._seen_alive: set[str] = set()
        self._traceless: dict[str, int] = {}  # answers in a row

    async def extend(self, request: ExtendRequest) -> Handle:
        """Raise Rejected: the server knows no clips, only audio that it is given."""
        del request
        raise Rejected(f"{self.capabilities.label} needs the audio of the clip.")

    @override
    async def extend_audio(self, request: ExtendRequest, source: SourceAudio) -> Handle:
        answer = await self._api.submit(
            _RELEASE_PATH,
            Form(self._fields(request, source), "src_audio", source.path, _CONTENT_TYPE),
            _RELEASE_SCHEMA,
            timeout_seconds=self.capabilities.submit_timeout,
        )
        return Handle(task_id=answer.data.task_id)

    async def fetch(
        self, handles: Sequence[Handle], *, newer_than: Status | None = None
    ) -> Mapping[Handle, Progress]:
        """Return the progress of each task, asking for many at a time.

        Raises:
            ProviderError: every request failed.
        """
        del newer_than  # the API can't wait for news
        by_id = {handle.task_id: handle for handle in handles if handle.task_id}
        ids, size = [*by_id], self.capabilities.batch
        batches = (ids[start : start + size] for start in range(0, len(ids), size))
        answers = await gather_successes(*(self._fetch_tasks(batch) for batch in batches))
        tasks = [task for batch in answers for task in batch if task.task_id in by_id]
        found = {task.task_id: self._progress(task) for task in tasks}
        doubtful = [task_id for task_id, progress in found.items() if progress is None]
        lost = await self._lost_among(doubtful)
        pending = {task_id: Progress(is_open=True, is_forgotten=task_id in lost) for task_id in ids}
        return {by_id[task_id]: progress or pending[task_id] for task_id, progress in found.items()}

    @override
    async def credits(self) -> Credits:
        """Return how many requests its queue still takes; it costs nothing."""
        stats = (await self._api.query(_STATS_PATH, _STATS_SCHEMA)).data
        return Credits(max(stats.queue_maxsize - stats.queue_size, 0), "places in its queue")

    def _fields(self, request: ExtendRequest, source: SourceAudio) -> dict[str, str]:
        """Return the fields of the form but for the file."""
        join = require_continue_at(request)
        end = join + (request.length or self._length)
        fields = {
            "task_type": "repaint",
            "prompt": format_style(request.style),
            "lyrics": _whole_lyrics(request.lyrics, source.lyrics, self.capabilities.limits.lyrics),
            "repainting_start": _seconds(max(join - _OVERLAP, 0.0)),
            "repainting_end": _seconds(end),
            "audio_duration": _seconds(end),
            "batch_size": str(_CLIPS),
            "inference_steps": str(self._inference_steps),
            "audio_format": "mp3",
            # the language model is not needed to repaint, and takes memory
            "thinking": "false",
            "use_cot_caption": "false",
            "use_cot_language": "false",
        }
        return fields | ({"model": self._model} if self._model else {})

    async def _fetch_tasks(self, task_ids: Sequence[str]) -> list[_Task]:
        body = {"task_id_list": [*task_ids]}
        return (await self._api.query(_QUERY_PATH, _QUERY_SCHEMA, method="POST", body=body)).data

    def _progress(self, task: _Task) -> Progress | None:
        """Return the progress of ``task``; None if the answer has no trace of it."""
        results = _results_of(task)
        if task.status == _WAITING and not results:
            self._traceless[task.task_id] = self._traceless.get(task.task_id, 0) + 1
            return None
        self._traceless.pop(task.task_id, None)
        if task.status not in _FINAL:
            if len(self._seen_alive) >= _MAX_REMEMBERED:
                self._seen_alive.clear()
            self._seen_alive.add(task.task_id)
            return Progress(is_open=True)
        self._seen_alive.discard(task.task_id)
        if task.status == _FAILED or not results:
            reasons = (result.error for result in results if result.error)
            return Progress(error=_reason(next(reasons, "")))
        clips = (self._clip(task.task_id, place, each) for place, each in enumerate(results))
        return Progress(clips=tuple(clips)[:MAX_CLIPS])

    def _clip(self, task_id: str, place: int, result: _Result) -> Clip:
        # the API has no ids for clips
        clip_id = str(uuid5(NAMESPACE_URL, f"acestep:{task_id}/{place}"))
        link = self._link(result.file)
        if link is None or result.status == _FAILED:
            return Clip(id=clip_id, status=ClipStatus.FAILED, error=_reason(result.error))
        return Clip(id=clip_id, status=ClipStatus.COMPLETE, audio_url=link, contains_source=True)

    def _link(self, file: str | None) -> str | None:
        """Return the address of a file on the server, as only Encore can reach it."""
        try:
            parts = urlsplit(file or "")
        except ValueError:
            return None
        path = parts.path.removeprefix(self._base_path)
        query = f"?{parts.query}" if parts.query else ""
        link = f"{self.name}:{path}{query}"
        is_file = path.startswith("/") and not path.startswith("//") and link.isprintable()
        return link if is_file and len(link) <= MAX_URL_LENGTH else None

    async def _lost_among(self, task_ids: Sequence[str]) -> set[str]:
        """Return those that the server has forgotten, of tasks without a trace in its answer.

        One that was seen alive before is lost. Any other is, once the server says that it has
        nothing to do.
        """
        lost = {
            task_id
            for task_id in task_ids
            if task_id in self._seen_alive and self._traceless[task_id] >= _LOST_AFTER
        }
        doubted = {each for each in task_ids if self._traceless[each] >= _DOUBTED_AFTER} - lost
        if doubted and await self._is_idle():
            lost |= doubted
        for task_id in lost:
            del self._traceless[task_id]
            self._seen_alive.discard(task_id)
        while len(self._traceless) > _MAX_REMEMBERED:
            del self._traceless[next(iter(self._traceless))]
        return lost

    async def _is_idle(self) -> bool:
        try:
            jobs = (await self._api.query(_STATS_PATH, _STATS_SCHEMA)).data.jobs
        except ProviderError as error:
            _log.info("%s: no figures (%s)", self.capabilities.label, error.kind)
            return False
        return not (jobs.queued or jobs.running)

    @override
    def _error_from(self, response: ErrorResponse) -> ProviderError | None:
        if response.status == HTTPStatus.NOT_FOUND and response.message == "Not Found":
            return WrongAddress("This address is not the API's; check the base URL.")
        if response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:  # a proxy in front of it
            return Rejected("Its server takes no audio that long; continue at an earlier time.")
        if response.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
            return Unauthorized("It takes no uploaded audio; update it to 0.1.7 or later.")
        return None


def _results_of(task: _Task) -> list[_Result]:
    """Return what the ``result`` of a task holds, which is JSON in a string; empty if nothing."""
    result = task.result
    try:
        parsed: Any = json.loads(result) if isinstance(result, str) else result
        return _RESULTS_SCHEMA.validate_python(parsed or [])
    except (ValueError, RecursionError, ValidationError):
        if task.status not in _FINAL:
            return []
        raise Unavailable("ACE-Step answered in another form than expected: result") from None


def _whole_lyrics(new: str, old: str, limit: int) -> str:
    """Return the lyrics of the whole file: those of the source, if they fit, and the new ones."""
    whole = "\n\n".join(filter(None, (old, new or INSTRUMENTAL)))
    return whole if utf16_length(whole) <= limit else new or INSTRUMENTAL


def _seconds(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _reason(error: object) -> str:
    """Return why a task failed, fit for members; the server says it by a traceback."""
    if not isinstance(error, str):
        return ""
    exceptions = _EXCEPTION.findall(error)
    return redacted(exceptions[-1] if exceptions else error)
