"""How clips are called: in suggestions, in the library and in links, always told apart. Pure.

A clip is its title, its part of the song and its letter; where there is room, also its first sung
line, who asked for it, and its age.
"""

import datetime as dt
from collections.abc import Sequence

from bot.domain.clip_reference import suno_url
from bot.domain.models import ClipRecord, Extension
from bot.domain.sessions.structure import sung_lines
from bot.domain.text import (
    display_title,
    escape_line,
    plain_line,
    truncate,
    utf16_length,
)
from bot.domain.timecode import format_length, format_time
from bot.ui.theme import LINKED_TITLE_LENGTH, linked

# UTF-16 units
TITLE_LENGTH = 32  # in a label that has a line, too
LINE_LENGTH = 40
MIN_LINE_LENGTH = 8  # a shorter one tells nothing
NAME_LENGTH = 20
MAX_TIME_LENGTH = 9  # 999:59:59; no song is longer

MAX_CONTINUATIONS = 5
FULL_SONG = "full song"
SUNO_CLIP = "a Suno clip"  # whose title is not known


def clip_label(known: ClipRecord, *, now: dt.datetime, limit: int) -> str:
    """Return the name of a clip as plain text of ``limit`` UTF-16 units, at least 80.

    For example ``Electric Dreams · part 3 · A · 1:14 · “Neon on the water” · Ben, 2 min ago``.
    """
    clip = known.clip
    title = plain_line(clip.title, limit) or plain_line(clip.id, limit) or "Untitled"
    length = format_length(clip.duration) if clip.duration else ""
    length = length if len(length) <= MAX_TIME_LENGTH else ""
    name = plain_line(known.member_name, NAME_LENGTH)
    age = age_text(now - known.known_at)
    middle = _joined(*_place(known), length)
    end = _joined(f"{name}, {age}" if name else age)
    available = limit - utf16_length(middle + end)
    line = _words(known)
    if not line:
        return truncate(title, available) + middle + end
    title = truncate(title, max(TITLE_LENGTH, available - utf16_length(line) - len(" · “”")))
    left = available - utf16_length(title) - len(" · “”")
    if left < min(MIN_LINE_LENGTH, utf16_length(line)):
        return truncate(title, available) + middle + end
    return title + middle + _joined(_quoted(truncate(line, left))) + end


def age_text(age: dt.timedelta) -> str:
    """Return an age in its largest unit, e.g. ``5 min ago``."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    hour, day = 60, 24 * 60
    if minutes < hour:
        return f"{minutes} min ago"
    if minutes < day:
        return f"{minutes // hour} h ago"
    days = minutes // day
    return f"{days} day{'s' * (days != 1)} ago"


def full_name(known: ClipRecord, title: str, limit: int) -> str:
    """Return ``title`` escaped, with the part and the letter of a clip."""
    return display_title(title, limit) + _joined(*_place(known))


def first_line(known: ClipRecord) -> str:
    """Return the first sung line of a clip, escaped and quoted; empty if it is unknown."""
    return escape_line(_quoted(truncate(_words(known), LINE_LENGTH)), LINE_LENGTH + 2)


def source_link(ext: Extension, limit: int) -> str:
    """Return the name of the source clip of ``ext``, as a link to its reply or to Suno's page."""
    title = escape_line(ext.source_title, limit)
    number = 1 if ext.kind.is_song else ext.part_number - 1
    if title:
        return linked(title + _joined(_part(number), ext.source_letter), ext.source_url)
    page = suno_url(ext.request.clip_id)
    return linked(SUNO_CLIP if page else "a clip", ext.source_url or page)


def source_time(ext: Extension) -> str:
    """Return where ``ext`` continues its source, to follow the word *at*."""
    if ext.song_time is not None:
        return f"{format_time(round(ext.song_time, 1))} of the full song"
    return time_text(ext.request.continue_at)


def time_text(continue_at: float | None) -> str:
    """Return the second at which a clip is continued, to follow the word *at*."""
    return "the end" if continue_at is None else format_time(round(continue_at, 1))


def title_link(ext: Extension) -> str:
    """Return the title and the part of ``ext`` as a link to its reply, if it has one."""
    return linked(extension_name(ext), ext.reply.url)


def continuation_links(exts: Sequence[Extension]) -> str:
    """Return links to the latest of ``exts``, and how many there are before them."""
    latest = exts[-MAX_CONTINUATIONS:]
    before = len(exts) - len(latest)
    return ", ".join(map(_continuation_link, latest)) + (
        f", and {before:,} earlier" if before else ""
    )


def _continuation_link(ext: Extension) -> str:
    line = next(iter(sung_lines(ext.request.lyrics)), "")
    quoted = escape_line(_quoted(truncate(line, LINE_LENGTH)), LINE_LENGTH + 2)
    name = extension_name(ext)
    return linked(name + _joined(quoted), ext.reply.url)


def extension_name(ext: Extension, limit: int = LINKED_TITLE_LENGTH) -> str:
    """Return the title of ``ext`` in ``limit`` UTF-16 units, with its part of the song."""
    title = display_title(ext.title, limit)
    return title + _joined(FULL_SONG if ext.kind.is_song else _part(ext.part_number))


def _place(known: ClipRecord) -> tuple[str, ...]:
    """Return the part and the letter of a clip; a clip from elsewhere has neither."""
    if known.extension_id is None:
        return ()
    return (_part(known.part_number), known.letter) if known.letter else (FULL_SONG,)


def _part(number: int) -> str:
    return f"part {number}" if number > 1 else ""


def _words(known: ClipRecord) -> str:
    """Return the first sung line; *instrumental* if nothing is sung, empty if that is unknown."""
    if not known.letter:
        return ""
    return next(iter(sung_lines(known.lyrics)), "instrumental")


def _quoted(line: str) -> str:
    return f"“{line}”" if line and line != "instrumental" else line


def _joined(*parts: str) -> str:
    return "".join(f" · {part}" for part in parts if part)
