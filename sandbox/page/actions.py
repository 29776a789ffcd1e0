"""Performs what members do on the page: one method for each kind of action."""

from collections.abc import Awaitable, Callable
from typing import Any

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.interaction_models import Interaction, Modal
from sandbox.discord.member import Member
from sandbox.discord.models import Upload
from sandbox.discord.protocol import ComponentType, JsonObject, OptionType, objects
from sandbox.discord.server import DiscordServer
from sandbox.page.action_request import ActionRequest
from sandbox.page.uploads import Uploads
from sandbox.page.views import commands_view

UPLOADS = "uploads"
EMPTY: JsonObject = {}


class Actions:
    """Performs actions of ``members``, which are given by id."""

    def __init__(self, discord: DiscordServer, members: dict[int, Member]) -> None:
        self.uploads = Uploads()
        self._discord = discord
        self._members = members
        self._modals: dict[str, Modal] = {}
        self._handlers: dict[str, Callable[[Member, ActionRequest], Awaitable[JsonObject]]] = {
            "say": self._say,
            "delete": self._delete,
            "react": self._react,
            "unreact": self._unreact,
            "thread": self._thread,
            "slash": self._slash,
            "autocomplete": self._autocomplete,
            "menu": self._menu,
            "click": self._click,
            "select": self._select,
            "submit": self._submit,
        }

    async def perform(self, fields: JsonObject) -> JsonObject:
        """Perform the action ``fields["do"]`` as the member ``fields["member"]``.

        Raises:
            NotPossibleError: the client forbids it, or the action is unknown.
        """
        request = ActionRequest(self._discord.state, fields)
        member = self._members.get(request.user("member").id)
        act = self._handlers.get(request.text("do"))
        if member is None or act is None:
            raise NotPossibleError("The page can't do that")
        return await act(member, request)

    # messages

    async def _say(self, member: Member, request: ActionRequest) -> JsonObject:
        files = [self.uploads.get(name) for name in request.texts(UPLOADS)]
        reply_to = request.message("reply_to") if request.text("reply_to") else None
        channel, text = request.channel(), request.text("text")
        message = await member.say(channel, text, files=files, reply_to=reply_to)
        return {"message": str(message.id)}

    async def _delete(self, member: Member, request: ActionRequest) -> JsonObject:
        await member.delete(request.message())
        return {}

    async def _react(self, member: Member, request: ActionRequest) -> JsonObject:
        await member.react(request.message(), request.text("emoji"))
        return {}

    async def _unreact(self, member: Member, request: ActionRequest) -> JsonObject:
        await member.unreact(request.message(), request.text("emoji"))
        return {}

    async def _thread(self, member: Member, request: ActionRequest) -> JsonObject:
        """Open a thread, from a message if one is given."""
        channel, name = request.channel(), request.text("name").strip()
        start = request.message() if request.text("message") else None
        thread = await member.start_thread(channel, name, start=start)
        return {"channel": str(thread.id)}

    # the application

    async def _slash(self, member: Member, request: ActionRequest) -> JsonObject:
        name, channel = request.text("name"), request.channel()
        options = self._parsed_options(name, request)
        return self._interaction_result(await member.slash(name, channel=channel, **options))

    async def _autocomplete(self, member: Member, request: ActionRequest) -> JsonObject:
        options = {**request.mapping("options")}
        focused = request.text("focused")
        value: Any = options.pop(focused, "")
        try:
            choices = await member.autocomplete(
                request.text("name"),
                focused=focused,
                value=value,
                channel=request.channel(),
                **options,
            )
        except TimeoutError as error:
            raise NotPossibleError(str(error)) from None
        return {"choices": choices}

    async def _menu(self, member: Member, request: ActionRequest) -> JsonObject:
        return self._interaction_result(
            await member.context_menu(request.text("name"), request.message())
        )

    async def _click(self, member: Member, request: ActionRequest) -> JsonObject:
        return self._interaction_result(
            await member.click(request.message(), request.text("custom_id"))
        )

    async def _select(self, member: Member, request: ActionRequest) -> JsonObject:
        message, custom_id = request.message(), request.text("custom_id")
        return self._interaction_result(
            await member.select(message, custom_id, *request.texts("values"))
        )

    async def _submit(self, member: Member, request: ActionRequest) -> JsonObject:
        modal = self._modals.get(request.text("modal"))
        if modal is None:
            raise NotPossibleError("The form is closed")
        fields = modal.fields
        values: dict[str, object] = {
            name: self._uploaded_files(value)
            if fields.get(name, {}).get("type") == ComponentType.FILE_UPLOAD
            else value
            for name, value in request.mapping("values").items()
        }
        return self._interaction_result(await member.submit(modal, values))

    def _interaction_result(self, interaction: Interaction) -> JsonObject:
        """Return the error or modal to show; messages reach the page through its websocket."""
        result: JsonObject = {"failed": interaction.error}
        if interaction.modal is not None and not interaction.error:
            name = str(interaction.id)
            self._modals[name] = interaction.modal
            result["modal"] = {
                "id": name,
                "title": interaction.modal.title,
                "components": interaction.modal.components,
            }
        return result

    # command options

    def _parsed_options(self, name: str, request: ActionRequest) -> dict[str, Any]:
        kinds = self._option_types(name)
        values = request.mapping("options")
        return {key: self._parsed_option(kinds.get(key), value) for key, value in values.items()}

    def _option_types(self, name: str) -> dict[str, int]:
        """Return the types of a command's options by name."""
        first, *path = name.split(" ")
        found = (each for each in commands_view(self._discord) if each["name"] == first)
        level = list(objects(next(found, EMPTY).get("options")))
        for step in path:
            inner = next((each for each in level if each["name"] == step), EMPTY)
            level = list(objects(inner.get("options")))
        return {option["name"]: option["type"] for option in level}

    def _parsed_option(self, kind: int | None, value: Any) -> Any:  # noqa: ANN401 - as the page sent it
        state = self._discord.state
        number = int(value) if isinstance(value, str) and value.isdigit() else -1
        match kind:
            case OptionType.USER:
                return state.users.get(number)
            case OptionType.CHANNEL:
                return state.channels.get(number)
            case OptionType.ROLE:
                return state.guild.roles.get(number)
            case OptionType.MENTIONABLE:
                return state.users.get(number) or state.guild.roles.get(number)
            case OptionType.ATTACHMENT:
                return self.uploads.get(value)
            case _:
                return value

    def _uploaded_files(self, value: object) -> list[Upload]:
        names: list[object] = list(value) if isinstance(value, list) else []  # pyright: ignore[reportUnknownArgumentType]
        return [self.uploads.get(name) for name in names]
