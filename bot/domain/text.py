"""Text of members and providers: sanitize, escape, measure and truncate it."""

import re

# Control characters except tab and newline; lyrics need none, and PostgreSQL refuses NUL.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Characters that are invisible, or change the direction of text; emoji need the joiners.
_INVISIBLE = re.compile(
    r"[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"
_MARKDOWN = re.compile(r"([\\*_~`|<>\[\]()#@:])")
_LIST_MARK = re.compile(r"^([ \t]*)([-+])(?=\s)|^([ \t]*\d+)(\.)(?=\s)", re.MULTILINE)


def sanitize(text: str) -> str:
    """Return ``text`` with Unix newlines, without control characters, trimmed."""
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    return _CONTROL.sub("", text).strip()


def escape_markdown(text: str) -> str:
    """Return ``text`` so that Discord shows it literally: no markdown, mention or link."""
    escaped = _MARKDOWN.sub(r"\\\1", strip_invisible(text))
    return _LIST_MARK.sub(r"\1\3\\\2\4", escaped)


def strip_invisible(text: str) -> str:
    """Return ``text`` sanitized, without invisible characters; empty if nothing visible is left."""
    text = _INVISIBLE.sub("", sanitize(text))
    return text if text.strip(_JOINERS + " \t\n\u00a0\u3000\u3164\u115f\u1160\u2800") else ""


def utf16_length(text: str) -> int:
    """Return the length of ``text`` in UTF-16 units, as Discord counts: an emoji is 2."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def truncate(text: str, limit: int) -> str:
    """Return ``text`` cut to at most ``limit`` UTF-16 units; a cut text ends with “…”."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * limit:
        return text
    kept = units[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip("\\" + _JOINERS)
    return kept.rstrip() + "…"


def collapse_whitespace(text: str) -> str:
    """Return ``text`` with each run of whitespace replaced by one space, and trimmed."""
    return " ".join(text.split())


def escape_line(text: str, limit: int) -> str:
    """Return ``text`` as one escaped line.

    It is cut to ``limit`` UTF-16 units before escaping, which may double its length.
    """
    return escape_markdown(plain_line(text, limit))


def plain_line(text: str, limit: int) -> str:
    """Return ``text`` as one line of ``limit`` UTF-16 units, for where markdown means nothing."""
    return truncate(collapse_whitespace(strip_invisible(text)), limit)


def display_title(title: str, limit: int) -> str:
    """Return ``title`` as `escape_line`, or *Untitled* if nothing of it can be seen."""
    return escape_line(title, limit) or "Untitled"
