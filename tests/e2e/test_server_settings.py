"""`/settings` and `/usage`: what moderators set holds everywhere, and budgets are exact."""

import contextlib
import sqlite3

import pytest

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message, Upload
from sandbox.discord.permissions import Permission
from sandbox.providers.faults import Fault
from sandbox.providers.mp3 import encode_mp3
from sandbox.providers.music import Segment, render
from tests.support.bot_harness import GREEN, RED, BotHarness, colour, labels, text
from tests.support.session_evening import Evening

NAME = "aimlapi"
FREE = "suno_api"  # it has models


def moderator(harness: BotHarness, name: str = "Mo") -> Member:
    """Return a member who may Manage Server."""
    state, member = harness.discord.state, harness.discord.member(name)
    may = Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES
    role = state.new_role(f"Moderators {name}", state.guild, permissions=may)
    state.guild.members[member.id].roles.add(role.id)
    return member


async def panel(member: Member) -> Message:
    """Have a moderator open the panel."""
    message = (await member.slash("settings")).message
    assert message is not None
    assert message.is_ephemeral
    return message


async def set_form(mo: Member, message: Message, button: str, **values: object) -> Interaction:
    """Press a button of the panel and send its form."""
    return await mo.submit((await mo.click(message, button)).modal, values)


async def set_budget(harness: BotHarness, **values: object) -> Message:
    """Set budgets as a moderator; return the panel."""
    mo = moderator(harness)
    message = await panel(mo)
    sent = await set_form(mo, message, "Budgets", **values)
    assert sent.error is None
    return message


def refused(call: Interaction) -> str:
    """Return what a member alone was told."""
    assert call.message is not None, call.error
    assert call.message.is_ephemeral
    return text(call.message)


async def usage(harness: BotHarness, channel: Channel | None = None) -> str:
    """Return the answer to `/usage`, which comes when the services have answered."""
    call = await harness.ada.slash("usage", channel=channel)
    message = call.message
    assert message is not None
    assert message.is_ephemeral
    await harness.until(lambda: message.embeds)
    return text(message)


async def test_only_members_who_may_manage_the_server_get_the_panel(harness: BotHarness) -> None:
    with pytest.raises(NotPossibleError):
        await harness.ada.slash("settings")
    mo = moderator(harness)
    message = await panel(mo)
    said = text(message)
    assert "in every channel" in said
    assert "everybody" in said
    assert "no limit" in said
    assert "Last changed" not in said
    assert labels(message) == ["Style", "Limits", "Budgets", "Turn sessions off"]
    state = harness.discord.state
    state.guild.members[mo.id].roles.clear()
    call = await mo.click(message, "Limits")
    assert "Manage Server" in refused(call)


async def test_panel_is_not_for_direct_messages_and_servers_without_encore(
    harness: BotHarness,
) -> None:
    mo = moderator(harness)
    mo.user.has_app = True
    for channel in (mo.dm, harness.discord.state.foreign_channel):
        with pytest.raises(NotPossibleError):
            await mo.slash("settings", channel=channel)


async def test_each_change_is_shown_and_survives_a_restart(offline_harness: BotHarness) -> None:
    harness, state = offline_harness, offline_harness.discord.state
    mo, singers = moderator(harness), state.new_role("Singers", state.guild)
    songs, mods = state.new_channel("songs"), state.new_channel("mods")
    async with harness.bot():
        message = await panel(mo)
        await mo.select(message, f"set:channels:{state.guild.id}", songs)
        assert f"<#{songs.id}>" in text(message)
    async with harness.bot():
        await mo.select(message, f"set:roles:{state.guild.id}", singers)
        await mo.select(message, "Default service", FREE)
        await mo.select(message, "Default model", "chirp-v4")
        await set_form(mo, message, "Style", style="lo-fi; warm piano")
        await set_form(mo, message, "Limits", member="1", channel="3")
        await set_form(
            mo, message, "Budgets", day="50", month="1000", member_day="5", notices=[mods]
        )
        await mo.click(message, "Turn sessions off")
        said = text(message)
        assert f"<@&{singers.id}>" in said
        for words in (
            "**Default service** suno-api",
            "**Default model** chirp-v4",
            "**Default style** lo-fi, warm piano",
            "1 for a member, 3 in a channel",
            "0 of 50 used",
            "0 of 1,000 used",
            "**Each member a day** 5",
            f"<#{mods.id}>, at 80 %",
            "**Sessions** off",
            f"Last changed by <@{mo.id}> <t:",
        ):
            assert words in said, words
        assert labels(message)[-1] == "Turn sessions on"
        again = await panel(mo)
        assert again.components == message.components
        assert text(again) == said
        await mo.select(again, f"set:channels:{state.guild.id}")
        assert "in every channel" in text(again)


