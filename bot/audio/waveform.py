"""Draw the picture of a song: how loud it is over time, and where its parts join.

It has its own dark panel, since Discord shows it on a dark or a light background. Only digits and
Latin letters are drawn, in Pillow's own font; titles stand in the embed above the picture.
"""

import io
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from bot.audio.models import Peaks, Segment, Waveform
from bot.domain.text import collapse_whitespace, strip_invisible, truncate
from bot.domain.timecode import format_length

WIDTH, HEIGHT = 1040, 300  # pixels; twice what Discord gives an embed's image
MAX_PNG_BYTES: Final = 60_000
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
# In pixels of the picture; what is drawn is _SCALE times as large.
_MARGIN, _RADIUS = 36, 28
_BAR, _GAP = 5, 3
_TOP, _BOTTOM = 64, 246  # of the bars
_FONT_SIZE: Final = 22
_CONTRAST: Final = 1.6  # mastered music is loud throughout; this shows what differs
_MAX_ALT_TEXT: Final = 1024  # UTF-16 units, Discord's limit
_MAX_ALT_TITLE: Final = 200  # UTF-16 units


def render_waveform(title: str, segments: Sequence[Segment]) -> Waveform:
    """Return a PNG of `WIDTH` x `HEIGHT` pixels and less than `MAX_PNG_BYTES`, with its alt text.

    Each segment has its colour; where one joins the one before, a mark tells the time as m:ss.
    """
    image = Image.new("RGBA", (WIDTH * _SCALE, HEIGHT * _SCALE))
    draw = ImageDraw.Draw(image)
    edge = (0, 0, WIDTH * _SCALE - 1, HEIGHT * _SCALE - 1)
    draw.rounded_rectangle(edge, _RADIUS * _SCALE, _PANEL)
    starts = _starts(segments)
    _draw_bars(draw, segments, starts)
    _draw_axis(draw, segments, starts)
    _draw_marks(draw, starts)
    return Waveform(_png(image.reduce(_SCALE)), _alt_text(title, segments))


def column_heights(peaks: Peaks, count: int) -> npt.NDArray[np.float64]:
    """Return ``count`` heights between 0 and 1 that show all of ``peaks``.

    Each is the mean of its stretch: of mastered music the maximum is the same everywhere.
    """
    if not peaks.levels or count <= 0:
        return np.zeros(max(count, 0))
    levels = np.frombuffer(peaks.levels, np.uint8)
    edges = np.linspace(0, len(levels), count + 1)
    sums = np.concatenate(([0.0], np.cumsum(levels, dtype=np.float64)))
    totals = np.diff(np.interp(edges, np.arange(len(sums)), sums))
    return totals / np.diff(edges) / 255


def _alt_text(title: str, segments: Sequence[Segment]) -> str:
    """Return the content of the picture in words."""
    starts = _starts(segments)
    name = truncate(collapse_whitespace(strip_invisible(title)), _MAX_ALT_TITLE)
    begin = f"Waveform of “{name}”, " if name else "Waveform, "
    begin += f"{format_length(starts[-1])} long"
    joins = [format_length(start) for start in starts[1:-1]]
    if not joins:
        return f"{begin}."
    if len(joins) == 1 and segments[0].is_source:
        return f"{begin}: the source up to {joins[0]}, then the new part."
    parts = f"in {len(segments)} parts that join at {', '.join(joins)}."
    return truncate(f"{begin}, {parts}", _MAX_ALT_TEXT)


def _starts(segments: Sequence[Segment]) -> list[float]:
    """Return the second at which each segment begins, followed by the length of all."""
    return list(accumulate((segment.peaks.seconds for segment in segments), initial=0.0))


def _column(second: float, total: float) -> int:
    """Return the index of the bar that begins at ``second``; all bars lie on one raster."""
    columns = (WIDTH - 2 * _MARGIN + _GAP) // (_BAR + _GAP)
    return round(columns * second / total) if total else 0


