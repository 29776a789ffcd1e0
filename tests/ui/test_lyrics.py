"""Lyrics are quoted whole, or in part with the whole beside it, and always escaped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text import escape_markdown
from bot.ui.lyrics import is_short, lyrics_embeds, lyrics_file, quoted_lyrics
from tests.support.hostile_texts import long_texts
from tests.support.ui_samples import assert_within_limits


def test_lyrics_file_is_unchanged() -> None:
    file = lyrics_file("[Verse]\n*la* 🎵\ud800")
    assert file.filename == "lyrics.txt"
    assert file.fp.read().decode() == "[Verse]\n*la* 🎵?"


@pytest.mark.parametrize("lyrics", ["", "\n\n", "\u200b"])
def test_blank_lyrics_have_no_quote(lyrics: str) -> None:
    assert quoted_lyrics(lyrics) == []
    assert is_short(lyrics)


def test_lyrics_parts_end_at_line_ends() -> None:
    lyrics = "\n".join(f"{number:03} {'x' * 95}" for number in range(40))
    parts = [embed.description.removeprefix(">>> ") for embed in lyrics_embeds(lyrics)]
    assert len(parts) == 3
    assert [line for part in parts for line in part.splitlines()] == lyrics.splitlines()


@given(lyrics=st.one_of(long_texts, st.text(min_size=1500, max_size=5000)))
def test_lyrics_parts_contain_all_lyrics(lyrics: str) -> None:
    lyrics = lyrics[:5000]
    parts = lyrics_embeds(lyrics)
    for part in parts:
        assert_within_limits([part])
    together = "".join(part.description.removeprefix(">>> ") for part in parts)
    assert "".join(together.split()) == "".join(escape_markdown(lyrics).split())
