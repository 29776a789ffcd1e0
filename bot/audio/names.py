"""What to call a file, so that every system can save it."""

import re
from typing import Final

from bot.domain.text import collapse_whitespace, strip_invisible, truncate

_UNSAFE: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
_LONGEST: Final = 80  # UTF-16 units of the title; even as UTF-8 that is below 255 bytes


def audio_file_name(title: str, letter: str = "", *, suffix: str = ".mp3") -> str:
    """Return ``Title (A).mp3`` for the title of a clip and its letter, if it has one."""
    plain = collapse_whitespace(_UNSAFE.sub(" ", strip_invisible(title)))
    # no system likes a dot in front, and Windows none at the end
    plain = truncate(plain, _LONGEST).strip(". ") or "Untitled"
    return f"{plain} ({letter}){suffix}" if letter else f"{plain}{suffix}"
