"""Fault injection: what a service does wrong, and when."""

import dataclasses
import datetime as dt
import email.utils
import enum
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["submit", "fetch", "other"]
On: TypeAlias = Literal["submit", "fetch", "any"]


class Fault(enum.StrEnum):
    """Kinds of faults. The comments group them by the time at which they take effect."""

    # an error response
    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    PAYMENT_REQUIRED = "payment_required"
    FORBIDDEN_CREDITS = "forbidden_credits"
    FORBIDDEN_MODERATION = "forbidden_moderation"
    UNPROCESSABLE = "unprocessable"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_SECONDS = "rate_limited_seconds"
    RATE_LIMITED_DATE = "rate_limited_date"
    SERVER_ERROR = "server_error"
    BAD_GATEWAY = "bad_gateway"
    UNAVAILABLE = "unavailable"
    GATEWAY_TIMEOUT = "gateway_timeout"
    ERROR_BODY = "error_body"
    # an error response of suno-api; any service can be told to give it
    SESSION_ENDED = "session_ended"
    NO_BROWSER = "no_browser"
    SESSION_GONE = "session_gone"  # Clerk's own answer, passed on
    CONTINUE_AT_REQUIRED = "continue_at_required"  # the fork's
    SLOW_BUT_MADE = "slow_but_made"  # Suno answers too late, and makes the clips
    # no response or an invalid one
    HANG_BEFORE = "hang_before"
    CAPTCHA_HANGS = "captcha_hangs"
    HANG_AFTER = "hang_after"
    CLOSE_BEFORE = "close_before"
    CLOSE_AFTER = "close_after"
    INVALID_JSON = "invalid_json"
    HTML_PAGE = "html_page"
    HTML_NOT_FOUND = "html_not_found"
    HTML_BAD_GATEWAY = "html_bad_gateway"
    EMPTY_CLIPS = "empty_clips"
    # failures of the clips of the next accepted submission
    ERROR_CLIPS = "error_clips"
    TWIN_FAILS = "twin_fails"
    NONE_MP3 = "none_mp3"
    FORBIDDEN_LINK = "forbidden_link"
    EMPTY_AUDIO_URL = "empty_audio_url"
    NEVER_FINISHES = "never_finishes"
    # errors in the next fetch responses
    MISSING_ID = "missing_id"
    UNKNOWN_STATUS = "unknown_status"


CLIP_FAULTS: Final = frozenset(
    {
        Fault.ERROR_CLIPS,
        Fault.TWIN_FAILS,
        Fault.NONE_MP3,
        Fault.FORBIDDEN_LINK,
        Fault.EMPTY_AUDIO_URL,
        Fault.NEVER_FINISHES,
    }
)
FETCH_FAULTS: Final = frozenset({Fault.MISSING_ID, Fault.UNKNOWN_STATUS})
REQUEST_FAULTS: Final = frozenset(Fault) - CLIP_FAULTS - FETCH_FAULTS

# the HTTP status of each error response; ERROR_BODY is sent with status 200
HTTP_STATUS: Final = {
    Fault.BAD_REQUEST: 400,
    Fault.UNAUTHORIZED: 401,
    Fault.PAYMENT_REQUIRED: 402,
    Fault.FORBIDDEN_CREDITS: 403,
    Fault.FORBIDDEN_MODERATION: 403,
    Fault.UNPROCESSABLE: 422,
    Fault.RATE_LIMITED: 429,
    Fault.RATE_LIMITED_SECONDS: 429,
    Fault.RATE_LIMITED_DATE: 429,
    Fault.SERVER_ERROR: 500,
    Fault.BAD_GATEWAY: 502,
    Fault.UNAVAILABLE: 503,
    Fault.GATEWAY_TIMEOUT: 504,
    Fault.ERROR_BODY: 500,
    Fault.SESSION_ENDED: 500,
    Fault.NO_BROWSER: 500,
    Fault.SESSION_GONE: 404,
    Fault.CONTINUE_AT_REQUIRED: 500,
    Fault.SLOW_BUT_MADE: 503,
}

# error texts of Suno and its resellers
TEXTS: Final = {
    Fault.BAD_REQUEST: "Prompt contained inappropriate material",
    Fault.UNAUTHORIZED: "Unauthorized",
    Fault.SESSION_GONE: "Not Found",
    Fault.FORBIDDEN_MODERATION: "The lyrics contain inappropriate content: 'badword'",
    Fault.UNPROCESSABLE: "Token validation failed.",
    Fault.RATE_LIMITED: "Too Many Requests",
    Fault.RATE_LIMITED_SECONDS: "Too Many Requests",
    Fault.RATE_LIMITED_DATE: "Too Many Requests",
}

# faults after which the request has been carried out
ACCEPTED: Final = frozenset(
    {
        Fault.SLOW_BUT_MADE,
        Fault.HANG_AFTER,
        Fault.CLOSE_AFTER,
        Fault.INVALID_JSON,
        Fault.HTML_PAGE,
    }
)


@dataclasses.dataclass(slots=True)
class PlannedFault:
    """A fault for the next ``count`` requests."""

    fault: Fault
    on: On
    count: int
    accepted: bool
    retry_after: int

    def retry_after_header(self) -> dict[str, str]:
        """Return the ``Retry-After`` header of a 429, in the format of the fault."""
        if self.fault is Fault.RATE_LIMITED_SECONDS:
            return {"Retry-After": str(self.retry_after)}
        if self.fault is Fault.RATE_LIMITED_DATE:
            moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.retry_after)
            return {"Retry-After": email.utils.format_datetime(moment, usegmt=True)}
        return {}


class FaultPlan:
    """The planned faults of one service, in order."""

    def __init__(self) -> None:
        self.planned: list[PlannedFault] = []

    def add(
        self,
        fault: Fault,
        *,
        on: On | None = None,
        count: int = 1,
        accepted: bool | None = None,
        retry_after: int = 2,
    ) -> None:
        """Plan ``fault`` for the next ``count`` requests.

        Args:
            fault: The kind of fault.
            on: The kind of request; by default submissions for clip faults, fetches for faults in
                their responses, and any request for the rest.
            count: How many requests it affects.
            accepted: Whether the request is carried out (clips created and charged) before the
                fault; the default depends on the kind. ``GATEWAY_TIMEOUT`` with
                ``accepted=True`` is a gateway that lost a successful response.
            retry_after: Seconds in the ``Retry-After`` header of a 429.

        Raises:
            ValueError: The fault cannot happen to that kind of request.
        """
        natural: On = (
            "submit" if fault in CLIP_FAULTS else "fetch" if fault in FETCH_FAULTS else "any"
        )
        if natural != "any" and on not in {None, "any", natural}:
            raise ValueError(f"{fault} happens on {natural}, not on {on}.")
        if count < 1:
            raise ValueError("A fault happens once at least.")
        chosen = natural if natural != "any" or on is None else on
        lost = fault in ACCEPTED if accepted is None else accepted
        self.planned.append(PlannedFault(fault, chosen, count, lost, retry_after))

    def clear(self) -> None:
        """Remove all planned faults."""
        self.planned.clear()

    def take(self, kind: Kind, among: frozenset[Fault]) -> PlannedFault | None:
        """Return the first fault of ``among`` planned for requests of ``kind``, and count it."""
        for planned in self.planned:
            if planned.fault in among and planned.on in {"any", kind}:
                planned.count -= 1
                if planned.count == 0:
                    self.planned.remove(planned)
                return planned
        return None
