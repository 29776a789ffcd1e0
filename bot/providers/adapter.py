"""What adapters share, so that each one is a table of words and two pure functions.

`Adapter` has the defaults for what an API can't do. `ClipAdapter` is for APIs that are asked by
the ids of clips.
"""

import abc
import asyncio
import datetime as dt
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import httpx
from typing_extensions import override

from bot.domain.models import Clip, ExtendRequest, Handle, Progress, Status
from bot.providers.base import (
    Capabilities,
    Credits,
    ProviderError,
    Rejected,
    SourceAudio,
    UnknownClip,
)
from bot.providers.clip_schema import ClipAnswer, to_clip
from bot.providers.errors import ErrorResponse
from bot.providers.http import ApiClient, RateLimiterFactory, rate_limiter

Result = TypeVar("Result")

MAX_CLIPS = 8  # of one submission; APIs make two
# a prompt for APIs without instrumental extensions
INSTRUMENTAL = "[Instrumental]"
NEEDS_TIME = "It needs the time at which to continue."


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """How to reach an API.

    Attributes:
        base_url: the documented paths are appended to it.
        key: never shown; empty if none is needed.
        submit_every, query_every: least seconds between two requests; 0 is no limit.
        trusted_hosts: hosts whose audio may come over plain http.
        rate_limiter: makes what keeps both intervals.
    """

    base_url: str
    key: str = field(default="", repr=False)
    submit_every: float = 0
    query_every: float = 0
    trusted_hosts: Collection[str] = frozenset()
    rate_limiter: RateLimiterFactory = rate_limiter


class Adapter:
    """One API behind the `Provider` port, without what only some APIs can do."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        config: ApiConfig,
        *,
        name: str,
        capabilities: Capabilities,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.capabilities = replace(
            capabilities, submit_every=config.submit_every, query_every=config.query_every
        )
        self._trusted_hosts = config.trusted_hosts
        self._submit_limiter = config.rate_limiter(f"{name}:submit", config.submit_every)
        authorization = {"Authorization": f"Bearer {config.key}"} if config.key else {}
        self._api = ApiClient(
            client,
            label=capabilities.label,
            base_url=config.base_url,
            headers={**authorization, **(headers or {})},
            query_limiter=config.rate_limiter(f"{name}:query", config.query_every),
            error_from=self._error_from,
        )

    async def wait_for_submit_slot(self) -> None:
        """Return when the submit rate allows one more submission."""
        await self._submit_limiter.acquire()

    async def extend_audio(self, request: ExtendRequest, source: SourceAudio) -> Handle:
        """Raise Rejected: the API takes no audio."""
        del request, source
        raise Rejected(f"{self.capabilities.label} takes no audio.")

    async def clip(self, clip_id: str) -> Clip | None:
        """Return None: the API reports nothing on a single clip."""
        del clip_id

    async def find_recent(self, request: ExtendRequest, *, since: dt.datetime) -> Sequence[str]:
        """Return nothing: the API does not list clips."""
        del request, since
        return ()

    async def concat(self, clip_id: str) -> Handle:
        """Raise Rejected: the API does not join clips."""
        del clip_id
        raise Rejected(f"{self.capabilities.label} can't join clips into one.")

    async def credits(self) -> Credits | None:
        """Return None: the API does not report credits."""

    def _error_from(self, response: ErrorResponse) -> ProviderError | None:
        """Return the error that ``response`` is to this API alone, None for the common one."""
        del response
        return None


class ClipAdapter(Adapter, abc.ABC):
    """An API that is asked for results by the ids of clips."""

    async def fetch(
        self, handles: Sequence[Handle], *, newer_than: Status | None = None
    ) -> Mapping[Handle, Progress]:
        """Return the progress of each handle, asking for many clips at a time.

        Raises:
            ProviderError: every request failed; if only some did, the others' answers count.
        """
        batches = clip_id_batches(handles, self.capabilities.batch)
        answers = await gather_successes(
            *(self._fetch_clips(clip_ids, newer_than) for clip_ids in batches)
        )
        clips = {
            answer.id: to_clip(answer, trusted_hosts=self._trusted_hosts)
            for batch in answers
            for answer in batch
        }
        named = {
            handle: tuple(clips[clip_id] for clip_id in handle.clip_ids if clip_id in clips)
            for handle in handles
        }
        return {
            handle: Progress(clips=its_clips) for handle, its_clips in named.items() if its_clips
        }

    @override
    async def clip(self, clip_id: str) -> Clip | None:
        try:
            answers = await self._fetch_clips((clip_id,), None)
        except UnknownClip:
            raise
        except Rejected:
            return None
        found = (answer for answer in answers if answer.id == clip_id)
        return next((to_clip(answer, trusted_hosts=self._trusted_hosts) for answer in found), None)

    @abc.abstractmethod
    async def _fetch_clips(
        self, clip_ids: Sequence[str], newer_than: Status | None
    ) -> Sequence[ClipAnswer]:
        """Return these clips, at most ``capabilities.batch``, as far as the API names them."""
        ...


async def gather_successes(*requests: Awaitable[Result]) -> list[Result]:
    """Run ``requests`` at once and return the results of those that did not fail.

    Raises:
        ProviderError: the first one, if all failed.
    """
    results: list[Result] = []
    errors: list[ProviderError] = []
    for outcome in await asyncio.gather(*requests, return_exceptions=True):
        if isinstance(outcome, ProviderError):
            errors.append(outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            results.append(outcome)
    if errors and not results:
        raise errors[0]
    return results


def require_continue_at(request: ExtendRequest) -> float:
    """Return the second at which ``request`` continues, for APIs that require it.

    Raises:
        Rejected: the request has none.
    """
    if request.continue_at is None:
        raise Rejected(NEEDS_TIME)
    return json_number(request.continue_at)


def json_number(seconds: float) -> float:
    """Return ``seconds`` to a thousandth, a whole number as an integer, as the samples have it."""
    return int(seconds) if seconds == int(seconds) else round(seconds, 3)


def handle_of(clip_ids: Iterable[str], *, reason: str = "") -> Handle:
    """Return the handle to the clips in the answer to a submission, at most `MAX_CLIPS`.

    Raises:
        Rejected: there are none; Suno fails so with HTTP 200.
    """
    distinct = tuple(dict.fromkeys(clip_ids))[:MAX_CLIPS]
    if not distinct:
        raise Rejected(reason)
    return Handle(clip_ids=distinct)


def clip_id_batches(handles: Iterable[Handle], size: int) -> list[tuple[str, ...]]:
    """Return the clip ids of ``handles`` in batches; one handle's clips stay together if they fit.

    Suno answers only the first two of ids from different requests.
    """
    batches: list[tuple[str, ...]] = []
    room = 0
    for handle in handles:
        ids = handle.clip_ids
        if batches and len(ids) <= room:
            batches[-1] += ids
            room -= len(ids)
            continue
        for start in range(0, len(ids), size):
            batches.append(ids[start : start + size])
            room = size - len(batches[-1])
    return batches
