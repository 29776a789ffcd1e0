"""Threads: how they begin, are archived, opened, locked, deleted, and what the bot hears of it."""

import asyncio

import discord
import pytest

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.models import Channel, Message
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import ChannelType
from sandbox.discord.server import DiscordServer
from tests.support.raw_requests import code, raw
from tests.support.sample_bot import SampleBot, song_buttons


class Events:
    """The events about threads, channels and guilds that a bot dispatched, oldest first."""

    def __init__(self, bot: SampleBot) -> None:
        self.seen: list[tuple[str, int]] = []
        self.bot = bot
        bot.add_listener(self._on_create, "on_thread_create")
        bot.add_listener(self._on_update, "on_raw_thread_update")
        bot.add_listener(self._on_delete, "on_raw_thread_delete")
        bot.add_listener(self._on_channel_delete, "on_guild_channel_delete")
        bot.add_listener(self._on_guild_remove, "on_guild_remove")

    async def _on_create(self, thread: discord.Thread) -> None:
        self.seen.append(("create", thread.id))

    async def _on_update(self, event: discord.RawThreadUpdateEvent) -> None:
        metadata = event.data["thread_metadata"]
        words = [word for word in ("archived", "locked") if metadata[word]]
        self.seen.append((" ".join(["update", *words]), event.thread_id))

    async def _on_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        self.seen.append(("delete", event.thread_id))

    async def _on_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        self.seen.append(("channel delete", channel.id))

    async def _on_guild_remove(self, guild: discord.Guild) -> None:
        self.seen.append(("guild remove", guild.id))


@pytest.fixture
def events(bot: SampleBot) -> Events:
    return Events(bot)


async def answered(server: DiscordServer, bot: SampleBot, place: Channel) -> Message:
    """Use a command in ``place``; return the answer, which has buttons."""

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("song", view=song_buttons("elegy"))

    bot.answer = answer
    message = (await server.member("Ada").slash("do", channel=place)).message
    assert message is not None
    return message


def thread_path(message: Message) -> str:
    return f"/channels/{message.channel.id}/messages/{message.id}/threads"


def give(server: DiscordServer, *permissions: Permission) -> None:
    role = server.state.bot_role()
    server.state.set_permissions(role, role.permissions | sum(permissions))


# beginning


async def test_thread_of_a_message_has_its_id(
    server: DiscordServer, bot: SampleBot, events: Events
) -> None:
    card = await answered(server, bot, server.state.channel)
    body = {"name": "🎵 Electric Dreams", "auto_archive_duration": 10080}
    status, thread = await raw(server, "POST", thread_path(card), body)
    assert (status, thread["id"], thread["type"]) == (201, str(card.id), 11)
    assert thread["parent_id"] == str(card.channel.id)
    assert thread["owner_id"] == str(server.state.bot.id)
    assert thread["thread_metadata"]["auto_archive_duration"] == 10080
    _, seen = await raw(server, "GET", f"/channels/{card.channel.id}/messages/{card.id}")
    assert seen["thread"]["id"] == str(card.id)
    assert seen["flags"] & 1 << 5
    await server.wait_for(lambda: events.seen == [("create", card.id)])
    assert await code(server, "POST", thread_path(card), body) == 160004
    assert server.violations == []


async def test_message_is_updated_when_its_thread_begins(
    server: DiscordServer, bot: SampleBot
) -> None:
    seen: list[discord.RawMessageUpdateEvent] = []

    async def on_raw_message_edit(event: discord.RawMessageUpdateEvent) -> None:
        seen.append(event)

    bot.add_listener(on_raw_message_edit)
    card = await answered(server, bot, server.state.channel)
    assert await code(server, "POST", thread_path(card), {"name": "talk"}) is None
    await server.wait_for(lambda: seen)
    assert seen[0].message.flags.has_thread
    # an edit keeps the thread
    path = f"/channels/{card.channel.id}/messages/{card.id}"
    _, edited = await raw(server, "PATCH", path, {"content": "edited"})
    assert edited["flags"] & 1 << 5


async def test_number_of_active_threads_is_limited(server: DiscordServer, bot: SampleBot) -> None:
    state, ada = server.state, server.member("Ada")
    state.max_active_threads = 1
    card = await answered(server, bot, state.channel)
    first = state.new_thread("first", state.channel, owner=state.bot)
    status, refused = await raw(server, "POST", thread_path(card), {"name": "second"})
    assert (status, refused["code"]) == (400, 160006)
    with pytest.raises(NotPossibleError, match="Maximum number"):
        await ada.start_thread(state.channel, "second", start=card)
    state.archive(first)
    assert await code(server, "POST", thread_path(card), {"name": "second"}) is None
    # neither a message nor a request opens one too many
    assert await code(server, "PATCH", f"/channels/{first.id}", {"archived": False}) == 160006
    assert await code(server, "POST", f"/channels/{first.id}/messages", {"content": "x"}) == 160006
    assert server.violations == []


