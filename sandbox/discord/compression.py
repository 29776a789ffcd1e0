"""Transport compression of the gateway."""

import importlib
import zlib
from typing import Any, Protocol

from typing_extensions import override

ZLIB, ZSTD = "zlib-stream", "zstd-stream"


class CompressionStream(Protocol):
    """Compresses the messages of one socket with a shared dictionary."""

    def compress(self, text: bytes) -> bytes:
        """Return the next part of the stream, flushed so that the client can decode it at once."""
        ...


class ZlibStream(CompressionStream):
    """``zlib-stream``."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(1)

    @override
    def compress(self, text: bytes) -> bytes:
        return self._compressor.compress(text) + self._compressor.flush(zlib.Z_SYNC_FLUSH)


class ZstdStream(CompressionStream):
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

    @override
    def compress(self, text: bytes) -> bytes:
        if self._standard is not None:
            packed: bytes = self._standard.compress(text, mode=self._standard.FLUSH_BLOCK)
        else:
            packed = self._package.compress(text) + self._package.flush(self._flush)
        return packed


def create_stream(name: str) -> CompressionStream | None:
    """Return the stream for a socket's ``compress`` parameter; None without one.

    Raises:
        ValueError: the compression is not supported.
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
