"""Draw any text: each piece in a font that has it, emoji in their colours.

What no font can draw is taken apart into what can (ligatures, and the letters of mathematics that
people write fancy names with), emoji without a font are left out, and of anything else a run
becomes one box.
"""

import functools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from bot.audio.fonts import font_for, has, is_emoji_font
from bot.domain.text import collapse_whitespace, strip_invisible

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_EMOJI_SIZE: Final = 109  # the only size in which Noto's pictures come
_EMOJI_SCALE: Final = 1.25  # of the size of the text round them
_LONGEST: Final = 300  # characters; no width has room for more
_JOINER, _AS_EMOJI = 0x200D, 0xFE0F
_SKINS: Final = range(0x1F3FB, 0x1F400)
_FLAGS: Final = range(0x1F1E6, 0x1F200)
_SYMBOLS: Final = 0x1F000
_BOX, _QUESTION, _ELLIPSIS = "□", "?", "…"


@dataclass(frozen=True, slots=True)
class _Run:
    """Text in one font; None is Pillow's own."""

    path: Path | None
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text that can be drawn, in pixels.

    Attributes:
        text: what it says; another than was given where it had to be shortened.
        width: how wide it is.
    """

    text: str
    size: int
    width: float
    runs: tuple[_Run, ...]

    def draw(self, image: Image.Image, at: tuple[float, float], colour: str) -> None:
        """Draw it on ``image``, its baseline beginning at ``at``."""
        x, baseline = at
        canvas = ImageDraw.Draw(image)
        for run in self.runs:
            if run.path and is_emoji_font(run.path):
                _draw_emoji(image, run, (x, baseline), self.size)
            else:
                font = _font(run.path, self.size)
                canvas.text((x, baseline), run.text, colour, font, anchor="ls")
            x += _width(run, self.size)


def line(text: str, size: int, width: float) -> Line:
    """Return ``text`` as one line of letters of ``size`` pixels that is at most ``width`` wide."""
    clusters = _clusters(collapse_whitespace(strip_invisible(text))[:_LONGEST])
    made = _line(clusters, size)
    fits, too_many = 0, len(clusters)
    if made.width <= width:
        return made
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        made = _line([*clusters[:middle], _ELLIPSIS], size)
        fits, too_many = (middle, too_many) if made.width <= width else (fits, middle)
    return _line([*clusters[:fits], _ELLIPSIS], size)


def _line(clusters: list[str], size: int) -> Line:
    runs = tuple(_runs(clusters))
    return Line("".join(clusters), size, sum(_width(run, size) for run in runs), runs)


def _clusters(text: str) -> list[str]:
    """Return ``text`` in the pieces that a reader takes for one character."""
    clusters: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        code = ord(character)
        last = clusters[-1] if clusters else ""
        belongs = (
            unicodedata.combining(character)
            or unicodedata.category(character) in ("Mn", "Me", "Mc", "Cf")
            or code in _SKINS
            or last.endswith(chr(_JOINER))
            or (code in _FLAGS and len(last) == 1 and ord(last) in _FLAGS)
        )
        if last and belongs:
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _runs(clusters: list[str]) -> Iterator[_Run]:
    """Yield the runs from left to right."""
    runs: list[_Run] = []
    for cluster in clusters:
        path, text = _drawable(cluster, runs[-1].path if runs else None)
        is_missing = text in (_BOX, _QUESTION) and text != cluster
        if is_missing and runs and runs[-1].text.endswith(text):
            continue
        if runs and runs[-1].path == path:
            runs[-1] = _Run(path, runs[-1].text + text)
        elif text:
            runs.append(_Run(path, text))
    # the font puts the letters of a run in order, the runs of a line are up to us
    yield from reversed(runs) if _is_from_right(clusters) else runs


def _is_from_right(clusters: list[str]) -> bool:
    directions = (unicodedata.bidirectional(cluster[0]) for cluster in clusters)
    return next((way for way in directions if way in ("L", "R", "AL")), "L") != "L"


def _drawable(cluster: str, current: Path | None) -> tuple[Path | None, str]:
    """Return a font and what it draws of ``cluster``; white space stays in the current font."""
    code = ord(cluster[0])
    if current and not cluster.strip() and has(current, code) and not is_emoji_font(current):
        return current, cluster
    if path := font_for(code, as_emoji=chr(_AS_EMOJI) in cluster):
        return path, cluster
    if cluster.isascii():
        return None, cluster
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKD", cluster)
        if not unicodedata.combining(character)
        and (character.isascii() or font_for(ord(character)))
    )
    if plain:
        return font_for(ord(plain[0])), plain
    if code >= _SYMBOLS and unicodedata.category(cluster[0]) in ("So", "Sk", "Cn"):
        return None, ""
    box = font_for(ord(_BOX))
    return (box, _BOX) if box else (None, _QUESTION)


def _width(run: _Run, size: int) -> float:
    if run.path and is_emoji_font(run.path):
        return _font(run.path, _EMOJI_SIZE).getlength(run.text) * _emoji_scale(size)
    return _font(run.path, size).getlength(run.text)


def _emoji_scale(size: int) -> float:
    return size * _EMOJI_SCALE / (_EMOJI_SIZE * 1.25)


def _draw_emoji(image: Image.Image, run: _Run, at: tuple[float, float], size: int) -> None:
    if run.path is None:
        return
    font = _font(run.path, _EMOJI_SIZE)
    left, top, right, bottom = font.getbbox(run.text, anchor="ls")
    picture = Image.new("RGBA", (max(int(right - left), 1), max(int(bottom - top), 1)))
    ImageDraw.Draw(picture).text(
        (-left, -top), run.text, font=font, anchor="ls", embedded_color=True
    )
    scale = _emoji_scale(size)
    width, height = (max(round(side * scale), 1) for side in picture.size)
    picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    image.paste(picture, (round(at[0] + left * scale), round(at[1] + top * scale)), picture)


@functools.lru_cache(maxsize=64)
def _font(path: Path | None, size: int) -> Font:
    if path is None:
        return ImageFont.load_default(size)
    try:
        return ImageFont.truetype(str(path), size)
    except OSError:  # a bitmap font that doesn't come in this size
        return ImageFont.load_default(size)
