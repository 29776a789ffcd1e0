"""The services on a store of the test's own, with a scripted provider."""

import pytest

from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import ServiceHarness


@pytest.fixture
def suno() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture
def world(store: Store, suno: ScriptedProvider) -> ServiceHarness:
    return ServiceHarness(store, suno)
