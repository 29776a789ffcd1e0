"""The compressed streams of the gateway."""

import importlib
import zlib
from typing import Any, Protocol

ZLIB, ZSTD = "zlib-stream", "zstd-stream"


class CompressionStream(Protocol):
    """Compresses the messages of one socket, which share a dictionary."""

    def compress(self, text: bytes) -> bytes:
        """The next piece of the stream, flushed so that the other side can read it."""
        ...


class ZlibStream:
    """``zlib-stream``."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(1)

    def compress(self, text: bytes) -> bytes:
        """See ``Stream``."""
        return self._compressor.compress(text) + self._compressor.flush(zlib.Z_SYNC_FLUSH)


class ZstdStream:
    """``zstd-stream``, with the standard library (3.14) or the zstandard package.

    Raises:
        ImportError: neither is there.
    """

    def __init__(self) -> None:
        self._standard: Any = None
        self._package: Any = None
        try:
            self._standard = importlib.import_module("compression.zstd").ZstdCompressor()
        except ImportError:
            module: Any = importlib.import_module("zstandard")
            self._package = module.ZstdCompressor().compressobj()
            self._flush: Any = module.COMPRESSOBJ_FLUSH_BLOCK

    def compress(self, text: bytes) -> bytes:
        """See ``Stream``."""
        if self._standard is not None:
            packed: bytes = self._standard.compress(text, mode=self._standard.FLUSH_BLOCK)
        else:
            packed = self._package.compress(text) + self._package.flush(self._flush)
        return packed


def create_stream(name: str) -> CompressionStream | None:
    """The stream that a socket's address asks for; None is plain text.

    Raises:
        ValueError: there is no such stream here.
    """
    if not name:
        return None
    if name == ZLIB:
        return ZlibStream()
    if name == ZSTD:
        try:
            return ZstdStream()
        except ImportError:
            raise ValueError("zstd-stream needs the zstandard package") from None
    raise ValueError(f"unknown compression {name!r}")