async def test_thread_of_an_announcement_has_its_type(
    server: DiscordServer, bot: SampleBot
) -> None:
    news = server.state.new_channel("news", type=ChannelType.ANNOUNCEMENT)
    card = await answered(server, bot, news)
    _, thread = await raw(server, "POST", thread_path(card), {"name": "talk"})
    assert thread["type"] == 10


@pytest.mark.parametrize("kind", [ChannelType.VOICE, ChannelType.FORUM])
async def test_no_thread_hangs_from_a_message_elsewhere(
    server: DiscordServer, bot: SampleBot, kind: ChannelType
) -> None:
    place = server.state.new_channel("place", type=kind)
    ada = server.member("Ada")
    if kind == ChannelType.FORUM:
        place = (await ada.post(place, "An elegy", "la la")).channel
    message = await answered(server, bot, place)
    assert await code(server, "POST", thread_path(message), {"name": "talk"}) == 50024
    with pytest.raises(NotPossibleError, match="No thread"):
        await ada.start_thread(place, "talk", start=message)


async def test_member_needs_a_permission_and_a_name_for_a_thread(server: DiscordServer) -> None:
    state, ada = server.state, server.member("Ada")
    with pytest.raises(NotPossibleError, match="1 to 100"):
        await ada.start_thread(state.channel, "x" * 101)
    state.set_overwrite(state.channel, ada.user, deny=Permission.CREATE_PUBLIC_THREADS)
    with pytest.raises(NotPossibleError, match="CREATE_PUBLIC_THREADS"):
        await ada.start_thread(state.channel, "x")


# archived


async def test_press_opens_an_archived_thread(
    server: DiscordServer, bot: SampleBot, events: Events
) -> None:
    state, ada = server.state, server.member("Ada")
    thread = state.new_thread("parts", state.channel)
    message = await answered(server, bot, thread)
    state.archive(thread)
    assert (await ada.click(message, "Hush")).error is None
    assert message.content == "hushed"
    assert not thread.archived
    await server.wait_for(
        lambda: events.seen[-2:] == [("update archived", thread.id), ("update", thread.id)]
    )
    assert server.violations == []


async def test_press_in_an_archived_thread_fails_for_who_may_not_open_it(
    server: DiscordServer, bot: SampleBot
) -> None:
    state, ada = server.state, server.member("Ada")
    thread = state.new_thread("parts", state.channel)
    message = await answered(server, bot, thread)
    state.archive(thread)
    state.set_overwrite(thread, ada.user, deny=Permission.SEND_MESSAGES_IN_THREADS)
    with pytest.raises(NotPossibleError, match="Missing Permissions"):
        await ada.click(message, "Hush")
    assert thread.archived


async def test_bot_opens_an_archived_thread_by_request_or_message(
    server: DiscordServer, bot: SampleBot, events: Events
) -> None:
    state = server.state
    thread = state.new_thread("parts", state.channel, owner=state.owner)
    message = await answered(server, bot, thread)
    path = f"/channels/{thread.id}"
    changed = {"content": "x"}
    state.archive(thread)
    assert await code(server, "PATCH", f"{path}/messages/{message.id}", changed) == 50083
    status, opened = await raw(server, "PATCH", path, {"archived": False})
    assert (status, opened["thread_metadata"]["archived"]) == (200, False)
    assert await code(server, "PATCH", f"{path}/messages/{message.id}", changed) is None
    state.archive(thread)
    assert await code(server, "POST", f"{path}/messages", changed) is None
    assert not thread.archived
    opened_twice = [("update archived", thread.id), ("update", thread.id)] * 2
    await server.wait_for(lambda: events.seen[-4:] == opened_twice)
    # what changes nothing is no news
    assert await code(server, "PATCH", path, {"archived": False}) is None
    state.archive(thread, archived=False)
    assert len([name for name, _ in events.seen if name.startswith("update")]) == 4
    assert server.violations == []


@pytest.mark.parametrize(
    ("owns", "archived", "locked", "change", "expected"),
    [
        (False, True, False, {"archived": False}, None),
        (False, True, True, {"archived": False}, 50013),
        (True, True, True, {"archived": False}, 50013),
        (False, False, False, {"archived": True}, 50013),
        (True, False, False, {"archived": True}, None),
        (True, False, False, {"name": "new"}, None),
        (False, False, False, {"name": "new"}, 50013),
        (True, False, False, {"locked": True}, 50013),
        (True, True, False, {"locked": True}, 50083),
        (True, True, False, {"archived": False, "name": "new"}, None),
    ],
)
async def test_bot_changes_a_thread_as_documented(
    server: DiscordServer,
    *,
    owns: bool,
    archived: bool,
    locked: bool,
    change: dict[str, object],
    expected: int | None,
) -> None:
    state = server.state
    thread = state.new_thread("a", state.channel, owner=state.bot if owns else state.owner)
    state.archive(thread, archived=archived, locked=locked)
    path = f"/channels/{thread.id}"
    assert await code(server, "PATCH", path, change) == expected
    give(server, Permission.MANAGE_THREADS)
    state.archive(thread, archived=archived, locked=locked)
    moderated = 50083 if expected == 50083 else None
    assert await code(server, "PATCH", path, change) == moderated


