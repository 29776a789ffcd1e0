"""What of a provider's own words may reach a member: a short plain sentence, or nothing."""

import re

LONGEST = 200

_MARKUP = re.compile(r"<\s*/?\s*[a-z!][^>]*>|traceback|\[object Object\]|\{|\}", re.IGNORECASE)
_ADDRESS = re.compile(r"\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+|\b[\w.-]+@[\w.-]+\b", re.IGNORECASE)
_HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?:/\S*)?", re.IGNORECASE)
_SECRET = re.compile(r"\b(?=\S*\d)[\w.+/=-]{16,}|\bsk-\S+|\bBearer\s+\S+", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_PREFIX = re.compile(r"^(?:(?:api|internal|network)?\s*error:\s*)+", re.IGNORECASE)


def fit_to_show(text: str | None) -> str:
    """Return ``text`` without addresses, keys and control characters, at most `LONGEST` long.

    Text that is a page, a data structure or a traceback says nothing to a member and comes back
    empty.
    """
    if not text or _MARKUP.search(text):
        return ""
    text = _UNSEEN.sub(" ", text)
    for private in (_ADDRESS, _SECRET, _HOST):
        text = private.sub("…", text)
    text = _PREFIX.sub("", " ".join(text.split()))
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
