"""Sessions whose bot is killed at any moment: members who act by themselves, and what must hold."""

import asyncio
import datetime as dt
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.domain.clock import utc_now
from bot.domain.sessions.models import (
    NEITHER,
    Ballot,
    Count,
    DropReason,
    RoundStatus,
    SessionState,
    SessionStatus,
)
from bot.store.store import Store
from sandbox.discord.errors import NotPossibleError
from sandbox.discord.interaction_models import Interaction, Modal
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import InteractionType
from sandbox.discord.snowflakes import created_at
from sandbox.processes import ManagedProcess
from tests.support.bot_harness import BotHarness, labels, lyrics_of, text
from tests.support.hurried_bot import FASTER, hurried_environment, hurried_time

PARTS = 2
SHORTEST_BALLOT = 30.0  # seconds of the bot's clock, whoever has voted
LONGEST_LIFE = 1.0  # seconds of ours from being connected to being killed
LONGEST_SILENCE = 10.0  # seconds of ours without a change of a session while the bot runs
WATCH_INTERVAL = 0.02
SLACK = 2.0  # seconds of the bot's clock: between two glances of the watch, and then some
GIVEN_BACK_SLACK = dt.timedelta(seconds=10)  # of the bot's clock

Place = tuple[int, int, Ballot]  # session, round, ballot


@dataclass
class BallotTimes:
    """When a running clock was first seen, and when its ballot was seen to be over."""

    started: float
    ended: float | None = None


@dataclass
class Attempts:
    """What a member tried in one ballot: choices with whether each was confirmed, in order."""

    made: list[tuple[str | None, bool]] = field(default_factory=list[tuple[str | None, bool]])

    @property
    def possible(self) -> set[str | None]:
        """The choices that may count; None is no vote. What was confirmed last, or tried since."""
        confirmed = [place for place, (_, is_sure) in enumerate(self.made) if is_sure]
        since = confirmed[-1] if confirmed else 0
        tried = {choice for choice, _ in self.made[since:]}
        return tried if confirmed else tried | {None}


