"""How long the work of killed processes lies still until another process goes on with it."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.support.bot_processes import BotProcesses

LOOK_INTERVAL = 0.5  # seconds

# What a process was the last to claim and has not finished, by kind and extension. Audio that was
# freed waits its turn in a line that may be long: it is as good as anybody's.
UNFINISHED_WORK = """
    SELECT 'extension', id FROM extensions
    WHERE claimed_by = :process AND status IN ('submitting', 'submitted', 'streaming')
    UNION ALL
    SELECT 'reply', id FROM extensions
    WHERE edited_by = :process AND published < revision AND NOT reply_unreachable
    UNION ALL
    SELECT 'audio', extension_id FROM audio
    WHERE claimed_by = :process AND (uploads IS NOT NULL OR (is_queued AND due_at > :now))
"""


class Takeover(NamedTuple):
    """How many pieces of work a killed process left, and seconds until others went on with all."""

    pieces: int
    seconds: float


@dataclass(repr=False)
class Takeovers:
    """Watches the store after each kill.

    A dead process claims nothing, so what it has left only ever gets less. A process that starts
    again has a new id and counts as another one.
    """

    processes: BotProcesses
    done: list[Takeover] = field(default_factory=list[Takeover])
    _watching: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def watch(self, process_id: int) -> None:
        """Watch what the process has left, which was killed just now."""
        self._watching.append(asyncio.create_task(self._watch(process_id, time.monotonic())))

    async def finish(self) -> None:
        """Wait until others have claimed everything."""
        await asyncio.gather(*self._watching)

    @property
    def longest(self) -> float:
        """The longest time that any work lay still."""
        return max((each.seconds for each in self.done), default=0.0)

    async def _watch(self, process_id: int, killed_at: float) -> None:
        left = await self._left_by(process_id)
        pieces, seconds = len(left), 0.0
        while left:
            await asyncio.sleep(LOOK_INTERVAL)
            left &= await self._left_by(process_id)
            seconds = time.monotonic() - killed_at
        self.done.append(Takeover(pieces, seconds))

    async def _left_by(self, process_id: int) -> set[tuple[str, int]]:
        now = int(time.time() * 1_000_000)
        rows = await self.processes.rows(UNFINISHED_WORK, process=process_id, now=now)
        return {(row[0], row[1]) for row in rows}
