"""Where Encore is no member, a reply is reached by tokens only; each press brings a fresh one."""

import datetime as dt
import sqlite3

import pytest

from sandbox.discord.interaction_models import Interaction
from sandbox.discord.models import Channel, Message
from sandbox.discord.permissions import Permission
from tests.support.bot_harness import GREEN, RED, BotHarness, colour, labels, text

NAME = "aimlapi"
LATER = dt.timedelta(minutes=20)


def place(harness: BotHarness, name: str) -> Channel:
    """Return a place where Ada can use Encore, which she installed for herself."""
    state, ada = harness.discord.state, harness.ada
    ada.user.has_app = True
    ben = harness.discord.member("Ben")
    places = {
        "foreign guild": lambda: state.foreign_channel,
        "group": lambda: state.new_private_channel(ada.user, ben.user, name="band"),
        "between people": lambda: state.new_private_channel(ada.user, ben.user),
        "bot": lambda: ada.dm,
    }
    return places[name]()


def age_tokens(harness: BotHarness, *calls: Interaction) -> None:
    """Let 20 minutes pass for the tokens of ``calls``, and for those that are stored."""
    for call in calls:
        call.age_token(LATER)
    with sqlite3.connect(harness.database, timeout=30) as db:
        db.execute("UPDATE extensions SET reply_token_expires_at = 1")
    db.close()


def is_shown(harness: BotHarness) -> bool:
    """Return whether the store knows that the final status of the only reply was shown."""
    with sqlite3.connect(f"file:{harness.database}?mode=ro", uri=True) as db:
        [(shown,)] = db.execute("SELECT reply_final_shown FROM extensions").fetchall()
    db.close()
    return bool(shown)


def songs(message: Message) -> list[str]:
    """Return the names of the songs that a message carries."""
    return [each.filename for each in message.attachments if each.filename.endswith("mp3")]


async def has_result(harness: BotHarness, message: Message) -> None:
    """Wait until a message shows both clips and carries them."""
    await harness.until(lambda: colour(message) == GREEN and len(songs(message)) == 2, within=30)


async def press(harness: BotHarness, message: Message, words: str) -> Interaction:
    """Let Ada press the button that says ``words`` after its emoji."""
    [label] = [each for each in labels(message) if each.endswith(words)]
    return await harness.ada.click(message, label)


async def continues(harness: BotHarness, message: Message) -> None:
    """Press *Extend* and *Another take* on a complete reply; both have to work."""
    modal = (await press(harness, message, "Extend A")).modal
    assert modal is not None
    extended = await harness.ada.submit(modal)
    taken = await press(harness, message, "Another take")
    for call in (extended, taken):
        assert call.message is not None, call.error
        await harness.finished(call.message, within=30)
        assert colour(call.message) == GREEN


PLACES = ["foreign guild", "group", "between people", "bot"]


@pytest.mark.parametrize("name", PLACES)
async def test_check_again_after_20_minutes_completes_the_reply_itself(
    offline_harness: BotHarness, name: str
) -> None:
    harness = offline_harness
    harness.overrides["ENCORE_DEADLINE"] = "5"
    harness.providers.clock.speed = 0.01
    channel = place(harness, name)
    async with harness.bot():
        sent = await harness.ask(NAME, at="0:10", channel=channel)
        reply = sent.message
        assert reply is not None
        await harness.until(lambda: colour(reply) == RED)
        age_tokens(harness, sent)
        harness.providers.clock.speed = 5
        await press(harness, reply, "Check again")
        await has_result(harness, reply)
        await continues(harness, reply)
        told = [each for each in harness.ada.read(harness.ada.dm) if not each.is_ephemeral]
        assert len(told) == (3 if name == "bot" else 0)


@pytest.mark.parametrize("name", PLACES[:3])
async def test_result_after_20_minutes_comes_directly_also_after_check_again(
    offline_harness: BotHarness, name: str
) -> None:
    harness = offline_harness
    harness.overrides["ENCORE_DEADLINE"] = "5"
    harness.providers.clock.speed = 0.01
    channel = place(harness, name)
    async with harness.bot():
        sent = await harness.ask(NAME, at="0:10", channel=channel)
        age_tokens(harness, sent)
        await harness.until(lambda: harness.ada.read(harness.ada.dm))
        [told] = harness.ada.read(harness.ada.dm)
        assert "Check again" in labels(told), text(told)
        harness.providers.clock.speed = 5
        await press(harness, told, "Check again")
        await harness.until(
            lambda: any(colour(each) == GREEN for each in harness.ada.read(harness.ada.dm))
        )
        [result] = [each for each in harness.ada.read(harness.ada.dm) if colour(each) == GREEN]
        await has_result(harness, result)
        await continues(harness, result)


# Replies that are ephemeral, or that Encore can't look up


def forbid_external_apps(harness: BotHarness) -> Channel:
    """Return a channel of a foreign guild where Ada's apps may answer only her."""
    state, ada = harness.discord.state, harness.ada
    ada.user.has_app = True
    state.join(state.foreign_guild, ada.user)
    state.set_overwrite(state.foreign_channel, ada.user, deny=Permission.USE_EXTERNAL_APPS)
    return state.foreign_channel


async def ask_for_song(harness: BotHarness, reply: Message) -> Interaction:
    """Ask for the full song that ends with the first clip of a reply."""
    [submission, *_] = harness.account(NAME).submissions
    return await harness.ada.slash("song", clip=submission.clip_ids[0], channel=reply.channel)


