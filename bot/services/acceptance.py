"""Accepts extensions: once for each idempotency key, and within the quotas.

An accepted extension is in the store before its member is told; the loops do the rest. Knows
nothing of Discord.
"""

import datetime as dt
from typing import NamedTuple

from bot.domain.budgets import BudgetUse
from bot.domain.errors import UserError
from bot.domain.form import NO_DEFAULTS, Form, FormDefaults
from bot.domain.models import Extension, Kind, ReplyRef
from bot.domain.text import display_title
from bot.logs import current_extension
from bot.services.budgets import budget_error
from bot.services.form_check import FormReader
from bot.services.reply_context import ReplyContext, ReplyContextLoader
from bot.services.runtime import Runtime
from bot.store.acceptance import Quota, QuotaExceeded

# The caller of `accept` sends the first reply; the publisher sends one if there is none by then.
FIRST_REPLY_TIMEOUT = dt.timedelta(seconds=10)
DOUBLE_CLICK_WINDOW = dt.timedelta(seconds=5)
MAX_NAMED = 5  # extensions that a refusal names
TITLE_LENGTH = 40  # UTF-16 units


class AcceptResult(NamedTuple):
    """An accepted extension and what its reply shows beside it.

    Attributes:
        extension: the new one, or the one that was accepted before.
        is_new: whether this call accepted it.
        context: for its reply.
    """

    extension: Extension
    is_new: bool
    context: ReplyContext


class Acceptance:
    """Accepts extensions and full songs."""

    def __init__(
        self,
        runtime: Runtime,
        forms: FormReader,
        reply_contexts: ReplyContextLoader,
        *,
        quota: Quota,
    ) -> None:
        self._store = runtime.store
        self._wakeups = runtime.wakeups
        self._clock = runtime.clock
        self._runtime = runtime
        self._forms = forms
        self._reply_contexts = reply_contexts
        self._quota = quota

    async def accept_form(
        self,
        form: Form,
        *,
        idempotency_key: str,
        member_id: int,
        member_name: str = "",
        reply: ReplyRef,
        retake_of: int | None = None,
        defaults: FormDefaults = NO_DEFAULTS,
    ) -> AcceptResult:
        """Accept the extension that ``form`` asks for; as `accept`.

        Args:
            form: as typed.
            idempotency_key: the event that asks for it.
            member_id: who asks.
            member_name: how they are called.
            reply: where the reply will be. The publisher sends one that answers a message, the
                caller any other.
            retake_of: the extension whose request is repeated.
            defaults: hold where neither the form nor the clip says anything.

        Raises:
            UserError: something in the form is wrong, or as `accept`; nothing was stored.
        """
        validated = await self._forms.validate(form, defaults)
        now, source = self._clock(), validated.source
        return await self.accept(
            Extension(
                idempotency_key=idempotency_key,
                member_id=member_id,
                request=validated.request,
                reply=reply,
                source_title=validated.source_title,
                source_url=source.reply_url if source else None,
                source_letter=source.letter if source else "",
                part_number=source.part_number + 1 if source else 2,
                song_time=validated.song_time,
                member_name=member_name,
                retake_of=retake_of,
                created_at=now,
                due_at=now,
                deadline_at=now + self._runtime.deadline_of(validated.request.provider),
            ),
            source_is_known=source is not None,
        )

    async def accept(
        self, ext: Extension, *, source_is_known: bool = False, is_limited: bool = True
    ) -> AcceptResult:
        """Accept ``ext``, or return the one accepted before for the same key or double click.

        Args:
            ext: not stored yet.
            source_is_known: whether the store has its source clip already.
            is_limited: whether quotas hold; budgets always do.

        Raises:
            UserError: a quota is exceeded, or a budget of the server is used up; nothing was
                stored.
        """
        now = self._clock()
        accepted = await self._store.accept(
            ext,
            publish_at=ext.created_at
            if ext.reply.reply_to_id is not None
            else ext.created_at + FIRST_REPLY_TIMEOUT,
            quota=self._quota if is_limited else None,
            double_since=now - DOUBLE_CLICK_WINDOW,
            source_is_known=source_is_known,
        )
        if isinstance(accepted, BudgetUse):
            raise budget_error(accepted)
        if isinstance(accepted, QuotaExceeded):
            provider = ext.request.provider
            raise quota_error(accepted, await self._reply_contexts.typical_duration(provider))
        current_extension.set(accepted.extension.id)
        if ext.kind is Kind.SPLICE:
            self._wakeups.attacher.notify()
        else:
            self._wakeups.submitter.notify()
        self._wakeups.publisher.notify()
        self._wakeups.budget_notices.notify()
        context = await self._reply_contexts.load(
            accepted.extension, queue_position=accepted.queue_position
        )
        return AcceptResult(accepted.extension, accepted.is_new, context)


def quota_error(exceeded: QuotaExceeded, typical_duration: dt.timedelta | None) -> UserError:
    """Return the error shown when a member or channel exceeds its quota."""
    subject = "you have" if exceeded.of_member else "this channel has"
    exts, count = exceeded.in_progress, len(exceeded.in_progress)
    links = " · ".join(_link(ext) for ext in exts[:MAX_NAMED])
    more = f" and {count - MAX_NAMED} more" if count > MAX_NAMED else ""
    when = f", usually within {_minutes(typical_duration)}" if typical_duration else ""
    return UserError(
        f"That's the limit: {subject} {count:,} extension{'s' * (count != 1)} in progress.",
        f"{links}{more}. Come back when one of them is done{when}.",
    )


def _minutes(duration: dt.timedelta) -> str:
    minutes = int(duration.total_seconds() // 60) + 1
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def _link(ext: Extension) -> str:
    title = display_title(ext.title, TITLE_LENGTH)
    return f"[{title}]({ext.reply.url})" if ext.reply.url else title
