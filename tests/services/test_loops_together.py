"""All loops on one store, whose commits wake their callers in any order, while requests fail."""

import asyncio
import datetime as dt
import random
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.audio.errors import TransientMediaError
from bot.audio.process_pool import ProcessPool
from bot.domain.attachments import Attachment, AttachmentStatus, Upload, Uploads
from bot.domain.form import Form
from bot.domain.models import Extension, Handle, Kind, Progress, ReplyRef, Status
from bot.interactions.publisher import Publisher
from bot.providers.base import RateLimited, Unavailable
from bot.services.attacher import Attacher
from bot.store.store import Store
from tests.support.fake_discord import LOST_CONNECTION, FakeDiscord, error
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import (
    ADA,
    CHANNEL,
    GUILD,
    SOURCE,
    START,
    ServiceHarness,
    complete,
    streaming,
)
from tests.support.shuffled_store import shuffled_store

EXAMPLES = 5  # some hundred in a torture run
EXTENSIONS = 4
ASKED_FOR = 5  # times until its clips are complete
# Time passes only while nothing can be done. An extension that is claimed without being worked on
# would stand still until its claim lapses, which takes a minute and more.
MAX_DURATION = dt.timedelta(seconds=50)


class OneFileBuilder:
    """Makes one small file; fails as often as a test says."""

    def __init__(self, failures: int) -> None:
        self._failures = failures

    async def prepare(
        self, ext: Extension, folder: Path, *, limit: int | None, is_last: bool
    ) -> Uploads:
        del limit, is_last
        await asyncio.sleep(0)
        if self._failures:
            self._failures -= 1
            raise TransientMediaError("not yet")
        path = folder / "a.mp3"
        path.write_bytes(b"sound")
        made = Attachment(clip_id=ext.clips[0].id, outcome=AttachmentStatus.ATTACHED)
        return Uploads(attachments=(made,), files=(Upload(path=path, name=path.name),))


class SteadyProvider(ScriptedProvider):
    """Has everything streaming at first, and complete when it has been asked often enough."""

    def __init__(self, **abilities: object) -> None:
        super().__init__(**abilities)
        self.exts: dict[Handle, Extension] = {}
        self._asked = Counter[Handle]()

    async def fetch(self, handles: object, **_: object) -> dict[Handle, Progress]:
        self._asked.update(handles)
        await self.on_fetch.next(lambda _: None, handles)
        return {
            handle: (streaming if self._asked[handle] < ASKED_FOR else complete)(_asked_for(handle))
            for handle in handles
        }


def _asked_for(handle: Handle) -> Extension:
    reply, now = ReplyRef(channel_id=CHANNEL), START
    request = Form(clip=SOURCE)
    return Extension(
        idempotency_key="",
        member_id=ADA,
        request=request,
        reply=reply,
        created_at=now,
        due_at=now,
        deadline_at=now,
        handle=handle,
    )


