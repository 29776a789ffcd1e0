"""Members who act by themselves: they read what is on the screen and press what is there.

A component is named by its custom id, by the beginning of it (``vote`` for ``vote:7``), or by its
label or placeholder, with or without the emoji before it.
"""

import asyncio
import re
from collections.abc import Callable
from typing import TypeVar

from sandbox.discord.interaction_models import Interaction
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from sandbox.discord.protocol import JsonObject, objects
from sandbox.discord.rules.components import walk_components
from sandbox.discord.server import DiscordServer

T = TypeVar("T")
RED = 0xED4245  # the colour of refusals
LEADING_SYMBOLS = re.compile(r"^[^\w(]+")


class RefusedError(Exception):
    """The application refused what a member did; the text is its answer."""


class UnansweredError(Exception):
    """The application did not answer, as when it is restarted."""


def without_emoji(text: str) -> str:
    """Return ``text`` without the emoji and spaces before its first word."""
    return LEADING_SYMBOLS.sub("", text)


def find_component(message: Message, name: str) -> JsonObject | None:
    """Return the first enabled component of ``message`` that is called ``name``."""
    for component in walk_components(message.components):
        if not component.get("disabled") and _is_called(component, name):
            return component
    return None


def _is_called(component: JsonObject, name: str) -> bool:
    custom_id = component.get("custom_id")
    if custom_id is None:
        return False
    if custom_id == name or custom_id.startswith(f"{name}:"):
        return True
    words = component.get("label") or component.get("placeholder") or ""
    return name != "" and name in {words, without_emoji(words)}


def find_option(select: JsonObject, words: str) -> JsonObject | None:
    """Return the first option of ``select`` with this value, or whose label has ``words``."""
    options = list(objects(select.get("options")))
    by_value = (option for option in options if option["value"] == words)
    by_label = (each for each in options if words.casefold() in each["label"].casefold())
    return next(by_value, None) or next(by_label, None)


def latest_with(channel: Channel, name: str) -> Message | None:
    """Return the latest message that everybody sees and that has a component called ``name``."""
    for message in reversed(channel.messages.values()):
        if not message.is_ephemeral and find_component(message, name):
            return message
    return None


def text_of(message: Message) -> str:
    """Return what is written in ``message`` and its embeds, line by line."""
    parts = [message.content]
    for embed in message.embeds:
        parts += [embed.get("title") or "", embed.get("description") or ""]
    return "\n".join(part for part in parts if part)


class ScriptedMember:
    """A member who acts by a script, with pauses as people make them.

    ``pauses`` returns the seconds before each action. An action raises RefusedError if the
    application does not do it, UnansweredError if it says nothing, and NotPossibleError if the
    client does not allow it.
    """

    def __init__(self, discord: DiscordServer, name: str, pauses: Callable[[], float]) -> None:
        self.member: Member = discord.member(name)
        self._discord = discord
        self._pauses = pauses

    @property
    def name(self) -> str:
        """The member's name."""
        return self.member.name

    async def use_command(self, name: str, channel: Channel, **options: object) -> Interaction:
        """Type a slash command."""
        await self.pause()
        return _checked(await self.member.slash(name, channel=channel, **options))

    async def press(self, message: Message, name: str) -> Interaction:
        """Press the button called ``name``."""
        await self.pause()
        return _checked(await self.member.click(message, _custom_id(message, name)))

    async def choose(self, message: Message, name: str, option: str) -> Interaction:
        """Choose an option, by value or by words of its label, in the select called ``name``."""
        await self.pause()
        select = find_component(message, name) or {}
        found = find_option(select, option)
        if found is None:
            raise RefusedError(f"{name} does not offer {option!r}")
        custom_id: str = select["custom_id"]
        return _checked(await self.member.select(message, custom_id, found["value"]))

    async def fill(self, opened: Interaction, values: dict[str, object]) -> Interaction:
        """Fill the modal that ``opened`` and send it; ``values`` are by label or custom id."""
        await self.pause()
        return _checked(await self.member.submit(opened.modal, values))

    async def pause(self) -> None:
        """Wait as long as a person hesitates."""
        await asyncio.sleep(self._pauses())

    async def wait_for(self, condition: Callable[[], T | None], *, timeout: float) -> T:  # noqa: ASYNC109
        """Return the first truthy value of ``condition``.

        Raises:
            TimeoutError: there was none within ``timeout`` seconds.
        """
        found = await self._discord.wait_for(condition, timeout=timeout)
        if found is None:
            raise TimeoutError
        return found


def _custom_id(message: Message, name: str) -> str:
    component = find_component(message, name)
    if component is None:
        raise RefusedError(f"There is no {name!r} on the message")
    custom_id: str = component["custom_id"]
    return custom_id


def _checked(interaction: Interaction) -> Interaction:
    """Return ``interaction`` if the application did what was asked."""
    if interaction.error:
        raise UnansweredError(interaction.error)
    answer = interaction.message
    if answer is not None and interaction.is_ephemeral:
        colours = {embed.get("color") for embed in answer.embeds}
        if RED in colours:
            raise RefusedError(text_of(answer))
    return interaction
