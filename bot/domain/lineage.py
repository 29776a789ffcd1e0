"""A lineage: the clips from the root to one clip, and time and title of each in the full song."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.models import ClipRecord, Extension
from bot.domain.sessions.structure import section
from bot.domain.text import strip_invisible


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


def part_titles(lineage: Sequence[LineageClip]) -> list[str]:
    """Return a plain title for each clip in the full song, such as *Part 2: Verse*.

    A source has its own. The numbers are those of the reply's list of parts.
    """
    return [_part_title(number, step) for number, step in enumerate(lineage, start=1)]


def _part_title(number: int, step: LineageClip) -> str:
    if step.extension is None or step.extension.kind.is_song:
        return strip_invisible(step.known.clip.title) or f"Part {number}"
    name = strip_invisible(section(step.extension.request.lyrics))
    return f"Part {number}: {name}" if name else f"Part {number}"
