"""sunosay.com, also the base of sunoapi.co: submissions become tasks, which are polled.

Contract: docs.sunosay.com. Only ``code`` decides about an answer; ``message`` may say anything.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Literal

import httpx
from pydantic import AliasChoices, Field, TypeAdapter
from typing_extensions import override

from bot.domain.form import TextLimits, format_style
from bot.domain.models import ClipStatus, ExtendRequest, Handle, Progress, Status
from bot.providers.adapter import (
    MAX_CLIPS,
    Adapter,
    ApiConfig,
    gather_successes,
    json_number,
    require_continue_at,
)
from bot.providers.base import (
    Capabilities,
    OutOfCredits,
    ProviderError,
    Rejected,
    Unauthorized,
    Unavailable,
    Unconfirmed,
)
from bot.providers.clip_schema import ClipAnswer, ErrorText, Id, clip_status, to_clip
from bot.providers.errors import ErrorResponse, error_for, extract_message

DEFAULTS = ApiConfig(
    base_url="https://api.sunosay.com",
    submit_every=4.0,  # "once every 4 seconds"
    query_every=0.5,  # "2 times per second"
)
CAPABILITIES = Capabilities(
    label="sunosay.com",
    limits=TextLimits(lyrics=3000, style=200, title=80),  # of v3.5, its model
    models=("v3.5",),
    needs_style=True,  # "tags" is required
)

_EXTEND_PATH = "/suno/music/extend-music"
_EXTEND_INSTRUMENTAL_PATH = "/suno/music/extend-Instrumental"  # always with this capital
TASK_PATH = "/suno/music/get-task"

# a ``message`` that comes with a success
_SUCCESS_WORDS = re.compile(r"ok\b|success|key verification", re.IGNORECASE)
_CONTINUE_AT = re.compile(r"continue[_ ]?at", re.IGNORECASE)
_TYPE_WORDS = re.compile(r"\b(?:string|number|type|format|(?:in)?valid)", re.IGNORECASE)

FormatContinueAt = Callable[[float], float | str]


class _Envelope(ErrorText):
    code: int | None = None
    task_id: Id | Literal[""] | None = None

    @property
    def error_response(self) -> ErrorResponse | None:
        """The failure that ``code`` reports, None for a success or an answer without a code."""
        if self.code in (None, HTTPStatus.OK):
            return None
        message = extract_message(self.message) or extract_message(self.error)
        return ErrorResponse(self.code or 0, message, message)


class _SubmitResponse(_Envelope):
    clips: object = None


class _SunoSayClip(ClipAnswer):
    id: Id = Field(validation_alias=AliasChoices("continue_clip_id", "id"))


class _TaskResponse(_Envelope):
    status: str | None = None
    clips: list[_SunoSayClip] | None = None


_SUBMIT_SCHEMA = TypeAdapter(_SubmitResponse)
_TASK_SCHEMA = TypeAdapter(_TaskResponse)


class _WrongContinueAtType(Rejected):
    """It wants ``continue_at`` as text, or as a number: the documents say both."""


def as_number(seconds: float) -> float:
    """Return ``continue_at`` as sunosay's samples have it: ``100``."""
    return json_number(seconds)


