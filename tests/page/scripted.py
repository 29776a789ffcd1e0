"""A bot in a few lines, in this process: it answers interactions as a test says."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.discord import messages
from sandbox.discord.models import Message, Upload
from sandbox.discord.server import DiscordServer
from sandbox.discord.state import Event

Payload = dict[str, Any]
Answer = Callable[[Payload], Payload | None]
MESSAGE, CHOICES, MODAL, EPHEMERAL = 4, 8, 9, 64


class ScriptedBot:
    """Answers by the name of a command or the custom id of a component; keeps what it was told."""

    def __init__(self, discord: DiscordServer) -> None:
        self.told: list[Payload] = []
        self._discord = discord
        self._answers: dict[str, Answer] = {}
        discord.state.event_listeners.append(self._hear)

    def on(self, name: str, answer: Answer) -> None:
        self._answers[name] = answer

    def command(self, name: str, answer: Answer, **fields: Any) -> None:  # noqa: ANN401 - JSON
        self._discord.commands.upsert(None, {"name": name, "description": "Does it", **fields})
        self.on(name, answer)

    def post(self, files: Sequence[Upload] = (), **body: Any) -> Message:  # noqa: ANN401 - JSON
        state = self._discord.state
        message = messages.new_message(state, state.channel, state.bot, body, files)
        messages.send(state, message)
        return message

    def edit(self, message: Message, **body: Any) -> None:  # noqa: ANN401 - JSON
        messages.edit_message(self._discord.state, message, body)

    def _hear(self, event: Event) -> None:
        if event.name != "INTERACTION_CREATE":
            return
        told = event.payload
        self.told.append(told)
        name = told["data"].get("name") or told["data"].get("custom_id")
        answer = self._answers.get(name, lambda _told: None)(told)
        if answer is not None:
            respond = self._discord.interactions.respond
            asyncio.get_running_loop().call_soon(
                respond, int(told["id"]), told["token"], answer, ()
            )
