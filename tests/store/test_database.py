"""Opening a database: locks, errors for the operator, and leases of an earlier process."""

import asyncio
import os
import signal
import stat
import sys
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.domain.models import Status
from bot.store.database import open_database, sqlite_file
from bot.store.errors import StoreError
from bot.store.store import Store
from tests.support.store_samples import (
    MINUTE,
    NOW,
    accepted,
    claim_next,
    claimed_edits,
    completed_extension,
    heard,
    taken,
)

LAPSES = NOW + 5 * MINUTE

HOLD = """
import asyncio, sys
from bot.store.store import Store

async def main():
    async with Store.open(sys.argv[1]):
        print("open", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def refusal(url: str) -> str:
    """Return what is said to who can't open ``url``."""
    with pytest.raises(StoreError) as refused:
        async with Store.open(url):
            pass
    return str(refused.value)


def sqlite_address(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


async def test_store_keeps_its_rows_over_a_restart(url: str) -> None:
    async with Store.open(url) as store:
        ext = await accepted(store, "one")
    async with Store.open(url) as store:
        assert await store.extension(ext.id) == ext


async def test_sqlite_file_is_locked_until_its_process_dies(sqlite_url: str) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLD,
        sqlite_url,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert await holder.stdout.readline() == b"open\n"
    said = await refusal(sqlite_url)
    holder.send_signal(signal.SIGKILL)
    await holder.wait()
    assert said == "Another Encore is already running on this database."
    async with Store.open(sqlite_url) as store:
        assert await store.next_due() is None


async def test_sqlite_file_is_unlocked_after_it_was_closed_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "encore.db"
    file.write_text("no database " * 100)
    assert "not a database" in await refusal(sqlite_address(file))
    file.unlink()
    for _ in range(2):
        async with Store.open(sqlite_address(file)) as store:
            assert await store.providers_in_use() == set()


async def test_opening_sqlite_expires_leases(sqlite_url: str) -> None:
    async with Store.open(sqlite_url) as store:
        tracked = await taken(store, "tracked")
        await accepted(store, "submitting")
        sent = await claim_next(store, "suno", now=NOW, lease_until=LAPSES)
        await store.claim_due("suno", now=NOW, lease_until=LAPSES)
        await claimed_edits(store, now=NOW, lease_until=LAPSES)
    async with Store.open(sqlite_url) as store:
        [interrupted] = await store.stale_submissions(now=NOW)
        [due] = await store.claim_due("suno", now=NOW, lease_until=LAPSES)
        unpublished = await claimed_edits(store, now=NOW, lease_until=LAPSES)
    assert interrupted == replace(sent, due_at=NOW)
    assert due == replace(tracked, due_at=LAPSES)
    assert [edit.extension.id for edit in unpublished] == [tracked.id, sent.id]


async def test_opening_postgres_keeps_leases_of_other_processes(postgres_url: str) -> None:
    async with Store.open(postgres_url) as store:
        await taken(store, "tracked")
        await store.claim_due("suno", now=NOW, lease_until=LAPSES)
        await claimed_edits(store, now=NOW, lease_until=LAPSES)
        async with Store.open(postgres_url) as other:
            assert await other.claim_due("suno", now=NOW, lease_until=LAPSES) == []
            assert await claimed_edits(other, now=NOW, lease_until=LAPSES) == []


async def test_opening_leaves_waiting_and_final_extensions_alone(sqlite_url: str) -> None:
    async with Store.open(sqlite_url) as store:
        done = await completed_extension(store, "done", heard("a"))
        waiting = await accepted(store, "waiting", due_at=LAPSES)
    async with Store.open(sqlite_url) as store:
        assert await store.extension(done.id) == done
        assert await store.extension(waiting.id) == waiting
        assert waiting.status is Status.WAITING


async def test_processes_that_open_together_migrate_once(postgres_url: str) -> None:
    async def start() -> set[str]:
        async with Store.open(postgres_url) as store:
            return await store.providers_in_use()

    assert await asyncio.gather(*(start() for _ in range(4))) == [set()] * 4


async def test_missing_folder_is_named_in_the_error(tmp_path: Path) -> None:
    said = await refusal(sqlite_address(tmp_path / "nowhere" / "encore.db"))
    assert said == f"The folder {tmp_path / 'nowhere'} for the database does not exist."


async def test_file_that_cannot_be_locked_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "encore.db.lock").mkdir()
    said = await refusal(sqlite_address(tmp_path / "encore.db"))
    assert said.startswith(f"The database {tmp_path / 'encore.db'} can't be locked: ")


