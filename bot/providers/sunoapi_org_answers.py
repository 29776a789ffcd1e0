"""What sunoapi.org and kie.ai answer: envelopes, tasks of both routes, and their songs.

Contract: docs.sunoapi.org and docs.kie.ai. Every key comes in camelCase and in snake_case,
depending on the model and the route, so all are read in snake_case.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, cast
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    model_validator,
)
from pydantic.alias_generators import to_snake

from bot.domain.models import Clip, ClipStatus, Progress
from bot.providers.adapter import MAX_CLIPS
from bot.providers.base import (
    OutOfCredits,
    ProviderError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    UnknownClip,
)
from bot.providers.clip_schema import ClipAnswer, Id, clip_status, playable_url, to_clip
from bot.providers.errors import ErrorResponse, extract_message
from bot.providers.redaction import redacted

# 429 is "no credits" at sunoapi.org and "rate limit" at kie.ai, and both have resellers
_CREDIT_WORDS = re.compile(r"\bcredits?\b|\bbalance\b|\binsufficient\b|\btop.?up\b", re.IGNORECASE)
_RATE_WORDS = re.compile(r"\btoo (?:many|frequent)|\bfrequen|\brate\b|\btry later\b", re.IGNORECASE)
# The codes of both services; one that is missing here means what it means in HTTP.
_KIND_BY_CODE: Mapping[int, type[ProviderError]] = {
    401: Unauthorized,
    402: OutOfCredits,
    405: RateLimited,
    430: RateLimited,
    433: OutOfCredits,  # the limit that the operator gave this key is used up
    451: UnknownClip,  # its audio could not be fetched
    455: Unavailable,  # maintenance; nothing was taken
    501: Rejected,  # the generation failed
    505: Rejected,  # switched off
    531: Rejected,  # failed and refunded
}
_FAILED_TASK_CODES = (501, 531)
# The callback to an address where nobody listens has failed; the audio may be there.
_CALLBACK_FAILED = "callback_exception"
_FIRST_FINISHED = "first_success"
_FAILURE_TEXTS = {"sensitive_word_error": "The lyrics or the style have a forbidden word."}
# where the songs stand, and how many objects may be around them
_SONG_KEYS = ("suno_data", "data", "result_object")
_MAX_WRAPPERS = 4
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_.:-]+")
_MAX_ID_LENGTH = 128


def error_from_code(response: ErrorResponse, *, has_kie_codes: bool) -> ProviderError | None:
    """Return the error of a ``code`` that these services use in their own way, else None.

    Args:
        response: its status is the code.
        has_kie_codes: whether 429 without telling words is a rate limit, not an empty account.
    """
    code, text = response.status, response.text
    if code == HTTPStatus.TOO_MANY_REQUESTS and not response.is_query:
        if _RATE_WORDS.search(response.message):
            kind: type[ProviderError] | None = RateLimited
        elif _CREDIT_WORDS.search(response.message) or not has_kie_codes:
            kind = OutOfCredits
        else:
            kind = RateLimited
    else:
        kind = _KIND_BY_CODE.get(code)
    if kind is RateLimited:
        return RateLimited(text, retry_after=response.retry_after)
    return kind(text) if kind else None


def _in_snake_case(answer: object) -> object:
    """Return an object with its keys in snake_case, without those that hold nothing."""
    if not isinstance(answer, dict):
        return answer
    fields = cast("dict[str, object]", answer)
    return {to_snake(key): value for key, value in fields.items() if value not in (None, "")}


class _EitherCase(BaseModel):
    """An object whose keys come in camelCase or in snake_case."""

    _normalize = model_validator(mode="before")(_in_snake_case)


class Envelope(_EitherCase):
    """What all answers have: a code, which decides, and words."""

    code: int | None = None
    msg: object = None
    message: object = None

    def error_response(self, *, is_query: bool) -> ErrorResponse | None:
        """Return the failure that ``code`` reports, None for a success or without a code."""
        if self.code in (None, HTTPStatus.OK):
            return None
        words = extract_message(self.msg) or extract_message(self.message)
        return ErrorResponse(self.code or 0, words, words, is_query=is_query)

    @property
    def tells_failed_task(self) -> bool:
        """Whether the code in the answer to a question is the outcome of the task itself."""
        return self.code in _FAILED_TASK_CODES


class _TaskRef(_EitherCase):
    task_id: Id | None = None


class SubmitAnswer(Envelope):
    """The answer to a submission."""

    data: _TaskRef | None = None


class CreditsAnswer(Envelope):
    """The answer to the question for credits."""

    data: Annotated[float, Field(allow_inf_nan=False)] | None = None


class _Song(ClipAnswer, _EitherCase):
    """A song of a task; ``audio_url`` is the finished file, ``stream_audio_url`` the stream."""

    stream_audio_url: str | None = None

    def clip(self, task_word: str, failure: str, trusted_hosts: Collection[str]) -> Clip:
        """Return it as our `Clip`.

        Args:
            task_word: the service's word for the status of the task, in lower case.
            failure: why the task failed, raw; empty if it did not.
            trusted_hosts: hosts whose audio may come over plain http.
        """
        is_finished = (
            self.audio_url != self.stream_audio_url
            and playable_url(self.audio_url, trusted_hosts=trusted_hosts) is not None
        )
        status = self._status(task_word, is_finished=is_finished)
        is_stream = status is ClipStatus.STREAMING and self.stream_audio_url is not None
        url = self.stream_audio_url if is_stream else self.audio_url
        changes = {"status": status.value, "audio_url": url, "error_message": failure}
        return to_clip(self.model_copy(update=changes), trusted_hosts=trusted_hosts)

    def _status(self, task_word: str, *, is_finished: bool) -> ClipStatus:
        """Return the status of this song alone: of two, one may be finished or fail first."""
        task_status = clip_status(task_word)
        if task_status is ClipStatus.FAILED:
            return ClipStatus.COMPLETE if is_finished else ClipStatus.FAILED
        # a song that is still being made may have an address, but has no length
        if task_word == _FIRST_FINISHED:
            is_complete = is_finished and self.duration is not None
        elif task_word == _CALLBACK_FAILED:
            is_complete = is_finished or self.duration is not None
        else:
            is_complete = task_status is ClipStatus.COMPLETE
        if is_complete:
            return ClipStatus.COMPLETE
        has_audio = self.stream_audio_url or self.audio_url
        return ClipStatus.STREAMING if has_audio else ClipStatus.QUEUED


def _songs(answer: object) -> object:
    """Return the songs in an answer, whichever key they stand under; none is an empty list."""
    for _ in range(_MAX_WRAPPERS):
        if not isinstance(answer, dict):
            break
        fields = cast("dict[str, object]", _in_snake_case(cast("object", answer)))
        if "id" in fields:
            return [fields]
        if "result_urls" in fields:
            return _songs_of_urls(fields["result_urls"])
        answer = next((fields[key] for key in _SONG_KEYS if key in fields), None)
    return [] if answer is None else answer


def _songs_of_urls(urls: object) -> object:
    """Return songs of which only the addresses are known; a file is often named after its clip."""
    if not isinstance(urls, list):
        return urls
    texts = (url for url in cast("list[object]", urls) if isinstance(url, str))
    return [{"id": _id_in(url), "audio_url": url} for url in texts]


def _id_in(url: str) -> str:
    """Return the id in the name of a file, else all of its path as far as an id may have it."""
    path = urlsplit(url).path
    found = _UUID.search(path)
    return found[0] if found else _NOT_IN_ID.sub("-", path)[-_MAX_ID_LENGTH:]


def _songs_in_text(answer: object) -> object:
    """Return the songs in ``resultJson``, a text of JSON, which may be empty or an object, too."""
    if not isinstance(answer, str):
        return _songs(answer)
    try:
        return _songs(json.loads(answer)) if answer.strip() else []
    except RecursionError:
        raise ValueError("nested too deeply") from None


class LegacyTask(_EitherCase):
    """A task of the legacy route."""

    status: str = ""
    error_message: object = None
    response: Annotated[list[_Song], BeforeValidator(_songs)] = []

    def progress(self, trusted_hosts: Collection[str]) -> Progress:
        """Return how far the task is."""
        return _progress(self.status, self.response, self.error_message, trusted_hosts)


class JobTask(_EitherCase):
    """A task of the jobs route."""

    state: str = ""
    fail_msg: object = None
    result_json: Annotated[list[_Song], BeforeValidator(_songs_in_text)] = []

    def progress(self, trusted_hosts: Collection[str]) -> Progress:
        """Return how far the task is."""
        return _progress(self.state, self.result_json, self.fail_msg, trusted_hosts)


def _progress(
    status_word: str, songs: Sequence[_Song], message: object, trusted_hosts: Collection[str]
) -> Progress:
    word = status_word.strip().lower()
    status = clip_status(word)
    has_failed = status is ClipStatus.FAILED
    failure = (extract_message(message) or _FAILURE_TEXTS.get(word, "")) if has_failed else ""
    clips = tuple(song.clip(word, failure, trusted_hosts) for song in songs[:MAX_CLIPS])
    if has_failed:
        return Progress(clips=clips, error=redacted(failure))
    is_done = status is ClipStatus.COMPLETE and all(clip.status.is_final for clip in clips)
    return Progress(clips=clips, is_open=not (is_done and clips))


class LegacyAnswer(Envelope):
    """The answer to the question for a task; ``data`` is null for one that is unknown."""

    data: LegacyTask | None = None


class JobAnswer(Envelope):
    """The same on the jobs route."""

    data: JobTask | None = None
