"""A week of a busy server (100,000 extensions), with the clock moved, and three days more.

    python bench/week.py [--smoke]

Each day, what members of some servers left is written into the database in bulk, with the store's
own rows; then members and loops do through the store what the bot does, and the bot's own retention
runs. Printed are the rows and the size after each day, what each operation of the store takes on
the first and on the last day of the week and after it, and what grows. Ends with exit code 1 beyond
a bound. The database is SQLite, and with ENCORE_TEST_POSTGRES_URL that server's, too.
"""

import asyncio
import datetime as dt
import itertools
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from _harness import Row, is_smoke, middle, percentile, print_table
from _week_rows import DAY, DEADLINE, PROVIDERS, Community
from sqlalchemy import Engine, event, func, insert, make_url, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.domain.attachments import Attachment, AttachmentStatus, Uploads
from bot.domain.library import LibraryQuery, Scope, Viewer
from bot.domain.models import Clip, ClipStatus, Extension, Handle, Kind, Progress
from bot.domain.sessions.models import Change, EndReason, SessionState
from bot.domain.sessions.steps import finished, with_due_time
from bot.domain.transitions import observed, submitted
from bot.services.retention import MAX_BATCHES, Retention
from bot.store.acceptance import Accepted, Quota
from bot.store.schema import audio, extensions, metadata, posts, processes
from bot.store.sessions import Started
from bot.store.store import Store

T = TypeVar("T")
Statements = list[tuple[str, Any]]
Times = Mapping[str, list[float]]
Query = Callable[[], Awaitable[object]]

FIRST_DAY = dt.datetime(2026, 5, 4, tzinfo=dt.UTC)  # the week and what follows lie in one month
WEEK = 7
MORE = 3  # days after the week
SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)
LEASE = 5 * MINUTE
LONGEST = 4.0  # seconds for all runs of one operation on one day

# bounds at full size
MEMBER_WAITS = 50.0  # milliseconds, p99
# what is found nowhere has been looked for in all that a search looks through
COMPLETION_WAITS = 150.0
SEARCH_WAITS = 500.0
FORGETTING_WAITS = 500.0  # of a member who asked for a thousand extensions
DELETING_WAITS = 200.0  # retention, one transaction
STARTS = 3000.0  # SQLite reads the whole file to find damage: a second for a gigabyte
FACTOR = 3.0  # from the first day to the last, of the processor's time if it is not `SHORT`
SHORT = 5.0  # milliseconds
BYTES = 6000.0  # of the whole database, an extension
STEADY = 1.1  # rows of what does not last, a day later

# What lasts: what members made and set, and what their replies and boards show.
KEPT = frozenset(
    {
        *("extensions", "clips", "audio"),
        *("sessions", "rounds", "proposals", "posts"),
        *("guild_settings", "budget_notices", "preferences"),
    }
)

_SIZES = {
    "sqlite": "SELECT m.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_master m"
    " ON m.name = d.name GROUP BY 1 ORDER BY 2 DESC",
    "postgresql": "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC",
}
# partial indexes, which may be read from end to end
FEW_ROWS = ("extensions_unpublished", "extensions_with_token")


@dataclass(frozen=True)
class Plan:
    """How big the run is.

    Attributes:
        a_day: extensions asked for in a day.
        members: of all servers.
        runs: of each operation on a day that is measured.
        drafts, sessions: kept and held in a day.
    """

    a_day: int
    members: int
    runs: int
    drafts: int
    sessions: int


FULL = Plan(a_day=14_300, members=2000, runs=100, drafts=400, sessions=25)
SMOKE = Plan(a_day=100, members=50, runs=2, drafts=5, sessions=1)


@dataclass(frozen=True)
class Asked:
    """An operation that is measured: a name, and what it runs.

    Attributes:
        bound: milliseconds, p99; None is no bound.
    """

    name: str
    run: Query
    bound: float | None = MEMBER_WAITS


