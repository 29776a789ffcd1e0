"""Clips that members just dealt with, at hand without asking the store."""

from bot.domain.models import ClipRecord
from bot.store.store import Store

MAX_CACHED = 1000


class ClipCache:
    """Remembers complete clips, which do not change any more; all others are read each time.

    A member who picks a clip from the list, opens its modal and sends it asks for it three
    times, and the modal has to open at once.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._complete: dict[str, ClipRecord] = {}

    async def clip(self, clip_id: str) -> ClipRecord | None:
        """Return the best that is known of a clip."""
        known = self._complete.get(clip_id)
        if known is None:
            known = await self._store.clip(clip_id)
            self.keep(known)
        return known

    def keep(self, known: ClipRecord | None) -> None:
        """Remember ``known``, if nothing about it can change; the oldest may be forgotten."""
        if known is None or not known.clip.is_playable or known.clip.duration is None:
            return
        self._complete[known.clip.id] = known
        if len(self._complete) > MAX_CACHED:
            del self._complete[next(iter(self._complete))]
