"""A lineage: the clips from the root to one clip, and the times of each in the full song."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.models import ClipRecord, Extension


@dataclass(frozen=True, slots=True)
class LineageClip:
    """A clip of a lineage, and the extension that made it; None if Encore did not make it."""

    known: ClipRecord
    extension: Extension | None = None


def cut_points(lineage: Sequence[LineageClip]) -> list[float | None]:
    """Return the second of each clip at which the next one begins; None is its end.

    The result of an extension is the new part alone, which begins at ``continue_at`` of its
    source (providers.md §6.3), so the rest of the source is not in the song.
    """
    following = [step.extension for step in lineage[1:]]
    return [*(ext.request.continue_at if ext else None for ext in following), None]


def part_starts(lineage: Sequence[LineageClip]) -> list[float | None]:
    """Return the second of the song at which each clip begins, and last the song's length.

    After a clip of unknown length, all are None.
    """
    starts: list[float | None] = [0.0]
    for step, cut in zip(lineage, cut_points(lineage), strict=True):
        start, length = starts[-1], step.known.clip.duration if cut is None else cut
        starts.append(None if start is None or length is None else start + length)
    return starts
