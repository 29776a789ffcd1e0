"""A self-hosted gcui-art/suno-api: Suno's own answers, made flat, in front of one account.

Contract: providers.md §3. The one provider that lists recent clips and joins a lineage.
"""

import datetime as dt
import re
from collections.abc import Sequence

import httpx
from pydantic import BaseModel, Field, TypeAdapter

from bot.domain.form import TextLimits, format_style
from bot.domain.models import ExtendRequest, Handle, Status
from bot.providers.adapter import INSTRUMENTAL, ApiConfig, ClipAdapter, handle_of, json_number
from bot.providers.base import Capabilities, Credits, ProviderError, Unauthorized
from bot.providers.clip_schema import ClipAnswer, ClipRef, ErrorText
from bot.providers.errors import ErrorResponse

DEFAULTS = ApiConfig(base_url="")  # no address of its own: setting one is what enables it
CAPABILITIES = Capabilities(
    label="suno-api",
    limits=TextLimits(lyrics=5000, style=1000, title=100),  # of v4.5 and later (providers.md §6.1)
    exclude=True,
    # any other word of Suno's is taken as well (providers.md §6.1)
    models=("chirp-v3-5", "chirp-v4", "chirp-auk", "chirp-bluejay", "chirp-crow", "chirp-fenix"),
    lookup=True,
    reconcile=True,
    batch=2,
    submit_timeout=300,  # a captcha may be solved before it answers (providers.md §3.1)
    concat=True,
)

_EXTEND = "/api/extend_audio"
_GET = "/api/get"
_CONCAT = "/api/concat"
_LIMIT = "/api/get_limit"

# of a clip made by `concat`, which repeats prompt and title of its last part
_JOINED_TYPE = "concat"
# the clock of the server may differ from ours by as much
_CLOCKS_DIFFER = dt.timedelta(seconds=60)


class _Failed(ErrorText):
    """Suno's failure with HTTP 200 (providers.md §6.7)."""

    status: str
    clips: list[object] = Field(max_length=0)


class _Listed(ClipRef):
    created_at: dt.datetime | None = None
    prompt: str | None = None
    title: str | None = None
    type: str | None = None


class _Limit(BaseModel):
    credits_left: float = Field(allow_inf_nan=False)


_SUBMITTED: TypeAdapter[list[ClipRef] | _Failed] = TypeAdapter(list[ClipRef] | _Failed)
_JOINED = TypeAdapter(ClipRef)
_CLIPS = TypeAdapter(list[ClipAnswer])
_LISTED = TypeAdapter(list[_Listed])
_CREDITS = TypeAdapter(_Limit)


class SunoApi(ClipAdapter):
    """The adapter to suno-api."""

    def __init__(self, client: httpx.AsyncClient, access: ApiConfig, *, cookie: str = "") -> None:
        headers = {"Cookie": cookie} if cookie else {}
        super().__init__(
            client, access, name="suno_api", capabilities=CAPABILITIES, headers=headers
        )

    async def extend(self, request: ExtendRequest) -> Handle:
        """Submit ``request``, never waiting for audio there."""
        answer = await self._api.submit(
            _EXTEND, _payload(request), _SUBMITTED, timeout_seconds=self.capabilities.submit_timeout
        )
        if isinstance(answer, _Failed):
            return handle_of((), reason=answer.text)
        return handle_of(made.id for made in answer)

    async def find_recent(self, request: ExtendRequest, *, since: dt.datetime) -> Sequence[str]:
        """Return ids of clips made from ``request`` since then, oldest first.

        An answer does not tell which clip was continued, so time, prompt and title decide; the
        first page of the library, 20 clips, is what is looked at (providers.md §3.4, §3.5).
        """
        sent = (_normalized(_prompt(request)), _normalized(request.title))
        listed = await self._api.query(_GET, _LISTED)
        found = [
            (made_at, it.id)
            for it in listed
            if (made_at := _with_timezone(it.created_at)) is not None
            and made_at >= since - _CLOCKS_DIFFER
            and (_normalized(it.prompt), _normalized(it.title)) == sent
            and it.type != _JOINED_TYPE
        ]
        return tuple(clip_id for _, clip_id in sorted(found))

    async def concat(self, clip_id: str) -> Handle:
        """Ask for the whole song that ends in this clip (providers.md §6.3)."""
        answer = await self._api.submit(
            _CONCAT, {"clip_id": clip_id}, _JOINED, timeout_seconds=self.capabilities.submit_timeout
        )
        return Handle(clip_ids=(answer.id,))

    async def credits(self) -> Credits:
        """Return the credits that the account has left."""
        return Credits((await self._api.query(_LIMIT, _CREDITS)).credits_left)

    async def _fetch_clips(
        self, clip_ids: Sequence[str], newer_than: Status | None
    ) -> Sequence[ClipAnswer]:
        del newer_than  # it can't be waited on
        # never without ids, which would list the whole library
        return await self._api.query(_GET, _CLIPS, params=[("ids", ",".join(clip_ids))])

    def _refused(self, refusal: ErrorResponse) -> ProviderError | None:
        """Return the operator's problems: a captcha, an old server, an old cookie (§3.5, §3.7)."""
        words = {
            422: r"token validation failed",
            500: r"cookie|session id",
        }
        pattern = words.get(refusal.status)
        if pattern and re.search(pattern, refusal.message, re.IGNORECASE):
            return Unauthorized(refusal.text)
        return None


def _payload(request: ExtendRequest) -> dict[str, object]:
    """Return the body of an extension (providers.md §3.2).

    Without a point it continues from the end; an omitted model is the server's own default.
    """
    payload: dict[str, object] = {
        "audio_id": request.clip_id,
        "prompt": _prompt(request),
        "tags": format_style(request.style),
        "negative_tags": format_style(request.exclude),
        "title": request.title,
        "wait_audio": False,
    }
    if request.continue_at is not None:
        payload["continue_at"] = json_number(request.continue_at)
    if request.model:
        payload["model"] = request.model
    return payload


def _prompt(request: ExtendRequest) -> str:
    return request.lyrics or INSTRUMENTAL


def _normalized(text: str | None) -> str:
    """Return ``text`` without what a server may change: kinds of line break, outer spaces."""
    return "\n".join(line.rstrip() for line in (text or "").strip().splitlines())


def _with_timezone(time: dt.datetime | None) -> dt.datetime | None:
    """Return ``time`` with a time zone, which is UTC where none is given."""
    return time.replace(tzinfo=time.tzinfo or dt.UTC) if time else None
