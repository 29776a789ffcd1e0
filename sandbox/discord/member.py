"""A person in front of Discord's client: sees a channel, types, clicks, reacts."""

from collections.abc import Sequence

from sandbox.discord import payloads, permissions, posting
from sandbox.discord.calls import NO_ANSWER, Interaction, Modal
from sandbox.discord.errors import ApiError
from sandbox.discord.forms import Filled, is_select
from sandbox.discord.interactions import Interactions
from sandbox.discord.models import Channel, Message, Upload, User
from sandbox.discord.options import NotPossibleError, Typed
from sandbox.discord.permissions import Permission
from sandbox.discord.registry import Commands
from sandbox.discord.rules.components import walk
from sandbox.discord.rules.messages import check_message
from sandbox.discord.wire import (
    CommandType,
    ComponentType,
    InteractionType,
    JsonObject,
    objects,
)
from sandbox.discord.world import World


class Member:
    """One person. What Discord's client would not allow raises ``NotPossibleError``."""

    def __init__(
        self, user: User, world: World, commands: Commands, interactions: Interactions
    ) -> None:
        self.user = user
        self._world = world
        self._commands = commands
        self._interactions = interactions

    @property
    def id(self) -> int:
        """The user's id."""
        return self.user.id

    @property
    def name(self) -> str:
        """The user's name."""
        return self.user.name

    @property
    def mention(self) -> str:
        """What one writes to mention this person."""
        return self.user.mention

    @property
    def dm(self) -> Channel:
        """The direct channel with the bot."""
        return self._world.direct_channel(self.user)

    # reading and writing

    def read(self, channel: Channel | None = None) -> list[Message]:
        """The messages that this person sees in ``channel``, oldest first."""
        place = self._enter(channel)
        if permissions.missing(place, self.user, Permission.READ_MESSAGE_HISTORY):
            return []
        seen = place.messages.values()
        return [each for each in seen if each.visible_to in {None, self.user}]

    async def say(
        self,
        channel: Channel | None,
        text: str,
        *,
        files: Sequence[Upload] = (),
        reply_to: Message | None = None,
    ) -> Message:
        """Write an ordinary message."""
        place = self._enter(channel)
        if not permissions.may_send(place, self.user):
            raise NotPossibleError("This person may not write here")
        body: JsonObject = {"content": text}
        if reply_to is not None:
            body["message_reference"] = {"message_id": str(reply_to.id)}
        limit = place.guild.attachment_limit if place.guild else 10 * 1024 * 1024
        try:
            check_message(body, files, limit=limit)
        except ApiError as error:
            raise NotPossibleError(str(error)) from None
        message = posting.new_message(self._world, place, self.user, body, files)
        posting.send(self._world, message)
        return message

    async def react(self, message: Message, emoji: str) -> None:
        """Add a reaction."""
        self._see(message)
        if message.ephemeral:
            raise NotPossibleError("Nobody can react to an ephemeral message")
        if emoji not in message.reactions:
            self._may(message.channel, Permission.ADD_REACTIONS)
        posting.add_reaction(self._world, message, emoji, self.user)

    async def unreact(self, message: Message, emoji: str) -> None:
        """Take a reaction back."""
        posting.remove_reaction(self._world, message, emoji, self.user)

    async def delete(self, message: Message) -> None:
        """Delete an own message, or any with the permission to manage messages."""
        self._see(message)
        if message.author is not self.user and message.visible_to is not self.user:
            self._may(message.channel, Permission.MANAGE_MESSAGES)
        posting.delete_message(self._world, message)

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

    def _enter(self, channel: Channel | None) -> Channel:
        place = channel or self._world.channel
        if place.deleted:
            raise NotPossibleError("The channel is deleted")
        if place.guild is not None:
            self._world.join(place.guild, self.user)
        elif place.recipient is not self.user:
            raise NotPossibleError("This is somebody else's direct channel")
        self._may(place, Permission.VIEW_CHANNEL)
        return place

    def _may(self, channel: Channel, needed: Permission) -> None:
        if permissions.missing(channel, self.user, needed):
            raise NotPossibleError(f"This person lacks {needed.name}")

    def _see(self, message: Message) -> None:
        self._enter(message.channel)
        if message.deleted or message.visible_to not in {None, self.user}:
            raise NotPossibleError("This person does not see that message")

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


__all__ = ["NO_ANSWER", "Member", "NotPossibleError"]
