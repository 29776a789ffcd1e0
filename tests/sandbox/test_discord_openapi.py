import json
import os
import pathlib
from typing import Any

import pytest

from sandbox.discord.openapi import Document
from sandbox.discord.rest.router import Table

PATH = os.environ.get("SANDBOX_OPENAPI")
pytestmark = pytest.mark.skipif(
    PATH is None, reason="SANDBOX_OPENAPI names no copy of Discord's OpenAPI document"
)
MESSAGES = "/channels/{channel_id}/messages"
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"


@pytest.fixture(scope="module")
def document() -> Document:
    assert PATH is not None
    return Document(pathlib.Path(PATH))


def test_every_route_of_the_sandbox_is_documented(document: Document) -> None:
    for shape in Table()._by_shape.values():  # noqa: SLF001
        for route, _ in shape:
            complaint = document.complaint(route.method, route.template, {}, None)
            assert complaint != "the route is not documented", route


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
def test_a_wrong_message_does_not_fit(document: Document, body: dict[str, Any] | None) -> None:
    assert document.complaint("POST", MESSAGES, {}, body)


def test_a_right_message_fits(document: Document) -> None:
    body = {
        "content": "x",
        "tts": False,
        "embeds": [{"type": "rich", "title": "t", "fields": [{"name": "n", "value": "v"}]}],
        "message_reference": {"message_id": 123, "channel_id": "456"},
        "allowed_mentions": {"parse": [], "replied_user": False},
    }
    assert document.complaint("POST", MESSAGES, {}, body) is None


def test_queries_are_held_against_it(document: Document) -> None:
    assert document.complaint("GET", MESSAGES, {"limit": "50", "before": "5"}, None) is None
    assert "limit" in (document.complaint("GET", MESSAGES, {"limit": "500"}, None) or "")
    assert "colour" in (document.complaint("GET", MESSAGES, {"colour": "red"}, None) or "")
    body = {"type": 5}
    assert document.complaint("POST", CALLBACK, {"with_response": "true"}, body) is None
    assert document.complaint("POST", CALLBACK, {"with_response": "maybe"}, body)


def test_another_document_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"swagger": "2.0"}))
    with pytest.raises(ValueError, match="OpenAPI"):
        Document(path)
