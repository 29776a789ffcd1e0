"""What a person can do on Discord without any application."""

from collections.abc import Sequence

from sandbox.discord import messages, permissions
from sandbox.discord.command_options import NotPossibleError
from sandbox.discord.errors import ApiError
from sandbox.discord.models import Channel, Message, Upload, User
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import JsonObject
from sandbox.discord.rules.messages import check_message
from sandbox.discord.state import DiscordState


class Person:
    """A person who reads, writes and reacts.

    What Discord's client would not allow raises ``NotPossibleError``.
    """

    def __init__(self, user: User, state: DiscordState) -> None:
        self.user = user
        self._state = state

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
        return self._state.dm_channel(self.user)

    # reading and writing

    def read(self, channel: Channel | None = None) -> list[Message]:
        """The messages that this person sees in ``channel``, oldest first."""
        place = self._accessible_channel(channel)
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
        place = self._accessible_channel(channel)
        if not permissions.can_send(place, self.user):
            raise NotPossibleError("This person may not write here")
        body: JsonObject = {"content": text}
        if reply_to is not None:
            body["message_reference"] = {"message_id": str(reply_to.id)}
        limit = place.guild.attachment_limit if place.guild else 10 * 1024 * 1024
        try:
            check_message(body, files, limit=limit)
        except ApiError as error:
            raise NotPossibleError(str(error)) from None
        message = messages.new_message(self._state, place, self.user, body, files)
        messages.send(self._state, message)
        return message

    async def react(self, message: Message, emoji: str) -> None:
        """Add a reaction."""
        self._require_visible(message)
        if message.is_ephemeral:
            raise NotPossibleError("Nobody can react to an ephemeral message")
        if emoji not in message.reactions:
            self._require_permission(message.channel, Permission.ADD_REACTIONS)
        messages.add_reaction(self._state, message, emoji, self.user)

    async def unreact(self, message: Message, emoji: str) -> None:
        """Take a reaction back."""
        messages.remove_reaction(self._state, message, emoji, self.user)

    async def delete(self, message: Message) -> None:
        """Delete an own message, or any with the permission to manage messages."""
        self._require_visible(message)
        if message.author is not self.user and message.visible_to is not self.user:
            self._require_permission(message.channel, Permission.MANAGE_MESSAGES)
        messages.delete_message(self._state, message)

    # what the client checks

    def _accessible_channel(self, channel: Channel | None) -> Channel:
        place = channel or self._state.channel
        if place.deleted:
            raise NotPossibleError("The channel is deleted")
        if place.guild is not None:
            self._state.join(place.guild, self.user)
        elif place.recipient is not self.user:
            raise NotPossibleError("This is somebody else's direct channel")
        self._require_permission(place, Permission.VIEW_CHANNEL)
        return place

    def _require_permission(self, channel: Channel, needed: Permission) -> None:
        if permissions.missing(channel, self.user, needed):
            raise NotPossibleError(f"This person lacks {needed.name}")

    def _require_visible(self, message: Message) -> None:
        self._accessible_channel(message.channel)
        if message.deleted or message.visible_to not in {None, self.user}:
            raise NotPossibleError("This person does not see that message")
