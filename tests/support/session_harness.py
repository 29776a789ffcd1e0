"""The services of sessions on a real store, with members who write and vote."""

import uuid

from bot.domain.models import Clip, ClipStatus, Extension, Handle, Progress, ReplyRef, Status
from bot.domain.sessions.actions import Press
from bot.domain.sessions.models import Proposal, Round, SessionState
from bot.domain.sessions.part_form import PartForm
from bot.services.form_check import FormReader
from bot.services.session_proposals import ProposalResult, SessionProposals
from bot.services.session_runner import SessionRunner
from bot.services.session_start import LOOKUP_TIMEOUT, SessionRules, SessionStarter, StartForm
from bot.services.session_view import SessionView, SessionViewLoader
from bot.services.sessions import Sessions
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import GUILD, SOURCE, ManualClock, ServiceHarness

ADA, BO, CY, DEE = 1001, 1002, 1003, 1004
NAMES = {ADA: "Ada", BO: "Bo", CY: "Cy", DEE: "Dee"}
CARD_CHANNEL, THREAD = 70, 71
VOTE = 60  # seconds
SOURCE_LENGTH = 97.0
CLIP_LENGTH = 100.0
CHOICE = 2 * CLIP_LENGTH + 60  # seconds that a vote on two clips runs
NEON = "[Verse]\nNeon rain on the window"
RUN = "[Chorus]\nRun, run"


