"""How clips are called: in links, in the library and in suggestions. Pure."""

from collections.abc import Sequence

from bot.domain.models import Extension
from bot.domain.text import display_title, escape_line
from bot.domain.timecode import format_time
from bot.ui.theme import LINKED_TITLE_LENGTH, inline_code, linked

MAX_CONTINUATIONS = 5


def source_link(ext: Extension, limit: int) -> str:
    """Return the title or id of the source clip of ``ext``, as a link to its reply if known."""
    name = escape_line(ext.source_title, limit) or inline_code(ext.request.clip_id)
    return linked(name, ext.source_url)


def source_time(ext: Extension) -> str:
    """Return where ``ext`` continues its source, to follow the word *at*."""
    if ext.song_time is not None:
        return f"{format_time(round(ext.song_time, 1))} of the full song"
    return time_text(ext.request.continue_at)


def time_text(continue_at: float | None) -> str:
    """Return the second at which a clip is continued, to follow the word *at*."""
    return "the end" if continue_at is None else format_time(round(continue_at, 1))


def title_link(ext: Extension) -> str:
    """Return the title of ``ext`` as a link to its reply, if it has one."""
    return linked(display_title(ext.title, LINKED_TITLE_LENGTH), ext.reply.url)


def continuation_links(exts: Sequence[Extension]) -> str:
    """Return links to the latest of ``exts``, and how many there are before them."""
    latest = exts[-MAX_CONTINUATIONS:]
    before = len(exts) - len(latest)
    return ", ".join(map(title_link, latest)) + (f", and {before:,} before" if before else "")
