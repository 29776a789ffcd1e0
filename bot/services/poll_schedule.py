"""When to ask each provider again, learned from the extensions that it has finished."""

import datetime as dt

from bot.domain.clock import Clock
from bot.domain.models import Extension, Status
from bot.domain.polling import PollWindows, learned_windows, next_poll_delay
from bot.providers.base import Capabilities
from bot.store.store import Store

CACHE_LIFETIME = dt.timedelta(seconds=30)
IMMEDIATELY = dt.timedelta(0)


class PollSchedule:
    """The learned `PollWindows` of each provider, read from the store now and then.

    Args:
        store: has the finished extensions.
        clock: the time.
        poll_every: a fixed interval in place of the learned one.
    """

    def __init__(
        self, store: Store, *, clock: Clock, poll_every: dt.timedelta | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._poll_every = poll_every
        self._learned: dict[str, tuple[PollWindows, dt.datetime]] = {}

    @property
    def is_fixed(self) -> bool:
        """Whether the interval is fixed rather than learned."""
        return self._poll_every is not None

    async def windows(self, provider: str) -> PollWindows:
        """Return the poll windows of ``provider``, at most `CACHE_LIFETIME` old."""
        now = self._clock()
        known = self._learned.get(provider)
        if known is None or now - known[1] > CACHE_LIFETIME:
            known = learned_windows(await self._store.timings(provider)), now
            self._learned[provider] = known
        return known[0]

    async def delay(
        self, ext: Extension, capabilities: Capabilities, *, has_moved: bool
    ) -> dt.timedelta:
        """Return how long to wait before asking about ``ext`` again, at most until its deadline.

        Args:
            ext: as it is now.
            capabilities: of its provider.
            has_moved: whether the status has just changed; then a provider that can be waited
                on (`long_poll`) is asked again at once.
        """
        now = self._clock()
        if self._poll_every is not None:
            delay = self._poll_every
        elif capabilities.long_poll and has_moved:
            delay = IMMEDIATELY
        else:
            windows = await self.windows(ext.request.provider)
            age = (now - (ext.submitted_at or ext.created_at)).total_seconds()
            is_streaming = ext.status is Status.STREAMING and not _awaits_audio(ext)
            delay = dt.timedelta(seconds=next_poll_delay(age, windows, is_streaming=is_streaming))
        if ext.deadline_at is not None:
            delay = min(delay, ext.deadline_at - now)
        return max(delay, IMMEDIATELY)


def _awaits_audio(ext: Extension) -> bool:
    """Whether a clip has no audio yet: the second one is often a few seconds later."""
    return any(clip.audio_url is None and not clip.status.is_final for clip in ext.clips)
