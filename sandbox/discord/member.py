"""A member who uses Discord's client: reads, writes, reacts, uses commands and components."""

from collections.abc import Sequence

from sandbox.discord import messages, payloads, permissions
from sandbox.discord.command_options import CommandOptions
from sandbox.discord.command_registry import CommandRegistry
from sandbox.discord.errors import ApiError, NotPossibleError
from sandbox.discord.interaction_models import Interaction, Modal
from sandbox.discord.interaction_payloads import is_guild_install
from sandbox.discord.interactions import Interactions
from sandbox.discord.modal_submission import ModalSubmission, is_select
from sandbox.discord.models import FORUM_TYPES, Channel, Message, Role, Upload, User
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import (
    ChannelType,
    CommandType,
    ComponentType,
    InteractionType,
    JsonObject,
    objects,
)
from sandbox.discord.resolved import SELECTED_TYPES, Resolved
from sandbox.discord.rules.components import walk_components
from sandbox.discord.rules.messages import check_message
from sandbox.discord.rules.threads import check_edit, check_room
from sandbox.discord.state import DiscordState

THREAD_PARENTS = frozenset({ChannelType.TEXT, ChannelType.ANNOUNCEMENT})
MAX_NAME = 100


class Member:
    """A person who uses Discord's client.

    Every action raises NotPossibleError if the client does not allow it.
    """

    def __init__(
        self,
        user: User,
        state: DiscordState,
        commands: CommandRegistry,
        interactions: Interactions,
    ) -> None:
        self.user = user
        self._state = state
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
        """The markup that mentions this person."""
        return self.user.mention

    @property
    def dm(self) -> Channel:
        """The DM channel with the bot."""
        return self._state.dm_channel(self.user)

    # messages and reactions

    def read(self, channel: Channel | None = None) -> list[Message]:
        """Return the messages that this person sees in ``channel``, oldest first."""
        target_channel = self._accessible_channel(channel)
        if permissions.missing(target_channel, self.user, Permission.READ_MESSAGE_HISTORY):
            return []
        return [each for each in target_channel.messages.values() if self._is_shown(each)]

    def restart_client(self) -> None:
        """Restart the client, which forgets all ephemeral messages."""
        for channel in self._state.channels.values():
            for message in channel.messages.values():
                if message.visible_to is self.user:
                    message.dismissed = True

    async def say(
        self,
        channel: Channel | None,
        text: str,
        *,
        files: Sequence[Upload] = (),
        reply_to: Message | None = None,
    ) -> Message:
        """Send a message."""
        target_channel = self._accessible_channel(channel)
        if not permissions.can_send(target_channel, self.user):
            raise NotPossibleError("This person may not write here")
        if target_channel.type in FORUM_TYPES:
            raise NotPossibleError("A forum takes posts, not messages")
        if target_channel.locked:
            self._require_permission(target_channel, Permission.MANAGE_THREADS)
        # documented in topics/threads: a message unarchives the thread
        if target_channel.archived:
            self._state.archive(target_channel, archived=False, locked=target_channel.locked)
        body: JsonObject = {"content": text}
        if reply_to is not None:
            body["message_reference"] = {"message_id": str(reply_to.id)}
        limit = target_channel.guild.attachment_limit if target_channel.guild else 10 * 1024 * 1024
        try:
            check_message(body, files, limit=limit)
        except ApiError as error:
            raise NotPossibleError(str(error)) from None
        message = messages.new_message(self._state, target_channel, self.user, body, files)
        messages.send(self._state, message)
        return message

    async def post(self, forum: Channel, title: str, text: str) -> Message:
        """Start a post of a forum: a thread whose first message has the thread's id."""
        if self._accessible_channel(forum).type not in FORUM_TYPES:
            raise NotPossibleError("Only forums take posts")
        thread = self._state.new_thread(title, forum, owner=self.user)
        message = messages.new_message(self._state, thread, self.user, {"content": text})
        message.id = thread.id
        messages.send(self._state, message)
        return message

    async def forward(self, message: Message, channel: Channel | None = None) -> Message:
        """Forward ``message``; the new one has a snapshot and no content of its own."""
        self._require_visible(message)
        target_channel = self._accessible_channel(channel)
        sent = messages.new_message(self._state, target_channel, self.user, {})
        sent.forwarded = message
        messages.send(self._state, sent)
        return sent

    async def react(self, message: Message, emoji: str) -> None:
        """Add a reaction."""
        self._require_visible(message)
        if message.is_ephemeral:
            raise NotPossibleError("Nobody can react to an ephemeral message")
        if message.channel.archived:
            raise NotPossibleError("The thread is archived")
        if emoji not in message.reactions:
            self._require_permission(message.channel, Permission.ADD_REACTIONS)
        messages.add_reaction(self._state, message, emoji, self.user)

    async def unreact(self, message: Message, emoji: str) -> None:
        """Remove an own reaction."""
        messages.remove_reaction(self._state, message, emoji, self.user)

    async def delete(self, message: Message) -> None:
        """Delete an own message, or any message with MANAGE_MESSAGES."""
        self._require_visible(message)
        if message.author is not self.user and message.visible_to is not self.user:
            self._require_permission(message.channel, Permission.MANAGE_MESSAGES)
        messages.delete_message(self._state, message)

    # threads

    async def start_thread(
        self, channel: Channel, name: str, *, start: Message | None = None
    ) -> Channel:
        """Start a public thread in ``channel``, from the message ``start`` if one is given."""
        target_channel = self._accessible_channel(channel)
        self._require_permission(target_channel, Permission.CREATE_PUBLIC_THREADS)
        if target_channel.type not in THREAD_PARENTS or (start is not None and start.thread):
            raise NotPossibleError("No thread can be opened here")
        if not 1 <= len(name) <= MAX_NAME:
            raise NotPossibleError(f"A thread's name has 1 to {MAX_NAME} characters")
        try:
            check_room(target_channel.guild, self._state.max_active_threads)
        except ApiError as error:
            raise NotPossibleError(str(error)) from None
        return self._state.new_thread(name, target_channel, owner=self.user, start=start)

    async def archive(self, thread: Channel) -> None:
        """Archive ``thread``: its owner may, and who has MANAGE_THREADS."""
        self._edit_thread(thread, archived=True)

    async def unarchive(self, thread: Channel) -> None:
        """Open an archived ``thread``: who can write there may, unless it is locked."""
        self._edit_thread(thread, archived=False)

    async def lock(self, thread: Channel) -> None:
        """Lock ``thread``, with MANAGE_THREADS."""
        self._edit_thread(thread, locked=True)

    async def unlock(self, thread: Channel) -> None:
        """Unlock ``thread``, with MANAGE_THREADS."""
        self._edit_thread(thread, locked=False)

    async def delete_channel(self, channel: Channel) -> None:
        """Delete a thread with MANAGE_THREADS, or a channel with MANAGE_CHANNELS."""
        target = self._accessible_channel(channel)
        managing = Permission.MANAGE_THREADS if target.is_thread else Permission.MANAGE_CHANNELS
        self._require_permission(target, managing)
        self._state.delete_channel(target)

    def _edit_thread(self, thread: Channel, **changes: bool) -> None:
        target = self._accessible_channel(thread)
        try:
            check_edit(target, self.user, changes)
        except ApiError as error:
            raise NotPossibleError(str(error)) from None
        self._state.archive(
            target,
            archived=changes.get("archived", target.archived),
            locked=changes.get("locked", target.locked),
        )

    # using the application

    async def slash(
        self, name: str, *, channel: Channel | None = None, **options: object
    ) -> Interaction:
        """Use a slash command (``"session start"`` is a subcommand), and wait for the response.

        Returns the interaction when it is acknowledged, or timed out after 3 seconds.
        """
        target_channel = self._accessible_channel(channel)
        command, path = self._find_command(name, CommandType.SLASH, target_channel)
        resolved = Resolved(self._state, target_channel)
        offered = list(objects(command.get("options")))
        data = _command_data(command)
        data["options"] = CommandOptions(resolved).submitted_options(offered, path, options)
        if resolved.payload:
            data["resolved"] = resolved.payload
        return await self._send_interaction(InteractionType.COMMAND, target_channel, data)

    async def autocomplete(
        self,
        name: str,
        *,
        focused: str,
        value: str = "",
        channel: Channel | None = None,
        **options: object,
    ) -> list[JsonObject]:
        """Return the choices offered for the text ``value`` in the option ``focused``.

        Raises:
            TimeoutError: the application offered none within 3 seconds.
        """
        target_channel = self._accessible_channel(channel)
        command, path = self._find_command(name, CommandType.SLASH, target_channel)
        data = _command_data(command)
        offered = list(objects(command.get("options")))
        values = {**options, focused: value}
        resolved = Resolved(self._state, target_channel)
        data["options"] = CommandOptions(resolved).focused_options(offered, path, values, focused)
        interaction = await self._send_interaction(
            InteractionType.AUTOCOMPLETE, target_channel, data
        )
        if interaction.choices is None:
            raise TimeoutError("Loading options failed")
        return interaction.choices

    async def context_menu(self, name: str, target: Message | User) -> Interaction:
        """Use a context menu command on a message or a user."""
        channel = target.channel if isinstance(target, Message) else self._state.channel
        target_channel = self._accessible_channel(channel)
        kind = CommandType.MESSAGE if isinstance(target, Message) else CommandType.USER
        command, _ = self._find_command(name, kind, target_channel)
        data = _command_data(command) | {"target_id": str(target.id)}
        if isinstance(target, Message):
            self._require_visible(target)
            payload = payloads.message(target, self._state.bot)
            data["resolved"] = {"messages": {str(target.id): payload}}
        else:
            resolved = Resolved(self._state, target_channel)
            resolved.add(target)
            data["resolved"] = resolved.payload
        return await self._send_interaction(InteractionType.COMMAND, target_channel, data)

    async def click(self, message: Message, button: str) -> Interaction:
        """Click a button, given by its label or custom id.

        In an archived thread the client opens the thread first, and fails if this person may not
        (discord-api-docs #8474); in a locked one no component works, not even for moderators
        (discord-api-docs #7900). The same is true of ``select``.
        """
        component = self._find_component(message, button)
        if component["type"] != ComponentType.BUTTON or "custom_id" not in component:
            raise NotPossibleError(f"{button!r} is no button that the bot hears of")
        data = {"component_type": 2, "custom_id": component["custom_id"], "id": component["id"]}
        return await self._send_interaction(
            InteractionType.COMPONENT, message.channel, data, source=message
        )

    async def select(
        self, message: Message, custom_id: str, *values: str | User | Role | Channel
    ) -> Interaction:
        """Choose ``values`` in a select menu, given by its custom id or placeholder.

        Options are given by value, users, roles and channels as objects or ids.
        """
        component = self._find_component(message, custom_id)
        known = {option["value"] for option in objects(component.get("options"))}
        low, high = component.get("min_values", 1), component.get("max_values", 1)
        if not is_select(component) or (known and not known.issuperset(values)):
            raise NotPossibleError(f"{custom_id!r} does not offer that")
        if not low <= len(values) <= high:
            raise NotPossibleError(f"{custom_id!r} takes {low} to {high} values")
        data: JsonObject = {
            "component_type": component["type"],
            "custom_id": component["custom_id"],
            "id": component["id"],
            "values": list(values),
        }
        if component["type"] in SELECTED_TYPES:
            resolved = Resolved(self._state, message.channel)
            data["values"] = resolved.add_selected(component, list(values))
            data["resolved"] = resolved.payload
        return await self._send_interaction(
            InteractionType.COMPONENT, message.channel, data, source=message
        )

    async def submit(
        self, modal: Modal | None, values: dict[str, object] | None = None
    ) -> Interaction:
        """Submit a modal; inputs missing in ``values`` keep their default.

        A modal whose submission failed can be submitted again.
        """
        if modal is None:
            raise NotPossibleError("No modal was opened")
        if modal.submitted:
            raise NotPossibleError("The modal is closed")
        opener = modal.interaction
        if opener.user is not self.user:
            raise NotPossibleError("The modal is on somebody else's screen")
        submission = ModalSubmission(Resolved(self._state, opener.channel), modal)
        data = submission.submission_data(values or {})
        source = opener.source
        return await self._send_interaction(
            InteractionType.MODAL, opener.channel, data, source=source, modal_of=modal
        )

    # checks of the client

    def _accessible_channel(self, channel: Channel | None) -> Channel:
        target_channel = channel or self._state.channel
        if target_channel.deleted:
            raise NotPossibleError("The channel is deleted")
        if target_channel.guild is not None:
            self._state.join(target_channel.guild, self.user)
        self._require_permission(target_channel, Permission.VIEW_CHANNEL)
        return target_channel

    def _require_permission(self, channel: Channel, needed: Permission) -> None:
        if permissions.missing(channel, self.user, needed):
            raise NotPossibleError(f"This person lacks {needed.name}")

    def _require_visible(self, message: Message) -> None:
        self._accessible_channel(message.channel)
        if message.deleted or not self._is_shown(message):
            raise NotPossibleError("This person does not see that message")

    def _is_shown(self, message: Message) -> bool:
        return message.visible_to in {None, self.user} and not message.dismissed

    async def _send_interaction(
        self,
        kind: InteractionType,
        channel: Channel,
        data: JsonObject,
        *,
        source: Message | None = None,
        modal_of: Modal | None = None,
    ) -> Interaction:
        if channel.archived:
            if kind not in {InteractionType.COMPONENT, InteractionType.MODAL}:
                raise NotPossibleError("The thread is archived")
            self._edit_thread(channel, archived=False)
        interaction = self._interactions.begin(
            kind, self.user, channel, data, source=source, modal_of=modal_of
        )
        return await self._interactions.wait_until_acknowledged(interaction)

    def _find_component(self, message: Message, name: str) -> JsonObject:
        self._require_visible(message)
        for component in walk_components(message.components):
            if name in {component.get(key) for key in ("custom_id", "label", "placeholder")}:
                if message.channel.locked:
                    raise NotPossibleError("The thread is locked")
                if component.get("disabled"):
                    raise NotPossibleError(f"{name!r} is disabled")
                return component
        raise NotPossibleError(f"There is no {name!r} on the message")

    def _find_command(
        self, name: str, kind: CommandType, target_channel: Channel
    ) -> tuple[JsonObject, list[str]]:
        guild = target_channel.guild
        with_bot = is_guild_install(self._state, target_channel)
        path = name.split(" ") if kind == CommandType.SLASH else [name]
        command = self._commands.find(path[0], kind, target_channel, with_bot=with_bot)
        if command is None:
            raise NotPossibleError(f"There is no command {name!r} here")
        if guild is not None:
            self._require_permission(target_channel, Permission.USE_APPLICATION_COMMANDS)
            if target_channel.locked:
                self._require_permission(target_channel, Permission.MANAGE_THREADS)
            needed = command["default_member_permissions"]
            has = permissions.in_channel(target_channel, self.user)
            if needed is not None and (int(needed) & ~has or needed == "0"):
                raise NotPossibleError(f"{name!r} is not for this person")
        return command, path[1:]


def _command_data(command: JsonObject) -> JsonObject:
    scope = {"guild_id": command["guild_id"]} if "guild_id" in command else {}
    return {"id": command["id"], "name": command["name"], "type": command["type"], **scope}