class KilledEvening:
    """A bot that is killed again and again, and five members who go on all the same."""

    def __init__(self, harness: BotHarness, log: Path, *, provider: str, seed: int) -> None:
        self.harness = harness
        self.provider = provider
        self.kills_left = 0
        self._log = log
        self._random = random.Random(seed)
        self._since = utc_now()
        self._members = [harness.ada, *map(harness.discord.member, ("Bo", "Cy", "Dee", "Eli"))]
        self._bots: list[ManagedProcess] = []
        self._unsent: dict[int, tuple[Modal, str]] = {}  # by member
        self._written = 0
        self._lives: list[tuple[float, float]] = []  # connected from, until
        self._ballots: dict[Place, list[BallotTimes]] = {}
        discord = harness.discord
        # ids tell the bot the time; Discord's limits know only ours
        discord.state.snowflakes.clock = lambda: hurried_time(self._since).timestamp()
        discord.rate_limits.is_enforced = False
        # no audio: that has tests of its own
        discord.state.set_overwrite(
            discord.state.channel, discord.state.bot, deny=Permission.ATTACH_FILES
        )
        harness.overrides |= {"ENCORE_SESSION_VOTE": "30", "ENCORE_POLL_EVERY": "2"}
        harness.overrides |= {"ENCORE_RECONCILE_TIMEOUT": "20", "ENCORE_SESSION_LIMIT": "0"}

    # what happens

    async def go(self, kills: int) -> None:
        """Kill the bot so often, start it once more, and return when all songs are there."""
        watch = asyncio.create_task(self._watch())
        try:
            next_bot = await self._prepared(is_last=not kills)
            for self.kills_left in range(kills, 0, -1):
                bot, next_bot = next_bot, await self._prepared(is_last=self.kills_left == 1)
                await self._live_and_die(bot)
            self.kills_left = 0
            await self._live_to_the_end(next_bot)
        finally:
            watch.cancel()
            for bot in self._bots:
                bot.signal(signal.SIGKILL)

    async def _prepared(self, *, is_last: bool) -> ManagedProcess:
        """Return a bot that has loaded its modules, and may be about to kill itself at a commit."""
        dies_itself = not is_last and self._random.random() < 0.5
        killed_at = self._random.randrange(1, 120) / 2 if dies_itself else None
        told = hurried_environment(self._since, killed_at, self._start_file(len(self._bots)))
        environment = self.harness.environment() | {"ENCORE_LOG": "console"} | told
        bot = ManagedProcess("bot", ("-m", "tests.support.hurried_bot"), environment)
        with self._log.open("ab") as sink:
            await bot.start(log=sink)
        self._bots.append(bot)
        return bot

    def _start_file(self, number: int) -> Path:
        return self._log.with_name(f"start-{number}")

    async def _connect(self, bot: ManagedProcess) -> None:
        """Let a prepared bot start, and return when it is connected."""
        self._start_file(self._bots.index(bot)).touch()
        await self.harness.discord.wait_until_ready(timeout=30)

    async def _live_and_die(self, bot: ManagedProcess) -> None:
        """Have a bot live and end: by its own hand at a commit, or by ours at any moment."""
        chance = self._random
        connecting = asyncio.create_task(self._connect(bot))
        dying = asyncio.create_task(bot.wait())
        cut_short = chance.uniform(0.0, 1.0) if chance.random() < 0.1 else None
        await asyncio.wait(
            [connecting, dying], timeout=cut_short, return_when=asyncio.FIRST_COMPLETED
        )
        connected_at = time.monotonic()
        was_connected = self.harness.discord.gateway.is_connected
        acting = self._act_all()
        await asyncio.wait([dying], timeout=chance.uniform(0.0, LONGEST_LIFE))
        bot.signal(signal.SIGKILL)
        died_at = time.monotonic()
        await dying
        await _cancelled([connecting, *acting])
        if was_connected:
            self._lives.append((connected_at, died_at))
        await self.harness.until(lambda: not self.harness.discord.gateway.is_connected)

    async def _live_to_the_end(self, bot: ManagedProcess) -> None:
        """Have the members finish what they began; no session is silent for long."""
        await self._connect(bot)
        acting, connected_at = self._act_all(), time.monotonic()
        seen, seen_at = self._progress(), time.monotonic()
        while not self._is_over():
            await asyncio.sleep(WATCH_INTERVAL)
            now = self._progress()
            if now != seen:
                seen, seen_at = now, time.monotonic()
            silence = time.monotonic() - seen_at
            assert silence < LONGEST_SILENCE, f"nothing goes on: {self._query('sessions')}"
        await self.harness.until(lambda: not self._unpublished(), within=30)
        await _cancelled(acting)
        bot.signal(signal.SIGKILL)
        await bot.wait()
        self._lives.append((connected_at, time.monotonic()))

    # what members do

    def _act_all(self) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self._act_on(member)) for member in self._members]

    async def _act_on(self, member: Member) -> None:
        while True:
            await asyncio.sleep(self._random.uniform(0.02, 0.3))
            if self.harness.discord.gateway.is_connected:
                with suppress(NotPossibleError):
                    await self._act(member)

    async def _act(self, member: Member) -> None:
        """Do one thing that makes sense now."""
        thread = self._thread()
        if thread is None:
            await self._start(member)
            return
        if member.id in self._unsent:
            await self._submit(member)
            return
        board = _newest(thread, "what comes next?")
        result = _newest(thread, "which one goes on?")
        if result is not None and self._random.random() < 0.5:
            goes_on = [label for label in labels(result) if label.endswith("on")]
            weights = [1.0] * len(goes_on) + [0.2]
            choice = self._random.choices([*goes_on, "🔁 Neither"], weights)[0]
            await member.click(result, choice)
        elif not self._has_written(member) and self._random.random() < 0.5:
            await self._write(member, thread)
        elif board is not None:
            await self._vote(member, thread, board)

    async def _start(self, member: Member) -> None:
        """Start a session, if none runs and there are kills to come or there was none yet."""
        if member is not self.harness.ada or self._query("sessions WHERE status = 'running'"):
            return
        if self.kills_left or not self._query("sessions"):
            clip = self.harness.source(self.provider)
            await member.slash("session start", clip=clip, provider=self.provider, parts=PARTS)

    async def _write(self, member: Member, thread: Channel) -> None:
        board = next(
            each
            for each in (*_newest_first(thread), None)
            if each is None or any(label.startswith("✍️") for label in labels(each))
        )
        if board is None:
            return
        button = next(label for label in labels(board) if label.startswith("✍️"))
        opened = await member.click(board, button)
        if opened.modal is not None:
            self._written += 1
            self._unsent[member.id] = (opened.modal, f"song number {self._written}")
            await self._submit(member)

    async def _submit(self, member: Member) -> None:
        """Send a form, again and again until the bot has answered."""
        modal, lyrics = self._unsent[member.id]
        if not modal.submitted:
            await member.submit(modal, {"lyrics": lyrics})
        if modal.submitted:
            self._unsent.pop(member.id, None)

    async def _vote(self, member: Member, thread: Channel, board: Message) -> None:
        listed = [each for each in _newest_first(thread) if "🗳️ Vote for this" in labels(each)]
        selects = [
            item for row in board.components for item in row["components"] if "options" in item
        ]
        if selects and self._random.random() < 0.7:
            option = self._random.choice(selects[0]["options"])
            await member.select(board, selects[0]["custom_id"], option["value"])
        elif listed:
            await member.click(self._random.choice(listed[:4]), "🗳️ Vote for this")

    # what is stored, read while the bot runs or is dead

    def _query(self, rest: str, what: str = "*") -> list[tuple[Any, ...]]:
        """Return rows of the database; none where it can't be read at this moment."""
        address = f"file:{self.harness.database}?mode=ro"
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(address, uri=True)) as db:
            return db.execute(f"SELECT {what} FROM {rest}").fetchall()  # noqa: S608 - all ours
        return []

    def _thread(self) -> Channel | None:
        """Where the newest session is held, if it runs."""
        rows = self._query("sessions WHERE status = 'running' ORDER BY id DESC", "channel_id")
        return self.harness.discord.state.channels.get(rows[0][0]) if rows else None

    def _has_written(self, member: Member) -> bool:
        """Whether a member has a part on the open board."""
        own = "proposals JOIN rounds ON rounds.id = round_id WHERE rounds.status = 'open'"
        return bool(self._query(f"{own} AND listed_from IS NULL AND member_id = {member.id}"))

    def _progress(self) -> list[tuple[object, ...]]:
        """What changes as long as something goes on: sessions, their parts and songs."""
        changing = self._query("sessions", "version, song_id")
        return [*changing, *self._query("extensions", "revision, status")]

    def _is_over(self) -> bool:
        """Whether all sessions are over and all songs final."""
        open_songs = (
            "sessions LEFT JOIN extensions ON extensions.id = song_id WHERE sessions.status = "
            "'running' OR (sessions.status = 'finished' AND extensions.finished_at IS NULL)"
        )
        return bool(self._query("sessions")) and not self._query(open_songs, "1")

    def _unpublished(self) -> list[tuple[object, ...]]:
        return self._query("posts WHERE published < revision", "id, kind, publish_failures")

    async def _watch(self) -> None:
        """Note when each ballot's clock begins to run, and when its ballot is over."""
        clocks = "rounds WHERE clock_started_at IS NOT NULL"
        while True:
            now = time.monotonic()
            running: set[Place] = set()
            read = self._query("rounds", "count(*)")
            for session, number, status in self._query(clocks, "session_id, number, status"):
                ballot = Ballot.NEXT if status == RoundStatus.OPEN else Ballot.CLIP
                running.add((session, number, ballot))
            for place in running:
                known = self._ballots.setdefault(place, [])
                if not known or known[-1].ended is not None:
                    known.append(BallotTimes(now))
            if read:
                for place, known in self._ballots.items():
                    if place not in running and known[-1].ended is None:
                        known[-1].ended = now
            await asyncio.sleep(WATCH_INTERVAL)

    # what must hold

    async def check(self) -> None:
        """Compare what members were told with what was counted, made and posted."""
        sqlite = f"sqlite+aiosqlite:///{self.harness.database}"
        states: list[SessionState] = []
        async with Store.open(sqlite) as store:
            for (session_id,) in self._query("sessions", "id"):
                state = await store.session_state(session_id, whole=True)
                assert state is not None
                states.append(state)
        for state in states:
            self._check_requests(state)
            self._check_posts(state)
            self._check_song(state)
        self._check_proposals(states)
        self._check_votes(states)
        self._check_clocks()
        assert "Traceback" not in self._log.read_text()

    def _check_requests(self, state: SessionState) -> None:
        """Each count sent its part once."""
        wanted = Counter(
            winner.lyrics
            for each in state.rounds
            if each.extension_id is not None and (winner := state.winner_of(each)) is not None
        )
        submissions = self.harness.account(self.provider).submissions
        sent = Counter(map(lyrics_of, submissions))
        lyrics = {proposal.lyrics for proposal in state.proposals}
        for each in lyrics:
            assert sent[each] <= wanted[each], f"{each!r} was paid twice"

    def _check_posts(self, state: SessionState) -> None:
        """Each proposal and each board stands once in the thread."""
        session = state.session
        assert session.channel_id is not None
        there = list(_newest_first(self.harness.discord.state.channels[session.channel_id]))
        proposed = Counter(proposal.lyrics for proposal in state.proposals)
        for lyrics, times in proposed.items():
            posts = [each for each in there if f"> {lyrics}\n" in f"{text(each)}\n"]
            posts = [each for each in posts if text(each).lstrip().startswith("Proposal")]
            assert len(posts) == times, f"{lyrics!r} has {len(posts)} posts for {times} proposals"
        for each in state.rounds:
            boards = [one for one in there if _is_board(one, each.number)]
            has_board = each.winner is not None or each.number == 1
            assert len(boards) == 1 or not (boards or has_board), f"round {each.number}: {boards}"

    def _check_song(self, state: SessionState) -> None:
        """A session with a part is finished, and its song was posted."""
        assert state.session.status is not SessionStatus.RUNNING
        if not state.chosen_rounds:
            return
        assert state.session.status is SessionStatus.FINISHED
        assert state.session.song_id is not None
        card = next(
            each
            for each in self.harness.discord.state.channel.messages.values()
            if each.id == state.session.channel_id
        )
        assert "💿 The full song" in labels(card), text(card)

    def _check_proposals(self, states: Iterable[SessionState]) -> None:
        """Each form that was answered with a proposal is stored."""
        keys = {each.idempotency_key for state in states for each in state.proposals}
        for call in self._calls():
            if call.submitted_modal is not None and _is_confirmed(call):
                assert str(call.submitted_modal.interaction.id) in keys, "a proposal is lost"

    def _check_votes(self, states: Iterable[SessionState]) -> None:
        """Each confirmed vote is in the count."""
        cast = self._attempts(states)
        for state in states:
            for each in state.rounds:
                for ballot, tally in ((Ballot.NEXT, each.tally), (Ballot.CLIP, each.clip_tally)):
                    if tally:
                        tried = cast.get((state.session.id, each.number, ballot), {})
                        place = f"session {state.session.id}, round {each.number}, {ballot}"
                        _check_tally(place, tally, [one.possible for one in tried.values()])

    def _attempts(self, states: Iterable[SessionState]) -> dict[Place, dict[int, Attempts]]:
        """Return what each member tried to vote for, by ballot."""
        by_id = {each.id: (state, each) for state in states for each in state.proposals}
        by_key = {each.idempotency_key: each.id for _, each in by_id.values()}
        rounds = {each.id: (state, each) for state in states for each in state.rounds}
        cast: dict[Place, dict[int, Attempts]] = {}
        for call in self._calls():
            if "vote is over" in _answer(call) or "session is over" in _answer(call):
                continue
            data, choice = call.payload["data"], None
            action, _, number = data.get("custom_id", "").rpartition(":")
            is_sure = _is_confirmed(call)
            if action == "ses:choose":
                round_id, _, letter = number.partition("-")
                state, each = rounds[int(round_id)]
                place = (state.session.id, each.number, Ballot.CLIP)
                choice = NEITHER if letter == "none" else letter.upper()
            else:
                if action in ("ses:pick", "ses:vote"):
                    proposal_id = int(data.get("values", [number])[0])
                elif call.submitted_modal is not None:
                    proposal_id = by_key.get(str(call.submitted_modal.interaction.id), 0)
                else:
                    continue
                if proposal_id not in by_id:
                    continue
                state, proposal = by_id[proposal_id]
                place = (state.session.id, proposal.round_number, Ballot.NEXT)
                choice = str(proposal.number)
                is_sure = is_sure and not self._is_given_back(state, proposal.round_number, call)
            made = cast.setdefault(place, {}).setdefault(call.user.id, Attempts()).made
            made.append((choice, is_sure))
        return cast

    def _is_given_back(self, state: SessionState, number: int, call: Interaction) -> bool:
        """Whether a vote may have fallen away, as the part before could not be made."""
        before = state.round(number - 1) if number > 1 else None
        if before is None or before.drop_reason is not DropReason.FAILED:
            return False
        assert before.ended_at is not None
        return created_at(call.id) < before.ended_at + GIVEN_BACK_SLACK

    def _check_clocks(self) -> None:
        """No ballot ended before members had the shortest time that it may take to vote."""
        for place, known in self._ballots.items():
            for times in known:
                if times.ended is not None:
                    open_for = self._connected(times.started, times.ended) * FASTER
                    assert open_for > SHORTEST_BALLOT - SLACK, f"{place}: {open_for:.1f} s"

    def _connected(self, since: float, until: float) -> float:
        """Return for how many seconds the bot was connected between two moments."""
        return sum(max(min(end, until) - max(start, since), 0) for start, end in self._lives)

    def _calls(self) -> Iterator[Interaction]:
        """Yield what members did with components and forms, oldest first."""
        calls = self.harness.discord.interactions.by_id
        for _, call in sorted(calls.items()):
            if call.type in (InteractionType.COMPONENT, InteractionType.MODAL):
                yield call


