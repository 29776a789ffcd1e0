"""Draw the picture of a song or of clips: how loud they are over time, and where parts join.

It has its own dark panel, since Discord shows it on a dark or a light background. Only digits and
Latin letters are drawn, in Pillow's own font; titles stand in the embed above the picture.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from bot.audio.models import Peaks, Segment, Track, Waveform
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
_TOP, _BOTTOM = 64, 246  # of the bars of a song
_TRACK_TOP, _TRACK_GAP = 26, 18  # above the first track, and between two
_TRACK_LEFT = 84  # right of the letters
_TIMES_HEIGHT = 38  # below the bars of a track
_FONT_SIZE: Final = 24
_CONTRAST: Final = 1.6  # mastered music is loud throughout; this shows what differs
_MAX_ALT_TEXT: Final = 1024  # UTF-16 units, Discord's limit
_MAX_ALT_TITLE: Final = 200  # UTF-16 units


@dataclass(frozen=True, slots=True)
class _Bars:
    """Where bars are drawn, in pixels of the picture; ``total`` seconds fill the whole width."""

    left: int
    top: float
    bottom: float
    total: float

    def column(self, second: float) -> int:
        """Return the index of the bar that begins at ``second``; all bars lie on one raster."""
        columns = (WIDTH - _MARGIN - self.left + _GAP) // (_BAR + _GAP)
        return round(columns * second / self.total) if self.total else 0

    def x(self, second: float) -> float:
        """Return where that bar begins, in the pixels of the larger drawing."""
        return (self.left + self.column(second) * (_BAR + _GAP)) * _SCALE


def render_waveform(title: str, segments: Sequence[Segment]) -> Waveform:
    """Return the picture of a song as a PNG of `WIDTH` x `HEIGHT` pixels, with its alt text.

    Each segment has its colour; where one joins the one before, a mark tells the time as m:ss. The
    file has less than `MAX_PNG_BYTES`.
    """
    image, draw = _new_panel()
    starts = _starts(segments)
    bars = _Bars(_MARGIN, _TOP, _BOTTOM, starts[-1])
    loudest = _loudest(bars, segments)
    for index, segment in enumerate(segments):
        _draw_bars(draw, bars, segment, starts[index], COLOURS[index % len(COLOURS)], loudest)
    _draw_axis(draw, bars, segments, starts)
    _draw_marks(draw, bars, starts)
    return Waveform(_png(image), _song_alt_text(title, segments))


def render_clips(title: str, tracks: Sequence[Track]) -> Waveform:
    """Return the picture of one clip or more below each other, as `render_waveform`.

    All have one time scale. Sources have one colour, new parts another; where a new part joins its
    source, a mark and the time below it say so.
    """
    image, draw = _new_panel()
    total = max(_starts(track.segments)[-1] for track in tracks)
    height = (HEIGHT - 2 * _TRACK_TOP + _TRACK_GAP) / len(tracks) - _TRACK_GAP
    for number, track in enumerate(tracks):
        top = _TRACK_TOP + number * (height + _TRACK_GAP)
        _draw_track(draw, track, _Bars(_TRACK_LEFT, top, top + height - _TIMES_HEIGHT, total))
    return Waveform(_png(image), _clips_alt_text(title, tracks))


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


def _song_alt_text(title: str, segments: Sequence[Segment]) -> str:
    """Return the content of a song's picture in words."""
    starts = _starts(segments)
    begin = f"{_alt_title('Waveform', title)}, {format_length(starts[-1])} long"
    joins = [format_length(start) for start in starts[1:-1]]
    if not joins:
        return f"{begin}."
    parts = f"in {len(segments)} parts that join at {', '.join(joins)}."
    return truncate(f"{begin}, {parts}", _MAX_ALT_TEXT)


def _clips_alt_text(title: str, tracks: Sequence[Track]) -> str:
    """Return the content of a picture of clips in words."""
    begin = _alt_title("Waveforms" if len(tracks) > 1 else "Waveform", title)
    starts = [_starts(track.segments) for track in tracks]
    lengths = (
        f"{track.label} {format_length(each[-1])} long"
        for track, each in zip(tracks, starts, strict=True)
    )
    joined = f"{begin}: {', '.join(lengths)}"
    if not tracks[0].segments[0].is_source:
        return f"{joined}."
    return f"{joined}; the source up to {format_length(starts[0][1])}, then the new part."


def _alt_title(kind: str, title: str) -> str:
    name = truncate(collapse_whitespace(strip_invisible(title)), _MAX_ALT_TITLE)
    return f"{kind} of “{name}”" if name else kind