async def test_bot_needs_to_write_to_open_a_thread(server: DiscordServer) -> None:
    state = server.state
    thread = state.new_thread("a", state.channel)
    state.archive(thread)
    state.set_overwrite(thread, state.bot, deny=Permission.SEND_MESSAGES_IN_THREADS)
    assert await code(server, "PATCH", f"/channels/{thread.id}", {"archived": False}) == 50013


# locked


async def test_components_are_dead_in_a_locked_thread(
    server: DiscordServer, bot: SampleBot
) -> None:
    state, ada = server.state, server.member("Ada")
    thread = state.new_thread("parts", state.channel)
    message = await answered(server, bot, thread)
    state.archive(thread, archived=False, locked=True)
    with pytest.raises(NotPossibleError, match="locked"):
        await ada.click(message, "Hush")
    with pytest.raises(NotPossibleError, match="MANAGE_THREADS"):
        await ada.slash("do", channel=thread)
    state.archive(thread, archived=False)
    assert (await ada.click(message, "Hush")).error is None


async def test_members_archive_and_lock_threads_by_their_permissions(
    server: DiscordServer, events: Events
) -> None:
    state, ada, ben = server.state, server.member("Ada"), server.member("Ben")
    thread = await ada.start_thread(state.channel, "talk")
    with pytest.raises(NotPossibleError):
        await ben.archive(thread)
    await ada.archive(thread)
    await ben.unarchive(thread)
    for attempt in (ada.lock(thread), ada.delete_channel(thread)):
        with pytest.raises(NotPossibleError):
            await attempt
    state.set_overwrite(thread, ben.user, allow=Permission.MANAGE_THREADS)
    await ben.lock(thread)
    with pytest.raises(NotPossibleError):
        await ada.archive(thread)
    await ben.archive(thread)
    with pytest.raises(NotPossibleError):
        await ada.unarchive(thread)
    await ben.unarchive(thread)
    await ben.unlock(thread)
    await ben.delete_channel(thread)
    names = ["create", "update archived", "update", "update locked", "update archived locked"]
    names += ["update locked", "update", "delete"]
    await server.wait_for(lambda: events.seen == [(name, thread.id) for name in names])
    assert await code(server, "POST", f"/channels/{thread.id}/messages", {"content": "x"}) == 10003


# deleted


async def test_deleted_thread_is_told_by_its_ids(server: DiscordServer, bot: SampleBot) -> None:
    told: list[object] = []

    async def on_raw_thread_delete(event: discord.RawThreadDeleteEvent) -> None:
        told.append((event.thread_id, event.parent_id, event.thread_type))

    bot.add_listener(on_raw_thread_delete)
    thread = server.state.new_thread("parts", server.state.channel)
    server.delete(thread)
    await server.wait_for(lambda: told)
    parent = server.state.channel.id
    assert told == [(thread.id, parent, discord.ChannelType.public_thread)]


async def test_deleted_channel_takes_its_threads_along(
    server: DiscordServer, bot: SampleBot, events: Events
) -> None:
    state, owner = server.state, server.member("Ada")
    channel = state.new_channel("verses")
    thread = state.new_thread("parts", channel)
    message = await answered(server, bot, thread)
    with pytest.raises(NotPossibleError, match="MANAGE_CHANNELS"):
        await owner.delete_channel(channel)
    server.delete(channel)
    # the second one is discord.py's own
    expected = [("create", thread.id), ("channel delete", channel.id), ("delete", thread.id)]
    await server.wait_for(lambda: events.seen == expected)
    assert message.deleted
    assert await code(server, "GET", f"/channels/{thread.id}") == 10003


async def test_removed_bot_is_told_and_has_access_no_longer(
    server: DiscordServer, events: Events
) -> None:
    state = server.state
    thread = state.new_thread("parts", state.channel)
    state.remove_bot(state.guild)
    await server.wait_for(lambda: ("guild remove", state.guild.id) in events.seen)
    assert await code(server, "POST", f"/channels/{thread.id}/messages", {"content": "x"}) == 50001
    # what happens there is no news to it
    state.archive(thread)
    await asyncio.sleep(0)
    assert events.seen[-1] == ("guild remove", state.guild.id)
