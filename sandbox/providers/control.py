"""The control API below ``/sandbox``, for other processes on this machine."""

import dataclasses
import json
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, cast

from aiohttp import web

from sandbox.providers.account import NoSuchClipError, ProviderAccount
from sandbox.providers.clips import Links
from sandbox.providers.clock import Clock
from sandbox.providers.faults import Fault
from sandbox.providers.json_values import JsonObject
from sandbox.providers.timeline import Status, Timeline

_FAULT_OPTIONS: Final = ("on", "count", "accepted", "retry_after")


class ControlApi:
    """Reads and changes the state of the services.

    A GET takes ``?provider=`` for one of them; for requests, ``?since=`` is the time of the clock
    after which they were made. A POST takes a JSON object; errors are 400 with ``{"error": …}``.
    """

    def __init__(
        self,
        accounts: Mapping[str, ProviderAccount],
        links: Links,
        clock: Clock,
        environment: Callable[[], dict[str, str]],
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._clock = clock
        self._environment = environment

    def add_routes(self, app: web.Application) -> None:
        """Add the endpoints."""
        questions = {
            "health": self._health,
            "clips": self._clips,
            "requests": self._requests,
            "submissions": self._submissions,
            "violations": self._violations,
            "faults": self._faults,
        }
        orders = {
            "speed": self._set_speed,
            "faults": self._add_fault,
            "credits": self._set_credits,
            "timeline": self._set_timeline,
            "advance": self._advance,
            "restart": self._restart,
        }
        for name, answer in questions.items():
            app.router.add_get(f"/sandbox/{name}", _query_handler(answer))
        for name, carry_out in orders.items():
            app.router.add_post(f"/sandbox/{name}", _command_handler(carry_out))
        app.router.add_delete("/sandbox/faults", _query_handler(self._clear_faults))

    def _health(self, request: web.Request) -> JsonObject:
        del request
        return {
            "status": "ok",
            "speed": self._clock.speed,
            "now": self._clock.now(),
            "providers": list(self._accounts),
            "environment": self._environment(),
        }

    def _clips(self, request: web.Request) -> JsonObject:
        now = self._clock.now()
        return {
            "clips": [
                {
                    "id": clip.id,
                    "provider": account.name,
                    "title": clip.title,
                    "tags": clip.tags,
                    "status": clip.status(now),
                    "duration": clip.duration,
                    "complete_in": _json_number(clip.milestones.complete - now),
                    "audio_url": self._links.audio_url(clip, now),
                    "source": clip.source.id if clip.source else None,
                    "continue_at": clip.continue_at,
                }
                for account in self._selected_accounts(request)
                for clip in account.clips.values()
            ]
        }

    def _requests(self, request: web.Request) -> JsonObject:
        since = float(request.query.get("since", "-inf"))
        return {
            "requests": [
                {"provider": account.name, **dataclasses.asdict(record)}
                for account in self._selected_accounts(request)
                for record in account.requests
                if record.at >= since
            ]
        }

    def _submissions(self, request: web.Request) -> JsonObject:
        kept = (account.submissions for account in self._selected_accounts(request))
        return {"submissions": [dataclasses.asdict(each) for some in kept for each in some]}

    def _violations(self, request: web.Request) -> JsonObject:
        kept = (account.violations for account in self._selected_accounts(request))
        return {"violations": [dataclasses.asdict(each) for some in kept for each in some]}

    def _faults(self, request: web.Request) -> JsonObject:
        return {
            "faults": [
                {"provider": account.name, **dataclasses.asdict(planned)}
                for account in self._selected_accounts(request)
                for planned in account.faults.planned
            ]
        }

    def _clear_faults(self, request: web.Request) -> JsonObject:
        for account in self._selected_accounts(request):
            account.faults.clear()
        return self._faults(request)

    def _set_speed(self, order: JsonObject) -> JsonObject:
        self._clock.speed = float(order["speed"])
        return {"speed": self._clock.speed}

    def _add_fault(self, order: JsonObject) -> JsonObject:
        options = {name: order[name] for name in _FAULT_OPTIONS if name in order}
        self._accounts[order["provider"]].fail_next(Fault(order["fault"]), **options)
        return {"fault": order["fault"], "provider": order["provider"]}

    def _set_credits(self, order: JsonObject) -> JsonObject:
        account = self._accounts[order["provider"]]
        account.credits = int(order["credits"])
        return {"credits": account.credits}

    def _restart(self, order: JsonObject) -> JsonObject:
        account = self._accounts[order["provider"]]
        account.restart()
        return {"restarts": account.restarts}

    def _set_timeline(self, order: JsonObject) -> JsonObject:
        """Change the given ranges, for one provider or for all."""
        spans: dict[str, Any] = {
            field.name: (float(order[field.name][0]), float(order[field.name][1]))
            for field in dataclasses.fields(Timeline)
            if field.name in order
        }
        names: Iterable[str] = [order["provider"]] if "provider" in order else self._accounts
        changed = {
            name: dataclasses.replace(self._accounts[name].timeline, **spans) for name in names
        }
        for name, timeline in changed.items():
            self._accounts[name].timeline = timeline
        return {name: dataclasses.asdict(timeline) for name, timeline in changed.items()}

    def _advance(self, order: JsonObject) -> JsonObject:
        """Set the status of a clip at once."""
        clip_id, status = str(order["clip_id"]), Status(order["status"])
        for account in self._accounts.values():
            if clip_id in account.clips:
                account.advance(clip_id, status, order.get("error_message"))
                return {"clip_id": clip_id, "status": account.status(account.clip(clip_id))}
        raise NoSuchClipError(clip_id)

    def _selected_accounts(self, request: web.Request) -> list[ProviderAccount]:
        name = request.query.get("provider")
        return list(self._accounts.values()) if name is None else [self._accounts[name]]


def _query_handler(
    answer: Callable[[web.Request], JsonObject],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            return web.json_response(answer(request))
        except (KeyError, ValueError) as unknown:
            return _error_response(unknown)

    return handle


def _command_handler(
    carry_out: Callable[[JsonObject], JsonObject],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        # web pages of other origins can't send this type without a CORS preflight
        if request.content_type != "application/json":
            return _error_response(ValueError("send application/json"))
        try:
            order: object = await request.json()
            if not isinstance(order, dict):
                return _error_response(TypeError("send a JSON object"))
            return web.json_response(carry_out(cast("JsonObject", order)))
        except (LookupError, TypeError, ValueError, NoSuchClipError, json.JSONDecodeError) as error:
            return _error_response(error)

    return handle


def _json_number(seconds: float) -> float | None:
    """Return None for infinity, which JSON lacks: a clip was always complete, or never will be."""
    return seconds if math.isfinite(seconds) else None


def _error_response(error: Exception) -> web.Response:
    return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
