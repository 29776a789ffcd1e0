"""What members write in a session: parts, and wishes to end the song or to take a part back.

Everything that is wrong with a text is told before it is stored.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.domain.errors import UserError
from bot.domain.form import Form, format_style, parse_style
from bot.domain.sessions import actions
from bot.domain.sessions.actions import PartText, Press, Proposed
from bot.domain.sessions.models import Change, Proposal, ProposalKind, Session, SessionState
from bot.domain.sessions.part_form import PartForm
from bot.domain.sessions.structure import section
from bot.domain.timecode import format_continue_at
from bot.services.form_check import FormReader, ValidatedForm
from bot.services.runtime import Runtime
from bot.services.session_view import SessionView
from bot.services.sessions import Sessions, unknown_session
from bot.store.session_queries import ProposalPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalResult:
    """A stored proposal, and its session.

    Attributes:
        is_new: whether this call stored it; its post is to be sent then.
    """

    view: SessionView
    proposal: Proposal
    is_new: bool


class SessionProposals:
    """Puts proposals on the board, changes them, and takes them off."""

    def __init__(self, runtime: Runtime, forms: FormReader, sessions: Sessions) -> None:
        """Make the service.

        Args:
            runtime: has the store and the providers.
            forms: checks the texts; it must accept the parts of running sessions.
            sessions: changes sessions.
        """
        self._runtime = runtime
        self._store = runtime.store
        self._forms = forms
        self._sessions = sessions

    async def form(self, session_id: int, member_id: int | None = None) -> PartForm:
        """Return the form for a part, filled with the member's own proposal of this round, if any.

        Raises:
            UserError: the session is over, its thread is still being made, or no more parts may
                be made.
        """
        state = await self._sessions.state(session_id)
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
        state = await self._sessions.state(place.session_id)
        proposal = _proposal(state, place)
        actions.require_changeable(state, proposal, press)
        return await self._form(state, proposal)

    async def form_again(self, proposal_id: int) -> PartForm:
        """Return the form with the words of a proposal of an earlier round, to write it again.

        Raises:
            UserError: the session is over.
        """
        place = await self._place(proposal_id)
        proposal = _proposal((await self._sessions.view(place.session_id)).state, place)
        form = await self.form(place.session_id)
        style = format_style(proposal.style) or form.style
        return replace(form, lyrics=proposal.lyrics, style=style)

    async def propose(self, form: PartForm, press: Press) -> ProposalResult:
        """Put a part on the board, or change the member's own.

        Raises:
            UserError: a text is too long, the time is wrong, or `actions.propose_part` refuses.
        """
        state = await self._sessions.state(form.session_id)
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
                "Enter the time yourself under *Continue at*, such as `1:30`.",
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

    async def take_off(self, proposal_id: int, press: Press) -> None:
        """Withdraw or remove a proposal.

        Raises:
            UserError: as `actions.take_off`.
        """
        place = await self._place(proposal_id)

        def decide(state: SessionState) -> Change:
            is_host = state.session.host_id == press.member_id
            return actions.take_off(state, _proposal(state, place), press, is_host=is_host)

        await self._sessions.change(place.session_id, decide)

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

    def _require_provider(self, session: Session) -> None:
        """Raise UserError unless the provider of a session can make parts."""
        if session.provider not in self._runtime.providers:
            raise UserError(
                "The service of this session isn't set up here any more.",
                f"{self._runtime.operator_contact.request} You can still propose to end the song.",
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
        settings = await self._store.settings_of_guild(session.guild_id)
        return (await self._forms.prefill(form, settings.form_defaults)).form.style

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

        await self._sessions.change(session_id, decide, now=press.at)
        view, proposed = await self._sessions.view(session_id), seen[0]
        found = (
            each
            for each in view.state.proposals
            if (each.round_number, each.number) == (proposed.round_number, proposed.number)
        )
        proposal = next(found)
        is_new = proposed.change is not None and proposal.idempotency_key == press.key
        return ProposalResult(view=view, proposal=proposal, is_new=is_new)

    async def _place(self, proposal_id: int) -> ProposalPlace:
        """Return where a proposal is."""
        place = await self._store.proposal_place(proposal_id)
        if place is None:
            raise unknown_session()
        return place


def _proposal(state: SessionState, place: ProposalPlace) -> Proposal:
    """Return the proposal at ``place``; raise UserError if its round is over for long."""
    proposal = state.proposal(place.round_number, place.number)
    if proposal is None:
        raise actions.vote_over()
    return proposal
