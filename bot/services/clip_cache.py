"""Complete clips in memory, for forms that have to open at once."""

from bot.domain.models import ClipRecord
from bot.store.store import Store

MAX_CACHED = 1000  # clips


class ClipCache:
    """Caches complete clips, which never change; all others are read from the store each time.

    A member who picks a clip from the list, opens its modal and sends it needs it three times,
    and the modal has to open at once.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._complete: dict[str, ClipRecord] = {}

    async def clip(self, clip_id: str) -> ClipRecord | None:
        """Return a clip from the cache or the store."""
        known = self._complete.get(clip_id)
        if known is None:
            known = await self._store.clip(clip_id)
            self.keep(known)
        return known

    def keep(self, known: ClipRecord | None) -> None:
        """Cache ``known`` if it can't change any more; the oldest entry may be dropped."""
        if known is None or not known.clip.is_playable or known.clip.duration is None:
            return
        self._complete[known.clip.id] = known
        if len(self._complete) > MAX_CACHED:
            del self._complete[next(iter(self._complete))]
