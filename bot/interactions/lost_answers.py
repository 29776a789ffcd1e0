"""Answers to interactions that can't be given any more, or of which nobody knows if they arrived.

Discord takes one answer to an interaction, and may send an interaction twice. An answer whose
connection broke may have been shown: another one could contradict it. So such an interaction ends
silently, and the member sees the first answer, or that the application did not respond.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import discord
from typing_extensions import override

log = logging.getLogger(__name__)

UNKNOWN_INTERACTION = 10062  # it was answered too late, more than three seconds after it was made
# Unknown webhook, already acknowledged, invalid webhook token.
EXPIRED_CODES = frozenset({10015, UNKNOWN_INTERACTION, 40060, 50027})

T = TypeVar("T")


def is_lost_answer(error: BaseException) -> bool:
    """Whether ``error`` means that an interaction has an answer, or can have none any more."""
    cause = getattr(error, "original", error)
    if isinstance(cause, discord.HTTPException):
        return cause.code in EXPIRED_CODES
    # aiohttp raises a bare RuntimeError once the bot has closed its connections to stop
    is_stopping = isinstance(cause, RuntimeError) and str(cause) == "Session is closed"
    return is_stopping or isinstance(cause, aiohttp.ClientError)


def log_lost_answer(error: BaseException) -> None:
    """Log ``error`` in a line: only an answer that came too late is of interest to operators."""
    cause = getattr(error, "original", error)
    is_late = getattr(cause, "code", None) == UNKNOWN_INTERACTION
    log.log(logging.INFO if is_late else logging.DEBUG, "An answer was lost: %r", cause)


async def retry_if_lost(request: Callable[[], Awaitable[T]]) -> T:
    """Return the result of ``request``, made once more if its connection breaks.

    It must be one that may be made twice, such as an edit.
    """
    try:
        return await request()
    except aiohttp.ClientError as error:
        log_lost_answer(error)
        return await request()


class LostAnswerFilter(logging.Filter):
    """Drops the records of lost answers, which discord.py logs as errors of autocompletes."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or not is_lost_answer(error):
            return True
        log_lost_answer(error)
        return False
