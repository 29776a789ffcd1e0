"""A person in front of Discord's client: sees a channel, types, clicks, reacts."""

from sandbox.discord import payloads, permissions
from sandbox.discord.command_options import CommandOptions, NotPossibleError
from sandbox.discord.command_registry import CommandRegistry
from sandbox.discord.interaction_models import Interaction, Modal
from sandbox.discord.interactions import Interactions
from sandbox.discord.modal_submission import ModalSubmission, is_select
from sandbox.discord.models import Channel, Message, User
from sandbox.discord.permissions import Permission
from sandbox.discord.person import Person
from sandbox.discord.protocol import (
    CommandType,
    ComponentType,
    InteractionType,
    JsonObject,
    objects,
)
from sandbox.discord.rules.components import walk_components
from sandbox.discord.state import DiscordState


class Member(Person):
    """One person. What Discord's client would not allow raises ``NotPossibleError``."""

    def __init__(
        self, user: User, state: DiscordState, commands: CommandRegistry, interactions: Interactions
    ) -> None:
        super().__init__(user, state)
        self._commands = commands
        self._interactions = interactions

    # using the application

    async def slash(
        self, name: str, *, channel: Channel | None = None, **options: object
    ) -> Interaction:
        """Use a slash command (``"session start"`` is a subcommand), and wait for the answer.

        Returns the interaction when it is acknowledged, or failed after 3 seconds.
        """
        place = self._accessible_channel(channel)
        command, path = self._find_command(name, CommandType.SLASH, place)
        typed = CommandOptions(self._state, place)
        offered = list(objects(command.get("options")))
        data = _command_data(command)
        data["options"] = typed.submitted_options(offered, path, options)
        if typed.resolved:
            data["resolved"] = typed.resolved
        return await self._send_interaction(InteractionType.COMMAND, place, data)

    async def autocomplete(
        self,
        name: str,
        *,
        focused: str,
        value: str = "",
        channel: Channel | None = None,
        **options: object,
    ) -> list[JsonObject]:
        """The choices that are offered while typing ``value`` into the option ``focused``.

        Raises:
            TimeoutError: the application offered nothing within 3 seconds.
        """
        place = self._accessible_channel(channel)
        command, path = self._find_command(name, CommandType.SLASH, place)
        data = _command_data(command)
        offered = list(objects(command.get("options")))
        values = {**options, focused: value}
        data["options"] = CommandOptions(self._state, place).focused_options(
            offered, path, values, focused
        )
        asked = await self._send_interaction(InteractionType.AUTOCOMPLETE, place, data)
        if asked.choices is None:
            raise TimeoutError("Loading options failed")
        return asked.choices

    async def context_menu(self, name: str, target: Message | User) -> Interaction:
        """Use a command from the menu of a message or a user."""
        channel = target.channel if isinstance(target, Message) else self._state.channel
        place = self._accessible_channel(channel)
        kind = CommandType.MESSAGE if isinstance(target, Message) else CommandType.USER
        command, _ = self._find_command(name, kind, place)
        data = _command_data(command) | {"target_id": str(target.id)}
        if isinstance(target, Message):
            self._require_visible(target)
            shown = payloads.message(target, self._state.bot)
            data["resolved"] = {"messages": {str(target.id): shown}}
        else:
            typed = CommandOptions(self._state, place)
            typed.submitted_options([{"name": "user", "type": 6}], [], {"user": target})
            data["resolved"] = typed.resolved
        return await self._send_interaction(InteractionType.COMMAND, place, data)

    async def click(self, message: Message, button: str) -> Interaction:
        """Press a button, named by its label or custom id."""
        found = self._find_component(message, button)
        if found["type"] != ComponentType.BUTTON or "custom_id" not in found:
            raise NotPossibleError(f"{button!r} is no button that the bot hears of")
        data = {"component_type": 2, "custom_id": found["custom_id"], "id": found["id"]}
        return await self._send_interaction(
            InteractionType.COMPONENT, message.channel, data, source=message
        )

    async def select(self, message: Message, custom_id: str, *values: str) -> Interaction:
        """Choose ``values`` in a select menu."""
        found = self._find_component(message, custom_id)
        known = {option["value"] for option in objects(found.get("options"))}
        low, high = found.get("min_values", 1), found.get("max_values", 1)
        if not is_select(found) or (known and not known.issuperset(values)):
            raise NotPossibleError(f"{custom_id!r} does not offer that")
        if not low <= len(values) <= high:
            raise NotPossibleError(f"{custom_id!r} takes {low} to {high} values")
        data: JsonObject = {
            "component_type": found["type"],
            "custom_id": found["custom_id"],
            "id": found["id"],
            "values": list(values),
        }
        return await self._send_interaction(
            InteractionType.COMPONENT, message.channel, data, source=message
        )

    async def submit(
        self, modal: Modal | None, values: dict[str, object] | None = None
    ) -> Interaction:
        """Send a modal; inputs that ``values`` do not name keep what was prefilled.

        A modal whose submission failed can be sent again.
        """
        if modal is None:
            raise NotPossibleError("No modal was opened")
        if modal.submitted:
            raise NotPossibleError("The modal is closed")
        opener = modal.interaction
        if opener.user is not self.user:
            raise NotPossibleError("The modal is on somebody else's screen")
        filled = ModalSubmission(self._state, opener.channel, modal)
        data = filled.submission_data(values or {})
        source = opener.source
        return await self._send_interaction(
            InteractionType.MODAL, opener.channel, data, source=source, modal_of=modal
        )

    # what the client checks

    async def _send_interaction(
        self,
        kind: InteractionType,
        channel: Channel,
        data: JsonObject,
        *,
        source: Message | None = None,
        modal_of: Modal | None = None,
    ) -> Interaction:
        begun = self._interactions.begin(
            kind, self.user, channel, data, source=source, modal_of=modal_of
        )
        return await self._interactions.wait_until_acknowledged(begun)

    def _find_component(self, message: Message, name: str) -> JsonObject:
        self._require_visible(message)
        for component in walk_components(message.components):
            if name in {component.get("custom_id"), component.get("label")}:
                if component.get("disabled"):
                    raise NotPossibleError(f"{name!r} is disabled")
                return component
        raise NotPossibleError(f"There is no {name!r} on the message")

    def _find_command(
        self, name: str, kind: CommandType, place: Channel
    ) -> tuple[JsonObject, list[str]]:
        guild = place.guild
        with_bot = guild is None or self._state.bot.id in guild.members
        path = name.split(" ") if kind == CommandType.SLASH else [name]
        command = self._commands.find(path[0], kind, place, with_bot=with_bot)
        if command is None:
            raise NotPossibleError(f"There is no command {name!r} here")
        if guild is not None:
            self._require_permission(place, Permission.USE_APPLICATION_COMMANDS)
            needed = command["default_member_permissions"]
            has = permissions.in_channel(place, self.user)
            if needed is not None and (int(needed) & ~has or needed == "0"):
                raise NotPossibleError(f"{name!r} is not for this person")
        return command, path[1:]


def _command_data(command: JsonObject) -> JsonObject:
    scope = {"guild_id": command["guild_id"]} if "guild_id" in command else {}
    return {"id": command["id"], "name": command["name"], "type": command["type"], **scope}
