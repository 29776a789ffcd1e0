"""A lineage: the clips from the root to one clip, and time and title of each in the full song."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.attachments import Attachment
from bot.domain.models import ClipRecord, Extension
from bot.domain.sessions.structure import section
from bot.domain.text import strip_invisible


@dataclass(frozen=True, slots=True)
class LineageClip:
    """A clip of a lineage, and the extension that made it; None if Encore did not make it."""

    known: ClipRecord
    extension: Extension | None = None


@dataclass(frozen=True, slots=True)
class SongOutline:
    """The parts of a full song and their times.

    Attributes:
        parts: those that are in it.
        times: the second at which each begins, and last the length; None if unknown.
        missing: the parts before them, whose audio was unavailable.
    """

    parts: Sequence[LineageClip]
    times: Sequence[float | None]
    missing: Sequence[LineageClip] = ()

    @property
    def length(self) -> float | None:
        """The length in seconds; None if unknown."""
        return self.times[-1]

    def part_at(self, second: float) -> tuple[LineageClip, float] | None:
        """Return the part in which ``second`` of the song lies, and the second of that part.

        Where one part ends and the next begins, it is the one that ends. None if that can't be
        told.
        """
        found = None
        for part, start in zip(self.parts, self.times, strict=False):
            if start is None:
                return None
            if found is not None and second <= start:
                break
            found = part, round(second - start, 3)
        return found


def song_outline(
    lineage: Sequence[LineageClip], attachment: Attachment | None, length: float | None = None
) -> SongOutline:
    """Return the outline of a full song: as Encore joined it, else as its lineage has it.

    Args:
        lineage: from the root to the clip with which the song ends.
        attachment: the song's audio, if there is one.
        length: of the song, if its provider told.
    """
    if attachment is not None and attachment.starts:
        first = len(lineage) - len(attachment.starts)
        times = (*attachment.starts, attachment.duration)
        return SongOutline(lineage[first:], times, lineage[:first])
    starts = part_starts(lineage)
    return SongOutline(lineage, (*starts[:-1], length or starts[-1]))


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


def next_start(lineage: Sequence[LineageClip], continue_at: float | None) -> float | None:
    """Return the second of the song at which a part begins that continues the last clip.

    Args:
        lineage: from the root to the clip that it continues; empty if that is unknown.
        continue_at: seconds into that clip; None is its end.
    """
    if continue_at is None:
        return part_starts(lineage)[-1] if lineage else None
    start = part_starts(lineage)[-2] if lineage else 0.0
    return None if start is None else start + continue_at


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
