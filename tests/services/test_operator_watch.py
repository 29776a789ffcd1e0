"""What only the operator can mend is told once, and again only if it came back."""

import logging
import shutil
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from bot.providers.base import (
    Credits,
    OutOfCredits,
    Rejected,
    SessionExpired,
    Unauthorized,
    Unavailable,
)
from bot.services.operator_watch import (
    CREDITS_EVERY,
    LEAST_FREE_BYTES,
    REPEAT_AFTER,
    OperatorWatch,
    Problem,
)
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import ServiceHarness, complete, handle_of

REFUSED_KEY = Problem(subject="suno", kind="unauthorized", label="Suno Test")
NO_CREDITS = Problem(subject="suno", kind="out_of_credits", label="Suno Test")
SESSION_ENDED = Problem(subject="suno", kind="session_expired", label="Suno Test")


class Operator:
    """Remembers what was reported, and whether it arrives."""

    def __init__(self) -> None:
        self.told: list[Problem] = []
        self.is_reachable = True

    async def report(self, problem: Problem) -> bool:
        if self.is_reachable:
            self.told.append(problem)
        return self.is_reachable


@pytest.fixture
def operator() -> Operator:
    return Operator()


@pytest.fixture
def watch(harness: ServiceHarness, operator: Operator) -> OperatorWatch:
    return OperatorWatch(harness.runtime, database_folder=None, report=operator.report)


async def test_nothing_is_told_while_all_is_well(
    watch: OperatorWatch, harness: ServiceHarness, suno: ScriptedProvider, operator: Operator
) -> None:
    suno.on_credits.then(Credits(left=70))
    await harness.finished("one")
    await watch.run_once()
    assert operator.told == []
    assert REGISTRY.get_sample_value("encore_credits", {"provider": "suno"}) == 70


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (Unauthorized(), REFUSED_KEY),
        (OutOfCredits(), NO_CREDITS),
        (SessionExpired(), SESSION_ENDED),
    ],
)
async def test_what_a_submission_met_is_told_once(
    watch: OperatorWatch,
    harness: ServiceHarness,
    suno: ScriptedProvider,
    operator: Operator,
    error: Exception,
    problem: Problem,
) -> None:
    suno.on_extend.then(error, error)
    for key in ("one", "two"):
        await harness.ask(key)
        await harness.submit()
        await watch.run_once()
    assert operator.told == [problem]


@pytest.mark.parametrize("error", [Rejected("no"), Unavailable()])
async def test_what_the_operator_cannot_mend_is_not_told(
    watch: OperatorWatch,
    harness: ServiceHarness,
    suno: ScriptedProvider,
    operator: Operator,
    error: Exception,
) -> None:
    suno.on_extend.then(error)
    await harness.ask("one")
    await harness.submit()
    await watch.run_once()
    assert operator.told == []


async def test_a_key_that_is_refused_while_tracking_is_told(
    watch: OperatorWatch, harness: ServiceHarness, suno: ScriptedProvider, operator: Operator
) -> None:
    ext = await harness.submitted("one")
    suno.on_fetch.then(Unauthorized())
    await harness.overdue(ext)
    await harness.track()
    await watch.run_once()
    assert operator.told == [REFUSED_KEY]


async def test_a_restart_does_not_tell_it_again(
    watch: OperatorWatch, harness: ServiceHarness, suno: ScriptedProvider, operator: Operator
) -> None:
    suno.on_credits.then(Unauthorized(), Unauthorized())
    await watch.run_once()
    await OperatorWatch(harness.runtime, database_folder=None, report=operator.report).run_once()
    assert operator.told == [REFUSED_KEY]


async def test_another_problem_of_the_same_provider_is_told(
    watch: OperatorWatch, harness: ServiceHarness, suno: ScriptedProvider, operator: Operator
) -> None:
    suno.on_credits.then(Unauthorized(), Credits(left=0))
    await watch.run_once()
    harness.clock.advance(CREDITS_EVERY.total_seconds())
    await watch.run_once()
    assert operator.told == [REFUSED_KEY, NO_CREDITS]


async def test_what_came_back_is_told_again_after_hours(
    watch: OperatorWatch, harness: ServiceHarness, suno: ScriptedProvider, operator: Operator
) -> None:
    async def meet(*answers: object) -> None:
        for answer in answers:
            suno.on_credits.then(answer)
            harness.clock.advance(CREDITS_EVERY.total_seconds())
            await watch.run_once()

    await meet(Unauthorized(), Credits(left=5), Unauthorized())
    assert operator.told == [REFUSED_KEY]
    harness.clock.advance(REPEAT_AFTER.total_seconds())
    await meet(Unauthorized())
    assert operator.told == [REFUSED_KEY, REFUSED_KEY]
    await meet(Unauthorized())
    assert operator.told == [REFUSED_KEY, REFUSED_KEY]


