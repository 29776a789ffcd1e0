"""Finds what only the operator can mend, and has them told of it once.

What is found at a provider is told by its next successful request to be over. Told again is a
problem that was over and came back, at most every `REPEAT_AFTER`.
"""

import datetime as dt
import json
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from bot import metrics
from bot.providers.base import OutOfCredits, Provider, ProviderError
from bot.services.runtime import Runtime

log = logging.getLogger(__name__)

REPEAT_AFTER = dt.timedelta(hours=6)
CREDITS_EVERY = dt.timedelta(minutes=10)
LEAST_FREE_BYTES = 500 * 1024 * 1024
DISK = "disk"  # the subject of a problem that no provider has
DISK_FULL = "disk_full"

Report = Callable[["Problem"], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that only the operator can mend.

    Attributes:
        subject: name of the provider, or `DISK`.
        kind: of the provider's error, or `DISK_FULL`.
        label: the provider's name as people read it; of a disk, its folder.
        text: the provider's own words, fit to be shown; may be empty.
    """

    subject: str
    kind: str
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the operator was last told of a subject."""

    kind: str
    at: str  # ISO 8601
    is_over: bool = False


class OperatorWatch:
    """Tells the operator of problems, through ``report``."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        database_folder: Path | None,
        report: Report,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """Make the watch.

        Args:
            runtime: its `account_errors` are what the loops met.
            database_folder: where the SQLite file is; None with another database.
            report: tells the operator; returns whether that needs no further attempt.
            free_bytes: says how much room is left in a folder.
        """
        self._free_bytes = free_bytes
        self._runtime = runtime
        self._database_folder = database_folder
        self._report = report
        self._credits_read_at: dt.datetime | None = None

    async def run_once(self) -> None:
        """Look at everything, and report what is new."""
        now = self._runtime.clock()
        if self._credits_read_at is None or now - self._credits_read_at >= CREDITS_EVERY:
            self._credits_read_at = now
            for provider in self._runtime.providers.values():
                await self._read_credits(provider)
        for subject, problem in self._problems().items():
            await self._tell(subject, problem, now=now)

    async def _read_credits(self, provider: Provider) -> None:
        """Measure the credits of ``provider``; a refusal says as much of its key as any other."""
        errors = self._runtime.account_errors
        try:
            left = await provider.credits()
        except ProviderError as error:
            errors.failed(provider.name, error)
            return
        except Exception:
            log.exception("%s could not be asked for its credits", provider.name)
            return
        if left is None:
            return
        metrics.CREDITS.labels(provider.name).set(left.left)
        if left.left <= 0 and not provider.capabilities.is_free:
            errors.failed(provider.name, OutOfCredits())
        else:
            errors.worked(provider.name)

    def _problems(self) -> Mapping[str, Problem | None]:
        """Return what is wrong by subject, None where it is certain that nothing is."""
        found: dict[str, Problem | None] = {}
        for name, error in self._runtime.account_errors.latest.items():
            problem = None
            if error is not None:
                label = self._runtime.label(name)
                problem = Problem(subject=name, kind=error.kind, label=label, text=error.text)
            found[name] = problem
        if self._database_folder is not None:
            is_full = self._free_bytes(self._database_folder) < LEAST_FREE_BYTES
            folder = str(self._database_folder)
            problem = Problem(subject=DISK, kind=DISK_FULL, label=folder) if is_full else None
            found[DISK] = problem
        return found

    async def _tell(self, subject: str, problem: Problem | None, *, now: dt.datetime) -> None:
        """Report ``problem`` unless that was done; without one, remember that the last is over."""
        store, fact = self._runtime.store, f"told:{subject}"
        stored = await store.fact(fact)
        told = _Told(**json.loads(stored)) if stored else None
        if problem is None:
            if told is None or told.is_over:
                return
            log.info("%s: %s is over", subject, told.kind)
            new = _Told(kind=told.kind, at=told.at, is_over=True)
        else:
            if told is not None and told.kind == problem.kind and not _may_repeat(told, now=now):
                return
            if not await self._report(problem):
                return
            new = _Told(kind=problem.kind, at=now.isoformat())
        await store.set_fact(fact, json.dumps(asdict(new)))


def _may_repeat(told: _Told, *, now: dt.datetime) -> bool:
    return told.is_over and now - dt.datetime.fromisoformat(told.at) >= REPEAT_AFTER