async def test_settings_hold_for_files_before_they_are_taken_in(
    offline_harness: BotHarness,
) -> None:
    harness, song = offline_harness, Upload("song.mp3", encode_mp3(render((Segment(5, 1, 0, 8),))))
    harness.has_acestep = True
    async with harness.bot():
        mo, songs = moderator(harness), harness.discord.state.new_channel("songs")
        message = await panel(mo)
        await mo.select(message, f"set:channels:{songs.guild.id}", songs)
        await set_form(mo, message, "Style", style="lo-fi, warm")
        call = await harness.ada.slash("extend", file=song, lyrics="la la la")
        assert f"Use <#{songs.id}>" in refused(call)
        assert "la la la" in refused(call)
        assert [*harness.database.parent.glob("*.audio/*")] == []
        call = await harness.ada.slash("extend", channel=songs, file=song)
        await harness.until(lambda: call.message is not None and labels(call.message))
        assert call.message is not None
        form = (await harness.ada.click(call.message, "✍️ Write what comes next")).modal
        assert form is not None
        assert form.fields["style"]["value"] == "lo-fi, warm"


async def test_what_is_no_number_is_refused_and_can_be_corrected(harness: BotHarness) -> None:
    mo = moderator(harness)
    message = await panel(mo)
    before = text(message)
    call = await set_form(mo, message, "Budgets", day="many", month="100", member_day="-1")
    assert "“many” and “-1” can't be limits." in refused(call)
    assert text(await panel(mo)) == before
    assert call.message is not None
    corrected = await set_form(mo, call.message, "✏️ Edit", day="10", member_day="5")
    assert corrected.error is None
    assert "0 of 100" in text(call.message)
    assert "**Each member a day** 5" in text(await panel(mo))


async def test_members_extend_only_where_and_with_the_role_that_the_server_set(
    harness: BotHarness,
) -> None:
    state, ada = harness.discord.state, harness.ada
    done = await harness.extend(NAME)
    await harness.finished(done)
    mo, singers = moderator(harness), state.new_role("Singers", state.guild)
    songs = state.new_channel("songs")
    message = await panel(mo)
    await mo.select(message, f"set:channels:{state.guild.id}", songs)
    opened = await harness.open_modal(NAME, lyrics="la la la")
    said = refused(opened)
    assert "Songs can't be extended in this channel." in said
    assert f"Use <#{songs.id}>. Your text is kept." in said
    assert labels(opened.message) == ["✏️ Edit & send"]
    assert f"<#{songs.id}>" in refused(await ada.click(done, "🔁 Another take"))
    assert f"<#{songs.id}>" in refused(await ada.click(done, "Extend A"))
    assert f"<#{songs.id}>" in refused(await ada.click(done, "💿 Song A"))
    assert f"<#{songs.id}>" in refused(await ada.context_menu("Extend this song", done))
    start = await ada.slash("session start", clip=harness.source(NAME))
    assert f"<#{songs.id}>" in refused(start)
    await ada.react(done, "🔁")
    await harness.until(lambda: ada.read(ada.dm))
    assert f"<#{songs.id}>" in text(ada.read(ada.dm)[-1])
    assert (await harness.open_modal(NAME, member=mo)).modal is not None
    thread = state.new_thread("part two", songs)
    for place in (songs, thread, ada.dm):
        assert (await harness.open_modal(NAME, channel=place)).modal is not None
    await mo.select(message, f"set:roles:{state.guild.id}", singers)
    said = refused(await harness.open_modal(NAME, channel=songs, lyrics=None, tags=None))
    assert "You need a role" in said
    assert "Ask a moderator for **@Singers**." in said
    state.guild.members[ada.id].roles.add(singers.id)
    assert (await harness.open_modal(NAME, channel=songs)).modal is not None


async def test_form_that_was_open_when_the_channel_was_closed_keeps_its_text(
    harness: BotHarness,
) -> None:
    state = harness.discord.state
    opened = await harness.open_modal(NAME)
    mo = moderator(harness)
    songs = state.new_channel("songs")
    await mo.select(await panel(mo), f"set:channels:{state.guild.id}", songs)
    sent = await harness.ada.submit(opened.modal, {"lyrics": "Kept words"})
    assert "Your text is kept." in refused(sent)
    await mo.select(await panel(mo), f"set:channels:{state.guild.id}")
    again = await harness.ada.click(sent.message, "✏️ Edit & send")
    assert again.modal is not None
    assert again.modal.fields["lyrics"]["value"] == "Kept words"


