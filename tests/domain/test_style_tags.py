import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.form import format_style, parse_style, truncated_style
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
def test_tags_keep_their_order_and_their_first_spelling(text: str, style: tuple[str, ...]) -> None:
    assert parse_style(text) == style


@given(typed)
def test_no_tag_has_a_separator_or_is_blank_or_repeated(text: str) -> None:
    style = parse_style(text)

    assert not any(separator in tag for tag in style for separator in SEPARATORS)
    assert all(tag and tag == " ".join(tag.split()) for tag in style)
    assert len({tag.casefold() for tag in style}) == len(style)


@given(typed)
def test_no_tag_is_lost_or_moved(text: str) -> None:
    for separator in SEPARATORS:
        text = text.replace(separator, ",")
    expected: list[str] = []
    for tag in (" ".join(part.split()) for part in text.split(",")):
        if tag and tag.casefold() not in [known.casefold() for known in expected]:
            expected.append(tag)

    assert parse_style(text) == tuple(expected)


@given(typed)
def test_a_printed_style_reads_back(text: str) -> None:
    style = parse_style(text)

    assert parse_style(format_style(style)) == style


def test_a_style_is_printed_as_a_list() -> None:
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
def test_the_first_tags_that_fit_are_kept(limit: int, style: tuple[str, ...]) -> None:
    assert truncated_style(("rock", "🎵", "jazz"), limit) == style


@given(typed.map(parse_style), st.integers(0, 30))
def test_as_many_tags_fit_as_the_limit_allows(style: tuple[str, ...], limit: int) -> None:
    fitting = truncated_style(style, limit)

    assert style[: len(fitting)] == fitting
    assert utf16_length(format_style(fitting)) <= limit
    one_more = style[: len(fitting) + 1]
    assert fitting == style or utf16_length(format_style(one_more)) > limit
