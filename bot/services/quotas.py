"""How much may be in progress at once: per member, and per channel."""

import datetime as dt
from collections.abc import Sequence

from bot.domain.errors import UserError
from bot.domain.models import Extension
from bot.domain.text import escaped, one_line, shortened
from bot.store.store import Store

NAMED = 5  # extensions that a refusal names
TITLE_LENGTH = 40


class Quotas:
    """Refuses what would be too much; 0 is no limit."""

    def __init__(self, store: Store, *, member_limit: int, channel_limit: int) -> None:
        self._store = store
        self._member_limit = member_limit
        self._channel_limit = channel_limit

    async def check(self, *, member_id: int, channel_id: int, usual: dt.timedelta | None) -> None:
        """Let one more extension pass.

        Raises:
            UserError: as many as may be are in progress; names them, and when to come back.
        """
        if not (self._member_limit or self._channel_limit):
            return
        both = await self._store.in_progress(member_id=member_id, channel_id=channel_id)
        own = [ext for ext in both if ext.member_id == member_id]
        if 0 < self._member_limit <= len(own):
            raise _too_many("You have", own, usual)
        here = [ext for ext in both if ext.reply.channel_id == channel_id]
        if 0 < self._channel_limit <= len(here):
            raise _too_many("This channel has", here, usual)


def _too_many(who: str, exts: Sequence[Extension], usual: dt.timedelta | None) -> UserError:
    count = len(exts)
    named = " · ".join(_link(ext) for ext in exts[:NAMED])
    more = f" and {count - NAMED} more" if count > NAMED else ""
    when = f", usually within {_minutes(usual)}" if usual else ""
    return UserError(
        f"{who} {count} extension{'s' * (count != 1)} in progress, and more must wait.",
        f"{named}{more}. Come back when one of them is done{when}.",
    )


def _minutes(usual: dt.timedelta) -> str:
    minutes = int(usual.total_seconds() // 60) + 1
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def _link(ext: Extension) -> str:
    title = escaped(shortened(one_line(ext.title), TITLE_LENGTH)) or "Untitled"
    return f"[{title}]({ext.reply.url})" if ext.reply.url else title
