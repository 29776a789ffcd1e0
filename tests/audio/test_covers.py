import io
from pathlib import Path

import pytest
from PIL import Image

from bot.audio.covers import load_cover
from bot.audio.errors import UnusableMediaError


def picture(side: int, kind: str, **options: object) -> bytes:
    output = io.BytesIO()
    Image.new("L", (side, side)).save(output, kind, **options)
    return output.getvalue()


def with_scans(count: int) -> bytes:
    """Return a progressive JPEG with ``count`` more scans, each like its last."""
    jpeg = picture(64, "JPEG", progressive=True)
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:last] + jpeg[last:-2] * (count + 1) + jpeg[-2:]


def saved(folder: Path, content: bytes) -> Path:
    path = folder / "picture"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_cover_becomes_a_small_jpeg(kind: str, tmp_path: Path) -> None:
    cover = load_cover(saved(tmp_path, picture(1024, kind)))
    with Image.open(io.BytesIO(cover.jpeg)) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (500, 500), "RGB")


def test_progressive_jpeg_is_a_cover(tmp_path: Path) -> None:
    assert load_cover(saved(tmp_path, with_scans(0))).jpeg


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        picture(5000, "PNG"),
        picture(15_000, "PNG"),
        picture(64, "PNG")[:60],
        picture(64, "BMP"),
        with_scans(100),
    ],
    ids=[
        "HTML",
        "25 million pixels",
        "225 million pixels",
        "truncated",
        "another format",
        "100 scans",
    ],
)
def test_unusable_pictures_are_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnusableMediaError):
        load_cover(saved(tmp_path, content))
