"""Reads request bodies: JSON, or forms with ``payload_json`` and files."""

import json
import urllib.parse
from collections.abc import Iterator
from email import message_from_string
from email.message import Message

from aiohttp import web

from sandbox.discord.errors import ApiError
from sandbox.discord.models import Upload
from sandbox.discord.protocol import Json

JSON_TYPE = "application/json"
MULTIPART_TYPE = "multipart/form-data"
URLENCODED_TYPE = "application/x-www-form-urlencoded"
FORM_TYPES = frozenset({MULTIPART_TYPE, URLENCODED_TYPE})
WRONG_TYPE = "Expected \"Content-Type\" header to be one of {'application/json'}."


async def read_body(http: web.Request) -> tuple[Json, list[Upload], ApiError | None]:
    """Return the JSON body, the files and an error; without a body all are empty.

    The body is read to its end in any case: the connection serves the next request.
    """
    if not http.can_read_body:
        return None, [], None
    if http.content_type == MULTIPART_TYPE:
        return await _read_form(http)
    raw = await http.read()
    if not raw:
        return None, [], None
    if http.content_type == URLENCODED_TYPE:
        fields = urllib.parse.parse_qs(raw.decode("utf-8", "replace"))
        return _parse_json(fields.get("payload_json", ["{}"])[0].encode(), [])
    if http.headers.get("Content-Type") != JSON_TYPE:
        return None, [], ApiError(50035, message=WRONG_TYPE)
    return _parse_json(raw, [])


def _parse_json(raw: bytes, files: list[Upload]) -> tuple[Json, list[Upload], ApiError | None]:
    try:
        return json.loads(raw), files, None
    except ValueError:
        return None, files, ApiError(50109)


async def _read_form(http: web.Request) -> tuple[Json, list[Upload], ApiError | None]:
    raw = b"{}"
    named: list[tuple[str, Upload]] = []
    for head, content in _split_parts(await http.read(), _boundary(http)):
        name = str(head.get_param("name", "", "Content-Disposition"))
        if name == "payload_json":
            raw = content
        elif name.startswith("files["):
            kind = head.get("Content-Type", "application/octet-stream")
            named.append((name, Upload(head.get_filename("unknown"), content, kind)))
        else:
            wrong = ApiError(50035, message=f"Unexpected part {name!r} of a form")
            return None, [], wrong
    named.sort(key=lambda pair: int(pair[0].removeprefix("files[").rstrip("]") or 0))
    return _parse_json(raw, [upload for _, upload in named])


def _boundary(http: web.Request) -> bytes:
    head = Message()
    head["Content-Type"] = http.headers["Content-Type"]
    return (head.get_boundary() or "").encode()


def _split_parts(raw: bytes, boundary: bytes) -> Iterator[tuple[Message, bytes]]:
    """Yield the headers and content of each part of a form.

    aiohttp's reader fails at a file name with two semicolons.
    """
    for part in (b"\r\n" + raw).split(b"\r\n--" + boundary)[1:]:
        if part.startswith(b"--"):
            return
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        yield message_from_string(head.decode("utf-8", "replace")), content