class SessionHarness(ServiceHarness):
    """A bot's services of sessions; another one on the same store is the bot after a restart."""

    def __init__(
        self,
        store: Store,
        *providers: ScriptedProvider,
        rules: SessionRules | None = None,
        clock: ManualClock | None = None,
        lookup_timeout: float = LOOKUP_TIMEOUT,
        **options: object,
    ) -> None:
        super().__init__(store, *providers, clock=clock, **options)
        forms = FormReader(
            self.runtime, default_provider=next(iter(self.providers), "none"), is_in_session=True
        )
        self.views = SessionViewLoader(self.runtime)
        self.sessions = Sessions(self.runtime, self.views)
        self.starter = SessionStarter(
            self.runtime,
            forms,
            self.sessions,
            rules=rules or SessionRules(vote_seconds=VOTE),
            lookup_timeout=lookup_timeout,
        )
        self.proposals = SessionProposals(self.runtime, forms, self.sessions)
        self.unheard: set[int] = set()
        self.unserved: set[int] = set()
        self.runner = SessionRunner(
            self.runtime,
            self.songs,
            is_heard=lambda guild_id: guild_id not in self.unheard,
            is_served=lambda guild_id: guild_id not in self.unserved,
        )
        self._presses = 0

    # what members do

    def press(self, member_id: int = ADA, **parts: object) -> Press:
        """Return a press by a member; each is newer than the one before."""
        self._presses += 1
        fields = {"interaction_id": int(self.clock().timestamp()) * 1000 + self._presses}
        name = NAMES.get(member_id, "Somebody")
        return self.sessions.press(member_id=member_id, member_name=name, **(fields | parts))

    async def start(self, press: Press | None = None, **fields: object) -> SessionView:
        """Start a session in a thread that stands already."""
        view, _ = await self.starter.start(start_form(**fields), press or self.press())
        return view

    async def write(
        self,
        session_id: int,
        member_id: int = BO,
        lyrics: str = NEON,
        *,
        press: Press | None = None,
        **fields: object,
    ) -> ProposalResult:
        """Write a part with the form that the member gets."""
        form = await self.proposals.form(session_id, member_id)
        values = {
            "session_id": session_id,
            "lyrics": lyrics,
            "style": form.style,
            "at": form.at if form.takes_second else "",
            "round_number": form.round_number,
            "proposal_id": form.proposal_id,
        }
        return await self.proposals.propose(
            PartForm(**(values | fields)), press or self.press(member_id)
        )

    async def vote(self, proposal: Proposal, *member_ids: int) -> None:
        """Have members vote for a proposal, and the vote counted."""
        for member_id in member_ids:
            cast = await self.sessions.vote(proposal.id, self.press(member_id))
            assert cast.is_counted

    async def choose(self, session_id: int, letter: str, *member_ids: int) -> None:
        """Have members vote for a clip of the part that waits for that."""
        busy = (await self.state(session_id)).busy_round
        assert busy is not None
        for member_id in member_ids:
            assert (await self.sessions.choose(busy.id, letter, self.press(member_id))).is_counted

    # what Encore does

    async def run(self, seconds: float = 0) -> None:
        """Let time pass, and the runner look at sessions."""
        self.clock.advance(seconds)
        await self.runner.run_once()

    async def count(self) -> None:
        """Let the clock of the current vote start and run out, and the vote be counted."""
        await self.run()
        await self.run(max(VOTE, CHOICE) + 1)

    async def state(self, session_id: int) -> SessionState:
        state = await self.store.session_state(session_id)
        assert state is not None
        return state

    async def round(self, session_id: int, number: int) -> Round:
        return (await self.state(session_id)).round(number)

    async def view(self, session_id: int) -> SessionView:
        return await self.sessions.view(session_id)

    async def part(self, session_id: int) -> Extension:
        """Return the part that is being made or chosen."""
        state = await self.state(session_id)
        busy = state.busy_round
        part = state.part_of(busy) if busy is not None else None
        assert part is not None
        return part

    async def make(self, session_id: int, *, duration: float | None = CLIP_LENGTH) -> Extension:
        """Have the provider make both clips of a part; its clips can be chosen then."""
        part = await self.send(session_id)
        await self.complete(part, duration=duration)
        await self.run()
        return await self.now(part)

    async def send(self, session_id: int) -> Extension:
        """Have the provider take a part."""
        part = await self.part(session_id)
        handle = Handle(clip_ids=(clip_id(part, "a"), clip_id(part, "b")))
        self.providers[part.request.provider].on_extend.then(handle)
        await self.submit()
        assert await self.is_at(part, Status.SUBMITTED)
        return await self.now(part)

    async def complete(self, part: Extension, *, duration: float | None = CLIP_LENGTH) -> None:
        """Have the provider finish both clips of a part that it has taken."""
        assert part.handle is not None
        clips = tuple(
            Clip(
                id=each,
                status=ClipStatus.COMPLETE,
                audio_url=f"https://audio.example/{each}.mp3",
                duration=duration,
            )
            for each in part.handle.clip_ids
        )
        self.providers[part.request.provider].progress[part.handle] = Progress(clips=clips)
        await self.overdue(part)
        await self.track()
        assert await self.is_at(part, Status.COMPLETE)

    async def sent(self, session_id: int, lyrics: str = NEON, member_id: int = BO) -> Extension:
        """Have a member write a part that wins."""
        await self.write(session_id, member_id, lyrics)
        await self.count()
        return await self.part(session_id)

    async def chosen(self, session_id: int, lyrics: str = NEON, member_id: int = BO) -> Round:
        """Have a member write a part that wins and goes into the song."""
        await self.sent(session_id, lyrics, member_id)
        await self.make(session_id)
        await self.count()
        return (await self.state(session_id)).chosen_rounds[-1]

    async def source(self, **parts: object) -> None:
        """Let the source clip be known."""
        known = {
            "title": "Electric Dreams",
            "style": "synthpop, dreamy",
            "duration": SOURCE_LENGTH,
            "audio_url": "https://audio.example/source.mp3",
        }
        await self.known(SOURCE, **(known | parts))


def start_form(**parts: object) -> StartForm:
    fields = {
        "clip": SOURCE,
        "title": "",
        "provider": "",
        "vote_seconds": None,
        "parts": None,
        "guild_id": GUILD,
        "channel_id": THREAD,
        "has_own_thread": False,
    }
    return StartForm(**(fields | parts))


def clip_id(part: Extension, letter: str) -> str:
    """Return the id of a clip of a part, as the scripted provider gives it here."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{part.id}-{letter}"))


def post_at(message_id: int, channel_id: int = THREAD) -> ReplyRef:
    """Return a reply that stands."""
    return ReplyRef(channel_id=channel_id, guild_id=GUILD, message_id=message_id)
