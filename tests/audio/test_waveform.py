import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageFont

from bot.audio import fonts, text_drawing
from bot.audio.analysis import Peaks
from bot.audio.charmaps import charmap
from bot.audio.text_drawing import line
from bot.audio.waveform import (
    COLOURS,
    HEIGHT,
    MAX_PNG_BYTES,
    WIDTH,
    Segment,
    render_waveform,
    waveform_alt_text,
)

SANS = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
THEMES = ("#2b2d31", "#313338", "#f2f3f5", "#ffffff")  # Discord's, behind embeds and messages


def stretch(seconds: float, label: str = "", *, seed: int = 1) -> Segment:
    levels = np.random.default_rng(seed).integers(30, 255, round(seconds * 100)).astype(np.uint8)
    return Segment(Peaks(100, levels), label)


EXTENSION = (stretch(124.3, "source"), stretch(100, "new part"))
SONG = tuple(stretch(30, f"Part {n}", seed=n) for n in range(20))

HOSTILE = {
    "nothing": "",
    "unseen": "\u200b\u202e\x00\ud800",
    "lines": "a\nb\r\n\tc",
    "wide": "W" * 5000,
    "marks": "a" + "\u0301" * 3000,
    "CJK": "夜空の電気夢 전기 꿈 电子梦",
    "right to left": "أحلام كهربائية (live) חלום",
    "emoji": "👩‍🚀🏳️‍🌈🇩🇪👍🏽❤️1️⃣🎸",
    "Indic": "हिन्दी தமிழ் ไทย",
    "fancy": "\U0001d4d4\U0001d4f5\U0001d4ee \ufb01re \uff21",
    "private": "\ue000\U000f0000 x \U0010fffd",
    "bidi": "\u202eevil\u2066",
}


def image_of(png: bytes) -> Image.Image:
    assert len(png) < MAX_PNG_BYTES
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
    return image.convert("RGBA")


def share(image: Image.Image, colour: str, left: float, right: float) -> float:
    """Return how much of the picture between two fractions of its width is about that colour."""
    pixels = np.asarray(image)[:, round(left * WIDTH) : round(right * WIDTH)].astype(int)
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
    image = image_of(render_waveform("Electric Dreams", EXTENSION))
    join = (36 + (WIDTH - 72) * 124.3 / 224.3) / WIDTH
    source, new = COLOURS[:2]
    assert share(image, source, 0.05, join - 0.02) > 0.1
    assert share(image, new, 0.05, join - 0.02) == 0
    assert share(image, new, join + 0.02, 0.95) > 0.1
    assert share(image, source, join + 0.02, 0.95) == 0
    assert share(image, "#f4f5fb", join - 0.01, join + 0.01) > 0.05


def test_every_part_of_a_song_has_another_colour_than_the_last() -> None:
    image = image_of(render_waveform("All of it", SONG[:8]))
    for number, colour in enumerate(COLOURS):
        left = (36 + (WIDTH - 72) * number / 8) / WIDTH
        assert share(image, colour, left + 0.02, left + 0.1) > 0.1


