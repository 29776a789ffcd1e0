"""A copy made while Encore writes is whole, and can be put in the place of the database."""

import asyncio
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store.backup import back_up, snapshot
from bot.store.errors import StoreError
from bot.store.store import Store
from tests.support.store_samples import accepted, completed_extension, heard


def url_of(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


async def test_a_copy_made_while_encore_writes_is_whole(tmp_path: Path) -> None:
    file, copy = tmp_path / "encore.db", tmp_path / "copy.db"
    async with Store.open(url_of(file)) as store:
        made = await completed_extension(store, "before", heard("a"))
        writing = asyncio.gather(*(accepted(store, f"key-{number}") for number in range(50)))
        await asyncio.to_thread(back_up, url_of(file), copy)
        await writing
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert not (tmp_path / "copy.db-wal").exists()
    async with Store.open(url_of(copy)) as restored:
        assert await restored.extension(made.id) == made
        assert (await restored.clip("a")).extension_id == made.id


async def test_a_snapshot_is_read_while_encore_runs_and_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "encore.db"
    async with Store.open(url_of(file)) as store:
        ext = await accepted(store, "one")
        with snapshot(url_of(file)) as address:
            folder = Path(make_url(address).database or "").parent
            async with Store.open(address) as copy:
                assert await copy.extension(ext.id) == ext
    assert not folder.exists()


def test_a_snapshot_of_a_server_is_the_server() -> None:
    url = "postgresql+asyncpg://encore@localhost/encore"
    with snapshot(url) as address:
        assert address == url


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("missing.db", "copy.db", "There is no database at "),
        ("encore.db", "there.db", "exists already"),
        ("encore.db", "no/such/folder/copy.db", "can't be copied to "),
        ("there.db", "copy.db", "can't be copied to "),
    ],
)
async def test_what_cannot_be_copied_is_one_sentence(
    tmp_path: Path, source: str, target: str, told: str
) -> None:
    async with Store.open(url_of(tmp_path / "encore.db")):
        pass
    (tmp_path / "there.db").write_text("this is no database")
    with pytest.raises(StoreError) as caught:
        back_up(url_of(tmp_path / source), tmp_path / target)
    assert told in str(caught.value)
    assert str(caught.value).endswith(".")
    assert (tmp_path / "there.db").read_text() == "this is no database"


def test_a_server_is_backed_up_by_its_own_tool(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="pg_dump"):
        back_up("postgresql+asyncpg://encore@localhost/encore", tmp_path / "copy")


@pytest.mark.skipif(shutil.which("pg_dump") is None, reason="no pg_dump here")
async def test_a_dump_of_postgresql_is_restored(
    postgres_url: str, postgres_database: str, tmp_path: Path
) -> None:
    del postgres_database
    dump = tmp_path / "encore.sql"
    server = make_url(postgres_url).set(drivername="postgresql")
    async with Store.open(postgres_url) as store:
        made = await completed_extension(store, "before", heard("a"))
        _run("pg_dump", "--file", str(dump), server.render_as_string(hide_password=False))
    engine = create_async_engine(postgres_url)
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await engine.dispose()
    _run("psql", "--quiet", "--file", str(dump), server.render_as_string(hide_password=False))
    async with Store.open(postgres_url) as store:
        assert await store.extension(made.id) == made


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - tools of PostgreSQL
