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

    @property
    def contains_source(self) -> bool:
        """Whether its audio begins with that of the clip before it."""
        return self.extension is not None and self.known.clip.contains_source

    @property
    def new_part_start(self) -> float:
        """The second of its audio at which the part that it adds begins."""
        return self.extension.new_part_start(self.known.clip) if self.extension else 0.0


@dataclass(frozen=True, slots=True)
class SongFile:
    """The audio of a clip as it is in a full song, and the parts of the song that it holds.

    Attributes:
        parts: ends with the clip; its audio contains the ones before.
        cut: the second of the audio at which the next file goes on; None is its end.
    """

    parts: tuple[LineageClip, ...]
    cut: float | None

    @property
    def clip(self) -> LineageClip:
        """The clip whose audio it is."""
        return self.parts[-1]

    def starts(self, kept: float) -> list[float]:
        """Return the second of the audio at which each part begins; ``kept`` seconds are used."""
        begins = [0.0, *(part.new_part_start for part in self.parts[1:])]
        return [min(begin, *begins[place:], kept) for place, begin in enumerate(begins)]


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

        Where one part ends and the next begins, it is the one that ends. The second counts from
        the beginning of the part's audio, which may contain what comes before. None if that can't
        be told.
        """
        found = None
        for part, start in zip(self.parts, self.times, strict=False):
            if start is None:
                return None
            if found is not None and second <= start:
                break
            begin = 0.0 if found is None else part.new_part_start
            found = part, round(second - start + begin, 3)
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
    """Return the second of each clip's audio at which the next one goes on; None is its end.

    The rest of the source is not in the song.
    """
    following = [step.extension for step in lineage[1:]]
    return [*(ext.request.continue_at if ext else None for ext in following), None]


def song_files(lineage: Sequence[LineageClip]) -> list[SongFile]:
    """Return the audio of which the full song is made, in order.

    A clip that contains its source takes the place of the source's audio.
    """
    files: list[SongFile] = []
    for step, cut in zip(lineage, cut_points(lineage), strict=True):
        contained = files.pop().parts if files and step.contains_source else ()
        files.append(SongFile((*contained, step), cut))
    return files


def part_starts(lineage: Sequence[LineageClip], *, end: float | None = None) -> list[float | None]:
    """Return the second of the song at which each clip's part begins, and last the song's length.

    After a clip of unknown length, all are None. A part that is cut off before its beginning has
    no length.

    Args:
        lineage: from the root to the last clip.
        end: the second of the last clip at which the song ends; None is the clip's end.
    """
    starts: list[float | None] = [0.0]
    begin: float | None = 0.0  # the second of the song at which the clip's audio begins
    cuts = [*cut_points(lineage)[:-1], end] if lineage else []
    for number, (step, cut) in enumerate(zip(lineage, cuts, strict=True)):
        if number and not step.contains_source:
            begin = starts[-1]
        length = step.known.clip.duration if cut is None else cut
        starts.append(None if begin is None or length is None else begin + length)
    for place in reversed(range(len(starts) - 1)):
        start, following = starts[place], starts[place + 1]
        if start is not None and following is not None:
            starts[place] = min(start, following)
    return starts


def next_start(lineage: Sequence[LineageClip], continue_at: float | None) -> float | None:
    """Return the second of the song at which a part begins that continues the last clip.

    Args:
        lineage: from the root to the clip that it continues; empty if that is unknown.
        continue_at: seconds into that clip; None is its end.
    """
    return part_starts(lineage, end=continue_at)[-1] if lineage else continue_at


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
