"""The timing of clips from submission to completion."""

import dataclasses
import enum
import math
import random
from typing import TypeAlias

Range: TypeAlias = tuple[float, float]


class Status(enum.StrEnum):
    """The statuses of a clip in order."""

    SUBMITTED = "submitted"
    QUEUED = "queued"
    STREAMING = "streaming"
    COMPLETE = "complete"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """The position in the order; ``error`` is last."""
        return list(Status).index(self)

    @property
    def is_final(self) -> bool:
        """Whether the status can't change any more."""
        return self in {Status.COMPLETE, Status.ERROR}


@dataclasses.dataclass(frozen=True, slots=True)
class Milestones:
    """The times (seconds of the sandbox's clock) at which a clip reaches each status."""

    queued: float
    streaming: float
    complete: float
    failed: float = math.inf

    def status(self, now: float) -> Status:
        """Return the status at ``now``."""
        if now >= self.failed:
            return Status.ERROR
        if now >= self.complete:
            return Status.COMPLETE
        if now >= self.streaming:
            return Status.STREAMING
        return Status.QUEUED if now >= self.queued else Status.SUBMITTED

    def reached_at(self, status: Status) -> float:
        """Return the time at which the clip has ``status`` or a later one."""
        moments = [self.failed]
        if status is Status.SUBMITTED:
            return -math.inf
        if status.rank <= Status.QUEUED.rank:
            moments.append(self.queued)
        if status.rank <= Status.STREAMING.rank:
            moments.append(self.streaming)
        if status.rank <= Status.COMPLETE.rank:
            moments.append(self.complete)
        return min(moments)

    def advanced(self, status: Status, now: float) -> "Milestones":
        """Return the milestones of a clip whose status is set to ``status`` at ``now``."""
        if status is Status.ERROR:
            return dataclasses.replace(self, failed=min(self.failed, now))
        return Milestones(
            queued=min(self.queued, now) if status.rank >= Status.QUEUED.rank else self.queued,
            streaming=min(self.streaming, now)
            if status.rank >= Status.STREAMING.rank
            else self.streaming,
            complete=min(self.complete, now)
            if status is Status.COMPLETE
            else max(self.complete, now),
            failed=self.failed,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Timeline:
    """The ranges for the timing of new clips.

    ``queued``, ``streaming`` and ``complete`` are seconds after the submission, by default as at
    Suno; ``length`` is the length of the new part in seconds.
    """

    queued: Range = (1.0, 4.0)
    streaming: Range = (20.0, 40.0)
    complete: Range = (120.0, 180.0)
    length: Range = (60.0, 100.0)

    def __post_init__(self) -> None:
        for low, high in (self.queued, self.streaming, self.complete, self.length):
            if not 0 <= low <= high:
                raise ValueError("A range is two numbers of seconds, the smaller one first.")
        if self.length[0] < 1:
            raise ValueError("A part lasts a second at least.")

    def draw_milestones(self, rng: random.Random, now: float, clips: int) -> list[Milestones]:
        """Return random milestones for ``clips`` twins submitted at ``now``; B is after A."""
        queued, streaming, complete = (
            rng.uniform(*span) for span in (self.queued, self.streaming, self.complete)
        )
        drawn: list[Milestones] = []
        for _ in range(clips):
            start = max(queued, streaming)
            drawn.append(Milestones(now + queued, now + start, now + max(start, complete)))
            streaming = _slightly_later(rng, streaming, self.streaming)
            complete = _slightly_later(rng, complete, self.complete)
        return drawn


def _slightly_later(rng: random.Random, moment: float, span: Range) -> float:
    """Return a time slightly after ``moment``, within ``span``."""
    low, high = span
    return min(high, moment + rng.uniform(0.02, 0.15) * (high - low))
