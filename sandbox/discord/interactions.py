"""Lifecycle of interactions: created, acknowledged once, followed up for 15 minutes."""

import asyncio
import secrets
import time
from collections.abc import Sequence

from sandbox.discord import interaction_payloads, messages, payloads
from sandbox.discord.errors import ApiError
from sandbox.discord.interaction_models import TIMEOUT_TEXT, Interaction, Modal
from sandbox.discord.models import Channel, Message, Upload, User
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import (
    CallbackType,
    InteractionType,
    Json,
    JsonObject,
    MessageFlag,
    is_object,
    objects,
)
from sandbox.discord.rules.callbacks import callback_type
from sandbox.discord.rules.components import stored_components
from sandbox.discord.rules.ephemerality import is_forced_ephemeral
from sandbox.discord.rules.errors import FormErrors
from sandbox.discord.rules.messages import check_message
from sandbox.discord.rules.modals import check_choices, check_modal
from sandbox.discord.state import DiscordState, Event

MAX_USER_APP_FOLLOWUPS = 5
MESSAGE_CALLBACKS = frozenset(
    {CallbackType.MESSAGE, CallbackType.DEFERRED_MESSAGE, CallbackType.UPDATE}
)
LOADING = int(MessageFlag.LOADING)
EPHEMERAL = int(MessageFlag.EPHEMERAL)


