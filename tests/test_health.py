import os
import stat
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


def test_heartbeat_of_a_relative_path_is_that_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    relative, folders = "sqlite+aiosqlite:///encore.db", (tmp_path / "a", tmp_path / "b")
    beating = []
    for folder in folders:
        folder.mkdir()
        monkeypatch.chdir(folder)
        beating.append(Heartbeat(relative))
    beating[0].beat()
    assert not beating[1].is_fresh()
    assert Heartbeat(f"sqlite+aiosqlite:///{folders[0] / 'encore.db'}").is_fresh()
    beating[0].stop()


def test_heartbeat_is_never_written_through_a_link(heartbeat: Heartbeat, tmp_path: Path) -> None:
    [file] = heartbeat_files(heartbeat)
    file.symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic links"):
        heartbeat.beat()
    assert not (tmp_path / "precious").exists()


def test_heartbeat_of_another_user_does_not_count(
    heartbeat: Heartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    heartbeat.beat()
    [file] = heartbeat_files(heartbeat)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setattr(os, "getuid", lambda: file.stat().st_uid + 1)
    assert not heartbeat.is_fresh()


def heartbeat_files(heartbeat: Heartbeat) -> list[Path]:
    return [value for value in vars(heartbeat).values() if isinstance(value, Path)]
