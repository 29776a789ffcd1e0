"""A lineage: the clips from the root to one clip, and how much of each belongs to the song."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.models import Extension, KnownClip


@dataclass(frozen=True, slots=True)
class Step:
    """A clip of a lineage, and the extension that made it; None for a source from elsewhere."""

    known: KnownClip
    extension: Extension | None = None


def cuts(lineage: Sequence[Step]) -> list[float | None]:
    """Return the second of each clip at which the next one goes on; None is its end.

    The result of an extension is the new part alone, which begins at ``continue_at`` of its
    source (providers.md §6.3), so what lies behind that is not in the song.
    """
    following = [step.extension for step in lineage[1:]]
    return [*(ext.request.continue_at if ext else None for ext in following), None]
