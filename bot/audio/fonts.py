"""Which of the fonts on this machine draws a character.

Looks where systems keep fonts, since no single font has all scripts. With Debian's
fonts-noto-core, fonts-noto-cjk and fonts-noto-color-emoji nearly every title can be drawn;
fonts-dejavu-core, fonts-wqy-microhei and fonts-noto-color-emoji take a tenth of the space and do
for most. Without any, there is the font inside Pillow, which has ASCII.
"""

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.audio.charmaps import CharMap, charmap

_PLACES: Final = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)
# The look of a title: the first of these that is there, by the beginning of the file's name.
_FIRST: Final = (
    "NotoSans-Bold.",
    "DejaVuSans-Bold.",
    "LiberationSans-Bold.",
    "Arial Bold.",
    "arialbd.",
    "HelveticaNeue.",
)
_EMOJI: Final = ("NotoColorEmoji", "Noto-COLRv1", "Apple Color Emoji", "seguiemj")
_UNFIT: Final = ("italic", "oblique", "mono", "thin", "light", "condensed", "serif", "black")
_FIRST_EMOJI: Final = 0x1F000
_MOST: Final = 600


def font_for(code: int, *, as_emoji: bool = False) -> Path | None:
    """Return the font file that draws the character ``code`` best, None if none does.

    Args:
        code: its code point.
        as_emoji: whether it is asked for as a picture where there are both.
    """
    fonts, emoji = _fonts()
    pictures_first = as_emoji or code >= _FIRST_EMOJI
    for path in (*emoji, *fonts) if pictures_first else (*fonts, *emoji):
        if code in _charmap(path):
            return path
    return None


def is_emoji_font(path: Path) -> bool:
    """Return whether the font has pictures, which are drawn in their own colours."""
    return path.name.startswith(_EMOJI)


def has(path: Path, code: int) -> bool:
    """Return whether the font file ``path`` draws the character ``code``."""
    return code in _charmap(path)


@functools.cache
def _charmap(path: Path) -> CharMap:
    return charmap(path)


@functools.cache
def _fonts() -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the fonts for text, the best first, and those for emoji."""
    found = sorted(set(_files()), key=_rank)
    emoji = tuple(path for path in found if is_emoji_font(path))
    return tuple(path for path in found if not is_emoji_font(path))[:_MOST], emoji


def _files() -> Iterator[Path]:
    for place in _PLACES:
        for folder, _, names in os.walk(Path(place).expanduser()):
            for name in names:
                if name.lower().endswith((".ttf", ".otf", ".ttc")):
                    yield Path(folder, name)


def _rank(path: Path) -> tuple[int, bool, bool, bool, str]:
    """Return what puts the plain bold fonts first, and in the same order on every machine."""
    name = path.name
    place = next((i for i, first in enumerate(_FIRST) if name.startswith(first)), len(_FIRST))
    return (
        place,
        any(word in name.lower() for word in _UNFIT),
        "bold" not in name.lower(),
        "UI" in name,
        str(path),
    )
