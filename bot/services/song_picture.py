"""The picture of a full song: a stretch for each part, each in a colour of its own."""

from collections.abc import Sequence
from itertools import pairwise

from bot.audio.peaks import Peaks
from bot.audio.waveform import Stretch
from bot.domain.lineage import Step


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
