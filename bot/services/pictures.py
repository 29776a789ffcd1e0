"""The pictures that replies carry: of source and new part, or of a song with all its parts."""

import asyncio
import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from bot.audio.peaks import Peaks
from bot.audio.waveform import Segment, waveform_alt_text, render_waveform
from bot.audio.pool import ProcessPool
from bot.domain.lineage import LineageClip
from bot.services.prepared import Upload

log = logging.getLogger(__name__)


async def draw_waveform(
    pool: ProcessPool, title: str, stretches: Sequence[Segment], path: Path
) -> Upload | None:
    """Draw ``stretches`` into the file ``path``, by whose name an embed can refer to it.

    None if that fails, whatever the reason: a song without a picture is still a song.
    """
    try:
        png = await pool.run(render_waveform, title, stretches)
        await asyncio.to_thread(path.write_bytes, png)
    except Exception:
        log.exception("%s could not be drawn", path.name)
        return None
    return Upload(path=path, name=path.name, description=waveform_alt_text(title, stretches))


def song_segments(
    parts: Sequence[LineageClip], times: Sequence[float], peaks: Peaks, *, title: str
) -> list[Segment]:
    """Return the stretches of a song.

    Args:
        parts: what it is joined of; they are numbered, as in the reply's list.
        times: the second at which each begins, and last the length.
        peaks: of the whole.
        title: of the song; a part of the same name has only its number.
    """
    return [
        Segment(peaks.between(start, end), _label(number, step, title))
        for number, (step, (start, end)) in enumerate(
            zip(parts, pairwise(times), strict=True), start=1
        )
    ]


def _label(number: int, step: LineageClip, title: str) -> str:
    if step.extension is None:
        return f"{number} · source"
    own = step.known.clip.title
    return f"{number} · {own}" if own not in ("", title) else str(number)
