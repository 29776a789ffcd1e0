"""What is said to who wants more than may be in progress at once."""

import datetime as dt

from bot.domain.errors import UserError
from bot.domain.models import Extension
from bot.domain.text import escape_markdown, collapse_whitespace, truncate
from bot.store.accepting import QuotaExceeded

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
