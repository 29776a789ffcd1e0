"""Which characters a font file can draw: its `cmap` table, read without a font library.

Pillow draws an empty box for what a font lacks and doesn't tell. OpenType specification, chapters
*Font file* and *cmap*; the two formats read here are those that every font for Unicode has.
"""

import bisect
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

_COLLECTION: Final = b"ttcf"
_SEGMENTS, _GROUPS = 4, 12  # the formats: for 16 bits, for all of Unicode
_MOST: Final = 8 * 1024 * 1024  # bytes of a table; more is no font


@dataclass(frozen=True, slots=True)
class CharMap:
    """Ranges of code points, in order; a few kB even for a font of all of CJK."""

    firsts: tuple[int, ...] = ()
    lasts: tuple[int, ...] = field(default=(), repr=False)

    def __contains__(self, code: int) -> bool:
        place = bisect.bisect_right(self.firsts, code) - 1
        return place >= 0 and code <= self.lasts[place]


def charmap(path: Path) -> CharMap:
    """Return the characters of the first font in the file ``path``; of a broken one none."""
    try:
        with path.open("rb") as file:
            ranges = _ranges(_table(file, b"cmap"))
    except (OSError, struct.error, IndexError):
        return CharMap()
    ranges.sort()
    return CharMap(tuple(first for first, _ in ranges), tuple(last for _, last in ranges))


def _table(file: BinaryIO, name: bytes) -> bytes:
    start = 0
    if file.read(4) == _COLLECTION:
        file.seek(12)
        (start,) = struct.unpack(">I", file.read(4))
    file.seek(start + 4)
    (count,) = struct.unpack(">H6x", file.read(8))
    for tag, offset, length in struct.iter_unpack(">4s4xII", file.read(16 * count)):
        if tag == name:
            file.seek(offset)
            return file.read(min(length, _MOST))
    return b""


def _ranges(cmap: bytes) -> list[tuple[int, int]]:
    """Return the ranges of the richest of the table's maps for Unicode."""
    (count,) = struct.unpack_from(">2xH", cmap)
    maps: dict[int, int] = {}
    for index in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", cmap, 4 + 8 * index)
        (kind,) = struct.unpack_from(">H", cmap, offset)
        if platform == 0 or (platform, encoding) in ((3, 1), (3, 10)):
            maps[kind] = offset
    if _GROUPS in maps:
        return _groups(cmap, maps[_GROUPS])
    return _segments(cmap, maps[_SEGMENTS]) if _SEGMENTS in maps else []


def _groups(cmap: bytes, at: int) -> list[tuple[int, int]]:
    (count,) = struct.unpack_from(">12xI", cmap, at)
    end = at + 16 + 12 * count
    return [(first, last) for first, last in struct.iter_unpack(">II4x", cmap[at + 16 : end])]


def _segments(cmap: bytes, at: int) -> list[tuple[int, int]]:
    """Return the segments, without those characters in them that have no glyph."""
    (doubled,) = struct.unpack_from(">6xH", cmap, at)
    count = doubled // 2
    lasts = struct.unpack_from(f">{count}H", cmap, at + 14)
    firsts = struct.unpack_from(f">{count}H", cmap, at + 16 + doubled)
    deltas = struct.unpack_from(f">{count}H", cmap, at + 16 + 2 * doubled)
    base = at + 16 + 3 * doubled
    offsets = struct.unpack_from(f">{count}H", cmap, base)
    ranges: list[tuple[int, int]] = []
    for index, (first, last, delta, offset) in enumerate(
        zip(firsts, lasts, deltas, offsets, strict=True)
    ):
        for code in range(first, min(last, 0xFFFE) + 1):
            if offset:
                place = base + 2 * index + offset + 2 * (code - first)
                (glyph,) = struct.unpack_from(">H", cmap, place)
            else:
                glyph = code + delta & 0xFFFF
            if not glyph:
                continue
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1] = (ranges[-1][0], code)
            else:
                ranges.append((code, code))
    return ranges
