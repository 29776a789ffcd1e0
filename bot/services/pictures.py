"""The pictures that replies carry: of source and new part, or of a song with all its parts."""

import asyncio
import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from bot.audio.peaks import Peaks
from bot.audio.waveform import Stretch, waveform_alt, waveform_png
from bot.audio.workshop import Workshop
from bot.domain.lineage import Step
from bot.services.prepared import Upload

log = logging.getLogger(__name__)


async def drawn(
    workshop: Workshop, title: str, stretches: Sequence[Stretch], path: Path
) -> Upload | None:
    """Draw ``stretches`` into the file ``path``, by whose name an embed can refer to it.

    None if that fails, whatever the reason: a song without a picture is still a song.
    """
    try:
        png = await workshop.run(waveform_png, title, stretches)
        await asyncio.to_thread(path.write_bytes, png)
    except Exception:
        log.exception("%s could not be drawn", path.name)
        return None
    return Upload(path=path, name=path.name, description=waveform_alt(title, stretches))


def song_stretches(
    parts: Sequence[Step], times: Sequence[float], peaks: Peaks, *, title: str
) -> list[Stretch]:
    """Return the stretches of a song.

    Args:
        parts: what it is joined of; they are numbered, as in the reply's list.
        times: the second at which each begins, and last the length.
        peaks: of the whole.
        title: of the song; a part of the same name has only its number.
    """
    return [
        Stretch(peaks.between(start, end), _label(number, step, title))
        for number, (step, (start, end)) in enumerate(
            zip(parts, pairwise(times), strict=True), start=1
        )
    ]


def _label(number: int, step: Step, title: str) -> str:
    if step.extension is None:
        return f"{number} · source"
    own = step.known.clip.title
    return f"{number} · {own}" if own not in ("", title) else str(number)