def _check_tally(place: str, tally: Iterable[Count], possible: list[set[str | None]]) -> None:
    counted = {each.choice: each.votes for each in tally}
    total, sure = sum(counted.values()), sum(None not in each for each in possible)
    assert sure <= total <= len(possible), f"{place}: {total} counted, {sure} confirmed"
    for choice in {*counted, *(one for each in possible for one in each if one is not None)}:
        least = sum(each == {choice} for each in possible)
        most = sum(choice in each for each in possible)
        votes = counted.get(choice, 0)
        assert least <= votes <= most, f"{place}: {votes} for {choice!r}, not {least} to {most}"


def _is_confirmed(call: Interaction) -> bool:
    """Whether the member was told that their vote or proposal is there."""
    said = _answer(call)
    return "**Your vote" in said or "**You chose" in said or said.lstrip().startswith("Proposal")


def _answer(call: Interaction) -> str:
    return "" if call.message is None else text(call.message)


def _newest_first(thread: Channel) -> Iterator[Message]:
    for message in reversed(thread.messages.values()):
        if message.visible_to is None and not message.deleted:
            yield message


def _newest(thread: Channel, words: str) -> Message | None:
    return next((each for each in _newest_first(thread) if words in text(each)), None)


def _is_board(message: Message, number: int) -> bool:
    select = f"Round {number} · "
    return text(message).startswith(select) and "📜 Song so far" in labels(message)


async def _cancelled(tasks: Iterable[asyncio.Task[None]]) -> None:
    all_tasks = list(tasks)
    for task in all_tasks:
        task.cancel()
    await asyncio.gather(*all_tasks, return_exceptions=True)
