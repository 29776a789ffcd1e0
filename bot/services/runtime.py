"""What all services and loops share, made once."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.clock import Clock
from bot.providers.base import Provider
from bot.services.account_errors import AccountErrors
from bot.services.kept_audio import KeptAudio
from bot.services.operator_contact import OperatorContact
from bot.services.outage_log import OutageLog
from bot.services.poll_schedule import PollSchedule
from bot.services.wakeups import Wakeups
from bot.store.store import Store

OWN_LABEL = "Encore"  # of a song that Encore joins itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The store, the providers, and what the loops share beside them.

    Attributes:
        store: holds all state.
        providers: the enabled ones by name.
        poll_schedule: when to ask a provider again.
        clock: the time.
        deadline: how long an extension is tracked before it expires, at least (`deadline_of`).
        wakeups: wake the loops when there is news.
        outage_log: logs a provider's outage once, and its end.
        account_errors: what only the operator can mend at a provider.
        kept_audio: audio that nobody else keeps.
        touched_sessions: ids of sessions in which a member did something since the session runner
            last looked; only a hint, so that it looks at once.
        operator_contact: whom members tell what only the operator can mend.
    """

    store: Store
    providers: Mapping[str, Provider]
    poll_schedule: PollSchedule
    clock: Clock
    deadline: dt.timedelta
    wakeups: Wakeups = field(default_factory=Wakeups)
    outage_log: OutageLog = field(default_factory=OutageLog)
    account_errors: AccountErrors = field(default_factory=AccountErrors)
    kept_audio: KeptAudio = field(default_factory=lambda: KeptAudio(None))
    touched_sessions: set[int] = field(default_factory=set[int])
    operator_contact: OperatorContact = field(default_factory=OperatorContact)

    def deadline_of(self, provider: str) -> dt.timedelta:
        """Return how long an extension of ``provider`` is tracked before it expires."""
        known = self.providers.get(provider)
        own = known.capabilities.deadline if known else None
        return self.deadline if own is None else max(self.deadline, own)

    def is_free(self, provider: str) -> bool:
        """Return whether ``provider`` costs no credits."""
        known = self.providers.get(provider)
        return known is not None and known.capabilities.is_free

    def labels(self, *, excluding: str) -> Mapping[str, str]:
        """Return the names of the enabled providers but one, with how members read them."""
        return {
            name: provider.capabilities.label
            for name, provider in self.providers.items()
            if name != excluding
        }

    def label(self, provider: str) -> str:
        """Return a provider's name as members read it; one that is not enabled has only its id.

        A song that Encore joins itself has no provider.
        """
        known = self.providers.get(provider)
        return known.capabilities.label if known else provider or OWN_LABEL
