"""When to ask each provider again, learned from the extensions that it finished."""

import datetime as dt

from bot.domain.clock import Clock
from bot.domain.models import Extension, Status
from bot.domain.polling import PollWindows, learned_windows, next_poll_delay
from bot.providers.base import Capabilities
from bot.store.store import Store

CACHE_LIFETIME = dt.timedelta(seconds=30)
IMMEDIATELY = dt.timedelta(0)


class PollSchedule:
    """The learned `Pace` of each provider, read from the store now and then."""

    def __init__(
        self, store: Store, *, clock: Clock, poll_every: dt.timedelta | None = None
    ) -> None:
        """Make it; ``poll_every`` fixes the interval instead of the learned one."""
        self._store = store
        self._clock = clock
        self._poll_every = poll_every
        self._learned: dict[str, tuple[PollWindows, dt.datetime]] = {}

    @property
    def is_fixed(self) -> bool:
        """Whether the interval is set rather than learned."""
        return self._poll_every is not None

    async def windows(self, provider: str) -> PollWindows:
        """Return the pace of ``provider``, at most `FRESH_FOR` old."""
        now = self._clock()
        known = self._learned.get(provider)
        if known is None or now - known[1] > CACHE_LIFETIME:
            known = learned_windows(await self._store.timings(provider)), now
            self._learned[provider] = known
        return known[0]

    async def delay(
        self, ext: Extension, capabilities: Capabilities, *, has_moved: bool
    ) -> dt.timedelta:
        """Return how long to leave ``ext`` alone now, at most until its deadline.

        Args:
            ext: as it stands.
            capabilities: of its provider; one that can be waited on is asked again at once…
            has_moved: …if the status has just changed.
        """
        now = self._clock()
        if self._poll_every is not None:
            pause = self._poll_every
        elif capabilities.long_poll and has_moved:
            pause = IMMEDIATELY
        else:
            pace = await self.windows(ext.request.provider)
            age = (now - (ext.submitted_at or ext.created_at)).total_seconds()
            is_streaming = ext.status is Status.STREAMING and not _awaits_sound(ext)
            pause = dt.timedelta(seconds=next_poll_delay(age, pace, is_streaming=is_streaming))
        if ext.deadline_at is not None:
            pause = min(pause, ext.deadline_at - now)
        return max(pause, IMMEDIATELY)


def _awaits_sound(ext: Extension) -> bool:
    """Whether there is a clip that can't be heard yet: a twin is often a few seconds behind."""
    return any(clip.audio_url is None and not clip.status.is_final for clip in ext.clips)
