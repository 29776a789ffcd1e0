"""What the headers of an MP3 file say, to tell a whole file from one that breaks off."""

# mutagen has no type stubs
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

import struct
from pathlib import Path
from typing import Final

from mutagen import MutagenError
from mutagen.mp3 import MP3, BitrateMode

# kbit/s by the header's index, for Layer III
_MPEG1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
# samples per second by the header's version and index
_RATES: Final = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}
_LAYER_3: Final = 1
_HEADER: Final = struct.Struct(">H2x")
_SYNC: Final = 0xFFE0


def frame_length(header: bytes) -> int:
    """Return how many bytes the frame with this 4-byte header has, 0 if it is no such header."""
    if len(header) < _HEADER.size or _HEADER.unpack(header)[0] & _SYNC != _SYNC:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bit_rate, rate = header[2] >> 4, header[2] >> 2 & 3
    if layer != _LAYER_3 or version not in _RATES or rate == len(_RATES[version]):
        return 0
    table, bytes_per_unit = (_MPEG1, 144_000) if version == max(_RATES) else (_MPEG2, 72_000)
    if bit_rate >= len(table):
        return 0
    return bytes_per_unit * table[bit_rate] // _RATES[version][rate] + (header[2] >> 1 & 1)


def stated_duration(path: Path) -> float | None:
    """Return the seconds that an MP3 file's own summary (Xing, Info, VBRI) states, if it has one.

    Where the summary doesn't tell the encoder's padding, that is counted in: up to 0.1 s.
    """
    try:
        summary = MP3(path).info
    except MutagenError:
        return None
    if summary.bitrate_mode is BitrateMode.UNKNOWN:
        return None
    return float(summary.length)
