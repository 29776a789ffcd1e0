"""Lyrics as they are shown: whole where they are short, else their beginning and a file. Pure."""

import io
from collections.abc import Iterator

import discord

from bot.domain.text import escape_markdown, truncate, utf16_length

MAX_LINES = 16
MAX_UNITS = 600  # UTF-16 units; escaped, they may be twice as many
FIRST_LINES = 6
FIRST_UNITS = 300
PART_UNITS = 1900  # of an embed that holds nothing else
FILE_NAME = "lyrics.txt"


def is_short(lyrics: str) -> bool:
    """Whether all of ``lyrics`` can be quoted beside other things."""
    lines = sum(bool(line.strip()) for line in lyrics.splitlines())
    return utf16_length(lyrics) <= MAX_UNITS and lines <= MAX_LINES


def quoted_lyrics(lyrics: str) -> list[str]:
    """Return the lines of a quote: all that is to be read in them, or how they begin."""
    if is_short(lyrics):
        return first_lines(lyrics, MAX_LINES, MAX_UNITS)
    return first_lines(lyrics, FIRST_LINES, FIRST_UNITS)


def first_lines(lyrics: str, most_lines: int, most_units: int) -> list[str]:
    """Return the lines of a quote of the beginning, and one that says so if more follows."""
    lines = [line for line in lyrics.splitlines() if line.strip()]
    first = "\n".join(lines[:most_lines])
    cut = truncate(first, most_units).splitlines()
    quote = [f"> {shown}" for line in cut if (shown := escape_markdown(line))]
    goes_on = len(lines) > most_lines or utf16_length(first) > most_units
    return [*quote, "> …"] if goes_on else quote


def lyrics_file(lyrics: str) -> discord.File:
    """Return ``lyrics`` as a file, as they were typed."""
    return discord.File(io.BytesIO(lyrics.encode(errors="replace")), FILE_NAME)


def lyrics_embeds(lyrics: str) -> list[discord.Embed]:
    """Return all of ``lyrics`` as embeds, each for a message of its own, where no file may be."""
    return [discord.Embed(description=f">>> {escape_markdown(part)}") for part in _parts(lyrics)]


def _parts(text: str) -> Iterator[str]:
    """Yield ``text`` in parts that fit, cut at the ends of lines where they are near."""
    longest = PART_UNITS // 2  # a character takes up to two units
    part = ""
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), longest):
            piece = line[start : start + longest]
            if utf16_length(part + piece) > PART_UNITS:
                yield part
                part = ""
            part += piece
    if part.strip():
        yield part