async def test_used_up_budget_refuses_and_a_rejected_request_gives_it_back(
    harness: BotHarness,
) -> None:
    await set_budget(harness, day="1")
    harness.account(NAME).fail_next(Fault.PAYMENT_REQUIRED, on="submit", count=1)
    failed = await harness.extend(NAME)
    await harness.finished(failed)
    assert colour(failed) == RED
    assert "0 of 1 used" in await usage(harness)
    done = await harness.extend(NAME)
    await harness.finished(done)
    assert colour(done) == GREEN
    for call in (
        await harness.ada.click(done, "🔁 Another take"),
        await harness.open_modal(NAME, lyrics="Kept words"),
        await harness.open_modal(NAME, lyrics="Kept words", member=moderator(harness, "Max")),
    ):
        said = refused(call)
        assert "This server's budget for today is used up (1 of 1 extension)." in said
        assert "It renews <t:" in said
    assert "Your text is kept." in said
    assert labels(call.message) == ["✏️ Edit & send"]
    assert "**1 of 1 used up**" in await usage(harness)
    assert (await harness.open_modal(NAME, channel=harness.ada.dm)).modal is not None


async def test_cancelled_extension_is_given_back(harness: BotHarness) -> None:
    await set_budget(harness, member_day="1")
    harness.account(NAME).fail_next(
        Fault.RATE_LIMITED_SECONDS, on="submit", count=9, retry_after=300
    )
    waiting = await harness.extend(NAME)
    await harness.until(lambda: "has been charged" in text(waiting))
    assert "1 of 1 used up" in await usage(harness)
    said = refused(await harness.open_modal(NAME))
    assert "Your share of this server's budget for today is used up" in said
    await harness.ada.click(waiting, "Cancel")
    await harness.until(lambda: "Cancelled" in text(waiting))
    assert "0 of 1 used" in await usage(harness)


async def test_moderators_are_told_once_that_a_budget_runs_low(harness: BotHarness) -> None:
    mods = harness.discord.state.new_channel("mods")
    await set_budget(harness, day="5", notices=[mods])
    for number in range(5):
        await harness.extend(NAME, title=f"Song {number}")
    await harness.until(lambda: len(harness.ada.read(mods)) == 2)
    low, used_up = map(text, harness.ada.read(mods))
    assert "This server's budget for today runs low: 4 of 5 extensions." in low
    assert "This server's budget for today is used up: 5 of 5 extensions." in used_up


def notices(harness: BotHarness) -> list[tuple[int, int]]:
    """Return the level of each notice, and whether it is settled."""
    with contextlib.closing(sqlite3.connect(harness.database)) as db:
        return db.execute("SELECT level, is_settled FROM budget_notices").fetchall()


def unsettle_notices(harness: BotHarness) -> None:
    """Leave the notices as a kill does before they are confirmed."""
    with contextlib.closing(sqlite3.connect(harness.database)) as db, db:
        db.execute("UPDATE budget_notices SET is_settled = 0, due_at = claimed_at")


async def test_notice_that_stands_when_encore_was_killed_is_not_posted_again(
    offline_harness: BotHarness,
) -> None:
    harness = offline_harness
    mods = harness.discord.state.new_channel("mods")
    async with harness.bot():
        await set_budget(harness, day="1", notices=[mods])
        await harness.extend(NAME)
        await harness.until(lambda: notices(harness) == [(100, 1)])
    [posted] = harness.ada.read(mods)
    posted.nonce = None  # Discord has forgotten it
    unsettle_notices(harness)
    async with harness.bot():
        await harness.until(lambda: notices(harness) == [(100, 1)])
    assert harness.ada.read(mods) == [posted]


async def test_notice_that_was_not_posted_before_a_kill_is_posted_after_it(
    offline_harness: BotHarness,
) -> None:
    harness = offline_harness
    mods = harness.discord.state.new_channel("mods")
    async with harness.bot():
        await set_budget(harness, day="1", notices=[mods])
        await harness.extend(NAME)
        await harness.until(lambda: notices(harness) == [(100, 1)])
    await moderator(harness, "Max").delete(harness.ada.read(mods)[0])
    unsettle_notices(harness)
    async with harness.bot():
        await harness.until(lambda: harness.ada.read(mods))
        await harness.until(lambda: notices(harness) == [(100, 1)])


