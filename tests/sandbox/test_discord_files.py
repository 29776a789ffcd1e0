import io
import json

import discord
import pytest
from aiohttp import ClientSession, FormData

from sandbox.discord.filenames import sanitized_filename
from sandbox.discord.models import Message
from sandbox.discord.permissions import Permission
from sandbox.discord.server import DiscordServer
from tests.support.sample_bot import SampleBot, song_buttons

PICTURE = "attachment://wave.png"


def files(*names: str) -> list[discord.File]:
    return [discord.File(io.BytesIO(name.encode()), name) for name in names]


def listed(message: Message) -> list[str]:
    """Return the names in the message's ``attachments``."""
    return [each["filename"] for each in message.history[-1][1]["attachments"]]


async def sent(server: DiscordServer, bot: SampleBot, **content: object) -> discord.Message:
    channel = bot.get_channel(server.state.channel.id)
    assert isinstance(channel, discord.TextChannel)
    return await channel.send(**content)


@pytest.mark.parametrize(
    ("given", "named", "title"),
    [
        ("song.mp3", "song.mp3", None),
        ("a song.mp3", "a_song.mp3", "a song"),
        ("Night Bus (A).mp3", "Night_Bus_A.mp3", "Night Bus (A)"),
        ("_wave.png", "wave.png", "_wave"),
        ("../etc/passwd.txt", "etc_passwd.txt", "../etc/passwd"),
        ("Café.mp3", "Cafe.mp3", "Café"),
        ("v1.2.tar.gz", "v1.2.tar.gz", None),
        ("README", "README", None),
        (".profile", "profile", ".profile"),
    ],
)
def test_filename_is_converted_to_ascii(given: str, named: str, title: str | None) -> None:
    assert sanitized_filename(given) == (named, title)


def test_filename_without_usable_characters_is_random() -> None:
    names = [sanitized_filename("夜のバス.mp3") for _ in range(2)]
    assert [title for _, title in names] == ["夜のバス"] * 2
    assert all(name.endswith(".mp3") and len(name) == 20 for name, _ in names)
    assert names[0] != names[1]


async def test_attachment_title_keeps_original_name(server: DiscordServer, bot: SampleBot) -> None:
    message = await sent(server, bot, files=files("Night Bus (A).mp3", "plain.mp3"))
    received = [(each.filename, each.title) for each in message.attachments]
    assert received == [("Night_Bus_A.mp3", "Night Bus (A)"), ("plain.mp3", None)]
    assert server.violations == []


async def test_unusual_filenames_are_parsed_unchanged(server: DiscordServer) -> None:
    names = ["a; b; c.mp3", 'say "x".mp3', "夜; ~'%20.mp3"]
    form = FormData(quote_fields=False)
    for number, name in enumerate(names):
        form.add_field(f"files[{number}]", b"x", filename=name)
    headers = {"Authorization": f"Bot {server.token}"}
    url = f"{server.api_url}/channels/{server.state.channel.id}/messages"
    async with ClientSession() as http, http.post(url, data=form, headers=headers) as got:
        received = await got.json()
    assert [each["title"] for each in received["attachments"]] == [
        "a; b; c",
        'say "x"',
        "夜; ~'%20",
    ]


async def test_file_content_is_stored_byte_for_byte(server: DiscordServer, bot: SampleBot) -> None:
    contents = [b"\r\n--\r\n\r\n\x00\xff--\r\n", b"", b"\n\r\n"]
    uploads = [discord.File(io.BytesIO(each), "a.mp3") for each in contents]
    message = await sent(server, bot, files=uploads)
    kept = server.state.channel.messages[message.id].attachments
    assert [each.content for each in kept] == contents


async def test_image_in_embed_is_not_listed_as_attachment(
    server: DiscordServer, bot: SampleBot
) -> None:
    embed = discord.Embed(title="t").set_image(url=PICTURE)
    message = await sent(server, bot, embed=embed, files=files("a.mp3", "wave.png"))
    assert [each.filename for each in message.attachments] == ["a.mp3"]
    assert message.embeds[0].image.url is not None
    assert "/wave.png?" in message.embeds[0].image.url
    message = await message.edit(embed=discord.Embed(title="t"))
    assert [each.filename for each in message.attachments] == ["a.mp3", "wave.png"]


async def test_embed_image_without_file_is_dropped(server: DiscordServer, bot: SampleBot) -> None:
    embed = discord.Embed(title="t").set_image(url=PICTURE).set_footer(text="f", icon_url=PICTURE)
    message = await sent(server, bot, embed=embed, files=files("a.mp3"))
    assert message.embeds[0].image.url is None
    assert message.embeds[0].footer.icon_url is None
    assert message.embeds[0].footer.text == "f"


