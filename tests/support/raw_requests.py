"""Requests to the local Discord that no library would send."""

from typing import Any

from aiohttp import ClientSession

from sandbox.discord.server import DiscordServer

Json = dict[str, Any]


async def raw(
    server: DiscordServer, method: str, path: str, body: object = None
) -> tuple[int, Json]:
    """Send a request as the bot; return the status and the JSON of the answer."""
    headers = {"Authorization": f"Bot {server.token}"}
    url = server.api_url + path
    async with (
        ClientSession() as http,
        http.request(method, url, json=body, headers=headers) as got,
    ):
        return got.status, await got.json() if got.status != 204 else {}


async def code(server: DiscordServer, method: str, path: str, body: object = None) -> int | None:
    """Return the error code of the answer to a request; None for success."""
    status, answer = await raw(server, method, path, body)
    return None if status < 300 else answer["code"]
