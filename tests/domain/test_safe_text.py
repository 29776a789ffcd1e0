import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.clock import utc_now
from bot.domain.text import (
    collapse_whitespace,
    escape_markdown,
    sanitize,
    strip_invisible,
    truncate,
    utf16_length,
)

FAMILY = "👩‍👩‍👧"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  a\r\nb\rc\u2028d\n ", "a\nb\nc\nd"),
        ("a\x00b\x1b[31mc\x7f\x85d", "ab[31mcd"),
        ("tab\there", "tab\there"),
        ("\ud83d\ude00", "😀"),
        ("lone \ud83d", "lone \ufffd"),
        (FAMILY, FAMILY),
    ],
)
def test_text_is_cleaned_of_what_means_nothing(text: str, kept: str) -> None:
    assert sanitize(text) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\u200bb\u202ec\ufeff", "abc"),
        ("\u200d\ufe0f", ""),
        (" \u3164\u2800\u3000", ""),
        (FAMILY, FAMILY),
        ("Song", "Song"),
    ],
)
def test_what_can_not_be_seen_is_left_out(text: str, kept: str) -> None:
    assert strip_invisible(text) == kept


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**loud** _low_", r"\*\*loud\*\* \_low\_"),
        ("@everyone <@1> <#2>", r"\@everyone \<\@1\> \<\#2\>"),
        ("[a](https://example.com)", r"\[a\]\(https\://example.com\)"),
        ("`x` ~~y~~ ||z||", r"\`x\` \~\~y\~\~ \|\|z\|\|"),
        ("a\\", r"a" + "\\\\"),
    ],
)
def test_markdown_and_mentions_are_escaped(text: str, shown: str) -> None:
    assert escape_markdown(text) == shown


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("ab cd", 4, "ab…"),
        ("😀😀", 4, "😀😀"),
        ("😀😀", 3, "😀…"),
        ("😀😀", 2, "…"),
        ("a\\*b", 3, "a…"),
        (FAMILY, 4, "👩…"),
    ],
)
def test_text_is_shortened_between_characters(text: str, limit: int, short: str) -> None:
    assert truncate(text, limit) == short


@given(st.text(st.characters()), st.integers(1, 20))
def test_shortened_text_fits(text: str, limit: int) -> None:
    short = truncate(text, limit)

    assert utf16_length(short) <= limit
    assert short == text or short.endswith("…")


@given(st.text(st.characters()))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = sanitize(text)

    assert sanitize(once) == once
    assert once.encode("utf-8").decode("utf-8") == once
    assert "\x00" not in once


def test_white_space_becomes_one_space() -> None:
    assert collapse_whitespace("  a \n\t b ") == "a b"


def test_the_time_is_aware() -> None:
    assert utc_now().utcoffset() == dt.timedelta()
