import discord
import pytest

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.server import DiscordServer
from tests.support.sample_bot import SampleBot


class ChoiceSelect(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.chosen: list[str] = []

    @discord.ui.select(
        custom_id="part",
        options=[discord.SelectOption(label=name, value=name.lower()) for name in ("A", "B")],
    )
    async def choose(self, interaction: discord.Interaction, select: discord.ui.Select) -> None:
        self.chosen += select.values
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"part {select.values[0]}", view=None)


class NoteModal(discord.ui.Modal, title="A note"):
    text = discord.ui.TextInput(label="Text", custom_id="text", min_length=2)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content=self.text.value)


class NoteView(discord.ui.View):
    @discord.ui.button(label="Note", custom_id="note")
    async def note(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        await interaction.response.send_modal(NoteModal())


async def test_select_response_edits_its_message(server: DiscordServer, bot: SampleBot) -> None:
    view = ChoiceSelect()

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("which?", view=view)

    bot.answer = answer
    ada = server.member("Ada")
    message = (await ada.slash("do")).message
    assert message is not None
    for wrong in (("c",), ("a", "b"), ()):
        with pytest.raises(NotPossibleError):
            await ada.select(message, "part", *wrong)
    await ada.select(message, "part", "b")
    await server.wait_for(lambda: message.edit_count)
    assert (message.content, message.components, view.chosen) == ("part b", [], ["b"])
    assert len(ada.read()) == 1
    assert server.violations == []


async def test_modal_of_button_can_edit_the_buttons_message(
    server: DiscordServer, bot: SampleBot
) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("empty", view=NoteView(), ephemeral=True)

    bot.answer = answer
    ada = server.member("Ada")
    message = (await ada.slash("do")).message
    assert message is not None
    call = await ada.click(message, "Note")
    with pytest.raises(NotPossibleError, match="characters"):
        await ada.submit(call.modal, {"text": "x"})
    sent = await ada.submit(call.modal, {"Text": "full"})
    assert sent.message is message
    assert (message.content, message.edit_count) == ("full", 1)
    with pytest.raises(NotPossibleError):
        await server.member("Bob").click(message, "Note")
    assert server.violations == []


async def test_user_installed_app_is_limited_to_five_followups(
    server: DiscordServer, bot: SampleBot
) -> None:
    codes: list[int] = []

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("0")
        for number in range(1, 7):
            try:
                await interaction.followup.send(str(number))
            except discord.HTTPException as error:
                codes.append(error.code)

    bot.answer = answer
    server.rate_limits.is_enforced = False
    ada, place = server.member("Ada"), server.state.foreign_channel
    await ada.slash("do", channel=place)
    await server.wait_for(lambda: codes)
    assert codes == [40094]
    assert [each.content for each in ada.read(place)] == list("012345")


async def test_deleted_channel_refuses_followups(server: DiscordServer, bot: SampleBot) -> None:
    kept: list[discord.Interaction] = []

    async def answer(interaction: discord.Interaction) -> None:
        kept.append(interaction)
        await interaction.response.send_message("x")

    bot.answer = answer
    await server.member("Ada").slash("do")
    server.delete(server.state.channel)
    with pytest.raises(discord.NotFound):
        await kept[0].edit_original_response(content="y")
    with pytest.raises(discord.NotFound) as gone:
        await kept[0].followup.send("y")
    assert gone.value.code == 10003


class EntitySelects(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.chosen: list[object] = []
        for select in (
            discord.ui.UserSelect(custom_id="user"),
            discord.ui.RoleSelect(custom_id="role"),
            discord.ui.MentionableSelect(custom_id="either", max_values=2),
            discord.ui.ChannelSelect(custom_id="channel"),
        ):
            select.callback = self._choose  # type: ignore[method-assign]
            self.add_item(select)

    async def _choose(self, interaction: discord.Interaction) -> None:
        for item in self.children:
            if item.custom_id == interaction.data["custom_id"]:  # type: ignore[union-attr]
                self.chosen += [each.id for each in item.values]  # type: ignore[union-attr]
        await interaction.response.defer()


async def test_select_of_users_roles_and_channels_is_resolved(
    server: DiscordServer, bot: SampleBot
) -> None:
    view = EntitySelects()

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("who?", view=view)

    bot.answer = answer
    ada, role, channel = server.member("Ada"), server.state.bot_role(), server.state.channel
    message = (await ada.slash("do")).message
    assert message is not None
    await ada.select(message, "user", ada.user)
    await ada.select(message, "role", role)
    await ada.select(message, "either", ada.user, str(role.id))
    await ada.select(message, "channel", str(channel.id))
    assert view.chosen == [ada.id, role.id, ada.id, role.id, channel.id]
    for wrong in (role, "7", channel):
        with pytest.raises(NotPossibleError):
            await ada.select(message, "user", wrong)
    assert server.violations == []
