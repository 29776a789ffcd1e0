"""The server for operators, asked over a real socket."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from bot import metrics
from bot.monitoring import serve_monitoring


async def nothing() -> None:
    """There is nothing to refresh."""


async def broken() -> None:
    raise RuntimeError("the database is away")


@asynccontextmanager
async def serving(**parts: object) -> AsyncIterator[httpx.AsyncClient]:
    given = {"refresh": nothing, "problem": lambda: None, **parts}
    async with (
        serve_monitoring("127.0.0.1", 0, **given) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        yield http


async def test_metrics_are_refreshed_and_served_as_prometheus_reads_them() -> None:
    async def refresh() -> None:
        metrics.QUEUED.labels("replies").set(17)

    async with serving(refresh=refresh) as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert 'encore_queued{queue="replies"} 17.0' in answer.text.splitlines()
    assert "process_resident_memory_bytes" in answer.text


async def test_metrics_are_served_while_the_database_is_away() -> None:
    async with serving(refresh=broken) as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200
    assert "encore_loop_failures_total" in answer.text


@pytest.mark.parametrize(
    ("sentence", "status", "text"),
    [(None, 200, "Encore is alive.\n"), ("It hangs.", 503, "It hangs.\n")],
)
async def test_health_is_what_the_heartbeat_says(
    sentence: str | None, status: int, text: str
) -> None:
    async with serving(problem=lambda: sentence) as http:
        answer = await http.get("/health")
    assert (answer.status_code, answer.text) == (status, text)


async def test_nothing_else_is_served() -> None:
    async with serving() as http:
        assert (await http.get("/")).status_code == 404


async def test_an_address_that_is_taken_is_an_os_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        opening = serve_monitoring(
            "127.0.0.1", taken.getsockname()[1], refresh=nothing, problem=lambda: None
        )
        with pytest.raises(OSError, match="address already in use"):
            await opening.__aenter__()
