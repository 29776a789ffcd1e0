"""Running sessions in the database of a bot that has not been started, and in its Discord."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from _harness import LYRICS, PROVIDER

from bot.domain.models import ReplyRef
from bot.domain.sessions.actions import PartText, Press, propose_part
from bot.domain.sessions.models import Change, PostKey, PostKind, Session, SessionState
from bot.domain.sessions.steps import IDLE, opened, step, with_due_time
from bot.store.sessions import Started
from bot.store.store import Store
from sandbox.discord import messages
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from sandbox.discord.server import DiscordServer

DEADLINE = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """A session that runs, held in a channel of its own.

    Attributes:
        id: of the session.
        channel: where it is held.
        board: the message of its first round.
        ends_at: when its vote ends; None if nobody has voted.
    """

    id: int
    channel: Channel
    board: Message
    ends_at: dt.datetime | None


class Seeder:
    """Puts sessions where the bot finds them when it starts."""

    def __init__(self, discord: DiscordServer, folder: Path, clip_id: str) -> None:
        self._discord = discord
        self._url = f"sqlite+aiosqlite:///{folder / 'encore.db'}"
        self._clip_id = clip_id
        self._count = 0

    async def seed(
        self,
        times: Iterable[dt.datetime],
        *,
        writers: Iterable[Member] = (),
        vote_seconds: int = 180,
        last_seen: dt.datetime | None = None,
    ) -> list[Seeded]:
        """Store one session for each of ``times``, at which it began and all ``writers`` wrote.

        ``last_seen`` is when the bot was connected last; None is never.
        """
        async with Store.open(self._url) as store:
            if last_seen is not None:
                await store.set_fact("alive:0", last_seen.isoformat())
            listed = list(writers)
            return [await self._one(store, at, listed, vote_seconds) for at in times]

    async def _one(
        self, store: Store, at: dt.datetime, writers: list[Member], vote_seconds: int
    ) -> Seeded:
        self._count += 1
        channel = self._discord.state.new_channel(f"session-{self._count}")
        guild_id = self._discord.state.guild.id
        session = Session(
            idempotency_key=f"seeded {self._count}",
            guild_id=guild_id,
            card_channel_id=channel.id,
            channel_id=channel.id,
            has_own_thread=False,
            host_id=self._discord.state.owner.id,
            host_name="Host",
            title=f"Song {self._count}",
            provider=PROVIDER,
            source_clip_id=self._clip_id,
            latest_clip_id=self._clip_id,
            vote_seconds=vote_seconds,
            parts_left=12,
            created_at=at,
            active_at=at,
            due_at=at + IDLE,
        )
        first = opened(SessionState(session=session, extensions={}), at)
        change = Change(state=with_due_time(first))
        started = await store.start_session(change, limit=0, now=at, first_reply_until=at)
        assert isinstance(started, Started)  # noqa: S101 - there is no limit
        state = started.state
        session_id = state.session.id
        for writer in writers:
            press = self._press(writer, session_id, at)
            await store.change_session(
                session_id,
                lambda was, press=press: propose_part(was, PartText(lyrics=LYRICS), press).change,
                now=at,
                first_reply_until=at,
            )
        if writers:
            state = await store.change_session(
                session_id,
                lambda was: step(was, at, needs_length=False, deadline=DEADLINE),
                now=at,
                first_reply_until=at,
            )
        board = await self._post_all(store, session_id, channel)
        current = state.open_round if state is not None else None
        return Seeded(
            id=session_id,
            channel=channel,
            board=board,
            ends_at=current.ends_at if current is not None else None,
        )

    def _press(self, writer: Member, session_id: int, at: dt.datetime) -> Press:
        return Press(
            member_id=writer.id,
            member_name=writer.name,
            key=f"seeded {session_id} {writer.id}",
            interaction_id=1,
            at=at,
        )

    async def _post_all(self, store: Store, session_id: int, channel: Channel) -> Message:
        """Post what the session shows, for the bot to bring up to date; return its board."""
        state, posted = self._discord.state, dict[PostKey, Message]()
        usual = ReplyRef(channel_id=channel.id, guild_id=state.guild.id)
        for post in await store.posts_of(session_id):
            message = messages.new_message(state, channel, state.bot, {"content": post.key.kind})
            messages.send(state, message)
            posted[post.key] = message
            reply = replace(usual, message_id=message.id)
            await store.record_first_post(session_id, post.key, reply, publish_at=post.publish_at)
        return posted[PostKey(PostKind.BOARD, 1)]