def as_text(seconds: float) -> str:
    """Return ``continue_at`` as the tables have it: plain decimal seconds, no exponent."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


class SunoSay(Adapter):
    """The adapter to sunosay.com; `sunoapi_co` configures it for sunoapi.co."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        config: ApiConfig,
        *,
        name: str = "sunosay",
        capabilities: Capabilities = CAPABILITIES,
        continue_at: FormatContinueAt = as_number,
        task_path: str = TASK_PATH,
    ) -> None:
        super().__init__(client, config, name=name, capabilities=capabilities)
        self._task_path = task_path
        self._format_continue_at = continue_at

    async def extend(self, request: ExtendRequest) -> Handle:
        """Submit ``request``; if the type of ``continue_at`` is refused, once with the other type.

        The refusal charged nothing. Without lyrics it goes to the endpoint for instrumentals.
        """
        try:
            return await self._submit(request, self._format_continue_at)
        except _WrongContinueAtType:
            await self.wait_for_submit_slot()
        other_format = as_text if self._format_continue_at is as_number else as_number
        return await self._submit(request, other_format)

    async def fetch(
        self, handles: Sequence[Handle], *, newer_than: Status | None = None
    ) -> Mapping[Handle, Progress]:
        """Return the progress of each task, with one request per task: the API has no batches.

        Raises:
            ProviderError: every request failed.
        """
        del newer_than  # the API can't wait for news
        return dict(
            await gather_successes(
                *(self._fetch_task(handle) for handle in handles if handle.task_id)
            )
        )

    async def _submit(self, request: ExtendRequest, format_continue_at: FormatContinueAt) -> Handle:
        answer = await self._api.submit(
            _EXTEND_PATH if request.lyrics else _EXTEND_INSTRUMENTAL_PATH,
            _payload(request, format_continue_at),
            _SUBMIT_SCHEMA,
            timeout_seconds=self.capabilities.submit_timeout,
        )
        if response := answer.error_response:
            raise self._api.logged(_error_from_words(response) or error_for(response, Rejected))
        if not answer.task_id and answer.clips == []:
            raise Rejected(_failure_text(answer))  # Suno's own failure
        if not answer.task_id:
            raise Unconfirmed(f"{self.capabilities.label} named no task.")
        return Handle(task_id=answer.task_id)

    async def _fetch_task(self, handle: Handle) -> tuple[Handle, Progress]:
        body = {"task_id": handle.task_id}
        task = await self._api.query(self._task_path, _TASK_SCHEMA, method="POST", body=body)
        if response := task.error_response:
            error = _error_from_words(response) or error_for(response, Unavailable)
            # No status word for failure is documented: this may be the task's.
            if isinstance(error, Rejected | OutOfCredits):
                return handle, Progress(error=error.text)
            raise error
        return handle, self._progress(task)

    def _progress(self, task: _TaskResponse) -> Progress:
        clips = tuple(
            to_clip(
                clip.model_copy(update={"status": clip.status or task.status}),
                trusted_hosts=self._trusted_hosts,
            )
            for clip in (task.clips or ())[:MAX_CLIPS]
        )
        status = clip_status(task.status)
        if status is ClipStatus.FAILED:
            return Progress(clips=clips, error=_failure_text(task))
        return Progress(clips=clips, is_open=status is not ClipStatus.COMPLETE or not clips)

    @override
    def _error_from(self, response: ErrorResponse) -> ProviderError | None:
        is_server_error = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return None if is_server_error else _error_from_words(response)


def _payload(request: ExtendRequest, format_continue_at: FormatContinueAt) -> dict[str, object]:
    """Return the body of an extension that suits every revision of the documents."""
    payload: dict[str, object] = {
        "title": request.title,
        "continue_clip_id": request.clip_id,
        "continue_at": format_continue_at(require_continue_at(request)),
    }
    if request.style:
        payload["tags"] = format_style(request.style)
    if request.lyrics:
        payload["prompt"] = request.lyrics
    if request.model:
        payload["model"] = request.model
    return payload


def _failure_text(answer: ErrorText) -> str:
    """Return the words that come with a failure, or "" if they are those of a success."""
    return "" if _SUCCESS_WORDS.match(answer.text) else answer.text


def _error_from_words(response: ErrorResponse) -> ProviderError | None:
    """Return the error that the words tell, if any; the codes are not documented."""
    if _CONTINUE_AT.search(response.body) and _TYPE_WORDS.search(response.body):
        return _WrongContinueAtType(response.text)
    if re.search(r"\bkey verification|\bapi ?key", response.message, re.IGNORECASE):
        return Unauthorized(response.text)
    if re.search(r"\bcredits?\b|\bbalance\b", response.message, re.IGNORECASE):
        return OutOfCredits(response.text)
    return None
