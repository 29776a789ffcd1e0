"""Measures the requests that discord.py sends, and how soon Discord took our acknowledgements."""

import re
from types import SimpleNamespace

import aiohttp
import discord

from bot import metrics

_CALLBACK = re.compile(r"/interactions/(\d+)/[^/]+/callback$")


def measuring_trace() -> aiohttp.TraceConfig:
    """Return what discord.py's HTTP client calls after each request."""
    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(_answered)
    trace.on_request_exception.append(_failed)
    return trace


async def _answered(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    params: aiohttp.TraceRequestEndParams,
) -> None:
    status = str(params.response.status)
    metrics.DISCORD_REQUESTS.labels(params.method, status).inc()
    if match := _CALLBACK.search(params.url.path):
        created_at = discord.utils.snowflake_time(int(match[1]))
        seconds = (discord.utils.utcnow() - created_at).total_seconds()
        metrics.ACKNOWLEDGEMENT.observe(max(seconds, 0.0))


async def _failed(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    params: aiohttp.TraceRequestExceptionParams,
) -> None:
    metrics.DISCORD_REQUESTS.labels(params.method, "none").inc()
