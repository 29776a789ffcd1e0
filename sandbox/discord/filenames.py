"""What Discord calls a file: plain letters in its link, and the name that it was given beside it.

Discord documents neither. Files are named as by ``secure_filename`` of Werkzeug
(discord-api-docs #7754), the given name comes as ``title`` and without its ending (#6945), and a
name of which nothing is left becomes a random one.
"""

import re
import secrets
import unicodedata

_SEPARATORS = re.compile(r"[\s/\\]+")
_UNUSUAL = re.compile(r"[^A-Za-z0-9_.-]")


def sanitized_filename(name: str) -> tuple[str, str | None]:
    """The name of a file in its link, and its title if that says more."""
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    plain = _ascii_only(stem).strip("._") or secrets.token_hex(8)
    return f"{plain}{dot}{_ascii_only(ending)}", None if plain == stem else stem


def _ascii_only(text: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _UNUSUAL.sub("", _SEPARATORS.sub("_", ascii_only.strip()))
