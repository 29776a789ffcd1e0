"""Discord as the publisher sees it: one process, no network, nonces as Discord documents them."""

import asyncio
import itertools
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Self

import aiohttp
import discord
from discord.http import MultipartParameters

from tests.support.scripted_provider import Script
from tests.support.service_harness import ServiceHarness


@dataclass(eq=False)
class FakeMessage:
    """A message of the bot; ``versions`` counts what members could see of it."""

    discord: "FakeDiscord"
    channel_id: int
    id: int
    nonce: str
    embeds: list[discord.Embed] = field(default_factory=list)
    attachments: list[str] = field(default_factory=list)
    components: list[discord.ActionRow] = field(default_factory=list)
    versions: int = 0

    @property
    def channel(self) -> SimpleNamespace:
        return SimpleNamespace(id=self.channel_id)

    def show(
        self,
        *,
        embeds: list[discord.Embed],
        components: list[dict[str, Any]],
        attachments: list[str] | None = None,
    ) -> Self:
        self.embeds = embeds
        self.components = [discord.ActionRow(row) for row in components]
        if attachments is not None:
            self.attachments = attachments
        self.versions += 1
        return self


class FakeChannel:
    """A channel; it answers a nonce that it knows with the message that bears it, unchanged."""

    def __init__(self, server: "FakeDiscord", channel_id: int) -> None:
        self._discord = server
        self._id = channel_id

    async def send(
        self,
        *,
        embeds: list[discord.Embed],
        view: discord.ui.View | None,
        files: list[discord.File],
        nonce: str,
        reference: object = None,
    ) -> FakeMessage:
        del reference
        server = self._discord
        with closing_files(files):
            await server.on_post.next(lambda: None)
            for known in server.messages.values():
                if known.nonce == nonce:
                    return known
            message = FakeMessage(server, self._id, next(server.ids), nonce)
            server.messages[message.id] = message.show(
                embeds=embeds,
                components=view.to_components() if view else [],
                attachments=[file.filename for file in files],
            )
            await server.on_posted.next(lambda: None)
            return message


class FakeDiscord:
    """Stands in place of the client. Scripts fail requests: before, or after a post was made."""

    application_id = 1

    def __init__(self, harness: ServiceHarness) -> None:
        self.services = SimpleNamespace(
            extensions=harness.service, reply_contexts=harness.reply_contexts
        )
        self.rate_limiter = SimpleNamespace(acquire=_at_once)
        self.messages: dict[int, FakeMessage] = {}
        self.ids = itertools.count(1000)
        self.on_post, self.on_posted, self.on_edit = Script(), Script(), Script()
        self.on_open, self.on_open_thread = Script(), Script()
        self.opened_threads: list[int] = []
        self.drops_files = False  # of edits, without an error

    def get_partial_messageable(self, channel_id: int, *, guild_id: int | None) -> FakeChannel:
        del guild_id
        return FakeChannel(self, channel_id)

    async def create_dm(self, member: discord.Object) -> FakeChannel:
        return FakeChannel(self, -member.id)

    async def start_private_message(self, member_id: int) -> dict[str, str]:
        await self.on_open.next(lambda: None)
        return {"id": str(-member_id)}

    async def edit_message(
        self, channel_id: int, message_id: int, *, params: MultipartParameters
    ) -> dict[str, Any]:
        await self.on_edit.next(lambda: None)
        form = params.multipart[0]["value"] if params.multipart else None
        body: dict[str, Any] = json.loads(form) if form else params.payload
        message = self.messages[message_id]
        assert message.channel_id == channel_id
        files = body.get("attachments")
        if files is not None:
            files = [] if self.drops_files else [file["filename"] for file in files]
        embeds = [discord.Embed.from_dict(embed) for embed in body["embeds"]]
        message.show(embeds=embeds, components=body["components"], attachments=files)
        return {"id": str(message_id), "attachments": message.attachments}

    async def edit_channel(self, channel_id: int, *, archived: bool) -> None:
        await self.on_open_thread.next(lambda: None)
        assert not archived
        self.opened_threads.append(channel_id)

    @property
    def http(self) -> Self:
        return self

    def get_guild(self, _: int) -> None:
        return None


def error(status: int, code: int = 0) -> discord.HTTPException:
    """Return Discord's error with this status and code."""
    response: Any = SimpleNamespace(status=status, reason="refused by a test")
    kinds = {403: discord.Forbidden, 404: discord.NotFound}
    kind = kinds.get(status, discord.HTTPException)
    return kind(response, {"code": code, "message": "refused by a test"})


LOST_CONNECTION = aiohttp.ServerDisconnectedError()


@contextmanager
def closing_files(files: Iterable[discord.File]) -> Iterator[None]:
    """Close ``files`` in the end, as discord.py does."""
    try:
        yield
    finally:
        for file in files:
            file.close()


async def _at_once(_: int = 1) -> None:
    await asyncio.sleep(0)