class Simulation:
    """The days of some servers, in one database."""

    def __init__(self, store: Store, plan: Plan) -> None:
        self.store = store
        self.now = FIRST_DAY
        self.times: dict[str, list[float]] = defaultdict(list)
        self.processor_times: dict[str, list[float]] = defaultdict(list)
        self.bounds: dict[str, float | None] = {}
        self._plan = plan
        self._community = Community(range(10**17, 10**17 + plan.members))
        self._keys = itertools.count()
        self._running: list[int] = []  # ids of sessions
        self._retention = Retention(store, clock=lambda: self.now, keep=None)

    async def day(self, number: int, *, runs: int) -> None:
        """Do what happens in a day; measure each operation ``runs`` times."""
        self.times, self.processor_times = defaultdict(list), defaultdict(list)
        begins = FIRST_DAY + number * DAY
        self.now = begins
        await self._fill(begins)
        self.now = begins + DAY - HOUR
        if number == 0:
            await self._set_budgets()
        await self._beat()
        await self._run_loops()
        await self._hold_sessions()
        await self._ask(runs)
        for each in self._reads():
            enough_at = time.perf_counter() + LONGEST
            for _ in range(runs):
                await self.timed(each.name, each.run(), each.bound)
                if time.perf_counter() > enough_at:
                    break
        self.now += MINUTE
        await self._run_loops()
        await self._ask(runs=5)  # what the next day begins with
        self.now = begins + DAY + HOUR
        await self._retain()

    async def timed(self, name: str, work: Awaitable[T], bound: float | None = MEMBER_WAITS) -> T:
        """Return the result of ``work``, and note how many milliseconds it took.

        The time of the processor is noted, too: it is the same on a machine that others use.
        """
        begun, used = time.perf_counter(), time.process_time()
        result = await work
        self.times[name].append(1000 * (time.perf_counter() - begun))
        self.processor_times[name].append(1000 * (time.process_time() - used))
        self.bounds[name] = bound
        return result

    def operations(self) -> list[Asked]:
        """Return the reads, each of which is explained."""
        return self._reads()

    async def _beat(self) -> None:
        """Say that this process lives; another one has died."""
        await self.store.beat(0, [], now=self.now, max_gap=10 * DAY)
        for provider in PROVIDERS:
            await self.store.take_slot(provider, every=SECOND, now=self.now)
        if self.store.is_shared:
            dead = {"id": int(self.now.timestamp()), "seen_at": self.now - HOUR}
            await self.store.database.run(
                lambda db: db.execute(insert(processes).values(dead)), writes=True
            )
            for _ in range(2):  # a process that was silent itself judges no other
                await self.store.beat_process(now=self.now)

    # what members left

    async def _fill(self, begins: dt.datetime) -> None:
        async def newest(db: AsyncConnection) -> int:
            return (await db.execute(select(func.max(extensions.c.id)))).scalar() or 0

        first_id = await self.store.database.run(newest) + 1
        rows = self._community.rows_of_day(begins, self._plan.a_day, first_id)
        for inserts in rows:

            async def write(db: AsyncConnection, inserts: Any = inserts) -> None:  # noqa: ANN401
                for table, values in inserts:
                    await db.execute(insert(table), values)

            await self.store.database.run(write, writes=True)
        if self.store.is_shared:  # PostgreSQL does not count the ids that it is given
            await self.store.database.run(_count_ids, writes=True)
        self._part_ids = itertools.count(first_id)

    async def _set_budgets(self) -> None:
        limits = {"daily_budget": 10**6, "monthly_budget": 10**7, "member_budget": 10**5}
        for guild in self._community.guilds:
            if guild.id is not None:
                await self.store.change_settings(
                    guild.id,
                    lambda was: replace(was, notices_channel_id=1, **limits),
                    member_id=1,
                    now=self.now,
                )

    async def _retain(self) -> None:
        """Delete what is old, as the bot does every hour."""
        await self.timed("retention, after a whole day", self._retention.run_once(), None)
        self.now += HOUR
        await self.timed("retention, an hour later", self._retention.run_once(), MEMBER_WAITS)

    async def delete_what_is_old(self) -> list[Row]:
        """Return how long it takes to delete what an operator does not keep for ever."""
        self.now += 100 * DAY
        took: list[float] = []
        before = await counted(self.store)
        for _ in range(MAX_BATCHES):
            begun = time.perf_counter()
            await self.store.forget(now=self.now, keep=30 * DAY)
            took.append(1000 * (time.perf_counter() - begun))
        after = await counted(self.store)
        return [
            Row("months later: extensions deleted", before["extensions"] - after["extensions"]),
            Row("sessions that are left", after["sessions"] - len(self._running), "", 0),
            Row("one transaction of it, median", middle(took), "ms", DELETING_WAITS),
            Row("one transaction of it, p99", percentile(took, 0.99), "ms"),
        ]

    # what members ask for now

    async def _ask(self, runs: int) -> None:
        """Ask for extensions, be told of their ends, keep drafts."""
        community, store = self._community, self.store
        for number in range(runs):
            key = f"asked {next(self._keys)}"
            ext = community.asked_for(key, self.now, kind=Kind.PART, retake_of=None)
            ext = replace(ext, request=replace(ext.request, provider=PROVIDERS[number % 4]))
            if number % 3 == 1:
                ext = replace(ext, retake_of=community.latest_extension().id)
            if number % 3 == 2:  # noqa: PLR2004 - a third
                ext = replace(ext, kind=Kind.CONCAT)
            name = ("accept a part", "accept a retake", "accept a full song")[number % 3]
            accepted = await self.timed(name, self._accept(ext))
            assert isinstance(accepted, Accepted), accepted  # noqa: S101
            await store.record_first_reply(
                accepted.extension, ext.reply, lease_until=self.now, publish_at=self.now
            )
            await self.timed(
                "Tell me",
                store.request_notification(accepted.extension.id, community.member(), now=self.now),
            )
        for _ in range(self._plan.drafts):
            member = community.member()
            kept = store.keep_draft(community.form(), member_id=member, now=self.now)
            draft_id = await self.timed("draft, kept", kept)
            await self.timed("draft, read", store.draft(draft_id, member_id=member))

    def _accept(self, ext: Extension) -> Awaitable[object]:
        return self.store.accept(
            ext,
            publish_at=self.now,
            quota=Quota(member=10**6, channel=10**6),
            double_since=self.now,
            source_is_known=True,
        )

    # what loops do

    async def _run_loops(self) -> None:
        """Bring all that is open to its end, as the loops of the bot do."""
        for provider in PROVIDERS:
            await self._submit(provider)
            await self._track(provider)
        await self._attach()
        self.now += MINUTE
        await self._publish()
        await self._tell()
        await self._settle_notices()

    async def _submit(self, provider: str) -> None:
        store, lease_until = self.store, self.now + LEASE
        while ready := await self.timed(
            "submitter: next_waiting", store.next_waiting(provider, now=self.now, limit=5)
        ):
            claim = store.claim_waiting(ready, now=self.now, lease_until=lease_until)
            for was in await self.timed("submitter: claim_waiting", claim):
                handle = Handle(task_id=f"task {was.id}")
                new = submitted(was, handle, now=self.now, due_at=self.now, deadline=DEADLINE)
                await self.timed("save", store.save(new, was=was))

    async def _track(self, provider: str) -> None:
        store, lease_until = self.store, self.now + LEASE
        while due := await self.timed(
            "tracker: claim_due",
            store.claim_due(provider, now=self.now, lease_until=lease_until, limit=20),
        ):
            for was in due:
                progress = Progress(clips=(_heard(f"{was.id} a"), _heard(f"{was.id} b")))
                new = observed(was, progress, now=self.now)
                await self.timed("save", store.save(new, was=was))
        await self.timed("tracker: sightings", store.sightings(provider))
        await self.timed("tracker: next_due", store.next_due())

    async def _attach(self) -> None:
        store, lease_until = self.store, self.now + LEASE
        while claimed := await self.timed(
            "attacher: claim_audio",
            store.claim_audio(now=self.now, lease_until=lease_until, limit=4),
        ):
            for work in claimed:
                attached = Attachment(
                    clip_id=f"{work.extension_id} a", outcome=AttachmentStatus.ATTACHED
                )
                uploads = Uploads(attachments=(attached,))
                await self.timed("attacher: finish_audio", store.finish_audio(work, uploads))

    async def _publish(self) -> None:
        store, lease_until = self.store, self.now + LEASE
        while stale := await self.timed(
            "publisher: unpublished", store.unpublished(now=self.now, limit=20)
        ):
            for ext in stale:
                claim = store.claim_edit(ext.id, now=self.now, lease_until=lease_until)
                edit = await self.timed("publisher: claim_edit", claim)
                assert edit is not None  # noqa: S101
                finish = store.finish_edit(
                    edit,
                    replace(edit.extension.reply, final_shown=edit.extension.status.is_final),
                    now=self.now,
                    publish_at=self.now,
                    shown=edit.uploads,
                    digest="0" * 64,
                )
                await self.timed("publisher: finish_edit", finish)
        for post in await store.unpublished_posts(now=self.now, limit=10**6):
            held = await store.claim_post(post.id, now=self.now, lease_until=lease_until)
            if held is not None:
                reply = replace(held.reply, message_id=10**18 + held.id)
                await store.finish_post(held, reply, publish_at=self.now)

    async def _tell(self) -> None:
        store, lease_until = self.store, self.now + LEASE
        await self.timed("notifier: next_notification", store.next_notification())
        while claimed := await self.timed(
            "notifier: claim_notifications",
            store.claim_notifications(now=self.now, lease_until=lease_until, limit=20),
        ):
            for each in claimed:
                await store.finish_notification(each, (*each.requested_by, *each.standing_for))

    async def _settle_notices(self) -> None:
        for notice in await self.store.claim_notices(now=self.now, lease_until=self.now + LEASE):
            await self.store.settle_notice(notice.id)

    # sessions

    async def _hold_sessions(self) -> None:
        """End the sessions of yesterday, hold others; some of them still run in the end."""
        for session_id in self._running:
            await self._end_session(session_id)
        self._running.clear()
        community, store = self._community, self.store
        for number in range(self._plan.sessions):
            start = community.new_session(f"session {next(self._keys)}", self.now)
            started = await self.timed(
                "session, started",
                store.start_session(start, limit=0, now=self.now, first_reply_until=self.now),
            )
            assert isinstance(started, Started)  # noqa: S101
            session_id = started.state.session.id
            parts = list(itertools.islice(self._part_ids, 5))

            def write(state: SessionState, parts: Sequence[int] = parts) -> Change:
                state = community.with_chosen_parts(state, parts, self.now, voters=12)
                state = community.with_ballot(state, self.now, voters=12)
                return Change(state=with_due_time(state))

            await self._change_session(session_id, write)
            state = await store.session_state(session_id)
            assert state is not None  # noqa: S101
            await self.timed(
                "session, a vote",
                store.vote_for_proposal(
                    state.proposals[-1].id,
                    member_id=community.member(),
                    interaction_id=10**18,
                    now=self.now,
                ),
            )
            await self.timed("session, read", store.session_state(session_id))
            if number % 5:
                await self._end_session(session_id)
            else:
                self._running.append(session_id)

    async def _end_session(self, session_id: int) -> None:
        def end(state: SessionState) -> Change:
            return Change(state=finished(state, EndReason.VOTED, self.now))

        await self._change_session(session_id, end)
        await self.store.set_song(session_id, self._community.latest_extension().id)

    async def _change_session(
        self, session_id: int, decide: Callable[[SessionState], Change]
    ) -> None:
        await self.store.change_session(
            session_id, decide, now=self.now, first_reply_until=self.now
        )

    # what members and loops read

    def _reads(self) -> list[Asked]:
        store, community, now = self.store, self._community, self.now
        guild = community.busiest
        guild_id = guild.id or 0

        def viewer() -> Viewer:
            return Viewer(
                member_id=community.member(),
                channel_id=guild.channels[0],
                guild_id=guild_id,
                channels=frozenset(guild.channels),
            )

        def page(scope: Scope, search: str = "", number: int = 1) -> Query:
            query = LibraryQuery(scope=scope, search=search, page_number=number)
            return lambda: store.library_page(viewer(), query)

        def suggested(typed: str) -> Query:
            return lambda: store.search_clips(
                typed,
                guild_id=guild_id,
                member_id=community.member(),
                channels=frozenset(guild.channels),
            )

        async def usage() -> None:
            member = community.member()
            settings = await store.settings_of_guild(guild_id)
            await store.member_use(member, now=now)
            await store.budget_uses(settings, member_id=member, now=now)

        async def details() -> None:
            clip = community.ended(guild_id).clip_id
            await store.lineage(clip)
            await store.continuations([clip])

        async def reply_found() -> None:
            reply = community.latest_extension().reply
            assert await store.find_by_reply(reply.message_id or 0)  # noqa: S101

        async def wakeups() -> None:
            await store.next_publish()
            await store.next_audio()
            await store.next_session_due()
            await store.next_post()
            await store.next_notice()
            await store.providers_in_use()

        title = community.ended(guild_id).title
        return [
            Asked("/queue", lambda: store.queue(viewer())),
            Asked("/usage", usage),
            Asked("channels of a server", lambda: store.library_channels(guild_id)),
            Asked("library, mine", page(Scope.MINE)),
            Asked("library, mine, searched", page(Scope.MINE, "harbour")),
            Asked("library, channel", page(Scope.CHANNEL)),
            Asked("library, server", page(Scope.SERVER)),
            Asked("library, server, page 100", page(Scope.SERVER, number=100)),
            Asked("library, server, common words", page(Scope.SERVER, "harbour")),
            Asked("library, server, found nowhere", page(Scope.SERVER, "xylophone"), SEARCH_WAITS),
            Asked("completion, nothing typed", suggested("")),
            Asked("completion, a title", suggested(title)),
            Asked("completion, common words", suggested("harbour")),
            Asked("completion, found nowhere", suggested("xylophone"), COMPLETION_WAITS),
            Asked("details and lineage", details),
            Asked("reply found", reply_found),
            Asked(
                "sessions of a server",
                lambda: store.sessions_of_guild(
                    guild_id, channels=guild.channels, offset=0, limit=5
                ),
            ),
            Asked("who wrote most parts", lambda: store.most_parts(guild_id)),
            Asked(
                "export of a member",
                lambda: store.data_of_member(community.member()),
                FORGETTING_WAITS,
            ),
            Asked(
                "member forgotten",
                lambda: store.forget_member(community.member(), now=now),
                FORGETTING_WAITS,
            ),
            Asked("all loops: next of each", wakeups),
            Asked("sessions: due_sessions", lambda: store.due_sessions(now=now)),
            Asked("metrics: workload", store.workload),
        ]


