"""Cover pictures: whatever a provider sends becomes a small JPEG, or nothing."""

import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from bot.audio.errors import UnusableMediaError

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
_MAX_PIXELS: Final = 24_000_000
_MAX_SIDE: Final = 500
_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class Cover:
    """A JPEG of at most 500 x 500 pixels, made anew: nothing else of the original is in it."""

    jpeg: bytes = field(repr=False)


def load_cover(path: Path) -> Cover:
    """Return the picture in the file ``path`` as a cover.

    Raises:
        Refused: it is not a picture, a broken one, or has more pixels than a cover ever has.
    """
    try:
        with warnings.catch_warnings():
            # its own bound on pixels is ours already, below
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path, formats=_FORMATS)
        with image:
            if image.width * image.height > _MAX_PIXELS:
                raise UnusableMediaError("the picture has too many pixels")
            # lets the decoder of a JPEG do most of the shrinking
            image.draft("RGB", (_MAX_SIDE, _MAX_SIDE))
            small = ImageOps.exif_transpose(image.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise UnusableMediaError("it is not a picture") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise UnusableMediaError("the picture is broken") from error
    small.thumbnail((_MAX_SIDE, _MAX_SIDE), Image.Resampling.LANCZOS)
    made = io.BytesIO()
    small.save(made, "JPEG", quality=_QUALITY, optimize=True)
    return Cover(made.getvalue())
