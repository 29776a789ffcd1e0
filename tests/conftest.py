"""What all tests share: how thorough hypothesis is, temporary files, and coverage."""

import os
import tempfile
from collections.abc import Iterator

import pytest
from coverage import Coverage
from hypothesis import settings

pytest_plugins = ["tests.support.databases"]

settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

MEASURED = ("domain", "providers", "services", "store")

if "PYTEST_XDIST_WORKER" in os.environ:
    # coverage reaches this process by it; a bot that is killed has nothing to tell
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


@pytest.fixture(scope="session", autouse=True)
def temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have the bots leave their temporary files where pytest removes them."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("TMPDIR", str(tmp_path_factory.mktemp("tmp")))
        changed.setattr(tempfile, "tempdir", None)
        yield


@pytest.fixture(scope="module", autouse=True)
def coverage_of_units(request: pytest.FixtureRequest) -> Iterator[None]:
    """Measure coverage on unit tests alone: that the whole bot ran a line proves little of it."""
    running = Coverage.current()
    if running is None or request.path.parent.name in MEASURED:
        yield
        return
    running.stop()
    yield
    running.start()