def _heard(clip_id: str) -> Clip:
    url = f"https://cdn1.suno.ai/{clip_id}.mp3"
    return Clip(id=clip_id, status=ClipStatus.COMPLETE, audio_url=url, duration=120.0)


async def _count_ids(db: AsyncConnection) -> None:
    newest = "SELECT setval(pg_get_serial_sequence('extensions', 'id'), max(id)) FROM extensions"
    await db.execute(text(newest))


# what is in the database


async def counted(store: Store) -> dict[str, int]:
    """Return the number of rows of each table, and of what lives for a while in those that last."""
    row, of_post = extensions.c, posts.c
    parts = {
        "tokens of replies": select(func.count()).where(row.reply_token != ""),
        "tokens of posts": select(func.count()).where(of_post.reply_token != ""),
        "open extensions": select(func.count()).where(row.finished_at.is_(None)),
        "audio to be attached": select(func.count()).where(
            audio.c.is_queued | audio.c.uploads.is_not(None)
        ),
    }

    async def count(db: AsyncConnection) -> dict[str, int]:
        tables = {name: select(func.count()).select_from(t) for name, t in metadata.tables.items()}
        return {
            name: (await db.execute(query)).scalar_one() for name, query in (tables | parts).items()
        }

    return await store.database.run(count)


