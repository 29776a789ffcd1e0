"""What is asked for is taken on: once for each event, within the quotas, told to the loops."""

import datetime as dt
from typing import NamedTuple

from bot.domain.clock import Clock
from bot.domain.errors import UserError
from bot.domain.models import Extension, Kind
from bot.domain.text import collapse_whitespace, escape_markdown, truncate
from bot.services.reply_context import ReplyContext, ReplyContextLoader
from bot.services.wakeups import Wakeups
from bot.store.acceptance import Quota, QuotaExceeded
from bot.store.store import Store

MAX_NAMED = 5  # extensions that a refusal names
TITLE_LENGTH = 40


def quota_error(full: QuotaExceeded, usual: dt.timedelta | None) -> UserError:
    """Return the refusal: it names what is in progress, and when to come back."""
    who = "You have" if full.of_member else "This channel has"
    exts, count = full.in_progress, len(full.in_progress)
    named = " · ".join(_link(ext) for ext in exts[:MAX_NAMED])
    more = f" and {count - MAX_NAMED} more" if count > MAX_NAMED else ""
    when = f", usually within {_minutes(usual)}" if usual else ""
    return UserError(
        f"{who} {count} extension{'s' * (count != 1)} in progress, and more must wait.",
        f"{named}{more}. Come back when one of them is done{when}.",
    )


def _minutes(usual: dt.timedelta) -> str:
    minutes = int(usual.total_seconds() // 60) + 1
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def _link(ext: Extension) -> str:
    title = escape_markdown(truncate(collapse_whitespace(ext.title), TITLE_LENGTH)) or "Untitled"
    return f"[{title}]({ext.reply.url})" if ext.reply.url else title


# The first reply is sent by whoever accepts; only if it never was does the publisher send one.
FIRST_REPLY_TIMEOUT = dt.timedelta(seconds=10)
DOUBLE_CLICK_WINDOW = dt.timedelta(seconds=5)


class AcceptResult(NamedTuple):
    """An extension that was taken on, now or before, and what to show beside it."""

    extension: Extension
    is_new: bool
    context: ReplyContext


class Acceptance:
    """Takes on extensions of every kind."""

    def __init__(
        self,
        store: Store,
        views: ReplyContextLoader,
        *,
        quota: Quota,
        wakeups: Wakeups,
        clock: Clock,
    ) -> None:
        self._store = store
        self._views = views
        self._quota = quota
        self._wakeups = wakeups
        self._clock = clock

    async def accept(self, ext: Extension, *, source_is_known: bool = False) -> AcceptResult:
        """Take on ``ext``, or return what was taken on for its trigger, or in its place, before.

        With ``knows_source`` the source clip is known to be remembered already.

        Raises:
            UserError: too much is in progress; nothing was kept.
        """
        now = self._clock()
        taken = await self._store.accept(
            ext,
            publish_at=ext.created_at
            if ext.reply.reply_to_id is not None
            else ext.created_at + FIRST_REPLY_TIMEOUT,
            quota=self._quota,
            double_since=now - DOUBLE_CLICK_WINDOW,
            source_is_known=source_is_known,
        )
        if isinstance(taken, QuotaExceeded):
            raise quota_error(taken, await self._views.typical_duration(ext.request.provider))
        if ext.kind is Kind.SPLICE:
            self._wakeups.attacher.notify()
        else:
            self._wakeups.submitter.notify()
        self._wakeups.publisher.notify()
        context = await self._views.load(taken.extension, queue_position=taken.queue_position)
        return AcceptResult(taken.extension, taken.is_new, context)
