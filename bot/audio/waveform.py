"""The picture of a song: how loud it is over time, and where a new part joins.

It brings its own dark panel, since Discord shows it on a dark or a light background.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from PIL import Image, ImageDraw

from bot.audio.analysis import Peaks
from bot.audio.text_drawing import line
from bot.domain.text import collapse_whitespace, strip_invisible, truncate
from bot.domain.timecode import format_time

WIDTH, HEIGHT = 1040, 300  # pixels; twice what Discord gives an embed's image
MAX_PNG_BYTES: Final = 60_000  # bytes
_SCALE: Final = 2  # drawn larger and reduced, for smooth edges
_PANEL, _TEXT, _FAINT = "#1b1d2b", "#f4f5fb", "#a3a8c3"
# Apart in lightness as well as in hue; the first is the source's, the second the new part's.
COLOURS: Final = (
    "#8094d6",
    "#ffb454",
    "#5fd3b0",
    "#f283ae",
    "#c3a6ff",
    "#f3e27c",
    "#74c4f5",
    "#ff8b70",
)
_MARGIN, _RADIUS = 36, 28
_BAR, _GAP = 5, 3
_TOP, _BOTTOM = 100, 246  # of the bars
_TITLE, _SMALL = 36, 22
SOURCE_LABEL: Final = "source"  # the label of what a new part goes on from
_CONTRAST: Final = 1.6  # mastered music is loud throughout; this shows what differs


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the picture.

    Attributes:
        peaks: of this part alone.
        label: what to call it, such as *source*; drawn where there is room.
    """

    peaks: Peaks
    label: str = ""


def render_waveform(title: str, stretches: Sequence[Segment]) -> bytes:
    """Return the picture as PNG of `WIDTH` x `HEIGHT` pixels, under `LARGEST` bytes.

    Each stretch has its colour; where one joins the one before, a mark tells the time as m:ss.
    """
    image = Image.new("RGBA", (WIDTH * _SCALE, HEIGHT * _SCALE))
    draw = ImageDraw.Draw(image)
    edge = (0, 0, WIDTH * _SCALE - 1, HEIGHT * _SCALE - 1)
    draw.rounded_rectangle(edge, _RADIUS * _SCALE, _PANEL)
    room = (WIDTH - 2 * _MARGIN) * _SCALE
    heading = line(title, _TITLE * _SCALE, room)
    heading.draw(image, (_MARGIN * _SCALE, 58 * _SCALE), _TEXT)
    starts = _starts(stretches)
    _draw_bars(draw, stretches, starts)
    _draw_axis(image, stretches, starts)
    _draw_marks(image, starts)
    return _png(image.reduce(_SCALE))


def waveform_alt_text(title: str, stretches: Sequence[Segment]) -> str:
    """Return what the picture shows, in words; at most 1024 UTF-16 units."""
    starts = _starts(stretches)
    name = truncate(collapse_whitespace(strip_invisible(title)), 200)
    begin = f"Waveform of “{name}”, " if name else "Waveform, "
    begin += f"{_clock(starts[-1])} long"
    joins = [_clock(start) for start in starts[1:-1]]
    if not joins:
        return f"{begin}."
    if len(joins) == 1 and stretches[0].label == SOURCE_LABEL:
        return f"{begin}: the source up to {joins[0]}, then the new part."
    return truncate(f"{begin}, in {len(stretches)} parts that join at {', '.join(joins)}.", 1024)


def _starts(stretches: Sequence[Segment]) -> list[float]:
    """Return the second at which each stretch begins, and last the whole length."""
    return list(accumulate((stretch.peaks.seconds for stretch in stretches), initial=0.0))


def _bar(second: float, total: float) -> int:
    """Return the number of the bar that begins at ``second``; all bars lie on one raster."""
    bars = (WIDTH - 2 * _MARGIN + _GAP) // (_BAR + _GAP)
    return round(bars * second / total) if total else 0