async def full_scans(store: Store, operations: Sequence[Asked]) -> list[str]:
    """Return the queries of ``operations`` for which SQLite reads a large table from end to end."""
    found: list[str] = []
    for each in operations:
        statements = await noted_statements(each)

        async def explain(db: AsyncConnection, those: Statements = statements) -> list[str]:
            return [
                step[-1]
                for sql, values in those
                if "1!=1" not in sql  # SQLAlchemy's form of asking for nothing
                for step in await db.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
            ]

        found += [
            f"{each.name}: {step}"
            for step in await store.database.run(explain)
            if step.startswith(("SCAN extensions", "SCAN clips")) and not step.endswith(FEW_ROWS)
        ]
    return found


async def noted_statements(operation: Asked) -> Statements:
    """Return what an operation asks of the database."""
    noted: Statements = []

    def note(_c: object, _cursor: object, sql: str, values: Any, *_: object) -> None:  # noqa: ANN401
        if sql.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            noted.append((sql, values[0] if isinstance(values, list) else values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await operation.run()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return noted


async def sizes_of_tables(store: Store) -> Mapping[str, int]:
    """Return the bytes of each table with its indexes, the largest first, as far as it is told."""
    query = text(_SIZES["postgresql" if store.is_shared else "sqlite"])

    async def ask(db: AsyncConnection) -> Mapping[str, int]:
        return dict(tuple(row) for row in await db.execute(query))

    try:
        return await store.database.run(ask)
    except OperationalError:  # this SQLite was built without dbstat
        return {}


# the run


@dataclass
class Day:
    """What was measured on a day."""

    rows: Mapping[str, int]
    size: int
    times: Times
    processor_times: Times


async def measure(url: str, plan: Plan, size_of: Callable[[Store], Awaitable[int]]) -> list[Row]:
    """Simulate all days; return the figures."""
    days: list[Day] = []
    async with Store.open(url) as store:
        simulation = Simulation(store, plan)
        for number in range(WEEK + MORE):
            is_measured = number in (0, WEEK - 1, WEEK + MORE - 1)
            begun = time.perf_counter()
            await simulation.day(number, runs=plan.runs if is_measured else min(plan.runs, 5))
            rows, size = await counted(store), await size_of(store)
            days.append(Day(rows, size, simulation.times, simulation.processor_times))
            print(
                f"day {number + 1:2}: {rows['extensions']:,} extensions, {rows['clips']:,} clips, "
                f"{sum(rows[name] for name in metadata.tables):,} rows, {size / 1e6:,.0f} MB, "
                f"in {time.perf_counter() - begun:.1f} s"
            )
        scans = await full_scans(store, simulation.operations()) if not store.is_shared else []
        sizes = await sizes_of_tables(store)
        deleted = await simulation.delete_what_is_old()
        bounds = simulation.bounds
    for scan in scans:
        print("full scan:", scan)
    print_times(days, bounds)
    largest = [
        Row(f"bytes an extension, {name}", size / days[-1].rows["extensions"])
        for name, size in list(sizes.items())[:5]
    ]
    rows = [*growth(days), *largest, Row("full scans of extensions or clips", len(scans), "", 0)]
    return [*rows, *slow(days, bounds), *deleted, *await start_up(url)]


def print_times(days: Sequence[Day], bounds: Mapping[str, float | None]) -> None:
    """Print what each operation took on the measured days, in milliseconds."""
    measured = [days[0], days[WEEK - 1], days[-1]]
    print("\nmilliseconds: median and p99, and the processor's median")
    print(f"{'':<34}{'day 1':>25}{'day 7':>25}{'day 10':>25}")
    for name in bounds:
        cells = [
            f"{middle(day.times[name]):9.2f}{percentile(day.times[name], 0.99):8.1f}"
            f"{middle(day.processor_times[name]):8.2f}"
            for day in measured
        ]
        print(f"{name:<34}{''.join(cells)}")
    print()


def slow(days: Sequence[Day], bounds: Mapping[str, float | None]) -> list[Row]:
    """Return the figures of what members and loops wait for.

    They are of the end of the week, or of three days later if others used the machine less then.
    """
    first, last = days[0].processor_times, days[WEEK - 1].processor_times
    rows: list[Row] = []
    for name, bound in bounds.items():
        now = middle(last[name])
        if bound is not None:
            late = [percentile(day.times[name], 0.99) for day in (days[WEEK - 1], days[-1])]
            rows.append(Row(f"{name}, p99", min(late), "ms", bound))
        if now > SHORT and name in first:
            ratio = Row(f"{name}, day 7 to day 1", now / middle(first[name]), "", FACTOR)
            rows.append(ratio if bound == MEMBER_WAITS else replace(ratio, bound=None))
    return rows


def growth(days: Sequence[Day]) -> list[Row]:
    """Return what each table does from the end of the week to three days later."""
    before, after = days[WEEK].rows, days[-1].rows
    rows = [
        Row(f"rows of {name}, was {before[name]:,}", after[name], "", STEADY * before[name] + 5)
        for name in after
        if name not in KEPT
    ]
    bytes_each = days[-1].size / after["extensions"]
    return [*rows, Row("bytes an extension, all tables", bytes_each, "", BYTES)]


async def start_up(url: str) -> list[Row]:
    """Return how long it takes to open the database, and to read what the bot reads at first."""
    begun = time.perf_counter()
    async with Store.open(url) as store:
        opened_in = time.perf_counter() - begun
        now = dt.datetime.now(dt.UTC)
        for provider in PROVIDERS:
            await store.sightings(provider)
        await store.fact("command_tree")
        await store.stale_submissions(now=now)
        await store.unpublished(now=now)
        await store.voting_sessions()
        await store.due_sessions(now=now)
        ready_in = time.perf_counter() - begun
    return [
        Row("start: opened, checked for damage", 1000 * opened_in, "ms", STARTS),
        Row("and all that is read at first", 1000 * (ready_in - opened_in), "ms", MEMBER_WAITS * 2),
    ]


@asynccontextmanager
async def postgres_database(server: str) -> AsyncGenerator[str]:
    """Make a database on a server for a while; yield its URL."""
    name = "encore_week"

    async def execute(*statements: str) -> None:
        engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await engine.dispose()

    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    await execute(drop, f"CREATE DATABASE {name}")
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        await execute(drop)


async def run(plan: Plan) -> list[Row]:
    """Run it on SQLite, and on PostgreSQL if there is one."""
    with tempfile.TemporaryDirectory(prefix="encore-bench-") as folder:
        file = Path(folder) / "encore.db"
        rows = await measure(f"sqlite+aiosqlite:///{file}", plan, bytes_of_files(file))
        print_table(rows)
    server = os.environ.get("ENCORE_TEST_POSTGRES_URL")
    if server is not None:
        print("\nPostgreSQL")
        async with postgres_database(server) as url:
            others = await measure(url, plan, bytes_of_database)
            print_table(others)
            rows += others
    return rows


def bytes_of_files(file: Path) -> Callable[[Store], Awaitable[int]]:
    """Return what tells the size of an SQLite database with its log."""

    async def total(_store: Store) -> int:
        files = (file, file.with_name(f"{file.name}-wal"))
        return sum(each.stat().st_size for each in files)

    return total


async def bytes_of_database(store: Store) -> int:
    """Return the size of a PostgreSQL database."""
    size = text("SELECT pg_database_size(current_database())")

    async def query(db: AsyncConnection) -> int:
        return (await db.execute(size)).scalar_one()

    return await store.database.run(query)


def main() -> None:
    """Run it."""
    smoke = is_smoke(__doc__)
    print(f"load of the machine at the beginning: {os.getloadavg()[0]:.1f}")
    rows = asyncio.run(run(SMOKE if smoke else FULL))
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")
    if not smoke and any(row.bound is not None and row.value > row.bound for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
