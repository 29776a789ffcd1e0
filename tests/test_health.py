import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.health import MAX_AGE, Heartbeat


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'encore.db'}"


@pytest.fixture
def heartbeat(url: str) -> Iterator[Heartbeat]:
    heartbeat = Heartbeat(url)
    yield heartbeat
    heartbeat.stop()


def test_heartbeat_is_not_fresh_before_the_first_beat(heartbeat: Heartbeat) -> None:
    assert not heartbeat.is_fresh()


def test_heartbeat_is_shared_by_processes_on_one_database(heartbeat: Heartbeat, url: str) -> None:
    heartbeat.beat()
    assert Heartbeat(url).is_fresh()
    assert not Heartbeat(url + "-of-another").is_fresh()


def test_heartbeat_expires(heartbeat: Heartbeat) -> None:
    heartbeat.beat()
    [file] = heartbeat_files(heartbeat)
    past = time.time() - MAX_AGE - 1
    os.utime(file, (past, past))
    assert not heartbeat.is_fresh()
    heartbeat.beat()
    assert heartbeat.is_fresh()


def test_stopped_heartbeat_leaves_no_file(heartbeat: Heartbeat) -> None:
    heartbeat.beat()
    heartbeat.stop()
    heartbeat.stop()
    assert not heartbeat.is_fresh()


def heartbeat_files(heartbeat: Heartbeat) -> list[Path]:
    return [value for value in vars(heartbeat).values() if isinstance(value, Path)]
