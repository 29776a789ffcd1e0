import io

import discord
import pytest
from aiohttp import ClientSession

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.models import Upload
from sandbox.discord.server import DiscordServer
from tests.support.sample_bot import SampleBot


@pytest.mark.usefixtures("bot")
async def test_command_opens_modal_and_submission_sends_message(
    server: DiscordServer,
) -> None:
    ada = server.member("Ada")
    call = await ada.slash("extend", clip="elegy", at="2:04")
    assert call.modal is not None
    assert call.modal.title == "A song"
    sent = await ada.submit(call.modal, {"lyrics": "la la"})
    assert sent.message is not None
    assert sent.message.embeds[0]["title"] == "elegy"
    assert sent.message.embeds[0]["description"] == "la la"
    assert sent.message.embeds[0]["fields"][0]["value"] == "jazz"
    assert ada.read() == [sent.message]
    assert sent.message.edit_count == 0
    assert server.violations == []


@pytest.mark.usefixtures("bot")
async def test_slash_validates_options_against_registered_command(server: DiscordServer) -> None:
    ada = server.member("Ada")
    for name, options in (
        ("extend", {}),
        ("extend", {"clip": 3}),
        ("extend", {"clip": "x", "loud": "very"}),
        ("extend", {"clip": "x", "colour": "red"}),
        ("absent", {}),
    ):
        with pytest.raises(NotPossibleError):
            await ada.slash(name, **options)
    assert not [each for each in server.requests if each.route.endswith("/callback")]


@pytest.mark.usefixtures("bot")
async def test_modal_validates_inputs_and_closes_after_submission(
    server: DiscordServer,
) -> None:
    ada = server.member("Ada")
    call = await ada.slash("extend", clip="elegy")
    with pytest.raises(NotPossibleError, match="required"):
        await ada.submit(call.modal, {"Style": ""})
    with pytest.raises(NotPossibleError, match="characters"):
        await ada.submit(call.modal, {"Lyrics": "la" * 2000})
    with pytest.raises(NotPossibleError, match="no input"):
        await ada.submit(call.modal, {"tempo": "fast"})
    with pytest.raises(NotPossibleError, match="somebody else"):
        await server.member("Bob").submit(call.modal)
    sent = await ada.submit(call.modal)
    assert sent.message is not None
    assert sent.message.embeds[0]["description"] == "silence"
    with pytest.raises(NotPossibleError, match="closed"):
        await ada.submit(call.modal)


@pytest.mark.usefixtures("bot")
async def test_autocomplete_returns_choices(server: DiscordServer) -> None:
    choices = await server.member("Ada").autocomplete("extend", focused="clip", value="ele")
    assert [choice["name"] for choice in choices] == ["ele-0", "ele-1", "ele-2"]


@pytest.mark.usefixtures("bot")
async def test_click_finds_button_by_label_or_custom_id(server: DiscordServer) -> None:
    ada, bob = server.member("Ada"), server.member("Bob")
    song = (await ada.submit((await ada.slash("extend", clip="elegy")).modal)).message
    assert song is not None
    again = await bob.click(song, "Again")
    assert again.modal is not None
    assert again.modal.custom_id == "song:elegy"
    second = (await bob.submit(again.modal, {"Lyrics": "oh"})).message
    assert second is not None
    assert second.interaction_metadata is not None
    for absent in ("Off", "Listen", "Stop"):
        with pytest.raises(NotPossibleError):
            await bob.click(song, absent)
    hushed = await bob.click(song, "song:hush:elegy")
    assert hushed.message is song
    assert (song.content, song.components, song.edit_count) == ("hushed", [], 1)
    assert [payload["content"] for _, payload in song.history] == ["", "hushed"]


@pytest.mark.usefixtures("bot")
async def test_ephemeral_response_is_visible_to_its_member_only(server: DiscordServer) -> None:
    ada, bob = server.member("Ada"), server.member("Bob")
    sent_message = await bob.say(None, "hello")
    call = await ada.context_menu("Extend this song", sent_message)
    assert call.message is not None
    assert call.is_ephemeral
    assert call.message.content == f"of {sent_message.id}"
    assert ada.read() == [sent_message, call.message]
    assert bob.read() == [sent_message]


async def test_deferred_response_is_filled_by_edit_before_followups(
    server: DiscordServer, bot: SampleBot
) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(content="done")
        await interaction.followup.send("more")
        await interaction.delete_original_response()

    bot.answer = answer
    ada = server.member("Ada")
    call = await ada.slash("do")
    message = call.message
    assert message is not None
    assert message.is_ephemeral
    assert message.visible_to is ada.user
    await server.wait_for(lambda: message.deleted)
    assert [payload["content"] for _, payload in message.history] == ["", "done"]
    assert [each.content for each in ada.read()] == ["more"]
    assert server.violations == []


async def test_first_followup_fills_deferred_response(
    server: DiscordServer, bot: SampleBot
) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.followup.send("here")

    bot.answer = answer
    call = await server.member("Ada").slash("do")
    await server.wait_for(lambda: call.message is not None and not call.message.is_loading)
    assert call.message is not None
    assert call.message.content == "here"
    assert call.followups == []


