"""Where a clip comes from and goes on, as indented lines. Pure."""

from collections.abc import Iterator

from bot.domain.models import KnownClip
from bot.domain.text import utf16_length
from bot.domain.timecode import format_time
from bot.services.library import Ancestor, ClipDetails
from bot.ui.looks import continued
from bot.ui.texts import id_shown, shown

NAME_LENGTH = 40
MOST_SIBLINGS = 4
DEEPEST = 6  # a long lineage is indented no further
TREE_LENGTH = 1600  # UTF-16 units

_INDENT = "\u2003"  # as wide as a letter is high, and not swallowed at the start of a line
_ELSEWHERE = "*(made elsewhere)*"
_REMOVED = "*(removed)*"


def relations(details: ClipDetails, name: str) -> Iterator[str]:
    """Yield the lineage up to this clip, which is called ``name``, and who is beside and behind."""
    if len(details.lineage) > 1:
        yield "**Lineage**"
        yield from _tree(details.lineage, name)
    if details.siblings:
        names = ", ".join(_brief(each) for each in details.siblings[:MOST_SIBLINGS])
        yield f"**Siblings** {names}"
    if details.continuations:
        yield f"**Continued in** {continued(details.continuations)}"


def point(continue_at: float | None) -> str:
    """Return where a clip goes on, in words that follow *at*."""
    return "its end" if continue_at is None else format_time(round(continue_at, 1))


def _tree(lineage: tuple[Ancestor, ...], name: str) -> list[str]:
    """Return a line for each clip; of a long lineage, the first and the latest."""
    root, *rest = (_branch(depth, each, name) for depth, each in enumerate(lineage))
    room = TREE_LENGTH - utf16_length(root)
    latest: list[str] = []
    while rest and (room := room - utf16_length(rest[-1])) >= 0:
        latest.append(rest.pop())
    between = [f"└ *{len(rest):,} more between*"] if rest else []
    return [root, *between, *reversed(latest)]


def _branch(depth: int, ancestor: Ancestor, name: str) -> str:
    indent = _INDENT * min(depth - 1, DEEPEST) + "└ " if depth else ""
    known = ancestor.known
    if not ancestor.goes_on:
        return f"{indent}**{name}**{_length(known)}"
    onward = f", goes on at {point(ancestor.goes_on_at)}"
    if known is None:
        return f"{indent}{_ELSEWHERE}{onward}"
    if known.is_removed:
        return f"{indent}{_REMOVED}{onward}"
    return f"{indent}{_linked_name(known)}{_length(known)}{onward}"


def _linked_name(known: KnownClip) -> str:
    name = shown(known.clip.title, NAME_LENGTH) or id_shown(known.clip.id)
    name = f"{name} · {known.letter}" if known.letter else name
    return f"[{name}]({known.reply_url})" if known.reply_url else name


def _length(known: KnownClip | None) -> str:
    return f" {format_time(round(known.clip.duration))}" if known and known.clip.duration else ""


def _brief(known: KnownClip) -> str:
    return f"{known.letter} · {shown(known.clip.title, NAME_LENGTH) or 'Untitled'}{_length(known)}"
