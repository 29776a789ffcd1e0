import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from bot.audio.models import Peaks, Segment, Track, Waveform
from bot.audio.waveform import (
    COLOURS,
    HEIGHT,
    MAX_PNG_BYTES,
    WIDTH,
    column_heights,
    render_clips,
    render_waveform,
)

THEMES = ("#2b2d31", "#313338", "#f2f3f5", "#ffffff")  # Discord's, behind embeds and messages


def segment(seconds: float, label: str = "", *, seed: int = 1, is_source: bool = False) -> Segment:
    levels = np.random.default_rng(seed).integers(30, 255, round(seconds * 100)).astype(np.uint8)
    return Segment(Peaks(100, levels.tobytes()), label, is_source)


SOURCE = segment(124.3, is_source=True)
EXTENSION = (segment(124.3), segment(100, "A"))
A = Track("A", (SOURCE, segment(100)))
B = Track("B", (SOURCE, segment(80, seed=2)))
LEFT = 84  # of the bars of a clip
SONG = tuple(segment(30, str(n), seed=n) for n in range(20))

HOSTILE_TITLES = {
    "nothing": "",
    "invisible": "\u200b\u202e\x00\ud800",
    "lines": "a\nb\r\n\tc",
    "wide": "W" * 5000,
    "marks": "a" + "\u0301" * 3000,
    "emoji": "👩‍🚀🏳️‍🌈🇩🇪👍🏽❤️1️⃣🎸",
    "bidi": "\u202eevil\u2066",
}


def image_of(waveform: Waveform) -> Image.Image:
    assert len(waveform.png) < MAX_PNG_BYTES
    image = Image.open(io.BytesIO(waveform.png))
    assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
    return image.convert("RGBA")


def share(
    image: Image.Image, colour: str, left: float, right: float, rows: slice = slice(None)
) -> float:
    """Return how much of the picture between two fractions of its width is about that colour."""
    pixels = np.asarray(image)[rows, round(left * WIDTH) : round(right * WIDTH)].astype(int)
    wanted = ImageColor.getrgb(colour)
    near = np.abs(pixels[..., :3] - wanted).max(axis=-1) < 12
    return float((near & (pixels[..., 3] > 200)).mean())


