"""Cover images for clips."""

import random
import struct
import zlib

import numpy as np


def render_cover(seed: str, size: int = 128) -> bytes:
    """Return a square PNG with coloured rings, the same for equal ``seed``."""
    rng = random.Random(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    distance = np.hypot(x - rng.random(), y - rng.random())
    rings = (np.sin(distance * rng.uniform(12, 40)) + 1) / 2
    bands = [low + (high - low) * rings for low, high in _random_colours(rng)]
    pixels = (np.stack(bands, axis=-1) * 255).astype(np.uint8)
    lines = b"".join(b"\0" + pixels[row].tobytes() for row in range(size))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _png_chunk(b"IHDR", header),
            _png_chunk(b"IDAT", zlib.compress(lines)),
            _png_chunk(b"IEND", b""),
        )
    )


def _random_colours(rng: random.Random) -> list[tuple[float, float]]:
    return [(rng.uniform(0, 0.5), rng.uniform(0.5, 1)) for _ in range(3)]


def _png_chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
