import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.sessions.structure import (
    HEADLINE_LENGTH,
    INSTRUMENTAL,
    SECTION_LENGTH,
    headline,
    section,
    sung_lines,
)
from bot.domain.text import strip_invisible, utf16_length

HOSTILE = [*"[]\n\r\t \x00\u200b\u202e\u2028\u3164\ud800", "[Verse]", "[[", "🎵", "@everyone", "a"]
texts = st.lists(st.sampled_from(HOSTILE) | st.characters(), max_size=60).map("".join)


@pytest.mark.parametrize(
    ("lyrics", "name", "first", "lines"),
    [
        ("", "", INSTRUMENTAL, []),
        ("[Verse]\nNeon rain\non the glass", "Verse", "Neon rain", ["Neon rain", "on the glass"]),
        ("\n\n  [ Verse   2 ] \n\n  Neon   rain \n", "Verse 2", "Neon rain", ["Neon rain"]),
        ("Neon rain\n[Chorus]\nRun", "Chorus", "Neon rain", ["Neon rain", "Run"]),
        ("[Intro][Verse] Neon [soft] rain", "Intro", "Neon rain", ["Neon rain"]),
        ("[Instrumental]", "Instrumental", INSTRUMENTAL, []),
        ("[Verse\nNeon rain]", "", "[Verse", ["[Verse", "Neon rain]"]),
        ("[]\n[ ]\n[Verse]", "Verse", "[]", ["[]"]),
        ("(ooh)\r\n[Verse]", "Verse", "(ooh)", ["(ooh)"]),
        ("[\u200b][Verse]\n\u200b\u2060\nRun", "Verse", "Run", ["Run"]),
        ("\u3164\n\u200b", "", INSTRUMENTAL, []),
        ("a\u202eb", "", "ab", ["ab"]),
        ("[[Verse]]", "Verse", "[]", ["[]"]),
    ],
)
def test_structure_of_lyrics(lyrics: str, name: str, first: str, lines: list[str]) -> None:
    assert (section(lyrics), headline(lyrics), sung_lines(lyrics)) == (name, first, lines)


def test_long_names_are_shortened() -> None:
    assert headline("🎵" * 31) == "🎵" * 29 + "…"
    assert headline("a" * HEADLINE_LENGTH) == "a" * HEADLINE_LENGTH
    assert section(f"[{'a' * 31}]") == "a" * 29 + "…"


@given(texts)
def test_hostile_lyrics_have_a_headline_of_one_line_that_can_be_seen(lyrics: str) -> None:
    for text, limit in ((headline(lyrics), HEADLINE_LENGTH), (section(lyrics), SECTION_LENGTH)):
        assert utf16_length(text) <= limit
        assert len(text.splitlines()) <= 1
        assert strip_invisible(text) == text
    assert headline(lyrics)
    assert all(line and len(line.splitlines()) == 1 for line in sung_lines(lyrics))
