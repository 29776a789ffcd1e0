"""The use cases of a session: start it, write, vote, choose, end it. Knows nothing of Discord.

Each is one transaction. What follows from it is done by the session runner, and shown by the
boards.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase

from bot.domain.errors import UserError
from bot.domain.form import Form, format_style, parse_style
from bot.domain.models import ReplyRef
from bot.domain.sessions import actions
from bot.domain.sessions.actions import PartText, Press, Proposed
from bot.domain.sessions.models import (
    NEITHER,
    Change,
    EndReason,
    PostKey,
    PostKind,
    Proposal,
    ProposalKind,
    RestReason,
    Session,
    SessionState,
)
from bot.domain.sessions.part_form import PartForm
from bot.domain.sessions.posts import CARD, linking_posts
from bot.domain.sessions.steps import IDLE, opened, with_due_time
from bot.domain.sessions.structure import section
from bot.domain.text import display_title, plain_line
from bot.domain.timecode import format_continue_at
from bot.providers.base import ProviderError
from bot.services.form_check import FormReader, ValidatedForm
from bot.services.runtime import Runtime
from bot.services.session_parts import require_no_session
from bot.services.session_view import SessionView, SessionViewLoader
from bot.store.session_queries import ProposalPlace
from bot.store.sessions import RunningHere, Started, TooManySessions
from bot.store.votes import CastVote

log = logging.getLogger(__name__)

# The caller posts the card and the proposals; the boards do if they are not there by then.
FIRST_POST_TIMEOUT = dt.timedelta(seconds=10)
MIN_EDIT_INTERVAL = dt.timedelta(seconds=2)  # between two edits of one post
LOOKUP_TIMEOUT = 1.2  # seconds, of the three that Discord gives
CLOCK_POSTS = (PostKind.BOARD, PostKind.RESULT)
PAGE_SIZE = 10  # sessions on a page of the list
TITLE_LENGTH = 60  # UTF-16 units


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRules:
    """What whoever runs Encore has set.

    Attributes:
        parts: that one session may have made; 0 turns sessions off.
        vote_seconds: how long a vote runs where the host says nothing.
        limit: sessions at once per server; 0 is no limit.
    """

    parts: int = 12
    vote_seconds: int = 180
    limit: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class StartForm:
    """What a member asks for with ``/session start``.

    Attributes:
        clip: as typed.
        title: empty is the clip's.
        provider: empty is who made the clip.
        vote_seconds, parts: None is the setting.
        guild_id, channel_id: where.
        has_own_thread: whether a thread is made for it; otherwise it is held in the channel.
    """

    clip: str
    title: str
    provider: str
    vote_seconds: int | None
    parts: int | None
    guild_id: int
    channel_id: int
    has_own_thread: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalResult:
    """A stored proposal, and its session.

    Attributes:
        is_new: whether this call stored it; its post is to be sent then.
    """

    view: SessionView
    proposal: Proposal
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """A page of a server's sessions; ``number`` counts from 1.

    Attributes:
        total: sessions on all pages.
        most_parts: the members with most parts in songs of the server, and how many.
    """

    views: Sequence[SessionView]
    number: int
    page_count: int
    total: int
    most_parts: Sequence[tuple[int, int]]


class Sessions:
    """Starts sessions and acts in them for members."""

    def __init__(
        self,
        runtime: Runtime,
        forms: FormReader,
        views: SessionViewLoader,
        *,
        rules: SessionRules,
        lookup_timeout: float = LOOKUP_TIMEOUT,
    ) -> None:
        """Make the service.

        Args:
            runtime: has the store and the clock.
            forms: checks the clip and the texts; it must accept the parts of running sessions.
            views: load what posts show.
            rules: of whoever runs Encore.
            lookup_timeout: seconds that a provider has to tell of a clip that nobody knows.
        """
        self._runtime = runtime
        self._store = runtime.store
        self._clock = runtime.clock
        self._wakeups = runtime.wakeups
        self._forms = forms
        self._views = views
        self.rules = rules
        self._lookup_timeout = lookup_timeout

    def press(
        self,
        *,
        member_id: int,
        member_name: str,
        interaction_id: int,
        key: str = "",
        may_manage: bool = False,
        reply: ReplyRef | None = None,
    ) -> Press:
        """Return what a member does now; without a ``key`` the interaction itself is unique."""
        return Press(
            member_id=member_id,
            member_name=member_name,
            key=key or str(interaction_id),
            interaction_id=interaction_id,
            at=self._clock(),
            may_manage=may_manage,
            reply=reply,
        )

    async def start(self, form: StartForm, press: Press) -> tuple[SessionView, bool]:
        """Start a session; return it, and whether it is new.

        Raises:
            UserError: sessions are turned off, the clip can't be continued or belongs to another
                session, a session is held in that channel already, or the server has as many as
                it may.
        """
        if not self.rules.parts:
            raise UserError(
                "Sessions are turned off here.", "Use `/extend` to continue a clip on your own."
            )
        asked = Form(clip=form.clip, title=form.title, provider=form.provider)
        prefilled = await self._forms.prefill(asked)
        if prefilled.source is None and await self._has_learned(prefilled.form):
            prefilled = await self._forms.prefill(asked)
        if prefilled.source is not None and prefilled.source.extension_id is not None:
            await require_no_session(self._store, prefilled.source.extension_id)
        now, clip_id = press.at, prefilled.form.clip
        session = Session(
            idempotency_key=press.key,
            guild_id=form.guild_id,
            card_channel_id=form.channel_id,
            channel_id=None if form.has_own_thread else form.channel_id,
            has_own_thread=form.has_own_thread,
            host_id=press.member_id,
            host_name=press.member_name,
            title=plain_line(prefilled.form.title, TITLE_LENGTH) or "Untitled",
            provider=prefilled.form.provider,
            source_clip_id=clip_id,
            latest_clip_id=clip_id,
            vote_seconds=form.vote_seconds or self.rules.vote_seconds,
            parts_left=min(form.parts or self.rules.parts, self.rules.parts),
            created_at=now,
            active_at=now,
            due_at=now + IDLE,
        )
        state = SessionState(session=session, extensions={})
        if not form.has_own_thread:
            state = with_due_time(opened(state, now))
        change = Change(state=state, replies={} if press.reply is None else {CARD: press.reply})
        started = await self._store.start_session(
            change, limit=self.rules.limit, now=now, first_reply_until=now + FIRST_POST_TIMEOUT
        )
        if not isinstance(started, Started):
            raise await self._not_started(started)
        self._wakeups.boards.notify()
        return await self.view(started.state.session.id), started.is_new

    async def view(self, session_id: int) -> SessionView:
        """Return a session as its posts show it.

        Raises:
            UserError: it is unknown.
        """
        view = await self._views.load(session_id)
        if view is None:
            raise unknown_session()
        return view

    async def running_in(self, channel_id: int) -> SessionView | None:
        """Return the session that is held in a channel now."""
        session_id = await self._store.session_in_channel(channel_id)
        return None if session_id is None else await self.view(session_id)

    async def running_in_guild(self, guild_id: int) -> Sequence[SessionView]:
        """Return the sessions that run in a server."""
        ids = await self._store.running_in_guild(guild_id)
        return [await self.view(session_id) for session_id in ids]

    async def page(self, guild_id: int, number: int, *, channels: Collection[int]) -> SessionPage:
        """Return a page of a server's sessions, running ones first, or the last if there are fewer.

        Only those that were started in ``channels``, which the member may view.
        """
        ids, total = await self._store.sessions_of_guild(
            guild_id, channels=channels, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        page_count = max(-(-total // PAGE_SIZE), 1)
        if number > page_count:
            return await self.page(guild_id, page_count, channels=channels)
        return SessionPage(
            views=[await self.view(session_id) for session_id in ids],
            number=number,
            page_count=page_count,
            total=total,
            most_parts=await self._store.most_parts(guild_id),
        )

    async def channels(self, guild_id: int) -> list[int]:
        """Return the channels of a server in which sessions were held."""
        return await self._store.session_channels(guild_id)

    async def form(self, session_id: int, member_id: int | None = None) -> PartForm:
        """Return the form for a part, filled with the member's own proposal of this round, if any.

        Raises:
            UserError: the session is over, its thread is still being made, or no more parts may
                be made.
        """
        state = await self._state(session_id)
        current = actions.require_open_round(state)
        if state.session.parts_left == 0:
            raise actions.all_parts_made()
        listed = state.proposals_of(current.number)
        own = (
            each
            for each in listed
            if each.kind is ProposalKind.PART
            and each.member_id == member_id
            and each.listed_from is None
        )
        return await self._form(state, next(own, None))

    async def form_of(self, proposal_id: int, press: Press) -> PartForm:
        """Return the form with the words of a proposal, to change it.

        Raises:
            UserError: it can't be changed any more, or is another member's.
        """
        place = await self._place(proposal_id)
        state = await self._state(place.session_id)
        proposal = _proposal(state, place)
        actions.require_changeable(state, proposal, press)
        return await self._form(state, proposal)

    async def form_again(self, proposal_id: int) -> PartForm:
        """Return the form with the words of a proposal of an earlier round, to write it again.

        Raises:
            UserError: the session is over.
        """
        place = await self._place(proposal_id)
        proposal = _proposal((await self.view(place.session_id)).state, place)
        form = await self.form(place.session_id)
        style = format_style(proposal.style) or form.style
        return replace(form, lyrics=proposal.lyrics, style=style)

    async def propose(self, form: PartForm, press: Press) -> ProposalResult:
        """Put a part on the board, or change the member's own.

        Raises:
            UserError: a text is too long, the time is wrong, or `actions.propose_part` refuses.
        """
        state = await self._state(form.session_id)
        session = state.session
        self._require_provider(session)
        current = actions.require_open_round(state)
        # a second holds only for the clip that the member saw
        is_second = state.busy_round is None and form.round_number == current.number
        checked = await self._forms.validate(
            Form(
                clip=session.latest_clip_id,
                at=form.at if is_second else "",
                style=form.style,
                lyrics=form.lyrics,
                title=session.title,
                provider=session.provider,
            )
        )
        request = checked.request
        if state.busy_round is None and self._lacks_length(checked):
            raise UserError(
                f"{checked.capabilities.label} can't tell how long that clip is.",
                "Say the second yourself under *Go on at*.",
            )
        song_style = parse_style(await self._song_style(state))
        text = PartText(
            lyrics=request.lyrics,
            style=() if request.style == song_style else request.style,
            continue_at=request.continue_at,
        )
        place = None if form.proposal_id is None else await self._place(form.proposal_id)

        def propose(now: SessionState) -> Proposed:
            is_same = now.session.latest_clip_id == session.latest_clip_id
            words = text if is_same else replace(text, continue_at=None)
            if place is None:
                return actions.propose_part(now, words, press)
            return actions.change_part(now, _proposal(now, place), words, press)

        return await self._propose(session.id, press, propose)

    async def propose_end(self, session_id: int, press: Press) -> ProposalResult:
        """Propose that the song is finished, or vote for that.

        Raises:
            UserError: as `actions.propose_end`.
        """
        return await self._propose(
            session_id, press, lambda state: actions.propose_end(state, press)
        )

    async def propose_back(self, session_id: int, press: Press) -> ProposalResult:
        """Propose to take the last part back, or vote for that.

        Raises:
            UserError: as `actions.propose_back`.
        """
        return await self._propose(
            session_id, press, lambda state: actions.propose_back(state, press)
        )

    async def record_first_post(self, session_id: int, key: PostKey, reply: ReplyRef) -> None:
        """Store where a post is that was sent as the answer to an interaction."""
        await self._store.record_first_post(
            session_id, key, reply, publish_at=self._clock() + MIN_EDIT_INTERVAL
        )
        await self.show_links(session_id, key)

    async def show_links(self, session_id: int, key: PostKey) -> None:
        """Have the posts edited that link to a new post, as that has an address now."""
        await self._store.raise_posts(session_id, linking_posts(key))
        self._wakeups.boards.notify()

    async def take_off(self, proposal_id: int, press: Press) -> None:
        """Withdraw or remove a proposal.

        Raises:
            UserError: as `actions.take_off`.
        """
        place = await self._place(proposal_id)

        def decide(state: SessionState) -> Change:
            is_host = state.session.host_id == press.member_id
            return actions.take_off(state, _proposal(state, place), press, is_host=is_host)

        await self._change(place.session_id, decide)

    async def vote(self, proposal_id: int, press: Press) -> CastVote:
        """Store a member's vote for a proposal; `CastVote.is_counted` says whether it counts.

        Raises:
            UserError: the proposal is unknown.
        """
        cast = await self._store.vote_for_proposal(
            proposal_id,
            member_id=press.member_id,
            interaction_id=press.interaction_id,
            now=press.at,
        )
        return self._cast(cast)

    async def choose(self, round_id: int, letter: str, press: Press) -> CastVote:
        """Store a member's vote for a clip, or for `NEITHER`; as `vote`.

        Raises:
            UserError: the round is unknown.
        """
        if letter not in (NEITHER, *ascii_uppercase):
            raise unknown_session()
        cast = await self._store.vote_for_clip(
            round_id,
            letter,
            member_id=press.member_id,
            interaction_id=press.interaction_id,
            now=press.at,
        )
        return self._cast(cast)

    async def close(self, round_id: int, press: Press) -> None:
        """End the current ballot of a round now.

        Raises:
            UserError: the member is neither host nor moderator, or `actions.close` refuses.
        """
        place = await self._store.round_place(round_id)
        if place is None:
            raise unknown_session()

        def decide(state: SessionState) -> Change:
            _require_host(state, press)
            return actions.close(state, place.number, press)

        await self._change(place.session_id, decide)

    async def end_now(self, session_id: int, press: Press) -> None:
        """End a session without a vote.

        Raises:
            UserError: the member is neither host nor moderator, or it is over.
        """

        def decide(state: SessionState) -> Change:
            _require_host(state, press)
            return actions.end_by_hand(state, press.at)

        await self._change(session_id, decide)

    async def require_host(self, session_id: int, press: Press) -> SessionView:
        """Return a running session, if the member may end it.

        Raises:
            UserError: the member is neither host nor moderator, or it is over.
        """
        view = await self.view(session_id)
        _require_host(view.state, press)
        actions.require_running(view.state)
        return view

    async def add_thread(self, session_id: int, thread_id: int) -> None:
        """Hold a session in the thread that was made for it."""
        await self._change(
            session_id, lambda state: actions.thread_made(state, thread_id, self._clock())
        )

    async def rest(self, session_id: int, reason: RestReason) -> None:
        """Let a session rest until a member's next press."""
        await self._change(session_id, lambda state: actions.rest(state, reason, self._clock()))

    async def end_lost(self, session_id: int, reason: EndReason) -> None:
        """End a session whose thread or server is gone, or could not be made."""
        await self._change(session_id, lambda state: actions.lost(state, reason, self._clock()))

    async def channel_closed(self, channel_id: int) -> None:
        """Let the session in a channel rest: it was archived or locked."""
        session_id = await self._store.session_in_channel(channel_id)
        if session_id is not None:
            await self.rest(session_id, RestReason.CLOSED)

    async def channel_opened(self, channel_id: int) -> None:
        """Show how the session in a channel stands, which could not be edited while it was closed.

        It goes on with a member's next press.
        """
        session_id = await self._store.session_in_channel(channel_id)
        state = None if session_id is None else await self._store.session_state(session_id)
        if state is not None and state.session.rests_since is not None:
            posts = await self._store.posts_of(state.session.id)
            shown = [post.key for post in posts if post.key.kind in CLOCK_POSTS]
            await self._store.raise_posts(state.session.id, shown[-2:])
            await self._store.retry_posts(state.session.id, now=self._clock())
            self._wakeups.boards.notify()

    async def channel_deleted(self, channel_id: int) -> None:
        """End the session in a channel that was deleted."""
        session_id = await self._store.session_in_channel(channel_id)
        if session_id is not None:
            await self.end_lost(session_id, EndReason.THREAD_DELETED)

    async def guild_lost(self, guild_id: int) -> None:
        """End the sessions of a server that Encore was removed from."""
        for session_id in await self._store.running_in_guild(guild_id):
            await self.end_lost(session_id, EndReason.GUILD_LOST)

    async def _not_started(self, answer: RunningHere | TooManySessions) -> UserError:
        if isinstance(answer, RunningHere):
            view = await self.view(answer.session_id)
            return UserError(
                "A session is running here already.",
                f"{_linked(view, 'Its board')} shows where it stands.",
            )
        views = [await self.view(each) for each in answer.session_ids]
        sessions = "1 session" if len(views) == 1 else f"{len(views)} sessions"
        return UserError(
            f"This server has {sessions} running, and more must wait.",
            " · ".join(_linked(each, _title(each)) for each in views),
        )

    async def _form(self, state: SessionState, proposal: Proposal | None) -> PartForm:
        self._require_provider(state.session)
        chosen = state.chosen_rounds
        last = state.winner_of(chosen[-1]) if chosen else None
        form = PartForm(
            session_id=state.session.id,
            style=await self._song_style(state),
            at=format_continue_at(None),
            takes_second=state.busy_round is None,
            latest=state.latest_clip.clip if state.latest_clip else None,
            latest_section=section(last.lyrics) if last is not None else "",
            round_number=state.open_round.number if state.open_round else 0,
        )
        if proposal is None:
            return form
        return replace(
            form,
            proposal_id=proposal.id,
            lyrics=proposal.lyrics,
            style=format_style(proposal.style) or form.style,
            at=format_continue_at(proposal.continue_at),
        )

    async def _has_learned(self, form: Form) -> bool:
        """Ask the provider for a clip that the store does not have; someone waits for an answer."""
        provider = self._runtime.providers[form.provider]
        if not provider.capabilities.lookup:
            return False
        try:
            async with asyncio.timeout(self._lookup_timeout):
                clip = await provider.clip(form.clip)
        except (ProviderError, TimeoutError) as error:
            log.info("Clip %s could not be looked up: %s", form.clip, type(error).__name__)
            return False
        if clip is not None:
            await self._store.remember_clip(provider.name, clip, now=self._clock())
        return clip is not None

    def _require_provider(self, session: Session) -> None:
        """Raise UserError unless the provider of a session can make parts."""
        if session.provider not in self._runtime.providers:
            raise UserError(
                "The provider of this session is not set up here any more.",
                "Ask who runs this bot, or propose to end the song.",
            )

    async def _song_style(self, state: SessionState) -> str:
        """Return the style that a part has if its writer changes nothing.

        It is expected to follow the part that is being made, if there is one.
        """
        session, busy = state.session, state.busy_round
        before = state.winner_of(busy) if busy is not None else None
        if before is not None and before.style:
            return format_style(before.style)
        form = Form(clip=session.latest_clip_id, provider=session.provider)
        return (await self._forms.prefill(form)).form.style

    @staticmethod
    def _lacks_length(checked: ValidatedForm) -> bool:
        """Whether nobody will be able to tell the provider where the clip ends."""
        source, capabilities = checked.source, checked.capabilities
        if checked.request.continue_at is not None or not capabilities.needs_continue_at:
            return False
        if capabilities.lookup or (source is not None and source.extension_id is not None):
            return False  # it is asked, or the audio is measured
        return source is None or source.clip.duration is None

    async def _propose(
        self, session_id: int, press: Press, propose: Callable[[SessionState], Proposed]
    ) -> ProposalResult:
        """Store what ``propose`` decides; its proposal is found by the press that made it."""
        seen: list[Proposed] = []

        def decide(state: SessionState) -> Change | None:
            seen[:] = [propose(state)]  # the transaction may be run twice
            return seen[0].change

        await self._change(session_id, decide, now=press.at)
        view, proposed = await self.view(session_id), seen[0]
        found = (
            each
            for each in view.state.proposals
            if (each.round_number, each.number) == (proposed.round_number, proposed.number)
        )
        proposal = next(found)
        is_new = proposed.change is not None and proposal.idempotency_key == press.key
        return ProposalResult(view=view, proposal=proposal, is_new=is_new)

    async def _change(
        self,
        session_id: int,
        decide: Callable[[SessionState], Change | None],
        *,
        now: dt.datetime | None = None,
    ) -> SessionState | None:
        """Store what ``decide`` says of a session, and wake the loops.

        Raises:
            UserError: ``decide`` refuses.
        """
        now = now or self._clock()
        new = await self._store.change_session(
            session_id, decide, now=now, first_reply_until=now + FIRST_POST_TIMEOUT
        )
        self._touch(session_id)
        return new

    def _cast(self, cast: CastVote | None) -> CastVote:
        if cast is None:
            raise unknown_session()
        if cast.is_counted:
            self._touch(cast.session_id)
        return cast

    def _touch(self, session_id: int) -> None:
        self._runtime.touched_sessions.add(session_id)
        self._wakeups.session_runner.notify()
        self._wakeups.boards.notify()

    async def _state(self, session_id: int) -> SessionState:
        state = await self._store.session_state(session_id)
        if state is None:
            raise unknown_session()
        return state

    async def _place(self, proposal_id: int) -> ProposalPlace:
        """Return where a proposal is."""
        place = await self._store.proposal_place(proposal_id)
        if place is None:
            raise unknown_session()
        return place


def unknown_session() -> UserError:
    """Return the refusal of a press on a session that the store does not have."""
    return UserError(
        "Encore does not know this session.", "Start another one with `/session start`."
    )


def _proposal(state: SessionState, place: ProposalPlace) -> Proposal:
    """Return the proposal at ``place``; raise UserError if its round is over for long."""
    proposal = state.proposal(place.round_number, place.number)
    if proposal is None:
        raise actions.vote_over()
    return proposal


def _require_host(state: SessionState, press: Press) -> None:
    """Raise UserError unless the member is the host or a moderator."""
    host = state.session.host_id
    if press.member_id != host and not press.may_manage:
        raise UserError(
            f"Only <@{host}>, who started this session, or a moderator can do that.",
            "*End the song* can be voted for.",
        )


def _title(view: SessionView) -> str:
    return display_title(view.state.session.title, TITLE_LENGTH)


def _linked(view: SessionView, text: str) -> str:
    """Return ``text`` as a link to the newest board of a session, or to its card."""
    boards = [key for key in view.links if key.kind is PostKind.BOARD]
    newest = max(boards, key=lambda key: key.round_number or 0, default=CARD)
    url = view.links.get(newest)
    return f"[{text}]({url})" if url else text
