import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.health import MAX_AGE, Heartbeat, remove_stale_heartbeats


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'encore.db'}"


@pytest.fixture
def heartbeat(url: str) -> Iterator[Heartbeat]:
    heartbeat = Heartbeat(url)
    yield heartbeat
    heartbeat.stop()


def test_heartbeat_is_not_fresh_before_the_first_beat(heartbeat: Heartbeat) -> None:
    assert "isn't running, or isn't connected" in (heartbeat.problem() or "")


def test_heartbeat_is_shared_by_processes_on_one_database(heartbeat: Heartbeat, url: str) -> None:
    heartbeat.beat()
    assert Heartbeat(url).problem() is None
    assert Heartbeat(url + "-of-another").problem()


def test_heartbeats_of_different_shards_are_told_apart(heartbeat: Heartbeat, url: str) -> None:
    heartbeat.beat()
    assert Heartbeat(url, shards="0/2").problem()
    other = Heartbeat(url, shards="1/2")
    other.beat()
    other.stop()
    assert heartbeat.problem() is None


def test_heartbeat_expires(heartbeat: Heartbeat) -> None:
    heartbeat.beat()
    [file] = heartbeat_files(heartbeat)
    past = time.time() - MAX_AGE - 1
    os.utime(file, (past, past))
    assert "No heartbeat for 61 seconds" in (heartbeat.problem() or "")
    heartbeat.beat()
    assert heartbeat.problem() is None


def test_stopped_heartbeat_leaves_no_file(heartbeat: Heartbeat) -> None:
    heartbeat.beat()
    heartbeat.stop()
    heartbeat.stop()
    assert heartbeat.problem()


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
    assert beating[1].problem()
    assert Heartbeat(f"sqlite+aiosqlite:///{folders[0] / 'encore.db'}").problem() is None
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
    assert "belongs to another user" in (heartbeat.problem() or "")


def test_only_stale_heartbeat_files_of_this_user_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, living = Heartbeat("sqlite:///killed"), Heartbeat("sqlite:///living")
    other = tmp_path / "another.heartbeat"
    other.touch()
    killed.beat()
    living.beat()
    past = time.time() - MAX_AGE - 1
    for file in (*heartbeat_files(killed), other):
        os.utime(file, (past, past))
    with monkeypatch.context() as as_another_user:
        as_another_user.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
        remove_stale_heartbeats()
    assert heartbeat_files(killed)[0].exists()
    remove_stale_heartbeats()
    assert sorted(tmp_path.iterdir()) == sorted([other, *heartbeat_files(living)])


def heartbeat_files(heartbeat: Heartbeat) -> list[Path]:
    return [value for value in vars(heartbeat).values() if isinstance(value, Path)]