class Interactions:
    """All interactions of the application, by id and by token.

    ``acknowledge_timeout`` is the time in seconds within which the bot has to respond.
    """

    def __init__(self, state: DiscordState) -> None:
        self._state = state
        self.acknowledge_timeout = 3.0
        self.by_id: dict[int, Interaction] = {}
        self.by_token: dict[str, Interaction] = {}

    # creation by members

    def begin(
        self,
        kind: InteractionType,
        user: User,
        channel: Channel,
        data: JsonObject,
        *,
        source: Message | None = None,
        modal_of: Modal | None = None,
    ) -> Interaction:
        """Create an interaction of ``user`` in ``channel`` and send it to the bot."""
        interaction_id = self._state.snowflakes.new()
        token = secrets.token_urlsafe(48)
        payload = interaction_payloads.interaction_payload(
            self._state, interaction_id, token, kind, user, channel
        ) | {"data": data}
        if source is not None:
            payload["message"] = payloads.message(source, self._state.bot)
        limited = "0" not in payload["authorizing_integration_owners"]
        interaction = Interaction(
            interaction_id, token, kind, user, channel, payload, limited, source, modal_of
        )
        self.by_id[interaction_id] = self.by_token[token] = interaction
        if self._state.interactions_endpoint_url is None:
            self._state.emit(Event("INTERACTION_CREATE", payload, channel.guild, to_bot=True))
        return interaction

    async def wait_until_acknowledged(self, interaction: Interaction) -> Interaction:
        """Wait until ``interaction`` is acknowledged or timed out."""
        try:
            await asyncio.wait_for(interaction.acknowledged.wait(), self.acknowledge_timeout)
        except TimeoutError:
            if interaction.callback_type is None:
                interaction.error = TIMEOUT_TEXT
                self._state.conditions.notify()
        return interaction

    # the bot's response

    def respond(self, number: int, token: str, body: Json, files: Sequence[Upload]) -> Interaction:
        """Apply the bot's response.

        Raises:
            ApiError: 10062 for an unknown or late one, 40060 for a second one, 50035 if invalid.
        """
        interaction = self.by_id.get(number)
        if interaction is None or interaction.token != token:
            raise ApiError(10062)
        if interaction.callback_type is not None:
            raise ApiError(40060)
        late = time.monotonic() - interaction.begun_at > self.acknowledge_timeout
        if late or interaction.error:
            raise ApiError(10062)
        kind = callback_type(interaction, body)
        if kind in MESSAGE_CALLBACKS:
            self._check_channel(interaction)
        self._apply_callback(interaction, kind, body.get("data"), files)
        interaction.callback_type = kind
        interaction.acknowledged_at = time.monotonic()
        if interaction.submitted_modal is not None:
            interaction.submitted_modal.submitted = True
        interaction.acknowledged.set()
        self._state.conditions.notify()
        return interaction

    def _apply_callback(
        self, interaction: Interaction, kind: CallbackType, data: Json, files: Sequence[Upload]
    ) -> None:
        errors = FormErrors()
        body: JsonObject = data if is_object(data) else {}
        if kind == CallbackType.MODAL:
            check_modal(errors, data)
            errors.raise_if_any()
            components = list(objects(stored_components(body["components"])))
            interaction.modal = Modal(interaction, body["title"], body["custom_id"], components)
        elif kind == CallbackType.CHOICES:
            check_choices(errors, data)
            errors.raise_if_any()
            interaction.choices = list(objects(body.get("choices")))
        elif kind == CallbackType.MESSAGE:
            self._check_message(interaction, body, files, path=("data",))
            interaction.message = self._send_message(interaction, body, files)
        elif kind == CallbackType.DEFERRED_MESSAGE:
            flags = int(body.get("flags") or 0) & EPHEMERAL
            interaction.message = self._send_message(
                interaction, {"flags": flags}, (), thinking=True
            )
        elif interaction.source is not None:
            interaction.message = interaction.source
            if kind == CallbackType.UPDATE:
                # unlike a PATCH it removes the files that it does not list:
                # discord-api-docs #6277, serenity #3068
                body = {"attachments": [], **body}
                self._check_message(interaction, body, files, interaction.source, path=("data",))
                messages.edit_message(self._state, interaction.source, body, files)

    def _check_message(
        self,
        interaction: Interaction,
        body: JsonObject,
        files: Sequence[Upload],
        existing: Message | None = None,
        *,
        path: tuple[str, ...] = (),
    ) -> None:
        limit: int = interaction.payload["attachment_size_limit"]
        check_message(body, files, limit=limit, existing=existing, path=path)

    def _send_message(
        self,
        interaction: Interaction,
        body: JsonObject,
        files: Sequence[Upload],
        *,
        thinking: bool = False,
    ) -> Message:
        state = self._state
        if is_forced_ephemeral(state, interaction.channel, interaction.user):
            body = body | {"flags": int(body.get("flags") or 0) | EPHEMERAL}
        message = messages.new_message(state, interaction.channel, state.bot, body, files)
        if thinking:
            message.flags |= LOADING
        message.type = 20 if interaction.type == InteractionType.COMMAND else 0
        if interaction.payload["data"].get("type", 1) > 1:
            message.type = 23
        if message.is_ephemeral:
            message.visible_to = interaction.user
        message.webhook_id = message.application_id = state.application_id
        message.interaction_metadata = interaction_payloads.interaction_metadata(interaction)
        if interaction.type == InteractionType.COMMAND:
            user = interaction.payload.get("user") or interaction.payload["member"]["user"]
            message.interaction = {
                "id": str(interaction.id),
                "type": interaction.type,
                "name": interaction_payloads.command_name(interaction.payload["data"]),
                "user": user,
            }
        if interaction.source is not None and not message.reply_to_id:
            self._reply_to_source(message, interaction.source)
        messages.send(state, message)
        return message

    def _reply_to_source(self, message: Message, source: Message) -> None:
        message.reply_to, message.reply_to_id = source, source.id
        message.type = 19

    def _check_channel(self, interaction: Interaction) -> None:
        channel = interaction.channel
        if channel.deleted:
            raise ApiError(10003)
        may = interaction_payloads.app_permissions(self._state, channel, interaction.user)
        locked = channel.locked and not may & Permission.MANAGE_THREADS
        if not (channel.archived or locked):
            return
        # measured for archived threads: discord-api-docs #6884
        if not interaction_payloads.is_guild_install(self._state, channel):
            raise ApiError(50001)
        raise ApiError(50083 if channel.archived else 160005)

    # followups and edits through the webhook

    def by_valid_token(self, application_id: int, token: str) -> Interaction:
        """Return the interaction with this token.

        Raises:
            ApiError: 10015 for an unknown application, 50027 for an expired token, or the code of
                ``invalidate_token``.
        """
        interaction = self.by_token.get(token)
        if application_id != self._state.application_id:
            raise ApiError(10015)
        if interaction is None:
            raise ApiError(50027)
        if interaction.token_error is not None:
            raise ApiError(interaction.token_error)
        if interaction.token_expired:
            raise ApiError(50027)
        return interaction

    def send_followup(
        self, interaction: Interaction, body: JsonObject, files: Sequence[Upload]
    ) -> Message:
        """Send a followup message; the first one after a deferral edits the deferred response.

        Raises:
            ApiError: as for any message, 10015 before the response, or 40094 for the sixth followup
                of an app that is only installed by the user.
        """
        if interaction.callback_type in {None, CallbackType.CHOICES}:
            raise ApiError(10015)
        self._check_channel(interaction)
        first = interaction.message
        if (
            interaction.callback_type == CallbackType.DEFERRED_MESSAGE
            and first
            and first.is_loading
        ):
            self._check_message(interaction, body, files)
            messages.edit_message(self._state, first, body, files)
            return first
        self._check_message(interaction, body, files)
        if interaction.user_installed and len(interaction.followups) >= MAX_USER_APP_FOLLOWUPS:
            raise ApiError(40094)
        message = self._send_message(interaction, body, files)
        interaction.followups.append(message)
        return message

    def find_message(self, interaction: Interaction, name: str) -> Message:
        """Return the message that the webhook calls ``name``: ``@original`` or an id.

        After a response that updates the pressed message, that one is ``@original``; after any
        other response the token can't reach it.

        Raises:
            ApiError: 10008 if it does not exist, 10015 before the response.
        """
        if interaction.callback_type is None:
            raise ApiError(10015)
        found = interaction.message if name == "@original" else None
        if name.isdigit():
            own = [interaction.message, *interaction.followups]
            found = next((each for each in own if each and each.id == int(name)), None)
        if found is None or found.deleted:
            raise ApiError(10008)
        return found

    def edit_message(
        self, interaction: Interaction, name: str, body: JsonObject, files: Sequence[Upload]
    ) -> Message:
        """Edit a message through the webhook.

        Raises:
            ApiError: as ``find_message`` and as for any message.
        """
        message = self.find_message(interaction, name)
        self._check_channel(interaction)
        self._check_message(interaction, body, files, message)
        messages.edit_message(self._state, message, body, files)
        return message
