"""Shrink a downloaded picture to a cover. Only workers import this module: it loads Pillow."""

import io
import warnings
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from bot.audio.errors import UnusableMediaError
from bot.audio.models import Cover

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
_MAX_PIXELS: Final = 24_000_000
_MAX_SIDE: Final = 500  # pixels
_QUALITY: Final = 85
# Decoding takes a pass over all pixels for each scan: 0.2 MB with 2000 of them took 40 s.
_MAX_JPEG_SCANS: Final = 100
_START_OF_SCAN: Final = b"\xff\xda"


def load_cover(path: Path) -> Cover:
    """Return the picture in the file ``path`` as a cover.

    Raises:
        UnusableMediaError: it is not a picture, broken, or larger than a cover ever is.
    """
    try:
        with warnings.catch_warnings():
            # Pillow's own limit on pixels is higher than ours below
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path, formats=_FORMATS)
        with image:
            if image.width * image.height > _MAX_PIXELS:
                raise UnusableMediaError("the picture has too many pixels")
            if image.format == "JPEG" and _jpeg_scans(path) > _MAX_JPEG_SCANS:
                raise UnusableMediaError("the picture has too many scans")
            # lets the decoder of a JPEG do most of the shrinking
            image.draft("RGB", (_MAX_SIDE, _MAX_SIDE))
            small = ImageOps.exif_transpose(image.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise UnusableMediaError("it is not a picture") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise UnusableMediaError("the picture is broken") from error
    small.thumbnail((_MAX_SIDE, _MAX_SIDE), Image.Resampling.LANCZOS)
    output = io.BytesIO()
    small.save(output, "JPEG", quality=_QUALITY, optimize=True)
    return Cover(output.getvalue())


def _jpeg_scans(path: Path) -> int:
    """Return about how many scans a JPEG has; its compressed data never contain the marker."""
    return path.read_bytes().count(_START_OF_SCAN)
