"""The services on a store of the test's own, with a scripted provider."""

import pytest

from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import ServiceHarness


@pytest.fixture
def suno() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture
def services(store: Store, suno: ScriptedProvider) -> ServiceHarness:
    return ServiceHarness(store, suno)


@pytest.fixture
def harness(services: ServiceHarness) -> ServiceHarness:
    """The same, where a module has no harness of its own."""
    return services
