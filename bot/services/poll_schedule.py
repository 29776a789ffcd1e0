"""When to ask each provider again, learned from each poll and from what the store remembers."""

import datetime as dt
from dataclasses import dataclass

from bot.domain.clock import Clock
from bot.domain.models import Clip, ClipStatus, Extension, Kind
from bot.domain.polling import HazardRate, learn_hazard_rate, next_poll_delay, typical_duration
from bot.providers.base import Capabilities
from bot.store.store import Store

IMMEDIATELY = dt.timedelta(0)
_PENDING = Clip(id="", status=ClipStatus.SUBMITTED)  # a clip that its provider has not named yet


@dataclass(slots=True)
class _ProviderRates:
    """The hazard rates of the two changes of a provider's clips."""

    streaming: HazardRate
    complete: HazardRate

    def learn(self, was: Clip, new: Clip, start: float, end: float) -> None:
        """Learn from a clip that was polled at the ages ``start`` and ``end``.

        A clip that fails teaches only that it did not change before.
        """
        if was.status.is_final:
            return
        is_complete = new.status is ClipStatus.COMPLETE
        self.complete = self.complete.with_interval(start, end, changed=is_complete)
        if was.audio_url is None:
            has_audio = is_complete or new.audio_url is not None
            self.streaming = self.streaming.with_interval(start, end, changed=has_audio)


class PollSchedule:
    """The learned hazard rates of each provider.

    They are read from the store once, and learned in memory from then on. A second process learns
    from the extensions that it tracks itself.

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
        self._learned: dict[str, _ProviderRates] = {}

    @property
    def is_fixed(self) -> bool:
        """Whether the interval is fixed rather than learned."""
        return self._poll_every is not None

    async def typical_duration(self, provider: str) -> dt.timedelta | None:
        """Return how long ``provider`` usually takes; None until learned."""
        seconds = typical_duration((await self._rates(provider)).complete)
        return None if seconds is None else dt.timedelta(seconds=seconds)

    async def learn(self, was: Extension, new: Extension, *, now: dt.datetime) -> None:
        """Learn from an extension that its provider reported on ``now``.

        Polls that failed are not reported here: the interval of the next one spans them.

        Args:
            was: as the poll before left it.
            new: with what the provider reported.
            now: when it did.
        """
        if was.kind is not Kind.PART:  # a full song has other durations
            return
        rates = await self._rates(was.request.provider)
        start, end = _age(was, was.polled_at or _submitted_at(was)), _age(was, now)
        clips = {clip.id: clip for clip in was.clips}
        for clip in new.clips or (_PENDING,):
            rates.learn(clips.get(clip.id, _PENDING), clip, start, end)

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
            rates = await self._rates(ext.request.provider)
            awaited = [rates.complete]
            if _awaits_audio(ext):
                awaited.append(rates.streaming)
            seconds = next_poll_delay(_age(ext, now), awaited, min_delay=capabilities.query_every)
            delay = dt.timedelta(seconds=seconds)
        if ext.deadline_at is not None:
            delay = min(delay, ext.deadline_at - now)
        return max(delay, IMMEDIATELY)

    async def _rates(self, provider: str) -> _ProviderRates:
        if provider not in self._learned:
            streaming, complete = await self._store.sightings(provider)
            rates = _ProviderRates(learn_hazard_rate(streaming), learn_hazard_rate(complete))
            # somebody else may have read it meanwhile, and learned
            return self._learned.setdefault(provider, rates)
        return self._learned[provider]


def _submitted_at(ext: Extension) -> dt.datetime:
    return ext.submitted_at or ext.created_at


def _age(ext: Extension, moment: dt.datetime) -> float:
    """Return the seconds from the submission of ``ext`` to ``moment``."""
    return (moment - _submitted_at(ext)).total_seconds()


def _awaits_audio(ext: Extension) -> bool:
    """Whether a clip has no audio yet: the second one may be minutes later."""
    clips = ext.clips or (_PENDING,)
    return any(clip.audio_url is None and not clip.status.is_final for clip in clips)
