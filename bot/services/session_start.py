"""Starting a session: the clip, the place, and the limits of whoever runs Encore."""

import asyncio
import logging
from dataclasses import dataclass

from bot.domain.errors import LimitError, UserError
from bot.domain.form import Form
from bot.domain.sessions.actions import Press
from bot.domain.sessions.models import Change, PostKind, Session, SessionState
from bot.domain.sessions.posts import CARD
from bot.domain.sessions.steps import IDLE, opened, with_due_time
from bot.domain.text import display_title, plain_line
from bot.providers.base import ProviderError
from bot.services.form_check import FormReader
from bot.services.runtime import Runtime
from bot.services.session_parts import require_no_session
from bot.services.session_view import SessionView
from bot.services.sessions import FIRST_POST_TIMEOUT, Sessions
from bot.store.sessions import RunningHere, Started, TooManySessions

log = logging.getLogger(__name__)

LOOKUP_TIMEOUT = 1.2  # seconds, of the three that Discord gives
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


class SessionStarter:
    """Starts sessions."""

    def __init__(
        self,
        runtime: Runtime,
        forms: FormReader,
        sessions: Sessions,
        *,
        rules: SessionRules,
        lookup_timeout: float = LOOKUP_TIMEOUT,
    ) -> None:
        """Make the service.

        Args:
            runtime: has the store and the providers.
            forms: checks the clip.
            sessions: finds those that are in the way.
            rules: of whoever runs Encore.
            lookup_timeout: seconds that a provider has to tell of a clip that nobody knows.
        """
        self._runtime = runtime
        self._store = runtime.store
        self._clock = runtime.clock
        self._wakeups = runtime.wakeups
        self._forms = forms
        self._sessions = sessions
        self._rules = rules
        self._lookup_timeout = lookup_timeout

    @property
    def is_enabled(self) -> bool:
        """Whether sessions can be started at all."""
        return self._rules.parts > 0

    async def start(self, form: StartForm, press: Press) -> tuple[SessionView, bool]:
        """Start a session; return it, and whether it is new.

        Raises:
            LimitError: the server has turned sessions off.
            UserError: whoever runs Encore has, the clip can't be continued or belongs to another
                session, a session is held in that channel already, or the server has as many as
                it may.
        """
        if not self.is_enabled:
            raise UserError(
                "Sessions are turned off here.", "Use `/extend` to continue a clip on your own."
            )
        settings = await self._store.settings_of_guild(form.guild_id)
        if not settings.has_sessions:
            raise LimitError(
                "Sessions are turned off in this server.",
                "Use `/extend` to continue a clip on your own.",
            )
        asked = Form(clip=form.clip, title=form.title, provider=form.provider)
        defaults = settings.form_defaults
        prefilled = await self._forms.prefill(asked, defaults)
        if prefilled.source is None and await self._has_learned(prefilled.form):
            prefilled = await self._forms.prefill(asked, defaults)
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
            vote_seconds=form.vote_seconds or self._rules.vote_seconds,
            parts_left=min(form.parts or self._rules.parts, self._rules.parts),
            created_at=now,
            active_at=now,
            due_at=now + IDLE,
        )
        state = SessionState(session=session, extensions={})
        if not form.has_own_thread:
            state = with_due_time(opened(state, now))
        change = Change(state=state, replies={} if press.reply is None else {CARD: press.reply})
        started = await self._store.start_session(
            change, limit=self._rules.limit, now=now, first_reply_until=now + FIRST_POST_TIMEOUT
        )
        if not isinstance(started, Started):
            raise await self._not_started(started)
        self._wakeups.boards.notify()
        return await self._sessions.view(started.state.session.id), started.is_new

    async def _not_started(self, answer: RunningHere | TooManySessions) -> UserError:
        if isinstance(answer, RunningHere):
            view = await self._sessions.view(answer.session_id)
            return UserError(
                "A session is running here already.",
                f"{_linked(view, 'Its board')} shows where it stands.",
            )
        views = [await self._sessions.view(each) for each in answer.session_ids]
        sessions = "1 session" if len(views) == 1 else f"{len(views)} sessions"
        return UserError(
            f"This server has {sessions} running, and more must wait.",
            " · ".join(_linked(each, _title(each)) for each in views),
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


def _title(view: SessionView) -> str:
    return display_title(view.state.session.title, TITLE_LENGTH)


def _linked(view: SessionView, text: str) -> str:
    """Return ``text`` as a link to the newest board of a session, or to its card."""
    boards = [key for key in view.links if key.kind is PostKind.BOARD]
    newest = max(boards, key=lambda key: key.round_number or 0, default=CARD)
    url = view.links.get(newest)
    return f"[{text}]({url})" if url else text
