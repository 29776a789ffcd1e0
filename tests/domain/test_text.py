"""Text is sanitized, escaped, measured and truncated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
def test_sanitize_removes_control_characters(text: str, kept: str) -> None:
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
def test_strip_invisible_removes_invisible_characters(text: str, kept: str) -> None:
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
def test_escape_markdown_escapes_markdown_and_mentions(text: str, shown: str) -> None:
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
def test_truncate_cuts_between_characters(text: str, limit: int, short: str) -> None:
    assert truncate(text, limit) == short


@given(st.text(st.characters()), st.integers(1, 20))
def test_truncated_text_fits_its_limit(text: str, limit: int) -> None:
    short = truncate(text, limit)

    assert utf16_length(short) <= limit
    assert short == text or short.endswith("…")


@given(st.text(st.characters()))
def test_sanitize_is_idempotent(text: str) -> None:
    once = sanitize(text)

    assert sanitize(once) == once
    assert once.encode("utf-8").decode("utf-8") == once
    assert "\x00" not in once


def test_collapse_whitespace_leaves_single_spaces() -> None:
    assert collapse_whitespace("  a \n\t b ") == "a b"


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
def test_utf16_length_counts_surrogates_twice(text: str, length: int) -> None:
    assert utf16_length(text) == length


@given(st.text(st.characters()) | st.text(st.characters(categories=("Cs", "So"))))
def test_utf16_length_agrees_with_javascript(text: str) -> None:
    assert utf16_length(text) == length_in_javascript(text)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("- a\n+ b\n  - c", "\\- a\n\\+ b\n  \\- c"),
        ("1. a\n12. b", "1\\. a\n12\\. b"),
        ("a - b 1. c\n-a\n1.5", "a - b 1. c\n-a\n1.5"),
    ],
)
def test_lines_do_not_become_lists(text: str, escaped: str) -> None:
    assert escape_markdown(text) == escaped