async def song_of(harness: BotHarness, call: Interaction) -> Message:
    """Return the complete full song that ``call`` asked for."""
    assert call.message is not None, call.error
    message = call.message
    await harness.until(lambda: colour(message) == GREEN and len(songs(message)) == 1, within=30)
    return message


async def test_forced_ephemeral_reply_is_told_and_never_linked(harness: BotHarness) -> None:
    channel = forbid_external_apps(harness)
    sent = await harness.ask(NAME, at="0:10", channel=channel)
    reply = sent.message
    assert reply is not None
    assert reply.is_ephemeral
    await harness.until(lambda: sent.followups)
    assert "Only you can see this" in text(sent.followups[0])
    assert "/library" in text(sent.followups[0])
    await has_result(harness, reply)
    again = await harness.extend(NAME, clip=harness.account(NAME).submissions[0].clip_ids[0])
    await harness.finished(again)
    assert str(reply.id) not in text(again)
    song = await ask_for_song(harness, reply)
    await song_of(harness, song)
    age_tokens(harness, sent, song)
    harness.ada.restart_client()
    made_again = await ask_for_song(harness, reply)
    await song_of(harness, made_again)


async def test_song_can_be_made_again_where_encore_is_no_member(harness: BotHarness) -> None:
    channel = place(harness, "foreign guild")
    sent = await harness.ask(NAME, at="0:10", channel=channel)
    assert sent.message is not None
    await harness.until(lambda: sent.followups)
    assert "If it takes longer than 15 minutes" in text(sent.followups[0])
    await has_result(harness, sent.message)
    first = await song_of(harness, await ask_for_song(harness, sent.message))
    refused = await ask_for_song(harness, sent.message)
    assert refused.message is not None
    assert "has that full song already" in text(refused.message)
    harness.discord.delete(first)
    call = await ask_for_song(harness, sent.message)
    second = await song_of(harness, call)
    age_tokens(harness, call)
    harness.discord.delete(second)
    await song_of(harness, await ask_for_song(harness, sent.message))


async def test_members_own_permission_decides_about_files(harness: BotHarness) -> None:
    state, ada = harness.discord.state, harness.ada
    channel = place(harness, "foreign guild")
    state.join(state.foreign_guild, ada.user)
    state.set_overwrite(channel, ada.user, deny=Permission.ATTACH_FILES)
    sent = await harness.ask(NAME, at="0:10", channel=channel)
    reply = sent.message
    assert reply is not None
    await harness.until(lambda: "needs *Attach Files*" in text(reply))
    assert (colour(reply), reply.attachments) == (GREEN, [])


async def test_audio_that_was_missing_is_sent_after_check_again_on_the_direct_message(
    harness: BotHarness,
) -> None:
    ada = harness.ada
    sent = await harness.ask(NAME, at="0:10", channel=place(harness, "foreign guild"))
    age_tokens(harness, sent)
    harness.discord.faults.answer(
        "POST",
        "/channels/{channel_id}/messages",
        status=400,
        code=50035,
        times=1000,
        when=lambda request: bool(request.files),
    )
    await harness.until(lambda: any(r.code == 50035 for r in harness.discord.requests))
    with sqlite3.connect(harness.database, timeout=30) as db:
        db.execute("UPDATE audio SET failures = 5")  # the next refusal is the last
    db.close()
    await harness.until(lambda: ada.read(ada.dm))
    [told] = ada.read(ada.dm)
    assert "couldn't be fetched" in text(told)
    await harness.until(lambda: is_shown(harness))
    harness.discord.faults.clear()
    await press(harness, told, "Check again")
    await harness.until(lambda: any(len(songs(each)) == 2 for each in ada.read(ada.dm)))


async def test_private_thread_without_encore_is_told(harness: BotHarness) -> None:
    state, ada = harness.discord.state, harness.ada
    for invited, is_told in ((False, True), (True, False)):
        thread = state.new_thread("secret", state.channel, private=True, members=[ada.user])
        if invited:
            state.invite_to_thread(thread, state.bot)
        sent = await harness.ask(NAME, at="0:10", channel=thread)
        assert sent.message is not None
        await has_result(harness, sent.message)
        notes = [text(each) for each in sent.followups]
        assert [f"Encore isn't in {thread.mention}" in note for note in notes] == [True] * is_told


# What else members do in such places


async def test_reaction_in_a_direct_message_is_another_take(harness: BotHarness) -> None:
    reply = await harness.extend(NAME, at="0:10", channel=harness.ada.dm)
    await has_result(harness, reply)
    await harness.ada.react(reply, "🔁")
    await harness.until(lambda: len(harness.ada.read(harness.ada.dm)) == 2)
    await has_result(harness, harness.ada.read(harness.ada.dm)[1])


async def test_forwarded_song_is_extended(harness: BotHarness) -> None:
    clip = harness.source(NAME)
    said = await harness.ada.say(None, f"https://suno.com/song/{clip}")
    call = await harness.ada.context_menu("Extend this song", await harness.ada.forward(said))
    assert call.modal is not None, call.message and text(call.message)


async def test_commands_that_were_replaced_elsewhere_come_back(
    offline_harness: BotHarness,
) -> None:
    harness = offline_harness
    async with harness.bot():
        names = {each["name"] for each in harness.discord.commands.all()}
    for others in ([{"name": "other", "description": "d"}], []):
        harness.discord.commands.replace_all(None, others)
        async with harness.bot():
            assert {each["name"] for each in harness.discord.commands.all()} == names
