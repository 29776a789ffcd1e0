"""The providers' control API as the page's panel uses it."""

import json
import time
from typing import Any

import aiohttp

from sandbox.discord.protocol import JsonObject
from sandbox.page.fault_choices import fault_name
from sandbox.providers.faults import REQUEST_FAULTS

MAX_BODY = 3000
MAX_REQUESTS = 100


class ProviderControl:
    """A client of the providers' control API at ``base_url``."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the HTTP connections."""
        if self._http is not None:
            await self._http.close()

    async def status(self, since: float) -> JsonObject:
        """Return clips, clock, planned faults and requests; ``since`` is in the clock's seconds."""
        health = await self._get("health")
        clips = (await self._get("clips"))["clips"]
        faults = (await self._get("faults"))["faults"]
        requests = (await self._get(f"requests?since={since}"))["requests"]
        speed, now = float(health["speed"]), float(health["now"])
        waiting = [each["at"] for each in requests if each["status"] is None]
        return {
            "speed": speed,
            "now": now,
            "providers": health["providers"],
            "clips": clips,
            "faults": [f"{fault_name(each['fault'])}, on {each['provider']}" for each in faults],
            "requests": [_request_view(each, now, speed) for each in requests[-MAX_REQUESTS:]],
            "since": min([*waiting, max([since, *(each["at"] for each in requests)])]),
        }

    async def sample_clips(self) -> list[JsonObject]:
        """Return the first provider's source clips, which are offered to new users."""
        clips: list[JsonObject] = (await self._get("clips"))["clips"]
        return [
            each
            for each in clips
            if each["source"] is None and each["provider"] == clips[0]["provider"]
        ]

    async def set_speed(self, speed: float) -> None:
        """Make the providers' clock run ``speed`` times as fast as real time."""
        await self._post("speed", {"speed": speed})

    async def fail_next(self, provider: str, fault: str, on: str) -> None:
        """Inject ``fault`` into the next request to ``provider``.

        ``on`` is the kind of request: submit, fetch or any. Faults of clips and answers ignore it.
        """
        order: JsonObject = {"provider": provider, "fault": fault}
        if fault in REQUEST_FAULTS:
            order["on"] = on
        await self._post("faults", order)

    async def restart(self, provider: str) -> None:
        """Have a provider forget its tasks, as a self-hosted one does when it is restarted."""
        await self._post("restart", {"provider": provider})

    async def clear_faults(self) -> None:
        """Remove all planned faults."""
        async with self._session().delete(self._url("faults")) as answer:
            answer.raise_for_status()

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        return self._http

    def _url(self, path: str) -> str:
        return f"{self._base_url}/sandbox/{path}"

    async def _get(self, path: str) -> dict[str, Any]:
        async with self._session().get(self._url(path)) as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found

    async def _post(self, path: str, order: JsonObject) -> None:
        async with self._session().post(self._url(path), json=order) as answer:
            if answer.status != 200:  # noqa: PLR2004 - OK
                raise ValueError((await answer.json())["error"])


def _request_view(request: JsonObject, now: float, speed: float) -> JsonObject:
    text = json.dumps(request["json"], ensure_ascii=False, indent=1) if request["json"] else ""
    query = "&".join(f"{name}={value}" for name, value in request["query"])
    return {
        "number": f"{request['provider']} {request['at']}",
        "to": request["provider"],
        "method": request["method"],
        "path": request["path"] + (f"?{query}" if query else ""),
        "status": request["status"] or 0,
        "body": text if len(text) <= MAX_BODY else text[:MAX_BODY] + " …",
        "at": time.time() - (now - request["at"]) / speed,
    }
