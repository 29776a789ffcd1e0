"""What of a provider's own words may reach a member: a short plain sentence, or nothing."""

import re

MAX_LENGTH = 200

# a page, a data structure or a traceback, of which no part is a sentence
_MARKUP = re.compile(
    r"<\s*[/!?]"
    r"|<\s*(?:html|head|title|body|meta|link|script|style|div|span|pre|center|table|h[1-6]|hr|br|p"
    r"|a|b|i|em|strong|img|anonymous)\b"
    r"|traceback|\[object Object\]|\{|\}"
    r"|^\s*at \S+ \(|^\s*File \"",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(r"\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+|\b[\w.-]+@[\w.-]+\b", re.IGNORECASE)
_HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+[a-z]{2,}\b(?::\d+)?(?:/\S*)?", re.IGNORECASE)
_NUMBER_HOST = re.compile(
    r"\S*::\S*|\b(?:\d{1,3}(?:\.\d{1,3}){3}|localhost\b)(?::\d+)?(?:/\S*)?", re.IGNORECASE
)
_SECRET = re.compile(r"\b(?=\S*\d)[\w.+/=-]{16,}|\bsk-\S+|\bBearer\s+\S+", re.IGNORECASE)
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+"
)
_BRACKETS = re.compile(r"[<>]")
_PREFIX = re.compile(r"^(?:(?:api|internal|network)?\s*error:\s*)+", re.IGNORECASE)


def redacted(text: str | None) -> str:
    """Return ``text`` without addresses, keys and control characters, at most `LONGEST` long.

    Text that is a page, a data structure or a traceback says nothing to a member and comes back
    empty.
    """
    if not text or _MARKUP.search(text):
        return ""
    text = _UNSEEN.sub(" ", text)
    for private in (_ADDRESS, _NUMBER_HOST, _SECRET, _HOST):
        text = private.sub("…", text)
    text = _PREFIX.sub("", " ".join(_BRACKETS.sub("", text).split()))
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1].rstrip() + "…"