async def test_panel_warns_of_a_channel_in_which_notices_can_not_be_posted(
    harness: BotHarness,
) -> None:
    state = harness.discord.state
    mods = state.new_channel("mods")
    state.set_overwrite(mods, state.bot, deny=Permission.SEND_MESSAGES)
    message = await set_budget(harness, day="1", notices=[mods])
    assert f"Encore can't post in <#{mods.id}>" in text(message)
    await harness.extend(NAME)
    await harness.until(lambda: notices(harness) == [(100, 1)])
    assert harness.ada.read(mods) == []


async def test_usage_shows_what_is_left_at_each_service(harness: BotHarness) -> None:
    said = await usage(harness)
    assert "**Yours**\n0 today · 0 this month · 0 in progress" in said
    assert "**This server**\nToday: 0 so far, no limit" in said
    for label in ("AIML API", "sunoapi.co", "suno-api", "sunoapi.com", "sunosay.com"):
        assert f"\n{label}: " in said
    assert "enough for about" in said
    assert "This server" not in await usage(harness, harness.ada.dm)


async def test_default_service_and_style_fill_the_form(harness: BotHarness) -> None:
    mo = moderator(harness)
    message = await panel(mo)
    await mo.select(message, "Default service", FREE)
    await mo.select(message, "Default model", "chirp-v4")
    await set_form(mo, message, "Style", style="lo-fi")
    opened = await harness.ada.slash("extend", clip=harness.source(FREE), at="0:03")
    assert opened.modal is not None, text(opened.message)
    assert opened.modal.custom_id.startswith(f"extend:form:{FREE}:")
    assert opened.modal.custom_id.endswith(":chirp-v4")
    assert opened.modal.fields["style"]["value"] == "lo-fi"


async def test_sessions_turned_off_are_refused(harness: BotHarness) -> None:
    mo = moderator(harness)
    await mo.click(await panel(mo), "Turn sessions off")
    start = await harness.ada.slash("session start", clip=harness.source(NAME))
    assert "Sessions are turned off in this server." in refused(start)


def make_older(harness: BotHarness) -> None:
    """Make what is stored a day older, as if that had gone by with Encore there."""
    with contextlib.closing(sqlite3.connect(harness.database)) as db, db:
        day = int(24 * 3600 * 1e6)
        older = "UPDATE sessions SET rests_since = rests_since - :day, due_at = due_at - :day"
        db.execute(older, {"day": day})
        db.execute("UPDATE extensions SET created_at = created_at - :day", {"day": day})


async def test_session_rests_while_the_budget_is_used_up_and_goes_on_when_it_renews(
    evening: Evening,
) -> None:
    harness = evening.harness
    await set_budget(harness, day="1")
    await evening.start(NAME)
    await harness.finished(await harness.extend(NAME))
    await evening.write(evening.bo, "[Verse]\nNeon rain")
    await evening.count_votes(1)
    board = await evening.until_shown("This server's budget for today is used up.")
    assert "all votes are kept" in text(board)
    requests = harness.account(NAME).requests
    assert sum(each.method == "POST" for each in requests) == 1
    make_older(harness)
    await evening.pass_time(3)
    await evening.until(lambda: "used up" not in text(board))
    await evening.count_votes(1)
    await evening.until(lambda: sum(each.method == "POST" for each in requests) == 2)


async def test_part_of_a_session_is_written_only_by_members_who_may_extend(
    evening: Evening,
) -> None:
    harness, state = evening.harness, evening.harness.discord.state
    await evening.start(NAME)
    board = evening.board
    assert board is not None
    opened = await evening.bo.click(board, "✍️ Write a part")
    mo, singers = moderator(harness), state.new_role("Singers", state.guild)
    await mo.select(await panel(mo), f"set:roles:{state.guild.id}", singers)
    sent = await evening.bo.submit(opened.modal, {"lyrics": "Kept words"})
    said = refused(sent)
    assert "You need a role" in said
    assert "Your text is kept." in said
    assert "You need a role" in refused(await evening.cy.click(board, "✍️ Write a part"))
    state.guild.members[evening.bo.id].roles.add(singers.id)
    again = await evening.bo.click(sent.message, "✏️ Edit & send")
    assert again.modal is not None
    assert again.modal.fields["lyrics"]["value"] == "Kept words"