async def test_a_submission_that_works_ends_a_problem(
    watch: OperatorWatch, harness: ServiceHarness, suno: ScriptedProvider, operator: Operator
) -> None:
    suno.on_extend.then(OutOfCredits())
    for _ in range(2):
        await harness.ask("one")
        await harness.submit()
        await watch.run_once()
    await harness.submitted("two")
    await watch.run_once()
    assert harness.runtime.account_errors.latest == {"suno": None}
    harness.clock.advance(REPEAT_AFTER.total_seconds())
    suno.on_extend.then(OutOfCredits())
    await harness.ask("three")
    await harness.submit()
    await watch.run_once()
    assert operator.told == [NO_CREDITS, NO_CREDITS]


async def test_what_did_not_arrive_is_told_later(
    watch: OperatorWatch, suno: ScriptedProvider, operator: Operator
) -> None:
    operator.is_reachable = False
    suno.on_credits.then(Unauthorized())
    await watch.run_once()
    operator.is_reachable = True
    await watch.run_once()
    assert operator.told == [REFUSED_KEY]


async def test_credits_are_asked_for_every_ten_minutes(
    watch: OperatorWatch, harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    suno.on_credits.then(Credits(left=3), Credits(left=2), Credits(left=1))
    for seconds in (0.0, CREDITS_EVERY.total_seconds() - 1, 1.0):
        harness.clock.advance(seconds)
        await watch.run_once()
    assert REGISTRY.get_sample_value("encore_credits", {"provider": "suno"}) == 2


async def test_full_queue_of_a_free_provider_is_not_a_lack_of_credits(
    store: Store, operator: Operator
) -> None:
    own = ScriptedProvider("own", is_free=True)
    own.on_credits.then(Credits(left=0, unit="places in its queue"))
    harness = ServiceHarness(store, own)
    await OperatorWatch(harness.runtime, database_folder=None, report=operator.report).run_once()
    assert operator.told == []
    assert REGISTRY.get_sample_value("encore_credits", {"provider": "own"}) == 0


async def test_a_fault_of_one_provider_does_not_hide_another(
    store: Store, operator: Operator, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = ScriptedProvider("first"), ScriptedProvider("second")
    first.on_credits.then(RuntimeError("a bug"))
    second.on_credits.then(Unauthorized())
    harness = ServiceHarness(store, first, second)
    await OperatorWatch(harness.runtime, database_folder=None, report=operator.report).run_once()
    assert [problem.subject for problem in operator.told] == ["second"]
    assert "first could not be asked for its credits" in caplog.text


async def test_a_disk_that_is_nearly_full_is_told(
    harness: ServiceHarness, operator: Operator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    free = iter([2**40, 2**20, 2**20, 2**40])
    watch = OperatorWatch(
        harness.runtime,
        database_folder=tmp_path,
        report=operator.report,
        free_bytes=lambda _: next(free),
    )
    for _ in range(4):
        await watch.run_once()
    assert operator.told == [Problem(subject="disk", kind="disk_full", label=str(tmp_path))]
    assert "disk: disk_full is over" in caplog.text


async def test_the_room_on_the_real_disk_is_read(
    harness: ServiceHarness, operator: Operator, tmp_path: Path
) -> None:
    watch = OperatorWatch(harness.runtime, database_folder=tmp_path, report=operator.report)
    await watch.run_once()
    is_full = shutil.disk_usage(tmp_path).free < LEAST_FREE_BYTES
    assert len(operator.told) == is_full


async def test_finished_extensions_are_counted(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    def counted(status: str) -> float:
        labels = {"provider": "suno", "status": status}
        return REGISTRY.get_sample_value("encore_extensions_finished_total", labels) or 0.0

    before = {status: counted(status) for status in ("complete", "failed")}
    ext = await harness.submitted("one")
    suno.progress[handle_of(ext)] = complete(ext)
    await harness.completed(ext)
    suno.on_extend.then(Rejected("no"))
    await harness.ask("two")
    await harness.submit()
    after = {status: counted(status) for status in ("complete", "failed")}
    assert {status: after[status] - before[status] for status in before} == {
        "complete": 1,
        "failed": 1,
    }
