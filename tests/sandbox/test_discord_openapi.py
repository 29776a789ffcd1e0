import json
import os
import pathlib
from typing import Any

import pytest

from sandbox.discord.openapi import OpenApiDocument
from sandbox.discord.rest.router import Router

PATH = os.environ.get("SANDBOX_OPENAPI")
pytestmark = pytest.mark.skipif(
    PATH is None, reason="SANDBOX_OPENAPI names no copy of Discord's OpenAPI document"
)
MESSAGES = "/channels/{channel_id}/messages"
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"


@pytest.fixture(scope="module")
def document() -> OpenApiDocument:
    assert PATH is not None
    return OpenApiDocument(pathlib.Path(PATH))


def test_all_routes_are_in_openapi_document(document: OpenApiDocument) -> None:
    for shape in Router()._by_shape.values():  # noqa: SLF001
        for route, _ in shape:
            find_error = document.find_error(route.method, route.template, {}, None)
            assert find_error != "the route is not documented", route


@pytest.mark.parametrize(
    "body",
    [
        {"content": 5},
        {"embeds": [{"title": "x" * 257}]},
        {"embeds": [{"color": "red"}]},
        {"allowed_mentions": {"parse": ["all"]}},
        {"components": [{"type": 1, "components": []}]},
        {"attachments": [{"filename": "no id"}]},
        None,
    ],
)
def test_openapi_rejects_invalid_message(
    document: OpenApiDocument, body: dict[str, Any] | None
) -> None:
    assert document.find_error("POST", MESSAGES, {}, body)


def test_openapi_accepts_valid_message(document: OpenApiDocument) -> None:
    body = {
        "content": "x",
        "tts": False,
        "embeds": [{"type": "rich", "title": "t", "fields": [{"name": "n", "value": "v"}]}],
        "message_reference": {"message_id": 123, "channel_id": "456"},
        "allowed_mentions": {"parse": [], "replied_user": False},
    }
    assert document.find_error("POST", MESSAGES, {}, body) is None


def test_openapi_validates_query_parameters(document: OpenApiDocument) -> None:
    assert document.find_error("GET", MESSAGES, {"limit": "50", "before": "5"}, None) is None
    assert "limit" in (document.find_error("GET", MESSAGES, {"limit": "500"}, None) or "")
    assert "colour" in (document.find_error("GET", MESSAGES, {"colour": "red"}, None) or "")
    body = {"type": 5}
    assert document.find_error("POST", CALLBACK, {"with_response": "true"}, body) is None
    assert document.find_error("POST", CALLBACK, {"with_response": "maybe"}, body)


def test_document_that_is_no_openapi_raises_value_error(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"swagger": "2.0"}))
    with pytest.raises(ValueError, match="OpenAPI"):
        OpenApiDocument(path)
