"""A throwaway PostgreSQL server, of the programs that are installed on this machine."""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

SERVER_ACCOUNT = "postgres"  # a server refuses to run as root
READABLE_BY_ALL = "/tmp"  # noqa: S108 - the usual one may be closed to that account

# what `pg_ctl stop` is told: end the connections and write all down, or end at once and recover
# from the log at the next start, as after a crash
StopMode = Literal["fast", "immediate"]


class PostgresError(Exception):
    """A program of PostgreSQL failed; the text names it."""


def server_programs() -> Path | None:
    """Return the folder of the installed server's programs, of the newest one; None without."""
    named = shutil.which("pg_ctl")
    if named is not None:
        return Path(named).parent
    found = Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")  # Debian's are on no path
    return max((each.parent for each in found), key=lambda each: int(each.parts[-2]), default=None)


class PostgresCluster:
    """A server on loopback, whose data are in a folder of its own.

    Args:
        programs: the folder of the server's programs.
        folder: belongs to the account that the server runs as.
        is_durable: whether each commit waits for the disk, as it does outside of tests.
    """

    def __init__(self, programs: Path, folder: Path, *, is_durable: bool = False) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._programs = programs
        self._folder = folder
        self._fsync = "on" if is_durable else "off"
        self.url = f"postgresql+asyncpg://encore@127.0.0.1:{self.port}/postgres"

    async def create(self) -> None:
        """Make the data folder."""
        options = ("--username=encore", "--auth=trust", "--encoding=UTF8", "--no-sync")
        await self._run("initdb", *options)

    async def start(self) -> None:
        """Start the server and wait until it answers, after a crash when it has recovered."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
            f" -c fsync={self._fsync} -c max_connections=200"
        )
        log = f"--log={self._folder / 'log'}"
        await self._run("pg_ctl", "start", "--wait", "--timeout=120", log, f"--options={options}")

    async def stop(self, mode: StopMode) -> None:
        """Stop the server."""
        await self._run("pg_ctl", "stop", "--wait", f"--mode={mode}")

    async def restart(self, mode: StopMode, *, away: float) -> None:
        """Stop the server and start it again ``away`` seconds later."""
        await self.stop(mode)
        await asyncio.sleep(away)
        await self.start()

    @property
    def log(self) -> str:
        """What the server has logged."""
        return (self._folder / "log").read_text()

    async def _run(self, program: str, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(
            self._programs / program,
            f"--pgdata={self._folder / 'data'}",
            *arguments,
            cwd="/",
            stdout=asyncio.subprocess.DEVNULL,
            user=SERVER_ACCOUNT if os.geteuid() == 0 else None,
        )
        if await process.wait() != 0:
            raise PostgresError(f"{program} failed.")


@asynccontextmanager
async def running_cluster(
    programs: Path, *, is_durable: bool = False
) -> AsyncGenerator[PostgresCluster]:
    """Yield a new cluster, which runs and is removed at the end; arguments as of the class."""
    folder = Path(tempfile.mkdtemp(prefix="encore-postgres-", dir=READABLE_BY_ALL))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, SERVER_ACCOUNT)
        cluster = PostgresCluster(programs, folder, is_durable=is_durable)
        await cluster.create()
        await cluster.start()
        try:
            yield cluster
        finally:
            await cluster.stop("immediate")
    finally:
        shutil.rmtree(folder)
