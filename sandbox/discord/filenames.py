"""File names: ASCII in the URL, and the original name as title.

Discord documents neither. File names follow ``secure_filename`` of Werkzeug
(discord-api-docs #7754), ``title`` is the original name without its extension (#6945), and a
name without any usable character becomes a random one.
"""

import re
import secrets
import unicodedata

_SEPARATORS = re.compile(r"[\s/\\]+")
_UNUSUAL = re.compile(r"[^A-Za-z0-9_.-]")


def sanitized_filename(name: str) -> tuple[str, str | None]:
    """Return the file name for the URL, and the title if it differs."""
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    plain = _ascii_only(stem).strip("._") or secrets.token_hex(8)
    return f"{plain}{dot}{_ascii_only(ending)}", None if plain == stem else stem


def _ascii_only(text: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _UNUSUAL.sub("", _SEPARATORS.sub("_", ascii_only.strip()))