async def test_attachments_are_served_at_their_urls(server: DiscordServer, bot: SampleBot) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        embed = discord.Embed(title="wave").set_image(url="attachment://wave.png")
        files = [discord.File(io.BytesIO(b"12345"), "a song.mp3", description="it")]
        files.append(discord.File(io.BytesIO(b"png"), "wave.png"))
        await interaction.response.send_message(embed=embed, files=files)
        original = await interaction.original_response()
        kept = [original.attachments[0], discord.File(io.BytesIO(b"new"), "b.mp3")]
        await interaction.edit_original_response(attachments=kept, embed=None)

    bot.answer = answer
    ada = server.member("Ada")
    call = await ada.slash("do")
    message = call.message
    assert message is not None
    first = message.history[0][1]
    assert [each["filename"] for each in first["attachments"]] == ["a_song.mp3"]
    assert "/wave.png?" in first["embeds"][0]["image"]["url"]
    await server.wait_for(lambda: message.edit_count)
    assert [each.filename for each in message.attachments] == ["a_song.mp3", "b.mp3"]
    async with ClientSession() as http:
        async with http.get(message.attachments[0].url) as got:
            assert (got.content_type, await got.read()) == ("audio/mpeg", b"12345")
        headers = {"Range": "bytes=1-2"}
        async with http.get(message.attachments[0].url, headers=headers) as got:
            assert (got.status, await got.read()) == (206, b"23")
    assert server.violations == []
    assert bot.errors == []


async def test_slash_accepts_attachment_option(server: DiscordServer, bot: SampleBot) -> None:
    read: list[bytes] = []

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("thanks")
        read.append(await interaction.namespace.file.read())

    bot.answer = answer
    await server.member("Ada").slash("do", file=Upload("x.mp3", b"sound"))
    await server.wait_for(lambda: read or bot.errors, timeout=1)
    assert bot.errors == []
    assert read == [b"sound"]


async def test_reactions_reach_bot_and_can_be_removed(
    server: DiscordServer, bot: SampleBot
) -> None:
    ada = server.member("Ada")
    message = await ada.say(None, "play")
    await ada.react(message, "🔁")
    await ada.react(message, "🔁")
    await server.wait_for(lambda: message.reactions)
    channel = bot.get_channel(server.state.channel.id)
    assert isinstance(channel, discord.TextChannel)
    partial = channel.get_partial_message(message.id)
    await partial.add_reaction("🎵")
    assert set(message.reactions) == {"🔁", "🎵"}
    await ada.unreact(message, "🔁")
    await partial.remove_reaction("🎵", discord.Object(server.application_id))
    assert message.reactions == {}
    assert ("🔁", ada.id, message.id) in bot.reactions
    assert len([each for each in bot.reactions if each[1] == ada.id]) == 1


async def test_command_works_in_dm_channel(server: DiscordServer, bot: SampleBot) -> None:
    ada = server.member("Ada")
    call = await ada.slash("extend", clip="elegy", channel=ada.dm)
    sent = await ada.submit(call.modal)
    assert sent.message is not None
    assert ada.read(ada.dm) == [sent.message]
    user = await bot.fetch_user(ada.id)
    written = await user.send("psst")
    assert ada.read(ada.dm)[-1].id == written.id
    ada.user.accepts_dms = False
    with pytest.raises(discord.Forbidden) as refused:
        await user.send("psst")
    assert refused.value.code == 50007


async def test_user_installed_app_works_in_foreign_guild(
    server: DiscordServer, bot: SampleBot
) -> None:
    seen: list[discord.Interaction] = []

    async def answer(interaction: discord.Interaction) -> None:
        seen.append(interaction)
        await interaction.response.send_message("hello")
        await interaction.edit_original_response(content="hello again")

    bot.answer = answer
    ada, place = server.member("Ada"), server.state.foreign_channel
    call = await ada.slash("do", channel=place)
    await server.wait_for(lambda: call.message and call.message.edit_count)
    assert [each.content for each in ada.read(place)] == ["hello again"]
    assert seen[0].is_user_integration()
    assert not seen[0].is_guild_integration()
    with pytest.raises(discord.Forbidden) as refused:
        await bot.fetch_channel(place.id)
    assert refused.value.code == 50001


async def test_message_records_pinged_users(server: DiscordServer, bot: SampleBot) -> None:
    ada = server.member("Ada")
    text = f"{ada.mention} @everyone"

    async def with_mentions(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(
            text, allowed_mentions=discord.AllowedMentions.all()
        )

    async def without_mentions(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(text)

    bot.answer = with_mentions
    call = await ada.slash("do")
    assert call.message is not None
    assert call.message.pinged == {ada.id, "everyone"}
    bot.answer = without_mentions
    call = await ada.slash("do")
    assert call.message is not None
    assert call.message.pinged == frozenset()


async def test_thread_uses_permissions_of_parent(server: DiscordServer, bot: SampleBot) -> None:
    ada = server.member("Ada")
    message = await ada.say(None, "start here")
    channel = bot.get_channel(server.state.channel.id)
    assert isinstance(channel, discord.TextChannel)
    thread = await channel.get_partial_message(message.id).create_thread(name="Parts")
    sent = await thread.send("one")
    inside = server.state.channels[thread.id]
    assert [each.id for each in ada.read(inside)] == [sent.id]
    server.state.archive(inside, locked=True)
    for refused in (sent.edit(content="two"), thread.send("two")):
        with pytest.raises(discord.HTTPException) as error:
            await refused
        assert error.value.code == 50083