def _starts(segments: Sequence[Segment]) -> list[float]:
    """Return the second at which each segment begins, followed by the length of all."""
    return list(accumulate((segment.peaks.seconds for segment in segments), initial=0.0))


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that comes with Pillow."""
    return ImageFont.load_default(_FONT_SIZE * _SCALE)


def _new_panel() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", (WIDTH * _SCALE, HEIGHT * _SCALE))
    draw = ImageDraw.Draw(image)
    edge = (0, 0, WIDTH * _SCALE - 1, HEIGHT * _SCALE - 1)
    draw.rounded_rectangle(edge, _RADIUS * _SCALE, _PANEL)
    return image, draw


def _heights(bars: _Bars, segment: Segment, start: float) -> npt.NDArray[np.float64]:
    """Return the heights of as many bars as a segment has room for."""
    count = bars.column(start + segment.peaks.seconds) - bars.column(start)
    return column_heights(segment.peaks, count) ** _CONTRAST


def _loudest(bars: _Bars, segments: Sequence[Segment]) -> float:
    starts = _starts(segments)
    heights = (_heights(bars, each, start) for each, start in zip(segments, starts, strict=False))
    return max((float(each.max(initial=0)) for each in heights), default=0.0)


def _draw_bars(
    draw: ImageDraw.ImageDraw,
    bars: _Bars,
    segment: Segment,
    start: float,
    colour: str,
    loudest: float,
) -> None:
    """Draw the bars of a segment; the loudest of its row has full height."""
    step, x = (_BAR + _GAP) * _SCALE, bars.x(start)
    middle, reach = (bars.top + bars.bottom) / 2 * _SCALE, (bars.bottom - bars.top) / 2 * _SCALE
    for height in _heights(bars, segment, start):
        half = max(float(height) / (loudest or 1) * reach, _BAR * _SCALE / 2)
        box = (x, middle - half, x + _BAR * _SCALE - 1, middle + half)
        draw.rounded_rectangle(box, _BAR * _SCALE / 2, colour)
        x += step


def _draw_track(draw: ImageDraw.ImageDraw, track: Track, bars: _Bars) -> None:
    """Draw one clip with its letter, and below it the times of begin, join and end."""
    starts, loudest = _starts(track.segments), _loudest(bars, track.segments)
    middle = (bars.top + bars.bottom) / 2 * _SCALE
    draw.text((_MARGIN * _SCALE, middle), track.label, _TEXT, _font(), anchor="lm")
    for segment, start in zip(track.segments, starts, strict=False):
        _draw_bars(draw, bars, segment, start, COLOURS[0 if segment.is_source else 1], loudest)
    for start in starts[1:-1]:
        _draw_mark(draw, bars, start)
    _draw_times(draw, bars, starts)


def _draw_times(draw: ImageDraw.ImageDraw, bars: _Bars, starts: Sequence[float]) -> None:
    """Write end, joins and begin below the bars, from right to left, as far as there is room."""
    baseline = (bars.bottom + _TIMES_HEIGHT - 6) * _SCALE
    space = _FONT_SIZE * _SCALE / 2
    free = bars.x(starts[-1]) - _GAP * _SCALE
    for start in reversed(starts):
        words = format_length(start)
        width = draw.textlength(words, _font())
        is_outer = start in (starts[0], starts[-1])
        left = min(bars.x(start) if start == starts[0] else bars.x(start) - width / 2, free - width)
        lowest = bars.left * _SCALE
        if left < lowest:
            if is_outer:
                continue
            left = lowest
        draw.text((left, baseline), words, _FAINT if is_outer else _TEXT, _font(), anchor="ls")
        free = left - space


def _draw_mark(draw: ImageDraw.ImageDraw, bars: _Bars, start: float) -> float:
    """Draw a line where a part joins, and return where."""
    x = bars.x(start) - (_GAP + 1) / 2 * _SCALE
    box = (x - _SCALE, bars.top * _SCALE, x + _SCALE, (bars.bottom + 6) * _SCALE)
    draw.rectangle(box, _TEXT)
    return x


def _draw_axis(
    draw: ImageDraw.ImageDraw, bars: _Bars, segments: Sequence[Segment], starts: Sequence[float]
) -> None:
    """Write begin and end below the bars, and between them the label of each segment that fits."""
    total, baseline, space = starts[-1], (HEIGHT - 20) * _SCALE, _FONT_SIZE * _SCALE / 2
    begin, end = format_length(0), format_length(total)
    draw.text((_MARGIN * _SCALE, baseline), begin, _FAINT, _font(), anchor="ls")
    draw.text(((WIDTH - _MARGIN) * _SCALE, baseline), end, _FAINT, _font(), anchor="rs")
    for index, segment in enumerate(segments):
        left = bars.x(starts[index])
        right = bars.x(starts[index + 1])
        left += draw.textlength(begin, _font()) + space if index == 0 else 0
        right -= draw.textlength(end, _font()) + space if index == len(segments) - 1 else 0
        if draw.textlength(segment.label, _font()) + 2 * space <= right - left:
            place = ((left + right) / 2, baseline)
            colour = COLOURS[index % len(COLOURS)]
            draw.text(place, segment.label, colour, _font(), anchor="ms")


def _draw_marks(draw: ImageDraw.ImageDraw, bars: _Bars, starts: Sequence[float]) -> None:
    """Draw a mark where each part joins, with its time on top where there is room."""
    free = float(_MARGIN * _SCALE)
    for start in starts[1:-1]:
        x = _draw_mark(draw, bars, start)
        time = format_length(start)
        half = draw.textlength(time, _font()) / 2 + 10 * _SCALE
        centre = min(max(x, _MARGIN * _SCALE + half), (WIDTH - _MARGIN) * _SCALE - half)
        if centre - half < free:
            continue
        box = (centre - half, (_TOP - 30) * _SCALE, centre + half, (_TOP + 2) * _SCALE)
        draw.rounded_rectangle(box, 9 * _SCALE, _TEXT)
        draw.text((centre, (_TOP - 6) * _SCALE), time, _PANEL, _font(), anchor="ms")
        free = centre + half + _GAP * _SCALE


def _png(image: Image.Image) -> bytes:
    """Return ``image`` reduced to its size, with as many colours as fit the file's size."""
    reduced = image.reduce(_SCALE)
    output = io.BytesIO()
    for colours in (128, 64, 32, 16):
        output = io.BytesIO()
        painted = reduced.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        painted.save(output, "PNG", optimize=True)
        if output.tell() < MAX_PNG_BYTES:
            break
    return output.getvalue()
