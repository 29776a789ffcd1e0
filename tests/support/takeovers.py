"""How long the work of killed processes lies still until another process goes on with it."""

import asyncio
import time
from dataclasses import dataclass, field

from tests.support.bot_processes import BotProcesses

WATCH_INTERVAL = 0.5  # seconds
LEASE = 75.0  # seconds; the longest of those that are not renewed

# What a process was the last to claim and has not finished, by kind and extension. Replies and
# audio that were freed wait their turn in a line that may be long: they are as good as anybody's.
UNFINISHED_WORK = """
    SELECT 'interrupted request', id FROM extensions
    WHERE claimed_by = :process AND status = 'submitting'
    UNION ALL
    SELECT 'tracked extension', id FROM extensions
    WHERE claimed_by = :process AND status IN ('submitted', 'streaming')
    UNION ALL
    SELECT 'reply', id FROM extensions
    WHERE edited_by = :process AND published < revision AND publish_at > :now
        AND NOT reply_unreachable
    UNION ALL
    SELECT 'audio', extension_id FROM audio
    WHERE claimed_by = :process AND (uploads IS NOT NULL OR (is_queued AND due_at > :now))
"""
# whose turn it is to look for what came of interrupted requests: one process does that for all
SEARCHING = "SELECT min(id) FROM processes"
DETAILS = """
    SELECT id, status, published, revision, publish_at, publish_failures, extensions.claimed_by,
        edited_by, is_queued, audio.claimed_by AS audio_claimed_by, uploads_revision
    FROM extensions LEFT JOIN audio ON extension_id = id WHERE id = :id
"""


@dataclass(repr=False)
class Takeovers:
    """Watches the store after each kill.

    A dead process claims nothing, so what it has left only ever gets less. A process that starts
    again has a new id and counts as another one.
    """

    processes: BotProcesses
    pieces: int = 0  # of work that killed processes left
    # seconds from a kill until others went on with all pieces of a kind, the longest of each
    longest: dict[str, float] = field(default_factory=dict[str, float])
    # work that lay still for longer than a lease, by kind and extension, as it was then
    late: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])
    _killed: dict[int, float] = field(default_factory=dict[int, float])
    _watching: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def watch(self, process_id: int) -> None:
        """Watch what the process has left, which was killed just now."""
        self._killed[process_id] = time.monotonic()
        self._watching.append(asyncio.create_task(self._watch(process_id)))

    async def finish(self) -> None:
        """Wait until others have gone on with everything."""
        await asyncio.gather(*self._watching)

    async def _watch(self, process_id: int) -> None:
        killed_at = searching_since = self._killed[process_id]
        left = await self._left_by(process_id)
        self.pieces += len(left)
        while left:
            await asyncio.sleep(WATCH_INTERVAL)
            # if the process whose turn it is has been killed since, this is work that it has left
            [(searching,)] = await self.processes.rows(SEARCHING)
            searching_since = max(searching_since, self._killed.get(searching, 0.0))
            kinds = {kind for kind, _ in left}
            left &= await self._left_by(process_id)
            for kind in kinds:
                since = searching_since if kind == "interrupted request" else killed_at
                seconds = time.monotonic() - since
                self.longest[kind] = max(seconds, self.longest.get(kind, 0.0))
                if seconds > LEASE:
                    await self._note_late({piece for piece in left if piece[0] == kind})

    async def _note_late(self, pieces: set[tuple[str, int]]) -> None:
        for piece in pieces - self.late.keys():
            [row] = await self.processes.rows(DETAILS, id=piece[1])
            living = await self.processes.rows("SELECT id FROM processes")
            self.late[piece] = f"{row} at {time.time()}; alive: {living}"

    async def _left_by(self, process_id: int) -> set[tuple[str, int]]:
        now = int(time.time() * 1_000_000)
        rows = await self.processes.rows(UNFINISHED_WORK, process=process_id, now=now)
        return {(row[0], row[1]) for row in rows}