def _x(second: float, total: float) -> float:
    """Return where that bar begins, in the pixels of the larger drawing."""
    return (_MARGIN + _bar(second, total) * (_BAR + _GAP)) * _SCALE


def _clock(second: float) -> str:
    return format_time(int(second))


def _draw_bars(
    draw: ImageDraw.ImageDraw, stretches: Sequence[Segment], starts: Sequence[float]
) -> None:
    """Draw as many bars for each stretch as it has room for, the loudest of all full height."""
    total, step = starts[-1], (_BAR + _GAP) * _SCALE
    whole = [
        stretch.peaks.columns(_bar(end, total) - _bar(start, total)) ** _CONTRAST
        for stretch, start, end in zip(stretches, starts, starts[1:], strict=False)
    ]
    loudest = max((float(heights.max(initial=0)) for heights in whole), default=0) or 1
    middle, reach = (_TOP + _BOTTOM) / 2 * _SCALE, (_BOTTOM - _TOP) / 2 * _SCALE
    x = float(_MARGIN * _SCALE)
    for index, heights in enumerate(whole):
        for height in heights:
            half = max(float(height) / loudest * reach, _BAR * _SCALE / 2)
            box = (x, middle - half, x + _BAR * _SCALE - 1, middle + half)
            draw.rounded_rectangle(box, _BAR * _SCALE / 2, COLOURS[index % len(COLOURS)])
            x += step


def _draw_axis(image: Image.Image, stretches: Sequence[Segment], starts: Sequence[float]) -> None:
    """Write begin and end under the bars, and what each stretch is where it has room."""
    total, size, baseline = starts[-1], _SMALL * _SCALE, (HEIGHT - 20) * _SCALE
    end = line(_clock(total), size, WIDTH * _SCALE)
    begin = line(_clock(0), size, WIDTH * _SCALE)
    begin.draw(image, (_MARGIN * _SCALE, baseline), _FAINT)
    end.draw(image, ((WIDTH - _MARGIN) * _SCALE - end.width, baseline), _FAINT)
    space = size // 2
    for index, stretch in enumerate(stretches):
        left = _x(starts[index], total) + (begin.width + space if index == 0 else 0)
        right = _x(starts[index + 1], total)
        right -= end.width + space if index == len(stretches) - 1 else 0
        label = line(stretch.label, size, WIDTH * _SCALE)
        if label.width + 2 * space <= right - left:
            x = (left + right - label.width) / 2
            label.draw(image, (x, baseline), COLOURS[index % len(COLOURS)])


def _draw_marks(image: Image.Image, starts: Sequence[float]) -> None:
    """Draw a line where each part joins, with its time on top where there is room."""
    draw = ImageDraw.Draw(image)
    free = float(_MARGIN * _SCALE)
    for start in starts[1:-1]:
        x = _x(start, starts[-1]) - (_GAP + 1) / 2 * _SCALE
        draw.rectangle((x - _SCALE, _TOP * _SCALE, x + _SCALE, (_BOTTOM + 6) * _SCALE), _TEXT)
        label = line(_clock(start), _SMALL * _SCALE, WIDTH * _SCALE)
        half = label.width / 2 + 10 * _SCALE
        centre = min(max(x, _MARGIN * _SCALE + half), (WIDTH - _MARGIN) * _SCALE - half)
        if centre - half < free:
            continue
        box = (centre - half, (_TOP - 28) * _SCALE, centre + half, (_TOP + 2) * _SCALE)
        draw.rounded_rectangle(box, 9 * _SCALE, _TEXT)
        label.draw(image, (centre - label.width / 2, (_TOP - 5) * _SCALE), _PANEL)
        free = centre + half + _GAP * _SCALE


def _png(image: Image.Image) -> bytes:
    """Return ``image`` with as many colours as fit the size."""
    for colours in (128, 64, 32, 16):
        made = io.BytesIO()
        few = image.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.save(made, "PNG", optimize=True)
        if made.tell() < MAX_PNG_BYTES:
            break
    return made.getvalue()