def _x(second: float, total: float) -> float:
    """Return where that bar begins, in the pixels of the larger drawing."""
    return (_MARGIN + _column(second, total) * (_BAR + _GAP)) * _SCALE


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that comes with Pillow."""
    return ImageFont.load_default(_FONT_SIZE * _SCALE)


def _draw_bars(
    draw: ImageDraw.ImageDraw, segments: Sequence[Segment], starts: Sequence[float]
) -> None:
    """Draw as many bars for each segment as it has room for, the loudest of all at full height."""
    total, step = starts[-1], (_BAR + _GAP) * _SCALE
    heights_of_segments = [
        column_heights(segment.peaks, _column(end, total) - _column(start, total)) ** _CONTRAST
        for segment, start, end in zip(segments, starts, starts[1:], strict=False)
    ]
    loudest = max((float(heights.max(initial=0)) for heights in heights_of_segments), default=0)
    middle, reach = (_TOP + _BOTTOM) / 2 * _SCALE, (_BOTTOM - _TOP) / 2 * _SCALE
    x = float(_MARGIN * _SCALE)
    for index, heights in enumerate(heights_of_segments):
        for height in heights:
            half = max(float(height) / (loudest or 1) * reach, _BAR * _SCALE / 2)
            box = (x, middle - half, x + _BAR * _SCALE - 1, middle + half)
            draw.rounded_rectangle(box, _BAR * _SCALE / 2, COLOURS[index % len(COLOURS)])
            x += step


def _draw_axis(
    draw: ImageDraw.ImageDraw, segments: Sequence[Segment], starts: Sequence[float]
) -> None:
    """Write begin and end below the bars, and between them the label of each segment that fits."""
    total, baseline, space = starts[-1], (HEIGHT - 20) * _SCALE, _FONT_SIZE * _SCALE / 2
    begin, end = format_length(0), format_length(total)
    draw.text((_MARGIN * _SCALE, baseline), begin, _FAINT, _font(), anchor="ls")
    draw.text(((WIDTH - _MARGIN) * _SCALE, baseline), end, _FAINT, _font(), anchor="rs")
    for index, segment in enumerate(segments):
        left = _x(starts[index], total)
        right = _x(starts[index + 1], total)
        left += draw.textlength(begin, _font()) + space if index == 0 else 0
        right -= draw.textlength(end, _font()) + space if index == len(segments) - 1 else 0
        if draw.textlength(segment.label, _font()) + 2 * space <= right - left:
            place = ((left + right) / 2, baseline)
            colour = COLOURS[index % len(COLOURS)]
            draw.text(place, segment.label, colour, _font(), anchor="ms")


def _draw_marks(draw: ImageDraw.ImageDraw, starts: Sequence[float]) -> None:
    """Draw a line where each part joins, with its time on top where there is room."""
    free = float(_MARGIN * _SCALE)
    for start in starts[1:-1]:
        x = _x(start, starts[-1]) - (_GAP + 1) / 2 * _SCALE
        draw.rectangle((x - _SCALE, _TOP * _SCALE, x + _SCALE, (_BOTTOM + 6) * _SCALE), _TEXT)
        time = format_length(start)
        half = draw.textlength(time, _font()) / 2 + 10 * _SCALE
        centre = min(max(x, _MARGIN * _SCALE + half), (WIDTH - _MARGIN) * _SCALE - half)
        if centre - half < free:
            continue
        box = (centre - half, (_TOP - 28) * _SCALE, centre + half, (_TOP + 2) * _SCALE)
        draw.rounded_rectangle(box, 9 * _SCALE, _TEXT)
        draw.text((centre, (_TOP - 5) * _SCALE), time, _PANEL, _font(), anchor="ms")
        free = centre + half + _GAP * _SCALE


def _png(image: Image.Image) -> bytes:
    """Return ``image`` with as many colours as fit the size."""
    output = io.BytesIO()
    for colours in (128, 64, 32, 16):
        output = io.BytesIO()
        reduced = image.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        reduced.save(output, "PNG", optimize=True)
        if output.tell() < MAX_PNG_BYTES:
            break
    return output.getvalue()