class AllLoops:
    """Submitter, tracker, attacher and publisher, driven by chance."""

    def __init__(self, store: Store, pool: ProcessPool, chance: random.Random) -> None:
        self.chance = chance
        self.provider = SteadyProvider(batch=chance.choice((1, 1, 4)))
        # what was asked for is due again at once, while its task still ends
        self.harness = ServiceHarness(store, self.provider, poll_every=0)
        self.discord = FakeDiscord(self.harness)
        harness = self.harness
        self.publisher = Publisher(
            self.discord,
            store,
            wakeups=harness.wakeups,
            clock=harness.clock,
            min_edit_interval=dt.timedelta(seconds=chance.choice((0, 1.5))),
        )
        self.attacher = Attacher(
            store,
            dict.fromkeys(Kind, OneFileBuilder(chance.randint(0, 2))),
            pool,
            attachment_limit=lambda _: 10_000_000,
            wakeups=harness.wakeups,
            clock=harness.clock,
        )
        self.loops: tuple[Callable[[], Awaitable[None]], ...] = (
            harness.submitter.run_once,
            harness.tracker.run_once,
            self.attacher.run_once,
            self.publisher.run_once,
        )

    def add_faults(self) -> int:
        """Let some requests fail; return how many submissions the provider refuses."""
        pick, count = self.chance.choice, self.chance.randint
        refusals = [pick((RateLimited(retry_after=1), Unavailable())) for _ in range(count(0, 2))]
        self.provider.on_extend.then(*refusals)
        self.provider.on_fetch.then(*[Unavailable()] * count(0, 1))
        self.discord.on_post.then(*[error(500)] * count(0, 2))
        self.discord.on_posted.then(*[LOST_CONNECTION] * count(0, 2))
        self.discord.on_edit.then(
            *[pick((error(500), LOST_CONNECTION)) for _ in range(count(0, 2))]
        )
        return len(refusals)

    async def accept(self, idempotency_key: str) -> Extension:
        reply = ReplyRef(channel_id=CHANNEL, guild_id=GUILD, reply_to_id=5)
        accepted = await self.harness.acceptance.accept_form(
            Form(clip=SOURCE, at="10"),
            idempotency_key=idempotency_key,
            member_id=ADA,
            reply=reply,
        )
        return accepted.extension

    async def run(self, exts: list[Extension]) -> None:
        """Run all loops side by side until every reply shows its audio."""
        while not await self.is_done(exts):
            for _ in range(self.chance.randint(1, 4)):
                await asyncio.gather(*(self.some_turns(loop) for loop in self.loops))
            await self.idle()
            await self.let_time_pass()
            assert self.harness.clock() - START < MAX_DURATION, "something stands still"

    async def some_turns(self, run_once: Callable[[], Awaitable[None]]) -> None:
        for _ in range(self.chance.randint(0, 5)):
            await run_once()
            for _ in range(self.chance.choice((0, 1, 5))):
                await asyncio.sleep(0)

    async def idle(self) -> None:
        for part in (self.harness.submitter, self.harness.tracker, self.attacher, self.publisher):
            await part.idle()

    async def let_time_pass(self) -> None:
        """Move the clock to the next time at which something is due."""
        store, clock = self.harness.store, self.harness.clock
        times = (await store.next_due(), await store.next_publish(), await store.next_audio())
        due = [time for time in times if time is not None]
        if due:
            clock.now = max(clock.now, min(due))

    async def is_done(self, exts: list[Extension]) -> bool:
        now = [await self.harness.now(ext) for ext in exts]
        audio = [await self.harness.store.attachments(ext.id) for ext in exts]
        return all(audio) and all(ext.published == ext.revision for ext in now)


async def scenario(url: str, folder: Path, seed: int) -> None:
    """Extend a few clips; check that each is sent once and shown to the end."""
    chance = random.Random(seed)
    async with ProcessPool(folder, workers=1) as pool, shuffled_store(url, chance) as store:
        loops = AllLoops(store, pool, chance)
        refusals = loops.add_faults()
        exts = [await loops.accept(str(number)) for number in range(EXTENSIONS)]
        await loops.run(exts)
        assert len(loops.provider.sent) == EXTENSIONS + refusals
        messages = list(loops.discord.messages.values())
        assert len(messages) == EXTENSIONS
        for ext in exts:
            now = await loops.harness.now(ext)
            message = loops.discord.messages[now.reply.message_id]
            assert now.status is Status.COMPLETE
            assert message.nonce == f"ext-{ext.id}"
            assert (message.embeds[0].title or "").startswith("✅")
            assert message.attachments == ["a.mp3"]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_everything_is_sent_once_and_shown_in_whatever_order_commits_return(
    empty_database: Path, tmp_path: Path, seed: int
) -> None:
    file = tmp_path / f"{seed}.db"
    shutil.copy(empty_database, file)
    asyncio.run(scenario(f"sqlite+aiosqlite:///{file}", tmp_path / "work", seed))
