"""A bot in the test's process that answers interactions from a script."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.discord import messages
from sandbox.discord.models import Channel, Message, Upload
from sandbox.discord.server import DiscordServer
from sandbox.discord.state import Event

Payload = dict[str, Any]
Answer = Callable[[Payload], Payload | None]
MESSAGE, CHOICES, MODAL, EPHEMERAL = 4, 8, 9, 64


class ScriptedBot:
    """Answers by command name or custom id; ``received`` are the interactions' payloads."""

    def __init__(self, discord: DiscordServer) -> None:
        self.received: list[Payload] = []
        self._discord = discord
        self._answers: dict[str, Answer] = {}
        discord.state.event_listeners.append(self._on_event)

    def answer_with(self, name: str, answer: Answer) -> None:
        self._answers[name] = answer

    def command(self, name: str, answer: Answer, **fields: Any) -> None:  # noqa: ANN401 - JSON
        self._discord.commands.upsert(None, {"name": name, "description": "Does it", **fields})
        self.answer_with(name, answer)

    def post(
        self,
        files: Sequence[Upload] = (),
        channel: Channel | None = None,
        **body: Any,  # noqa: ANN401 - JSON
    ) -> Message:
        state = self._discord.state
        place = channel or state.channel
        message = messages.new_message(state, place, state.bot, body, files)
        messages.send(state, message)
        return message

    def edit(self, message: Message, **body: Any) -> None:  # noqa: ANN401 - JSON
        messages.edit_message(self._discord.state, message, body)

    def _on_event(self, event: Event) -> None:
        if event.name != "INTERACTION_CREATE":
            return
        received = event.payload
        self.received.append(received)
        name = received["data"].get("name") or received["data"].get("custom_id")
        answer = self._answers.get(name, lambda _told: None)(received)
        if answer is not None:
            respond = self._discord.interactions.respond
            asyncio.get_running_loop().call_soon(
                respond, int(received["id"]), received["token"], answer, ()
            )
