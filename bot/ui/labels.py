"""The short texts of autocomplete: a clip, a time, in at most 100 characters."""

import datetime as dt

from bot.domain.models import KnownClip
from bot.domain.text import one_line, seen, shortened
from bot.domain.timecode import format_time

CHOICE_LENGTH = 100


def clip_label(known: KnownClip, *, now: dt.datetime) -> str:
    """Return e.g. ``Electric Dreams · B · 1:37 · 5 min ago``."""
    clip = known.clip
    title = seen(one_line(clip.title)) or seen(one_line(clip.id)) or "Untitled"
    length = format_time(round(clip.duration)) if clip.duration else ""
    tail = "".join(
        f" · {part}" for part in (known.letter, length, ago(now - known.known_at)) if part
    )
    room = CHOICE_LENGTH - len(tail)
    return shortened(title, room) + tail if room > 0 else shortened(title, CHOICE_LENGTH)


def ago(age: dt.timedelta) -> str:
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
