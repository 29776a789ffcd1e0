"""Reads what a request carries: JSON, or a form with files."""

import json

from aiohttp import BodyPartReader, web

from sandbox.discord.errors import ApiError
from sandbox.discord.models import Upload
from sandbox.discord.wire import Json

JSON_TYPE = "application/json"
FORM_TYPE = "multipart/form-data"


async def read_body(http: web.Request) -> tuple[Json, list[Upload], ApiError | None]:
    """The JSON body, the files, and what is wrong with them; None without a body.

    The body is read to its end in any case: the connection serves the next request.
    """
    if not http.can_read_body:
        return None, [], None
    if http.content_type == FORM_TYPE:
        return await _read_form(http)
    raw = await http.read()
    if not raw:
        return None, [], None
    if http.headers.get("Content-Type") != JSON_TYPE:
        expected = "Expected \"Content-Type\" header to be one of {'application/json'}."
        return None, [], ApiError(50035, message=expected)
    return _parsed(raw, [])


def _parsed(raw: bytes, files: list[Upload]) -> tuple[Json, list[Upload], ApiError | None]:
    try:
        return json.loads(raw), files, None
    except ValueError:
        return None, files, ApiError(50109)


async def _read_form(http: web.Request) -> tuple[Json, list[Upload], ApiError | None]:
    raw = b"{}"
    named: list[tuple[str, Upload]] = []
    async for part in await http.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read(decode=True))
        name = part.name or ""
        if name == "payload_json":
            raw = content
        elif name.startswith("files["):
            kind = part.headers.get("Content-Type", "application/octet-stream")
            named.append((name, Upload(part.filename or "unknown", content, kind)))
        else:
            wrong = ApiError(50035, message=f"Unexpected part {name!r} of a form")
            return None, [], wrong
    named.sort(key=lambda pair: int(pair[0].removeprefix("files[").rstrip("]") or 0))
    return _parsed(raw, [upload for _, upload in named])
