"""Lyrics in embeds: quoted whole if they are short, else their beginning and a file. Pure."""

import io
from collections.abc import Iterator

import discord

from bot.domain.sessions.structure import sung_lines
from bot.domain.text import (
    collapse_whitespace,
    escape_markdown,
    strip_invisible,
    truncate,
    utf16_length,
)

FILE_NAME = "lyrics.txt"
ALL_LYRICS = f"All lyrics: `{FILE_NAME}`"
# Lengths are in UTF-16 units before escaping, which may double them.
MAX_SHORT_LINES = 16
MAX_SHORT_LENGTH = 600
PREVIEW_LINES = 6
PREVIEW_LENGTH = 300
PART_LENGTH = 1900  # of an embed that contains nothing else


def is_short(lyrics: str) -> bool:
    """Whether all of ``lyrics`` can be quoted beside other facts."""
    line_count = sum(bool(line.strip()) for line in lyrics.splitlines())
    return utf16_length(lyrics) <= MAX_SHORT_LENGTH and line_count <= MAX_SHORT_LINES


def quoted_lyrics(lyrics: str) -> list[str]:
    """Return the lines of a quote: short lyrics without blank lines, of others the beginning."""
    if is_short(lyrics):
        return quoted_beginning(lyrics, MAX_SHORT_LINES, MAX_SHORT_LENGTH)
    return quoted_beginning(lyrics, PREVIEW_LINES, PREVIEW_LENGTH)


def quoted_words(lyrics: str, max_lines: int, max_length: int) -> list[str]:
    """Return the first sung lines as a quote, without section marks.

    The last of them ends with “…” if more is sung.
    """
    lines = sung_lines(lyrics)
    beginning = "\n".join(lines[:max_lines])
    text = truncate(beginning, max_length)
    if len(lines) > max_lines and text == beginning:
        text += " …"
    return [f"> {escape_markdown(line)}" for line in text.splitlines()]


def are_words_cut(lyrics: str, max_lines: int, max_length: int) -> bool:
    """Whether `quoted_words` leaves something out, if only a section mark."""
    shown = "\n".join(sung_lines(lyrics))
    return is_cut(lyrics, max_lines, max_length) or shown != "\n".join(
        collapse_whitespace(strip_invisible(line)) for line in _lines(lyrics)
    )


def quoted_beginning(lyrics: str, max_lines: int, max_length: int) -> list[str]:
    """Return the first lines as a quote, and a line that says so if more follows."""
    beginning = "\n".join(_lines(lyrics)[:max_lines])
    truncated = truncate(beginning, max_length).splitlines()
    quote = [f"> {escaped}" for line in truncated if (escaped := escape_markdown(line))]
    return [*quote, "> …"] if is_cut(lyrics, max_lines, max_length) else quote


def is_cut(lyrics: str, max_lines: int, max_length: int) -> bool:
    """Whether `quoted_beginning` leaves something out."""
    lines = _lines(lyrics)
    return len(lines) > max_lines or utf16_length("\n".join(lines)) > max_length


def lyrics_file(lyrics: str) -> discord.File:
    """Return ``lyrics`` as a file, unchanged."""
    return discord.File(io.BytesIO(lyrics.encode(errors="replace")), FILE_NAME)


def lyrics_embeds(lyrics: str) -> list[discord.Embed]:
    """Return all of ``lyrics`` as embeds, one for each message, where no file is allowed."""
    return [discord.Embed(description=f">>> {escape_markdown(part)}") for part in _parts(lyrics)]


def _lines(lyrics: str) -> list[str]:
    return [line for line in lyrics.splitlines() if line.strip()]


def _parts(text: str) -> Iterator[str]:
    """Yield ``text`` in parts of at most `PART_LENGTH`, cut at line ends where possible."""
    max_piece = PART_LENGTH // 2  # a character takes up to two units
    part = ""
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), max_piece):
            piece = line[start : start + max_piece]
            if utf16_length(part + piece) > PART_LENGTH:
                yield part
                part = ""
            part += piece
    if part.strip():
        yield part
