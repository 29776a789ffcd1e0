"""Style tags, and texts that are too long for a provider."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.form import (
    Form,
    OverlongText,
    TextLimits,
    format_style,
    overlong_texts,
    parse_style,
    truncated_style,
)
from bot.domain.models import ExtendRequest
from bot.domain.text import utf16_length

SEPARATORS = ",，、;\n"
typed = st.text() | st.text(SEPARATORS + " aAßé\t")


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("", ()),
        (" , ,, ", ()),
        ("dark synthwave", ("dark synthwave",)),
        ("rock, pop,jazz", ("rock", "pop", "jazz")),
        ("摇滚，流行、爵士;民谣\n电子", ("摇滚", "流行", "爵士", "民谣", "电子")),
        ("  slow \t blues  ", ("slow blues",)),
        ("Rock, rock, ROCK", ("Rock",)),
        ("rock, pop, Rock", ("rock", "pop")),
        ("a, b, c, b, a", ("a", "b", "c")),
        ("Straße, STRASSE", ("Straße",)),
        ("hip-hop/rap & soul", ("hip-hop/rap & soul",)),
    ],
)
def test_parse_style_keeps_order_and_first_spelling(text: str, style: tuple[str, ...]) -> None:
    assert parse_style(text) == style


@given(typed)
def test_parsed_tags_have_no_separator_and_are_neither_empty_nor_repeated(text: str) -> None:
    style = parse_style(text)

    assert not any(separator in tag for tag in style for separator in SEPARATORS)
    assert all(tag and tag == " ".join(tag.split()) for tag in style)
    assert len({tag.casefold() for tag in style}) == len(style)


@given(typed)
def test_parse_style_loses_and_moves_no_tag(text: str) -> None:
    for separator in SEPARATORS:
        text = text.replace(separator, ",")
    expected: list[str] = []
    for tag in (" ".join(part.split()) for part in text.split(",")):
        if tag and tag.casefold() not in [known.casefold() for known in expected]:
            expected.append(tag)

    assert parse_style(text) == tuple(expected)


@given(typed)
def test_formatted_style_parses_back(text: str) -> None:
    style = parse_style(text)

    assert parse_style(format_style(style)) == style


def test_format_style_joins_tags_with_commas() -> None:
    assert format_style(("slow blues", "rock")) == "slow blues, rock"
    assert format_style(()) == ""


@pytest.mark.parametrize(
    ("limit", "style"),
    [
        (15, ("rock", "🎵", "jazz")),
        (14, ("rock", "🎵", "jazz")),
        (13, ("rock", "🎵")),
        (8, ("rock", "🎵")),
        (7, ("rock",)),
        (3, ()),
    ],
)
def test_truncated_style_keeps_the_first_tags_that_fit(limit: int, style: tuple[str, ...]) -> None:
    assert truncated_style(("rock", "🎵", "jazz"), limit) == style


@given(typed.map(parse_style), st.integers(0, 30))
def test_truncated_style_keeps_as_many_tags_as_fit(style: tuple[str, ...], limit: int) -> None:
    fitting = truncated_style(style, limit)

    assert style[: len(fitting)] == fitting
    assert utf16_length(format_style(fitting)) <= limit
    one_more = style[: len(fitting) + 1]
    assert fitting == style or utf16_length(format_style(one_more)) > limit


LIMITS = TextLimits(lyrics=10, style=8, title=5)


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
        ({"exclude": ("abc", "defg")}, [OverlongText("list of excluded styles", 9, 8)]),
        ({"title": "abcdef"}, [OverlongText("title", 6, 5)]),
        (
            {"lyrics": "x" * 12, "title": "abcdefg"},
            [OverlongText("lyrics", 12, 10), OverlongText("title", 7, 5)],
        ),
    ],
)
def test_overlong_texts_names_each_field_with_its_length_and_limit(
    texts: dict[str, object], excess: list[OverlongText]
) -> None:
    assert list(overlong_texts(request(**texts), LIMITS)) == excess


def test_form_needs_only_a_clip() -> None:
    form = Form(clip="abc")

    assert {form.at, form.style, form.lyrics, form.title, form.exclude, form.model} == {""}
    assert form.provider == ""


@pytest.mark.parametrize("name", ["lyrics", "style", "title", "exclude"])
def test_form_has_text_if_something_was_written(name: str) -> None:
    assert Form(clip="a", **{name: "x"}).has_text
    assert not Form(clip="a", at="10", model="v4", provider="suno").has_text
