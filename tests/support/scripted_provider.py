"""A provider that says what a test wrote down for it, and remembers what it was asked."""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.domain.form import TextLimits
from bot.domain.models import Clip, ExtendRequest, Handle, Progress, Status
from bot.providers.base import Capabilities, Credits, SourceAudio

LIMITS = TextLimits(lyrics=3000, style=200, title=80)


class Script:
    """What one method answers, call by call.

    An exception is raised, a function is called and awaited with the arguments, anything else is
    returned. With nothing left, the method answers as it usually does.
    """

    def __init__(self) -> None:
        self._lines: deque[object] = deque()

    def then(self, *lines: object) -> None:
        self._lines.extend(lines)

    async def next(self, usual: Callable[..., object], *arguments: object) -> object:
        line = self._lines.popleft() if self._lines else usual
        if isinstance(line, BaseException):
            raise line
        if not callable(line):
            return line
        said = line(*arguments)
        return await said if isinstance(said, Awaitable) else said


class ScriptedProvider:
    """The `Provider` port, played from scripts."""

    def __init__(self, name: str = "suno", **abilities: object) -> None:
        self.name = name
        self.capabilities = Capabilities(**{"label": "Suno Test", "limits": LIMITS, **abilities})
        self.on_extend, self.on_fetch, self.on_recent = Script(), Script(), Script()
        self.on_concat, self.on_credits = Script(), Script()
        self.sent: list[ExtendRequest] = []
        self.heard: list[tuple[bytes, str]] = []
        self.joined: list[str] = []
        self.asked: list[tuple[Handle, ...]] = []
        self.waited: list[Status | None] = []
        self.looked_up: list[str] = []
        self.on_clip = Script()
        self.progress: dict[Handle, Progress] = {}
        self.may_send = asyncio.Event()
        self.may_send.set()
        self.slots_wanted = 0  # so often something was to be sent

    async def wait_for_submit_slot(self) -> None:
        self.slots_wanted += 1
        await self.may_send.wait()

    async def extend(self, request: ExtendRequest) -> Handle:
        self.sent.append(request)
        number = len(self.sent)
        await asyncio.sleep(0)
        usual = Handle(clip_ids=(f"{self.name}-{number}-a", f"{self.name}-{number}-b"))
        return await self.on_extend.next(lambda _: usual, request)

    async def extend_audio(self, request: ExtendRequest, source: SourceAudio) -> Handle:
        self.heard.append((source.path.read_bytes(), source.lyrics))
        return await self.extend(request)

    async def fetch(
        self, handles: Sequence[Handle], *, newer_than: Status | None = None
    ) -> Mapping[Handle, Progress]:
        self.asked.append(tuple(handles))
        self.waited.append(newer_than)
        known = {handle: self.progress[handle] for handle in handles if handle in self.progress}
        return await self.on_fetch.next(lambda _: known, handles)

    async def clip(self, clip_id: str) -> Clip | None:
        self.looked_up.append(clip_id)
        return await self.on_clip.next(lambda _: None, clip_id)

    async def find_recent(self, request: ExtendRequest, *, since: dt.datetime) -> Sequence[str]:
        await asyncio.sleep(0)
        return await self.on_recent.next(lambda *_: (), request, since)

    async def concat(self, clip_id: str) -> Handle:
        self.joined.append(clip_id)
        usual = Handle(clip_ids=(f"{self.name}-song-{len(self.joined)}",))
        return await self.on_concat.next(lambda _: usual, clip_id)

    async def credits(self) -> Credits | None:
        return await self.on_credits.next(lambda: None)
