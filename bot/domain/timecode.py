"""Times in a song: parse what members type, and format seconds."""

import math
import re

END = "end"

_SECONDS = re.compile(r"(?P<s>\d{1,6}(?:[.,]\d{1,6})?)\s*s?", re.ASCII)
_CLOCK = re.compile(
    r"(?:(?P<h>\d{1,3}):(?P<hm>[0-5]?\d)|(?P<m>\d{1,4})):(?P<s>[0-5]?\d(?:[.,]\d{1,6})?)", re.ASCII
)


def parse_time(text: str) -> float | None:
    """Return the seconds that ``text`` means, or None for the end of the clip.

    Accepts seconds (``121.1``), ``m:ss`` (``2:01.1``), ``h:mm:ss``, ``end`` and an empty text; the
    decimal point may be a comma. Precise to a thousandth.

    Raises:
        ValueError: it is none of these.
    """
    text = text.strip()
    if not text or text.casefold() == END:
        return None
    found = _SECONDS.fullmatch(text) or _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(text)
    part = found.groupdict()
    minutes = int(part.get("h") or 0) * 60 + int(part.get("hm") or 0) + int(part.get("m") or 0)
    return round(minutes * 60 + float(part["s"].replace(",", ".")), 3)


def effective_continue_at(continue_at: float | None, length: float) -> float | None:
    """Return the second at which to continue a clip of ``length`` seconds, or None if past its end.

    A ``continue_at`` of None is the end. Providers want a number below the length, so the end is a
    hundredth before it. Members see a rounded length, so up to a second past the end still means
    the end.
    """
    end = max(math.floor(length * 100 - 1) / 100, 0.01)
    if continue_at is None:
        return end
    return None if continue_at >= length + 1 else min(continue_at, end)


def format_time(seconds: float) -> str:
    """Return ``seconds`` as ``m:ss`` or, from one hour, ``h:mm:ss``, with any decimals."""
    thousandths = round(round(seconds, 3) * 1000)
    whole, rest = divmod(thousandths, 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    clock = f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
    return clock + (f".{rest:03}".rstrip("0") if rest else "")


def format_length(seconds: float) -> str:
    """Return a length in whole seconds, rounded down as players do, such as ``1:37``."""
    return format_time(math.floor(seconds))


def format_continue_at(continue_at: float | None) -> str:
    """Return ``continue_at`` as a member would type it: a time, or ``end``."""
    return END if continue_at is None else format_time(continue_at)
