import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.form import OverlongText, TextLimits, overlong_texts, utf16_length
from bot.domain.models import ExtendRequest

LIMITS = TextLimits(lyrics=10, style=8, title=5)


def length_in_javascript(text: str) -> int:
    """Return what `.length` says: a character beyond the basic plane takes a pair of units."""
    return sum(2 if ord(character) > 0xFFFF else 1 for character in text)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 2),
        ("歌", 1),
        ("🎵", 2),
        ("👩‍🎤", 5),
        ("\uffff", 1),
        ("\U00010000", 2),
        ("\ud83d", 1),
    ],
)
def test_text_is_measured_in_utf16_units(text: str, length: int) -> None:
    assert utf16_length(text) == length


@given(st.text(st.characters()) | st.text(st.characters(categories=("Cs", "So"))))
def test_text_is_as_long_as_javascript_says(text: str) -> None:
    assert utf16_length(text) == length_in_javascript(text)


def request(**texts: object) -> ExtendRequest:
    return ExtendRequest(provider="p", clip_id="c", **texts)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("texts", "excess"),
    [
        ({}, []),
        ({"lyrics": "x" * 10, "style": ("abc", "def"), "title": "abcde"}, []),
        ({"lyrics": "x" * 11}, [OverlongText("lyrics", 11, 10)]),
        ({"lyrics": "🎵" * 6}, [OverlongText("lyrics", 12, 10)]),
        ({"style": ("abc", "defg")}, [OverlongText("style", 9, 8)]),
        ({"exclude": ("abc", "defg")}, [OverlongText("excluded style", 9, 8)]),
        ({"title": "abcdef"}, [OverlongText("title", 6, 5)]),
        (
            {"lyrics": "x" * 12, "title": "abcdefg"},
            [OverlongText("lyrics", 12, 10), OverlongText("title", 7, 5)],
        ),
    ],
)
def test_each_text_that_is_too_long_is_named_with_its_numbers(
    texts: dict[str, object], excess: list[OverlongText]
) -> None:
    assert list(overlong_texts(request(**texts), LIMITS)) == excess
