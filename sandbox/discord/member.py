"""A person in front of Discord's client: sees a channel, types, clicks, reacts."""

from sandbox.discord import payloads, permissions
from sandbox.discord.command_options import NotPossibleError, Typed
from sandbox.discord.command_registry import Commands
from sandbox.discord.interaction_models import Interaction, Modal
from sandbox.discord.interactions import Interactions
from sandbox.discord.modal_submission import Filled, is_select
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
from sandbox.discord.rules.components import walk
from sandbox.discord.state import World


class Member(Person):
    """One person. What Discord's client would not allow raises ``NotPossibleError``."""

    def __init__(
        self, user: User, world: World, commands: Commands, interactions: Interactions
    ) -> None:
        super().__init__(user, world)
        self._commands = commands
        self._interactions = interactions

    # using the application

    async def slash(
        self, name: str, *, channel: Channel | None = None, **options: object
    ) -> Interaction:
        """Use a slash command (``"session start"`` is a subcommand), and wait for the answer.

        Returns the interaction when it is acknowledged, or failed after 3 seconds.
        """
        place = self._enter(channel)
        command, path = self._offered(name, CommandType.SLASH, place)
        typed = Typed(self._world, place)
        offered = list(objects(command.get("options")))
        data = _command_data(command)
        data["options"] = typed.options(offered, path, options)
        if typed.resolved:
            data["resolved"] = typed.resolved
        return await self._use(InteractionType.COMMAND, place, data)

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
        place = self._enter(channel)
        command, path = self._offered(name, CommandType.SLASH, place)
        data = _command_data(command)
        offered = list(objects(command.get("options")))
        values = {**options, focused: value}
        data["options"] = Typed(self._world, place).focused(offered, path, values, focused)
        asked = await self._use(InteractionType.AUTOCOMPLETE, place, data)
        if asked.choices is None:
            raise TimeoutError("Loading options failed")
        return asked.choices

    async def context_menu(self, name: str, target: Message | User) -> Interaction:
        """Use a command from the menu of a message or a user."""
        channel = target.channel if isinstance(target, Message) else self._world.channel
        place = self._enter(channel)
        kind = CommandType.MESSAGE if isinstance(target, Message) else CommandType.USER
        command, _ = self._offered(name, kind, place)
        data = _command_data(command) | {"target_id": str(target.id)}
        if isinstance(target, Message):
            self._see(target)
            shown = payloads.message(target, self._world.bot)
            data["resolved"] = {"messages": {str(target.id): shown}}
        else:
            typed = Typed(self._world, place)
            typed.options([{"name": "user", "type": 6}], [], {"user": target})
            data["resolved"] = typed.resolved
        return await self._use(InteractionType.COMMAND, place, data)

    async def click(self, message: Message, button: str) -> Interaction:
        """Press a button, named by its label or custom id."""
        found = self._component(message, button)
        if found["type"] != ComponentType.BUTTON or "custom_id" not in found:
            raise NotPossibleError(f"{button!r} is no button that the bot hears of")
        data = {"component_type": 2, "custom_id": found["custom_id"], "id": found["id"]}
        return await self._use(InteractionType.COMPONENT, message.channel, data, source=message)

    async def select(self, message: Message, custom_id: str, *values: str) -> Interaction:
        """Choose ``values`` in a select menu."""
        found = self._component(message, custom_id)
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
        return await self._use(InteractionType.COMPONENT, message.channel, data, source=message)

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
        filled = Filled(self._world, opener.channel, modal)
        data = filled.data(values or {})
        source = opener.source
        return await self._use(
            InteractionType.MODAL, opener.channel, data, source=source, modal_of=modal
        )

    # what the client checks

    async def _use(
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
        return await self._interactions.settle(begun)

    def _component(self, message: Message, name: str) -> JsonObject:
        self._see(message)
        for component in walk(message.components):
            if name in {component.get("custom_id"), component.get("label")}:
                if component.get("disabled"):
                    raise NotPossibleError(f"{name!r} is disabled")
                return component
        raise NotPossibleError(f"There is no {name!r} on the message")

    def _offered(
        self, name: str, kind: CommandType, place: Channel
    ) -> tuple[JsonObject, list[str]]:
        guild = place.guild
        with_bot = guild is None or self._world.bot.id in guild.members
        path = name.split(" ") if kind == CommandType.SLASH else [name]
        command = self._commands.find(path[0], kind, place, with_bot=with_bot)
        if command is None:
            raise NotPossibleError(f"There is no command {name!r} here")
        if guild is not None:
            self._may(place, Permission.USE_APPLICATION_COMMANDS)
            needed = command["default_member_permissions"]
            has = permissions.in_channel(place, self.user)
            if needed is not None and (int(needed) & ~has or needed == "0"):
                raise NotPossibleError(f"{name!r} is not for this person")
        return command, path[1:]


def _command_data(command: JsonObject) -> JsonObject:
    scope = {"guild_id": command["guild_id"]} if "guild_id" in command else {}
    return {"id": command["id"], "name": command["name"], "type": command["type"], **scope}
