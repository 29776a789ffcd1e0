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


def test_before_the_first_beat_nothing_is_alive(heartbeat: Heartbeat) -> None:
    assert not heartbeat.is_fresh()


def test_another_process_on_the_same_database_sees_the_beat(heartbeat: Heartbeat, url: str) -> None:
    heartbeat.beat()
    assert Heartbeat(url).is_fresh()
    assert not Heartbeat(url + "-of-another").is_fresh()


def test_a_beat_does_not_last(heartbeat: Heartbeat) -> None:
    heartbeat.beat()
    [file] = heartbeat_files(heartbeat)
    past = time.time() - MAX_AGE - 1
    os.utime(file, (past, past))
    assert not heartbeat.is_fresh()
    heartbeat.beat()
    assert heartbeat.is_fresh()


def test_stopping_leaves_no_sign_and_may_be_repeated(heartbeat: Heartbeat) -> None:
    heartbeat.beat()
    heartbeat.stop()
    heartbeat.stop()
    assert not heartbeat.is_fresh()


def heartbeat_files(heartbeat: Heartbeat) -> list[Path]:
    return [value for value in vars(heartbeat).values() if isinstance(value, Path)]
