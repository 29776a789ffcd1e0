"""The gauges say what there is to do now."""

from prometheus_client import REGISTRY

from bot.services.gauges import refresh_gauges
from bot.store.store import Store
from tests.support.service_harness import ServiceHarness
from tests.support.store_samples import accepted


def in_progress(provider: str, status: str) -> float | None:
    labels = {"provider": provider, "status": status}
    return REGISTRY.get_sample_value("encore_extensions_in_progress", labels)


def queued(queue: str) -> float | None:
    return REGISTRY.get_sample_value("encore_queued", {"queue": queue})


async def test_gauges_count_what_is_in_progress(harness: ServiceHarness) -> None:
    await harness.ask("one")
    await harness.ask("two")
    await harness.submitted("three")
    await refresh_gauges(harness.runtime)
    assert in_progress("suno", "submitted") == 3
    assert queued("replies") == 3


async def test_what_is_no_more_in_progress_is_zero(harness: ServiceHarness) -> None:
    await harness.finished("one")
    await refresh_gauges(harness.runtime)
    assert (in_progress("suno", "waiting"), in_progress("suno", "submitted")) == (0, 0)
    assert queued("audio") == 1
    assert queued("boards") == 0


async def test_a_provider_that_is_not_enabled_any_more_is_counted(
    store: Store, harness: ServiceHarness
) -> None:
    await accepted(store, "one", provider="gone")
    await refresh_gauges(harness.runtime)
    assert in_progress("gone", "waiting") == 1
