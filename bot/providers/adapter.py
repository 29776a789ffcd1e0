"""What the adapters have in common, so that each file is a table of words and two pure functions.

`Adapter` answers for everything that an API can't do; `ClipAdapter` is for those that are asked by
the ids of clips.
"""

import abc
import asyncio
import datetime as dt
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import httpx

from bot.domain.models import Clip, ExtendRequest, Handle, Progress, Status
from bot.providers.base import Capabilities, Credits, ProviderError, Rejected
from bot.providers.clip_schema import ClipAnswer, to_clip
from bot.providers.errors import ErrorResponse
from bot.providers.http import ApiClient, rate_limiter

Answer = TypeVar("Answer")

INSTRUMENTAL = "[Instrumental]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """How an API is reached.

    Attributes:
        base_url: what the provider's documented paths are appended to.
        key: never shown; empty where none is needed.
        submit_every, query_every: least seconds between two requests; 0 is no limit.
        trusted_hosts: hosts whose audio may come over plain http.
    """

    base_url: str
    key: str = field(default="", repr=False)
    submit_every: float = 0
    query_every: float = 0
    trusted_hosts: Collection[str] = frozenset()


class Adapter:
    """One API behind the port, without what only some of them can do."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        access: ApiConfig,
        *,
        name: str,
        capabilities: Capabilities,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.capabilities = replace(
            capabilities, submit_every=access.submit_every, query_every=access.query_every
        )
        self._trusted_hosts = access.trusted_hosts
        self._turns = rate_limiter(access.submit_every)
        bearer = {"Authorization": f"Bearer {access.key}"} if access.key else {}
        self._api = ApiClient(
            client,
            label=capabilities.label,
            base_url=access.base_url,
            headers={**bearer, **(headers or {})},
            query_every=access.query_every,
            refused=self._refused,
        )

    async def wait_for_submit_slot(self) -> None:
        """Return when the submit rate allows one more submission."""
        if self._turns:
            await self._turns.acquire()

    async def clip(self, clip_id: str) -> Clip | None:
        """Return None: the API tells nothing of a single clip."""
        del clip_id

    async def find_recent(self, request: ExtendRequest, *, since: dt.datetime) -> Sequence[str]:
        """Return nothing: the API does not list clips."""
        del request, since
        return ()

    async def concat(self, clip_id: str) -> Handle:
        """Refuse: the API does not join clips."""
        del clip_id
        raise Rejected(f"{self.capabilities.label} can't join clips into one.")

    async def credits(self) -> Credits | None:
        """Return None: the API does not tell what is left."""

    def _refused(self, refusal: ErrorResponse) -> ProviderError | None:
        """Return what a refused submission means here, None where it means what it always does."""
        del refusal
        return None


class ClipAdapter(Adapter, abc.ABC):
    """One whose results are asked for by the ids of clips."""

    async def fetch(
        self, handles: Sequence[Handle], *, newer_than: Status | None = None
    ) -> Mapping[Handle, Progress]:
        """Return what the provider says of each handle, asking for many clips at a time.

        Raises:
            ProviderError: nothing at all could be read; what was read is never lost to a failure
                beside it.
        """
        batches = chunks(handles, self.capabilities.batch)
        answers = await gather_successes(
            *(self._fetch_clips(chunk, newer_than) for chunk in batches)
        )
        clips = {
            answer.id: to_clip(answer, trusted_hosts=self._trusted_hosts)
            for chunk in answers
            for answer in chunk
        }
        named = {
            handle: tuple(clips[clip_id] for clip_id in handle.clip_ids if clip_id in clips)
            for handle in handles
        }
        return {handle: Progress(clips=its) for handle, its in named.items() if its}

    async def clip(self, clip_id: str) -> Clip | None:
        """Return what is known of a clip, or None if the provider doesn't know it."""
        try:
            answers = await self._fetch_clips((clip_id,), None)
        except Rejected:
            return None
        found = (answer for answer in answers if answer.id == clip_id)
        return next((to_clip(it, trusted_hosts=self._trusted_hosts) for it in found), None)

    @abc.abstractmethod
    async def _fetch_clips(
        self, clip_ids: Sequence[str], newer_than: Status | None
    ) -> Sequence[ClipAnswer]:
        """Return these clips, at most ``capabilities.batch``, as far as the API names them."""
        ...


async def gather_successes(*questions: Awaitable[Answer]) -> list[Answer]:
    """Return the answers to ``questions`` that came; one failure never touches another.

    Raises:
        ProviderError: the first one, if no answer came.
    """
    answers: list[Answer] = []
    errors: list[ProviderError] = []
    for outcome in await asyncio.gather(*questions, return_exceptions=True):
        if isinstance(outcome, ProviderError):
            errors.append(outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            answers.append(outcome)
    if errors and not answers:
        raise errors[0]
    return answers


def require_continue_at(request: ExtendRequest) -> float:
    """Return the second at which ``request`` continues, for APIs that can't do without.

    Raises:
        Rejected: it is not given.
    """
    if request.continue_at is None:
        raise Rejected("It needs the second at which to continue.")
    return json_number(request.continue_at)


def json_number(seconds: float) -> float:
    """Return ``seconds`` to a thousandth, and as an integer where it is one, as samples do."""
    return int(seconds) if seconds == int(seconds) else round(seconds, 3)


def handle_of(clip_ids: Iterable[str], *, reason: str = "") -> Handle:
    """Return the handle to the clips that a submission was answered with.

    Raises:
        Rejected: there are none; Suno says so with HTTP 200 (providers.md §6.7).
    """
    distinct = tuple(dict.fromkeys(clip_ids))
    if not distinct:
        raise Rejected(reason)
    return Handle(clip_ids=distinct)


def chunks(handles: Iterable[Handle], size: int) -> list[tuple[str, ...]]:
    """Return the clip ids of ``handles`` in chunks; clips of one handle stay together if they fit.

    Suno names no more than the first two of ids from different requests (providers.md §6.5).
    """
    chunks: list[tuple[str, ...]] = []
    room = 0
    for handle in handles:
        ids = handle.clip_ids
        if chunks and len(ids) <= room:
            chunks[-1] += ids
            room -= len(ids)
            continue
        for start in range(0, len(ids), size):
            chunks.append(ids[start : start + size])
            room = size - len(chunks[-1])
    return chunks