@pytest.mark.parametrize("by_token", [True, False])
async def test_edit_without_attachments_keeps_files(
    server: DiscordServer, bot: SampleBot, *, by_token: bool
) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        embed = discord.Embed(title="t").set_image(url=PICTURE)
        await interaction.response.send_message(embed=embed, files=files("a.mp3", "wave.png"))
        message = await interaction.original_response()
        if by_token:
            await interaction.edit_original_response(content="new", embed=embed)
        else:
            await message.channel.get_partial_message(message.id).edit(content="new", embed=embed)

    bot.answer = answer
    message = (await server.member("Ada").slash("do")).message
    assert message is not None
    await server.wait_for(lambda: message.edit_count)
    assert message.content == "new"
    assert listed(message) == ["a.mp3"]
    assert message.embeds[0]["image"]["url"] == message.attachments[1].url


async def test_edit_removes_files_missing_in_attachments(
    server: DiscordServer, bot: SampleBot
) -> None:
    message = await sent(server, bot, content="x", files=files("a.mp3", "b.mp3"))
    message = await message.edit(attachments=[message.attachments[1], *files("c.mp3")])
    assert [each.filename for each in message.attachments] == ["b.mp3", "c.mp3"]
    message = await message.edit(attachments=[])
    assert message.attachments == []
    assert server.violations == []


# Attach Files


async def test_files_need_attach_files_permission(server: DiscordServer, bot: SampleBot) -> None:
    message = await sent(server, bot, content="x", files=files("a.mp3"))
    state = server.state
    state.set_overwrite(state.channel, state.bot, deny=Permission.ATTACH_FILES)
    for attempt in (
        sent(server, bot, files=files("b.mp3")),
        message.edit(attachments=files("b.mp3")),
    ):
        with pytest.raises(discord.Forbidden) as refused:
            await attempt
        assert refused.value.code == 50013
    # what is there may stay, and go
    await message.edit(content="y")
    assert listed(state.channel.messages[message.id]) == ["a.mp3"]
    await message.edit(attachments=[])
    assert listed(state.channel.messages[message.id]) == []


async def test_files_of_interaction_responses_need_no_attach_files_permission(
    server: DiscordServer, bot: SampleBot
) -> None:
    may: list[bool] = []

    async def answer(interaction: discord.Interaction) -> None:
        may.append(interaction.app_permissions.attach_files)
        await interaction.response.send_message(files=files("a.mp3"))
        await interaction.edit_original_response(attachments=files("b.mp3"))
        await interaction.followup.send(files=files("c.mp3"))

    bot.answer = answer
    state = server.state
    state.set_overwrite(state.channel, state.bot, deny=Permission.ATTACH_FILES)
    call = await server.member("Ada").slash("do")
    await server.wait_for(lambda: call.followups)
    assert may == [False]
    assert call.message is not None
    assert not call.is_ephemeral
    assert listed(call.message) == ["b.mp3"]
    assert listed(call.followups[0]) == ["c.mp3"]


async def test_member_with_subscription_raises_limit_of_interaction_responses(
    server: DiscordServer, bot: SampleBot
) -> None:
    limits: list[int] = []

    async def answer(interaction: discord.Interaction) -> None:
        limits.append(interaction.filesize_limit)
        await interaction.response.send_message(files=files("a.mp3"))

    bot.answer = answer
    ada = server.member("Ada")
    server.state.guild.attachment_limit = 1
    ada.user.attachment_limit = 50_000_000
    for channel in (None, ada.dm):
        message = (await ada.slash("do", channel=channel)).message
        assert message is not None
        assert listed(message) == ["a.mp3"]
    assert limits == [50_000_000] * 2
    # the bot itself has the limit of the guild
    with pytest.raises(discord.HTTPException) as refused:
        await sent(server, bot, files=files("a.mp3"))
    assert refused.value.code == 40005


async def test_update_response_without_attachments_removes_files(
    server: DiscordServer, bot: SampleBot
) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(
            "x", files=files("a.mp3"), view=song_buttons("elegy")
        )

    bot.answer = answer
    ada = server.member("Ada")
    message = (await ada.slash("do")).message
    assert message is not None
    await ada.click(message, "Hush")  # answered with type 7 and no attachments
    assert message.content == "hushed"
    assert listed(message) == []


async def test_edit_with_new_file_and_no_attachments_replaces_files(
    server: DiscordServer, bot: SampleBot
) -> None:
    message = await sent(server, bot, content="x", files=files("a.mp3", "b.mp3"))
    form = FormData()
    form.add_field("files[0]", b"new", filename="c.mp3")
    url = f"{server.api_url}/channels/{message.channel.id}/messages/{message.id}"
    headers = {"Authorization": f"Bot {server.token}"}
    async with ClientSession() as http, http.patch(url, data=form, headers=headers) as got:
        assert [each["filename"] for each in (await got.json())["attachments"]] == ["c.mp3"]


async def test_urlencoded_payload_json_is_taken_where_forms_are(server: DiscordServer) -> None:
    url = f"{server.api_url}/channels/{server.state.channel.id}"
    headers = {"Authorization": f"Bot {server.token}"}
    async with ClientSession() as http:
        form = {"payload_json": json.dumps({"content": "a & b"})}
        async with http.post(url + "/messages", data=form, headers=headers) as got:
            assert (await got.json())["content"] == "a & b"
        assert server.violations == []
        form = {"payload_json": json.dumps({"name": "x"})}
        async with http.patch(url, data=form, headers=headers) as got:
            assert (await got.json())["code"] == 50035
