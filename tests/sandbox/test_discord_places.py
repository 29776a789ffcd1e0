"""Places where the bot is no member or has no permission, as Discord treats them."""

import datetime as dt
from typing import Any

import discord
import pytest

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.models import Channel
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import ChannelType
from sandbox.discord.server import DiscordServer
from tests.support.raw_requests import code, raw
from tests.support.sample_bot import SampleBot, song_buttons

Json = dict[str, Any]


async def song(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("song", view=song_buttons("elegy"))


# forced ephemerality


def deny(permission: Permission, server: DiscordServer, member_id: int) -> None:
    state = server.state
    user = state.users[member_id]
    state.set_overwrite(state.foreign_channel, user, deny=permission)


@pytest.mark.parametrize(
    "permission",
    [
        Permission.USE_EXTERNAL_APPS,
        Permission.SEND_MESSAGES,
        Permission.EMBED_LINKS,
        Permission.ATTACH_FILES,
    ],
)
async def test_reply_in_foreign_guild_is_ephemeral_without_permission(
    server: DiscordServer, bot: SampleBot, permission: Permission
) -> None:
    told: list[bool] = []

    async def answer(interaction: discord.Interaction) -> None:
        response = await interaction.response.send_message("song")
        told.append(response.is_ephemeral())
        await interaction.followup.send("more")

    bot.answer = answer
    ada, ben = server.member("Ada"), server.member("Ben")
    place = server.state.foreign_channel
    server.state.join(server.state.foreign_guild, ada.user)
    deny(permission, server, ada.id)
    call = await ada.slash("do", channel=place)
    await server.wait_for(lambda: call.followups)
    assert call.is_ephemeral
    assert call.followups[0].is_ephemeral
    assert told == [True]
    assert [each.content for each in ada.read(place)] == ["song", "more"]
    assert ben.read(place) == []
    # who may post there posts publicly
    assert not (await ben.slash("do", channel=place)).is_ephemeral
    assert server.violations == []


async def test_permission_of_role_or_channel_switches_external_apps(
    server: DiscordServer, bot: SampleBot
) -> None:
    bot.answer = song
    state, ada = server.state, server.member("Ada")
    place, guild = state.foreign_channel, state.foreign_guild
    everyone = guild.roles[guild.id]
    other = state.new_channel("apps", guild)
    state.set_permissions(everyone, everyone.permissions & ~Permission.USE_EXTERNAL_APPS)
    state.set_overwrite(other, everyone, allow=Permission.USE_EXTERNAL_APPS)
    assert (await ada.slash("do", channel=place)).is_ephemeral
    assert not (await ada.slash("do", channel=other)).is_ephemeral
    # in the bot's own guilds the permission does not matter
    own = state.guild.roles[state.guild.id]
    state.set_permissions(own, own.permissions & ~Permission.USE_EXTERNAL_APPS)
    assert not (await ada.slash("do")).is_ephemeral


async def test_slowmode_of_foreign_channel_makes_next_reply_ephemeral(
    server: DiscordServer, bot: SampleBot
) -> None:
    bot.answer = song
    ada, place = server.member("Ada"), server.state.foreign_channel
    place.slowmode = 60
    first = await ada.slash("do", channel=place)
    assert not first.is_ephemeral
    assert (await ada.slash("do", channel=place)).is_ephemeral
    assert first.message is not None
    server.age(first.message, dt.timedelta(minutes=2))
    assert not (await ada.slash("do", channel=place)).is_ephemeral


async def test_forced_ephemeral_reply_is_out_of_reach_but_by_token(
    server: DiscordServer, bot: SampleBot
) -> None:
    kept: list[discord.Interaction] = []

    async def answer(interaction: discord.Interaction) -> None:
        kept.append(interaction)
        await interaction.response.send_message("song", view=song_buttons("elegy"))

    bot.answer = answer
    ada, place = server.member("Ada"), server.state.foreign_channel
    server.state.join(server.state.foreign_guild, ada.user)
    deny(Permission.USE_EXTERNAL_APPS, server, ada.id)
    message = (await ada.slash("do", channel=place)).message
    assert message is not None
    path = f"/channels/{place.id}/messages/{message.id}"
    assert await code(server, "GET", path) == 50001
    assert await code(server, "PATCH", path, {"content": "x"}) == 50001
    with pytest.raises(NotPossibleError):
        await ada.react(message, "🔁")
    await kept[0].edit_original_response(content="edited")
    assert message.content == "edited"
    # a press on it brings a token as any other press
    assert (await ada.click(message, "Hush")).message is message


async def test_client_restart_forgets_ephemeral_messages(
    server: DiscordServer, bot: SampleBot
) -> None:
    bot.answer = song
    ada, place = server.member("Ada"), server.state.foreign_channel
    server.state.join(server.state.foreign_guild, ada.user)
    public = (await ada.slash("do", channel=place)).message
    deny(Permission.USE_EXTERNAL_APPS, server, ada.id)
    private = (await ada.slash("do", channel=place)).message
    assert public is not None
    assert private is not None
    assert ada.read(place) == [public, private]
    ada.restart_client()
    assert ada.read(place) == [public]
    with pytest.raises(NotPossibleError):
        await ada.click(private, "Again")


# group DMs and direct messages between others


def private_channel(server: DiscordServer, *, group: bool) -> Channel:
    people = [server.member(name).user for name in ("Ada", "Ben")]
    return server.state.new_private_channel(*people, name="band" if group else None)


@pytest.mark.parametrize("group", [True, False])
async def test_bot_reaches_private_channel_by_token_only(
    server: DiscordServer, bot: SampleBot, *, group: bool
) -> None:
    kept: list[discord.Interaction] = []

    async def answer(interaction: discord.Interaction) -> None:
        kept.append(interaction)
        await song(interaction)
        await interaction.edit_original_response(content="edited")

    bot.answer = answer
    ada, ben = server.member("Ada"), server.member("Ben")
    place = private_channel(server, group=group)
    call = await ada.slash("do", channel=place)
    message = call.message
    assert message is not None
    await server.wait_for(lambda: message.edit_count)
    assert [each.content for each in ben.read(place)] == ["edited"]
    [interaction] = kept
    assert interaction.context.private_channel
    kind = discord.GroupChannel if group else discord.DMChannel
    assert isinstance(interaction.channel, kind)
    assert call.payload["authorizing_integration_owners"] == {"1": str(ada.id)}
    assert call.user_installed
    may = discord.Permissions(attach_files=True, embed_links=True, mention_everyone=True)
    assert interaction.app_permissions == may
    base = f"/channels/{place.id}"
    for method, path in (
        ("GET", base),
        ("GET", f"{base}/messages/{message.id}"),
        ("PATCH", f"{base}/messages/{message.id}"),
        ("POST", f"{base}/messages"),
    ):
        body = None if method == "GET" else {"content": "x"}
        status, refused = await raw(server, method, path, body)
        assert (status, refused["code"]) == (403, 50001)
    assert await ben.say(place, "hello")
    with pytest.raises(NotPossibleError):
        await server.member("Eve").slash("do", channel=place)
    assert bot.received_messages == []
    assert server.violations == []


async def test_private_channel_offers_only_commands_for_it(
    server: DiscordServer, bot: SampleBot
) -> None:
    bot.answer = song
    ada, place = server.member("Ada"), private_channel(server, group=True)
    server.commands.integration_types = {0}
    with pytest.raises(NotPossibleError, match="no command"):
        await ada.slash("do", channel=place)
    server.commands.integration_types = {0, 1}
    assert await ada.slash("do", channel=place)
    for command in server.commands.all():
        command["contexts"] = [0, 1]
    with pytest.raises(NotPossibleError, match="no command"):
        await ada.slash("do", channel=place)


async def test_interaction_names_its_installations(server: DiscordServer, bot: SampleBot) -> None:
    bot.answer = song
    ada, state = server.member("Ada"), server.state

    async def owners(channel: Channel) -> object:
        call = await ada.slash("do", channel=channel)
        return call.payload["authorizing_integration_owners"]

    assert await owners(state.channel) == {"0": str(state.guild.id)}
    assert await owners(ada.dm) == {"0": "0"}
    assert await owners(state.foreign_channel) == {"1": str(ada.id)}
    ada.user.has_app = True
    assert await owners(state.channel) == {"0": str(state.guild.id), "1": str(ada.id)}
    assert await owners(ada.dm) == {"0": "0", "1": str(ada.id)}


async def test_app_permissions_in_direct_message_are_those_documented(
    server: DiscordServer, bot: SampleBot
) -> None:
    bot.answer = song
    ada = server.member("Ada")
    call = await ada.slash("do", channel=ada.dm)
    expected = discord.Permissions(
        attach_files=True, embed_links=True, mention_everyone=True, external_emojis=True
    )
    assert int(call.payload["app_permissions"]) == expected.value


# tokens of presses


@pytest.mark.parametrize("kind", [6, 7])
async def test_update_of_pressed_message_makes_it_the_original_of_a_fresh_token(
    server: DiscordServer, bot: SampleBot, kind: int
) -> None:
    kept: list[discord.Interaction] = []

    async def on_interaction(interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            kept.append(interaction)
            path = f"/interactions/{interaction.id}/{interaction.token}/callback"
            await raw(server, "POST", path, {"type": kind, "data": {}})

    bot.answer = song
    bot.add_listener(on_interaction)
    ada = server.member("Ada")
    first = await ada.slash("do", channel=private_channel(server, group=True))
    assert first.message is not None
    first.message.components[0]["components"][0]["custom_id"] = "mine"
    first.age_token(dt.timedelta(minutes=16))
    second = await ada.click(first.message, "mine")
    assert second.message is first.message
    await kept[0].edit_original_response(content="fresh")
    assert first.message.content == "fresh"


async def test_token_of_new_message_does_not_reach_pressed_one(
    server: DiscordServer, bot: SampleBot
) -> None:
    async def on_interaction(interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            await interaction.response.send_message("new")

    bot.answer = song
    bot.add_listener(on_interaction)
    ada = server.member("Ada")
    pressed = (await ada.slash("do")).message
    assert pressed is not None
    pressed.components[0]["components"][0]["custom_id"] = "mine"
    call = await ada.click(pressed, "mine")
    base = f"/webhooks/{server.application_id}/{call.token}/messages"
    assert (await raw(server, "GET", f"{base}/@original"))[1]["content"] == "new"
    assert await code(server, "PATCH", f"{base}/{pressed.id}", {"content": "x"}) == 10008
    assert pressed.content == "song"


# threads


async def answered(server: DiscordServer, bot: SampleBot, place: Channel) -> Interaction:
    """Use a command in ``place``; return the interaction."""
    bot.answer = song
    return await server.member("Ada").slash("do", channel=place)


async def test_locked_thread_refuses_messages_without_manage_threads(
    server: DiscordServer, bot: SampleBot
) -> None:
    state = server.state
    thread = state.new_thread("parts", state.channel)
    call = await answered(server, bot, thread)
    assert call.message is not None
    state.archive(thread, archived=False, locked=True)
    base = f"/channels/{thread.id}/messages"
    token = f"/webhooks/{server.application_id}/{call.token}/messages/@original"
    body = {"content": "x"}
    status, answer = await raw(server, "PATCH", f"{base}/{call.message.id}", body)
    assert (status, answer["code"]) == (400, 160005)
    assert await code(server, "POST", base, body) == 160005
    assert await code(server, "PATCH", token, body) == 160005
    with pytest.raises(NotPossibleError):
        await server.member("Ada").say(thread, "hello")
    state.set_permissions(
        state.bot_role(), state.bot_role().permissions | Permission.MANAGE_THREADS
    )
    assert await code(server, "PATCH", f"{base}/{call.message.id}", body) is None
    assert await code(server, "PATCH", token, body) is None
    assert server.violations == []


async def test_archived_thread_refuses_edits_and_commands(
    server: DiscordServer, bot: SampleBot
) -> None:
    state, ada = server.state, server.member("Ada")
    thread = state.new_thread("parts", state.channel)
    call = await answered(server, bot, thread)
    assert call.message is not None
    state.archive(thread)
    path = f"/channels/{thread.id}/messages/{call.message.id}"
    token = f"/webhooks/{server.application_id}/{call.token}/messages/@original"
    assert await code(server, "PATCH", path, {"content": "x"}) == 50083
    assert await code(server, "PATCH", token, {"content": "x"}) == 50083
    for attempt in (
        ada.slash("do", channel=thread),
        ada.react(call.message, "🔁"),
        ada.context_menu("Extend this song", call.message),
    ):
        with pytest.raises(NotPossibleError, match="archived"):
            await attempt
    # any message unarchives it
    await ada.say(thread, "hello")
    assert await code(server, "PATCH", path, {"content": "x"}) is None
    assert server.violations == []


async def test_whoever_may_write_opens_a_thread_that_is_not_locked(server: DiscordServer) -> None:
    state = server.state
    thread = state.new_thread("parts", state.channel)
    path, opened = f"/channels/{thread.id}", {"archived": False}
    state.archive(thread)
    assert await code(server, "PATCH", path, opened) is None
    assert not thread.archived
    for change in ({"name": "x"}, {"archived": True}, {"archived": False, "locked": True}):
        assert await code(server, "PATCH", path, change) == 50013
    state.archive(thread, locked=True)
    assert await code(server, "PATCH", path, opened) == 50013
    state.archive(thread)
    state.set_overwrite(state.channel, state.bot, deny=Permission.SEND_MESSAGES_IN_THREADS)
    assert await code(server, "PATCH", path, opened) == 50013


async def test_archived_thread_of_foreign_guild_is_missing_access(
    server: DiscordServer, bot: SampleBot
) -> None:
    state = server.state
    thread = state.new_thread("parts", state.foreign_channel)
    call = await answered(server, bot, thread)
    state.archive(thread, locked=True)
    token = f"/webhooks/{server.application_id}/{call.token}/messages/@original"
    assert await code(server, "PATCH", token, {"content": "x"}) == 50001


async def test_private_thread_is_for_its_members(server: DiscordServer, bot: SampleBot) -> None:
    state, ada, ben = server.state, server.member("Ada"), server.member("Ben")
    thread = state.new_thread("secret", state.channel, private=True, members=[ada.user])
    call = await answered(server, bot, thread)
    assert call.message is not None
    assert int(call.payload["app_permissions"]) & Permission.VIEW_CHANNEL
    path = f"/channels/{thread.id}/messages/{call.message.id}"
    assert await code(server, "PATCH", path, {"content": "x"}) == 50001
    assert bot.get_channel(thread.id) is None
    with pytest.raises(NotPossibleError):
        ben.read(thread)
    state.invite_to_thread(thread, ben.user)
    assert ben.read(thread) == [call.message]
    state.invite_to_thread(thread, state.bot)
    await server.wait_for(lambda: bot.get_channel(thread.id))
    assert await code(server, "PATCH", path, {"content": "x"}) is None
    state.remove_from_thread(thread, state.bot)
    assert await code(server, "PATCH", path, {"content": "y"}) == 50001
    role = state.bot_role()
    state.set_permissions(role, role.permissions | Permission.MANAGE_THREADS)
    assert await code(server, "PATCH", path, {"content": "y"}) is None


async def test_created_thread_keeps_type_and_archive_duration(
    server: DiscordServer, bot: SampleBot
) -> None:
    role = server.state.bot_role()
    server.state.set_permissions(role, role.permissions | Permission.CREATE_PRIVATE_THREADS)
    channel = bot.get_channel(server.state.channel.id)
    assert isinstance(channel, discord.TextChannel)
    private = await channel.create_thread(name="a", auto_archive_duration=60)
    assert private.type is discord.ChannelType.private_thread
    assert private.auto_archive_duration == 60
    public = await channel.create_thread(name="b", type=discord.ChannelType.public_thread)
    assert public.type is discord.ChannelType.public_thread
    body = {"name": "c", "type": 11, "auto_archive_duration": 5}
    assert await code(server, "POST", f"/channels/{channel.id}/threads", body) == 50035


# other channels where messages stand


async def test_forum_post_is_a_thread_with_its_message(
    server: DiscordServer, bot: SampleBot
) -> None:
    state, ada = server.state, server.member("Ada")
    forum = state.new_channel("ideas", type=ChannelType.FORUM)
    start = await ada.post(forum, "An elegy", "la la")
    thread = start.channel
    assert thread.id == start.id
    with pytest.raises(NotPossibleError):
        await ada.say(forum, "x")
    assert await code(server, "POST", f"/channels/{forum.id}/messages", {"content": "x"}) == 50008
    await server.wait_for(lambda: bot.get_channel(thread.id))
    assert isinstance(bot.get_channel(forum.id), discord.ForumChannel)
    call = await answered(server, bot, thread)
    assert call.message is not None
    path = f"/channels/{thread.id}/messages/{call.message.id}"
    assert await code(server, "PATCH", path, {"content": "x"}) is None


@pytest.mark.parametrize("kind", [ChannelType.ANNOUNCEMENT, ChannelType.VOICE, ChannelType.STAGE])
async def test_messages_are_posted_in_announcement_and_voice_channels(
    server: DiscordServer, bot: SampleBot, kind: ChannelType
) -> None:
    state = server.state
    place = state.new_channel("place", type=kind)
    call = await answered(server, bot, place)
    assert call.message is not None
    path = f"/channels/{place.id}/messages/{call.message.id}"
    assert await code(server, "GET", path) is None
    assert await code(server, "PATCH", path, {"content": "x"}) is None
    found = bot.get_channel(place.id)
    assert found is not None
    assert found.type.value == kind
    state.set_overwrite(place, state.bot, deny=Permission.CONNECT)
    needs_connect = kind != ChannelType.ANNOUNCEMENT
    assert await code(server, "GET", path) == (50013 if needs_connect else None)


async def test_thread_of_announcement_channel_has_its_type(server: DiscordServer) -> None:
    place = server.state.new_channel("news", type=ChannelType.ANNOUNCEMENT)
    thread = server.state.new_thread("talk", place)
    _, payload = await raw(server, "GET", f"/channels/{thread.id}")
    assert payload["type"] == 10


async def test_forwarded_message_has_its_text_in_a_snapshot(
    server: DiscordServer, bot: SampleBot
) -> None:
    seen: list[discord.Message] = []

    async def menu(interaction: discord.Interaction, message: discord.Message) -> None:
        seen.append(message)
        await interaction.response.send_message("x")

    bot.tree.remove_command("Extend this song", type=discord.AppCommandType.message)
    bot.tree.add_command(discord.app_commands.ContextMenu(name="Extend this song", callback=menu))
    ada = server.member("Ada")
    forwarded = await ada.forward(await ada.say(None, "the song"))
    await ada.context_menu("Extend this song", forwarded)
    assert seen[0].content == ""
    assert seen[0].message_snapshots[0].content == "the song"
