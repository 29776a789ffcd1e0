"""A clock with adjustable speed."""

import asyncio
import time


class Clock:
    """Seconds since the sandbox started, ``speed`` times as fast as real time.

    A change of speed does not change the current time. Clips, long polls and rate limits use this
    clock.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = _validated_speed(speed)
        self._base = 0.0
        self._since = time.monotonic()
        self._changed = asyncio.Event()
        self._stopped = False

    @property
    def speed(self) -> float:
        """Seconds of this clock per real second."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        speed = _validated_speed(speed)
        self._base, self._since = self.now(), time.monotonic()
        self._speed = speed
        self.wake_waiters()

    @property
    def is_stopped(self) -> bool:
        """Whether the server is closing, so that waiting has to end."""
        return self._stopped

    def now(self) -> float:
        """Return the seconds since the start."""
        return self._base + (time.monotonic() - self._since) * self._speed

    def wake_waiters(self) -> None:
        """End all current waits, since the time they wait for may have changed."""
        self._changed.set()
        self._changed = asyncio.Event()

    def stop(self) -> None:
        """End all current and future waits."""
        self._stopped = True
        self.wake_waiters()

    async def wait_until(self, moment: float) -> None:
        """Wait until ``moment`` or until waiters are woken; call it in a loop."""
        if self._stopped:
            return
        # a minimum: by rounding errors the caller's loop could become a busy loop
        delay = max((moment - self.now()) / self._speed, 0.001)
        try:
            # an hour at most: event loops don't accept infinity
            async with asyncio.timeout(min(delay, 3600)):
                await self._changed.wait()
        except TimeoutError:
            return


def _validated_speed(speed: float) -> float:
    if not 0 < speed < float("inf"):
        raise ValueError("The speed must be a positive number.")
    return float(speed)
