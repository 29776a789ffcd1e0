"""Where a clip comes from and goes on, as indented lines. Pure."""

from collections.abc import Iterator

from bot.domain.models import ClipRecord
from bot.domain.text import utf16_length
from bot.domain.timecode import format_time
from bot.services.library import LineageEntry, ClipDetails
from bot.ui.looks import continuation_links
from bot.ui.texts import inline_code, escape_line

NAME_LENGTH = 40
MAX_SIBLINGS = 4
MAX_INDENT = 6  # a long lineage is indented no further
TREE_LENGTH = 1600  # UTF-16 units

_INDENT = "\u2003"  # as wide as a letter is high, and not swallowed at the start of a line
_ELSEWHERE = "*(made elsewhere)*"
_REMOVED = "*(removed)*"


def lineage_lines(details: ClipDetails, name: str) -> Iterator[str]:
    """Yield the lineage up to this clip, which is called ``name``, and who is beside and behind."""
    if len(details.lineage) > 1:
        yield "**Lineage**"
        yield from _tree(details.lineage, name)
    if details.siblings:
        names = ", ".join(_brief(each) for each in details.siblings[:MAX_SIBLINGS])
        yield f"**Siblings** {names}"
    if details.continuations:
        yield f"**Continued in** {continuation_links(details.continuations)}"


def continue_at_text(continue_at: float | None) -> str:
    """Return where a clip goes on, in words that follow *at*."""
    return "its end" if continue_at is None else format_time(round(continue_at, 1))


def _tree(lineage: tuple[LineageEntry, ...], name: str) -> list[str]:
    """Return a line for each clip; of a long lineage, the first and the latest."""
    root, *rest = (_branch(depth, each, name) for depth, each in enumerate(lineage))
    room = TREE_LENGTH - utf16_length(root)
    latest: list[str] = []
    while rest and (room := room - utf16_length(rest[-1])) >= 0:
        latest.append(rest.pop())
    between = [f"└ *{len(rest):,} more between*"] if rest else []
    return [root, *between, *reversed(latest)]


def _branch(depth: int, ancestor: LineageEntry, name: str) -> str:
    indent = _INDENT * min(depth - 1, MAX_INDENT) + "└ " if depth else ""
    known = ancestor.known
    if not ancestor.goes_on:
        return f"{indent}**{name}**{_length(known)}"
    onward = f", goes on at {continue_at_text(ancestor.goes_on_at)}"
    if known is None:
        return f"{indent}{_ELSEWHERE}{onward}"
    if known.is_removed:
        return f"{indent}{_REMOVED}{onward}"
    return f"{indent}{_linked_name(known)}{_length(known)}{onward}"


def _linked_name(known: ClipRecord) -> str:
    name = escape_line(known.clip.title, NAME_LENGTH) or inline_code(known.clip.id)
    name = f"{name} · {known.letter}" if known.letter else name
    return f"[{name}]({known.reply_url})" if known.reply_url else name


def _length(known: ClipRecord | None) -> str:
    return f" {format_time(round(known.clip.duration))}" if known and known.clip.duration else ""


def _brief(known: ClipRecord) -> str:
    return f"{known.letter} · {escape_line(known.clip.title, NAME_LENGTH) or 'Untitled'}{_length(known)}"