async def test_folder_as_database_is_an_error(tmp_path: Path) -> None:
    said = await refusal(sqlite_address(tmp_path))
    assert said == f"The database {tmp_path} can't be opened: unable to open database file."


async def test_failing_statement_is_told_without_what_it_was_to_write(url: str) -> None:
    async def fail(db: AsyncConnection) -> None:
        statement = text("INSERT INTO nowhere (lyrics, token) VALUES (:lyrics, :token)")
        await db.execute(statement, written)

    written = {"lyrics": "Silver cities", "token": "aW50ZXJhY3Rpb24"}

    async with Store.open(url) as store:
        for writes in (True, False):
            with pytest.raises(SQLAlchemyError) as failed:
                await store.database.run(fail, writes=writes)
            told = "".join(traceback.format_exception(failed.value))
            assert "INSERT INTO nowhere" in told
            assert written["lyrics"] not in told
            assert written["token"] not in told


async def test_second_name_of_a_sqlite_file_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    async with Store.open(sqlite_url):
        (tmp_path / "other.db").hardlink_to(tmp_path / "encore.db")
        said = await refusal(sqlite_address(tmp_path / "other.db"))
    assert said == (
        f"The database {tmp_path / 'other.db'} has another name too (a hard link), which SQLite "
        "can't use safely: remove one of the two, or copy the file."
    )


async def test_damaged_sqlite_file_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "encore.db"
    async with Store.open(sqlite_url) as store:
        await accepted(store, "one")
    with file.open("r+b") as written:
        written.seek(-4096, os.SEEK_END)
        written.write(b"\xff" * 4096)
    said = await refusal(sqlite_url)
    assert said.startswith(f"The database {file} is damaged (")
    assert said.endswith("): restore a backup, or repair it with `sqlite3` and `.recover`.")


async def test_new_sqlite_files_are_for_their_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "encore.db"
    async with Store.open(sqlite_address(file)):
        files = [file, file.with_name("encore.db-wal"), file.with_name("encore.db-shm")]
        assert [stat.S_IMODE(each.stat().st_mode) for each in files] == [0o600] * 3


async def test_unreachable_server_is_an_error_without_the_password() -> None:
    said = await refusal("postgresql+asyncpg://encore:secret@127.0.0.1:1/encore")
    assert said.startswith("The database can't be opened: ")
    assert "secret" not in said


@pytest.mark.parametrize(
    "url",
    [
        "",
        "encore.db",
        "sqlite:///encore.db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        "mysql+aiomysql://a/b",
    ],
)
async def test_unsupported_url_is_an_error_with_an_example(url: str) -> None:
    assert "sqlite+aiosqlite:///encore.db" in await refusal(url)


async def test_database_of_a_newer_version_is_refused_and_left_alone(url: str) -> None:
    async with Store.open(url) as store:
        ext = await accepted(store, "one")
    newest = await stamp(url, "9999")
    said = await refusal(url)
    await stamp(url, newest)
    assert said == "This database was made by a newer Encore; update Encore to use it."
    async with Store.open(url) as store:
        assert await store.extension(ext.id) == ext


async def stamp(url: str, revision: str) -> str:
    """Have the database be of ``revision``; return what it was before."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        before = await connection.execute(text("SELECT version_num FROM alembic_version"))
        was: str = before.scalar_one()
        await connection.execute(
            text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
        )
    await engine.dispose()
    return was


async def test_sqlite_connections_sync_fully_and_check_foreign_keys(sqlite_url: str) -> None:
    async def found(db: AsyncConnection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [(await db.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in names]

    async with open_database(sqlite_url) as database:
        assert await database.run(found) == ["wal", 2, 1, 10_000]


def test_file_of_a_sqlite_database_is_known() -> None:
    assert sqlite_file("sqlite+aiosqlite:////data/encore.db") == Path("/data/encore.db")
    assert sqlite_file("postgresql+asyncpg://encore@db/encore") is None