@pytest.mark.parametrize("theme", THEMES)
def test_all_colours_can_be_read_on_their_panel_whatever_is_behind_it(theme: str) -> None:
    png = render_waveform("Electric Dreams", EXTENSION)
    shown = Image.new("RGBA", (WIDTH, HEIGHT), theme)
    shown.alpha_composite(image_of(png))
    corners = [shown.getpixel((x, y)) for x in (0, WIDTH - 1) for y in (0, HEIGHT - 1)]
    assert corners == [(*ImageColor.getrgb(theme), 255)] * 4
    panel = "#{:02x}{:02x}{:02x}".format(*shown.getpixel((WIDTH // 2, 8))[:3])
    for colour in (*COLOURS, "#f4f5fb", "#a3a8c3"):
        assert contrast(colour, panel) > 4.5


@pytest.mark.parametrize("title", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("is_bare", [False, True], ids=["fonts", "no fonts"])
def test_any_title_can_be_drawn(
    title: str, monkeypatch: pytest.MonkeyPatch, *, is_bare: bool
) -> None:
    if is_bare:
        monkeypatch.setattr(fonts, "_fonts", lambda: ((), ()))
    image_of(render_waveform(title, EXTENSION))
    assert len(waveform_alt_text(title, EXTENSION)) < 300


@pytest.mark.parametrize(
    "stretches",
    [(), (stretch(0),), (stretch(0.01),), (stretch(1), stretch(900)), SONG, SONG * 8],
    ids=["nothing", "silence", "a blip", "a short source", "20 parts", "160 parts"],
)
def test_any_song_can_be_drawn(stretches: tuple[Segment, ...]) -> None:
    image_of(render_waveform("x", stretches))
    assert len(waveform_alt_text("x", stretches).encode("utf-16-le")) <= 2 * 1024


def test_silence_is_a_row_of_dots() -> None:
    quiet = Segment(Peaks(100, np.zeros(6000, np.uint8)))
    image = image_of(render_waveform("Silence", (quiet,)))
    assert 0 < share(image, COLOURS[0], 0.05, 0.95) < 0.03


def test_the_picture_is_told_in_words() -> None:
    title = "Electric Dreams"
    assert waveform_alt_text(title, EXTENSION) == (
        "Waveform of “Electric Dreams”, 3:44 long: the source up to 2:04, then the new part."
    )
    assert waveform_alt_text(title, SONG[:3]) == (
        "Waveform of “Electric Dreams”, 1:30 long, in 3 parts that join at 0:30, 1:00."
    )
    assert waveform_alt_text(title, SONG[:2]) == (
        "Waveform of “Electric Dreams”, 1:00 long, in 2 parts that join at 0:30."
    )
    assert waveform_alt_text("", SONG[:1]) == "Waveform, 0:30 long."


def test_a_line_is_shortened_to_its_width() -> None:
    short = line("The very long tale of the machine that learned to sing", 30, 300)
    assert short.text.endswith("…")
    assert short.text.startswith("The very")
    assert short.width <= 300


def test_emoji_without_a_font_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_drawing, "font_for", lambda *_, **__: None)
    assert [run.text for run in line("Où 🎸 夜空", 20, 500).runs] == ["Ou  ?"]


@pytest.mark.skipif(not SANS.exists(), reason="DejaVu is not installed")
def test_a_font_tells_what_it_has() -> None:
    has = charmap(SANS)
    assert all(ord(character) in has for character in "aZ9Ωя…□")
    assert not any(ord(character) in has for character in "夜한\ue0ff\uffff")


@pytest.mark.skipif(not SANS.exists(), reason="DejaVu is not installed")
def test_pillow_agrees_on_what_a_font_has() -> None:
    has = charmap(SANS)
    font = ImageFont.truetype(str(SANS), 24, layout_engine=ImageFont.Layout.BASIC)
    missing = bytes(font.getmask("\ufffe"))
    for code in range(0x21, 0x3000, 7):
        drawn = bytes(font.getmask(chr(code)))
        if code not in has:
            assert drawn == missing or not any(drawn), hex(code)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"OTTO",
        b"\0\1\0\0\0\1" + bytes(6) + b"cmap" + bytes(4) + struct.pack(">II", 0, 9999),
        b"\0\1\0\0\0\1"
        + bytes(6)
        + b"cmap"
        + bytes(4)
        + struct.pack(">II", 28, 8)
        + b"\0\0\0\2xxxx",
        b"\0\1\0\0\0\0" + bytes(6),
        b"ttcf" + bytes(8) + b"\xff\xff\xff\xff",
    ],
)
def test_a_broken_font_has_nothing(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.ttf").write_bytes(content)
    assert ord("a") not in charmap(tmp_path / "a.ttf")
    assert ord("a") not in charmap(tmp_path / "gone.ttf")
