"""LAME as the system has it (Debian: libmp3lame0), spoken to directly.

The copy of LAME inside PyAV's packages is built without optimisation and takes three times as
long for the same result (bench/audio.py). So the system's is used where there is one.
"""

import ctypes
import functools
from pathlib import Path
from typing import Final

from bot.audio.decode import Samples
from bot.audio.errors import TransientMediaError

_NAMES: Final = ("libmp3lame.so.0", "libmp3lame.0.dylib", "libmp3lame-0.dll")
_QUALITY: Final = 5  # what FFmpeg takes when not told
_SETTINGS: Final = (
    "in_samplerate",
    "out_samplerate",
    "num_channels",
    "brate",
    "quality",
    "bWriteVbrTag",
)


@functools.cache
def system_lame() -> ctypes.CDLL | None:
    """Return the system's LAME, or None if there is none that can be used."""
    for name in _NAMES:
        try:
            library = ctypes.CDLL(name)
            _declare(library)
        except (OSError, AttributeError):
            continue
        return library
    return None


def _declare(library: ctypes.CDLL) -> None:
    """Tell ctypes what the functions take, so that no pointer is cut to 32 bits."""
    handle, buffer, floats = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p
    library.lame_init.argtypes, library.lame_init.restype = [], handle
    for setting in _SETTINGS:
        getattr(library, f"lame_set_{setting}").argtypes = [handle, ctypes.c_int]
    library.lame_init_params.argtypes = [handle]
    library.lame_encode_buffer_ieee_float.argtypes = [
        handle,
        floats,
        floats,
        ctypes.c_int,
        buffer,
        ctypes.c_int,
    ]
    library.lame_encode_flush.argtypes = [handle, buffer, ctypes.c_int]
    tag = library.lame_get_lametag_frame
    tag.argtypes, tag.restype = [handle, buffer, ctypes.c_size_t], ctypes.c_size_t
    library.lame_close.argtypes = [handle]


class LameFile:
    """An MP3 file as it is written by the system's LAME."""

    def __init__(
        self, library: ctypes.CDLL, path: Path, *, rate: int, channels: int, bit_rate: int
    ) -> None:
        """Begin the file ``path``."""
        self._lame = library
        self._handle: int | None = library.lame_init()
        values = (rate, rate, channels, bit_rate // 1000, _QUALITY, 1)
        answers = [
            getattr(library, f"lame_set_{setting}")(self._handle, value)
            for setting, value in zip(_SETTINGS, values, strict=True)
        ]
        if min(*answers, library.lame_init_params(self._handle)) < 0:
            self._free()
            raise TransientMediaError("the encoder does not take the sound")
        self._file = path.open("wb")

    def write(self, sound: Samples) -> None:
        """Write a block of (channels, samples), float32, contiguous."""
        samples = sound.shape[1]
        space = samples * 5 // 4 + 7200  # LAME's own formula for the worst case
        left, right = (sound[channel].ctypes.data for channel in (0, sound.shape[0] - 1))
        made = ctypes.create_string_buffer(space)
        self._keep(
            made,
            self._lame.lame_encode_buffer_ieee_float(
                self._handle, left, right, samples, made, space
            ),
        )

    def finish(self) -> None:
        """Write what the encoder holds back, and in front how much padding it added."""
        made = ctypes.create_string_buffer(7200)
        self._keep(made, self._lame.lame_encode_flush(self._handle, made, len(made)))
        size = self._lame.lame_get_lametag_frame(self._handle, made, len(made))
        if 0 < size <= len(made):
            self._file.seek(0)
            self._keep(made, size)

    def close(self) -> None:
        """Free what it holds; without `finish`, the file is of no use."""
        self._file.close()
        self._free()

    def _keep(self, made: "ctypes.Array[ctypes.c_char]", size: int) -> None:
        if size < 0:
            raise TransientMediaError(f"the encoder failed ({size})")
        self._file.write(memoryview(made)[:size])

    def _free(self) -> None:
        if self._handle is not None:
            self._lame.lame_close(self._handle)
            self._handle = None