def luminance(colour: str) -> float:
    parts = (value / 255 for value in ImageColor.getrgb(colour)[:3])
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_source_and_new_part_have_their_colours_and_a_mark_between() -> None:
    image = image_of(render_clips("Electric Dreams", [A, B]))
    join = (LEFT + (WIDTH - 36 - LEFT) * 124.3 / 224.3) / WIDTH
    source, new = COLOURS[:2]
    for rows in (slice(0, HEIGHT // 2), slice(HEIGHT // 2, HEIGHT)):
        assert share(image, source, 0.1, join - 0.02, rows) > 0.1
        assert share(image, new, 0.1, join - 0.02, rows) == 0
        assert share(image, new, join + 0.02, 0.85, rows) > 0.1
        assert share(image, source, join + 0.02, 0.95, rows) == 0
        assert share(image, "#f4f5fb", join - 0.01, join + 0.01, rows) > 0.05


def test_clips_of_different_lengths_have_one_time_scale() -> None:
    image = image_of(render_clips("Electric Dreams", [A, B]))
    end = (LEFT + (WIDTH - 36 - LEFT) * 204.3 / 224.3) / WIDTH
    assert share(image, COLOURS[1], end + 0.01, 0.95, slice(0, HEIGHT // 2)) > 0.1
    assert share(image, COLOURS[1], end + 0.01, 0.95, slice(HEIGHT // 2, HEIGHT)) == 0


def test_without_its_source_a_new_part_is_drawn_alone_in_its_own_colour() -> None:
    image = image_of(render_clips("Electric Dreams", [Track("A", (segment(100),))]))
    assert share(image, COLOURS[1], 0.1, 0.95) > 0.1
    assert share(image, COLOURS[0], 0, 1) == 0
    assert share(image, "#f4f5fb", 0.1, 1) == 0


def test_letter_stands_left_of_its_clip() -> None:
    one, other = (image_of(render_clips("", [Track(letter, (SOURCE,))])) for letter in "AB")
    changed = np.abs(np.asarray(one).astype(int) - np.asarray(other)).max(axis=-1) > 64
    columns = np.nonzero(changed)[1]
    assert 36 <= columns.min() < columns.max() < LEFT


@pytest.mark.parametrize(
    ("lengths", "is_begin_shown", "is_join_shown"),
    [
        ((60, 60), True, True),
        ((2, 100), False, True),
        ((100, 2), True, True),
        ((0.3, 0.3), True, True),
        ((3599, 1), True, True),
    ],
)
def test_times_that_lack_room_are_moved_or_left_out(
    lengths: tuple[float, float], *, is_begin_shown: bool, is_join_shown: bool
) -> None:
    source, new = (segment(length, is_source=not n) for n, length in enumerate(lengths))
    image = image_of(render_clips("", [Track("", (source, new))]))
    below = slice(HEIGHT - 56, HEIGHT)  # the times alone
    width = (WIDTH - 36 - LEFT) / WIDTH
    assert (share(image, "#a3a8c3", LEFT / WIDTH, LEFT / WIDTH + 0.05, below) > 0) is is_begin_shown
    assert (share(image, "#f4f5fb", LEFT / WIDTH, LEFT / WIDTH + width, below) > 0) is is_join_shown
    assert share(image, "#a3a8c3", 1 - 0.1, 1 - 0.03, below) > 0


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("length", [0, 0.01, 1, 3600])
def test_clips_of_any_number_and_length_are_drawn(count: int, length: float) -> None:
    image_of(render_clips("x", [Track("A", (SOURCE, segment(length)))] * count))
    image_of(render_clips("x", [Track("A", (segment(length),))] * count))


def test_each_part_of_a_song_has_another_colour() -> None:
    image = image_of(render_waveform("All of it", SONG[:8]))
    for number, colour in enumerate(COLOURS):
        left = (36 + (WIDTH - 72) * number / 8) / WIDTH
        assert share(image, colour, left + 0.02, left + 0.1) > 0.1


@pytest.mark.parametrize("theme", THEMES)
def test_colours_are_readable_on_the_panel_in_every_theme(theme: str) -> None:
    waveform = render_clips("Electric Dreams", [A, B])
    shown = Image.new("RGBA", (WIDTH, HEIGHT), theme)
    shown.alpha_composite(image_of(waveform))
    corners = [shown.getpixel((x, y)) for x in (0, WIDTH - 1) for y in (0, HEIGHT - 1)]
    assert corners == [(*ImageColor.getrgb(theme), 255)] * 4
    panel = "#{:02x}{:02x}{:02x}".format(*shown.getpixel((WIDTH // 2, 8))[:3])
    for colour in (*COLOURS, "#f4f5fb", "#a3a8c3"):
        assert contrast(colour, panel) > 4.5


@pytest.mark.parametrize("title", HOSTILE_TITLES.values(), ids=HOSTILE_TITLES)
def test_any_title_is_short_in_the_alt_text(title: str) -> None:
    assert len(render_waveform(title, EXTENSION).alt_text) < 300
    assert len(render_clips(title, [A, B]).alt_text) < 320


def test_label_is_drawn_below_its_segment_in_its_colour() -> None:
    labelled = image_of(render_waveform("x", EXTENSION))
    bare = image_of(render_waveform("x", (EXTENSION[0], segment(100))))
    changed = np.abs(np.asarray(labelled).astype(int) - np.asarray(bare)).max(axis=-1) > 64
    rows, columns = np.nonzero(changed)
    assert 255 < rows.min() < rows.max() < HEIGHT - 10
    join = 36 + (WIDTH - 72) * 124.3 / 224.3
    assert join < columns.min() < columns.max() < WIDTH - 36
    assert np.asarray(labelled)[changed].mean(axis=0) == pytest.approx(
        (*ImageColor.getrgb(COLOURS[1]), 255), abs=60
    )


def test_label_without_room_is_left_out() -> None:
    short = (segment(100), segment(1, "ABC"), segment(100))
    bare = (segment(100), segment(1), segment(100))
    assert render_waveform("x", short) == render_waveform("x", bare)


def test_column_heights_are_the_means_of_their_segments() -> None:
    peaks = Peaks(100, bytes(100) + b"\x80" * 100)
    assert column_heights(peaks, 4) == pytest.approx([0, 0, 0.5, 0.5], abs=0.01)
    assert column_heights(peaks, 1000) == pytest.approx([0.0] * 500 + [0.5] * 500, abs=0.01)
    assert len(column_heights(peaks, 0)) == 0
    assert not column_heights(Peaks(100, b""), 5).any()


@pytest.mark.parametrize(
    "segments",
    [(), (segment(0),), (segment(0.01),), (segment(1), segment(900)), SONG, SONG * 8],
    ids=["nothing", "silence", "a blip", "a short source", "20 parts", "160 parts"],
)
def test_any_lengths_are_drawn(segments: tuple[Segment, ...]) -> None:
    waveform = render_waveform("x", segments)
    image_of(waveform)
    assert len(waveform.alt_text.encode("utf-16-le")) <= 2 * 1024


def test_silence_is_drawn_as_a_row_of_dots() -> None:
    quiet = Segment(Peaks(100, bytes(6000)))
    image = image_of(render_waveform("Silence", (quiet,)))
    assert 0 < share(image, COLOURS[0], 0.05, 0.95) < 0.03


def test_alt_text_says_what_the_picture_shows() -> None:
    title = "Electric Dreams"
    assert render_clips(title, [A, B]).alt_text == (
        "Waveforms of “Electric Dreams”: A 3:44 long, B 3:24 long; "
        "the source up to 2:04, then the new part."
    )
    assert render_clips(title, [A]).alt_text == (
        "Waveform of “Electric Dreams”: A 3:44 long; the source up to 2:04, then the new part."
    )
    assert render_clips("", [Track("B", (segment(80.9),))]).alt_text == "Waveform: B 1:20 long."
    assert render_waveform(title, SONG[:3]).alt_text == (
        "Waveform of “Electric Dreams”, 1:30 long, in 3 parts that join at 0:30, 1:00."
    )
    assert render_waveform(title, SONG[:2]).alt_text == (
        "Waveform of “Electric Dreams”, 1:00 long, in 2 parts that join at 0:30."
    )
    assert render_waveform("", SONG[:1]).alt_text == "Waveform, 0:30 long."
