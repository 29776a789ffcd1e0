"""Where sessions are held, and what happens when that place is closed, forbidden or deleted."""

import asyncio
import sqlite3

import pytest

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import ChannelType
from tests.support.bot_harness import GREEN, GREY, BotHarness, colour, labels, text
from tests.support.session_evening import Evening

PROVIDER = "aimlapi"
VERSE = "[Verse]\nNeon rain on the window"
CHORUS = "[Chorus]\nRun, run, the night is electric"


def moderator(evening: Evening) -> Member:
    """Return a member who may do everything."""
    state, member = evening.harness.discord.state, evening.harness.discord.member("Mod")
    role = state.new_role("Mods", state.guild, permissions=Permission.ADMINISTRATOR)
    state.guild.members[member.id].roles.add(role.id)
    return member


def asked(evening: Evening) -> int:
    """Return how many parts were asked for."""
    return sum(each.method == "POST" for each in evening.harness.account(PROVIDER).requests)


def song_of(evening: Evening) -> Message | None:
    """Return the reply with the full song, where the session was started."""
    read = evening.ada.read(evening.card.channel)
    return next((each for each in read if "full song" in text(each)), None)


def is_complete(song: Message | None) -> bool:
    return song is not None and colour(song) == GREEN


def statuses(harness: BotHarness) -> list[tuple[str, str]]:
    """Return status and reason of each session, as they are stored."""
    with sqlite3.connect(f"file:{harness.database}?mode=ro", uri=True) as db:
        found = db.execute("SELECT status, end_reason FROM sessions").fetchall()
    db.close()
    return found


# Where


@pytest.mark.parametrize("kind", ["thread", "post", "voice", "announcement"])
async def test_a_session_is_held_in_a_thread_a_post_a_voice_chat(
    evening: Evening, kind: str
) -> None:
    state = evening.harness.discord.state
    channel = await _channel(evening, kind)
    await evening.start(PROVIDER, channel=channel, parts=1)
    is_held_right_there = kind != "announcement"
    assert (evening.thread is channel) == is_held_right_there
    if is_held_right_there:
        assert "Whoever can write here can propose" in text(evening.card)
        assert state.channels.get(evening.card.id) in {None, channel}
    await evening.until(lambda: is_held_right_there or labels(evening.card) == ["Join in"])
    await evening.write_and_send(evening.bo, VERSE)
    await evening.until(lambda: evening.result)
    await evening.choose_all("B goes on", evening.cy)
    await evening.count_choices(1)
    await evening.until_shown("Night Bus is finished")
    await evening.until(lambda: "💿 The full song" in labels(evening.card))
    await evening.until(lambda: is_complete(song_of(evening)), within=30)
    song = song_of(evening)
    assert song is not None
    assert song.channel is channel
    assert "Whoever can write" not in text(evening.card)


async def _channel(evening: Evening, kind: str) -> Channel:
    state = evening.harness.discord.state
    match kind:
        case "thread":
            return await evening.bo.start_thread(state.channel, "our song")
        case "post":
            forum = state.new_channel("ideas", type=ChannelType.FORUM)
            return (await evening.bo.post(forum, "our song", "Let us write one.")).channel
        case "voice":
            return state.new_channel("jam", type=ChannelType.VOICE)
        case _:
            return state.new_channel("news", type=ChannelType.ANNOUNCEMENT)


async def test_of_two_starts_in_one_thread_one_wins(evening: Evening) -> None:
    thread = await evening.bo.start_thread(evening.harness.discord.state.channel, "our song")
    clip = evening.harness.source(PROVIDER)
    calls = await asyncio.gather(
        *(
            member.slash("session start", channel=thread, clip=clip, provider=PROVIDER)
            for member in (evening.ada, evening.bo)
        )
    )
    [refused] = [call for call in calls if call.is_ephemeral]
    assert refused.message is not None
    assert "A session is running here already." in text(refused.message)
    again = await evening.cy.slash("session start", channel=thread, clip=clip, provider=PROVIDER)
    assert again.message is not None
    assert "[Its board](https://discord.com/" in text(again.message)
    assert len(statuses(evening.harness)) == 1


async def test_a_server_has_so_many_sessions_at_once(evening: Evening) -> None:
    for _ in range(3):
        await evening.start(PROVIDER)
    refused = await evening.ada.slash("session start", clip=evening.harness.source(PROVIDER))
    assert refused.message is not None
    assert "This server has 3 sessions running, and more must wait." in text(refused.message)
    assert text(refused.message).count("](https://discord.com/") == 3


async def test_sessions_are_turned_off(offline_harness: BotHarness) -> None:
    offline_harness.overrides["ENCORE_SESSION_PARTS"] = "0"
    async with offline_harness.bot():
        clip = offline_harness.source(PROVIDER)
        refused = await offline_harness.ada.slash("session start", clip=clip)
        assert refused.is_ephemeral
        assert refused.message is not None
        assert "Sessions are turned off here." in text(refused.message)
        assert "Use `/extend`" in text(refused.message)


async def test_there_are_no_sessions_in_direct_messages(evening: Evening) -> None:
    ada = evening.ada
    ada.user.has_app = True
    with pytest.raises(NotPossibleError):
        await ada.slash("session show", channel=ada.dm)


async def test_there_are_no_sessions_in_servers_without_encore(evening: Evening) -> None:
    ada, there = evening.ada, evening.harness.discord.state.foreign_channel
    ada.user.has_app = True
    for name, options in (
        ("session start", {"clip": evening.harness.source(PROVIDER)}),
        ("session show", {}),
        ("session list", {}),
    ):
        try:
            refused = await ada.slash(name, channel=there, **options)
        except NotPossibleError:
            continue
        assert refused.message is not None
        assert "Sessions are held in servers." in text(refused.message)
    assert statuses(evening.harness) == []


@pytest.mark.parametrize(
    ("lacking", "name"),
    [
        (Permission.CREATE_PUBLIC_THREADS, "Create Public Threads"),
        (Permission.SEND_MESSAGES_IN_THREADS, "Send Messages in Threads"),
    ],
)
async def test_a_start_without_permission_names_it(
    evening: Evening, lacking: Permission, name: str
) -> None:
    state = evening.harness.discord.state
    state.set_overwrite(state.channel, state.bot, deny=lacking)
    refused = await evening.ada.slash("session start", clip=evening.harness.source(PROVIDER))
    assert refused.is_ephemeral
    assert refused.message is not None
    assert f"*{name}*" in text(refused.message)
    assert statuses(evening.harness) == []


# Closed


async def test_an_archived_thread_rests_until_somebody_presses(evening: Evening) -> None:
    mod = moderator(evening)
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    await evening.until_voted(1)
    await mod.archive(evening.thread)
    await evening.pass_time(600)
    assert asked(evening) == 0
    await evening.bo.unarchive(evening.thread)
    rest = "**The thread was closed.** It goes on when somebody presses a button"
    await evening.until_shown("Round 1 · what comes next?", rest)
    await evening.pass_time(600)
    assert asked(evening) == 0
    await evening.vote_for(1, evening.cy)
    await evening.until_voted(2)
    await evening.pass_time(30)
    assert asked(evening) == 0
    await evening.count_votes(2)
    await evening.until(lambda: evening.result)


async def test_a_press_in_an_archived_thread_wakes_the_session(evening: Evening) -> None:
    mod = moderator(evening)
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    await evening.until_voted(1)
    post = evening.proposal(1)
    await mod.archive(evening.thread)
    await evening.pass_time(600)
    assert asked(evening) == 0
    # Discord's client opens the thread first
    voted = await evening.cy.click(post, "🗳️ Vote for this")
    assert voted.message is not None
    await evening.count_votes(2)
    await evening.until(lambda: evening.result)


async def test_a_part_in_the_making_is_shown_in_an_archived_thread(evening: Evening) -> None:
    mod = moderator(evening)
    await evening.start(PROVIDER)
    evening.harness.providers.clock.speed = 0.01
    await evening.write_and_send(evening.bo, VERSE)
    await evening.until_shown("Round 1", "goes in")
    await evening.until(lambda: asked(evening) == 1)
    await mod.archive(evening.thread)
    evening.harness.providers.clock.speed = 50
    result = await evening.until_shown("Round 1 · which one goes on?")
    assert "**The thread was closed.**" in text(result)
    assert not evening.thread.archived
    await evening.pass_time(600)
    await evening.until_shown("Round 1 · which one goes on?")
    await evening.choose_all("B goes on", evening.cy)
    await evening.count_choices(1)
    await evening.until_shown("Round 1 · B goes on")


async def test_a_locked_thread_is_finished_after_three_days(evening: Evening) -> None:
    mod = moderator(evening)
    await evening.start(PROVIDER)
    await evening.add_part(evening.bo, VERSE)
    await evening.write(evening.cy, CHORUS)
    await evening.until_voted(1)
    await mod.lock(evening.thread)
    await mod.archive(evening.thread)
    await evening.pass_time(600)
    assert asked(evening) == 1
    await evening.pass_days(3)
    await evening.until(lambda: colour(evening.card) == GREEN)
    await evening.until(lambda: is_complete(song_of(evening)), within=30)
    await evening.until(lambda: "💿 The full song" in labels(evening.card))
    assert "Nobody wrote for three days." in text(evening.card)


async def test_an_unlocked_thread_goes_on(evening: Evening) -> None:
    mod = moderator(evening)
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    await evening.until_voted(1)
    await mod.lock(evening.thread)
    await evening.pass_time(600)
    with pytest.raises(NotPossibleError):
        await evening.vote(evening.cy, 1)
    assert asked(evening) == 0
    await mod.unlock(evening.thread)
    await evening.vote_for(1, evening.cy)
    await evening.count_votes(2)
    await evening.until(lambda: evening.result)


# Deleted


async def test_a_deleted_thread_finishes_the_song(evening: Evening) -> None:
    mod = moderator(evening)
    await evening.start(PROVIDER)
    await evening.add_part(evening.bo, VERSE)
    await evening.write(evening.cy, CHORUS)
    await evening.until_voted(1)
    await mod.delete_channel(evening.thread)
    await evening.until(lambda: "The thread was deleted." in text(evening.card))
    await evening.until(lambda: labels(evening.card) == ["💿 The full song"])
    assert "finished: 1 part" in text(evening.card)
    await evening.until(lambda: is_complete(song_of(evening)), within=30)
    song = song_of(evening)
    assert song is not None
    assert song.reply_to is evening.card
    await evening.pass_time(600)
    assert asked(evening) == 1


async def test_a_deleted_thread_without_a_part_ends_the_session(evening: Evening) -> None:
    mod = moderator(evening)
    await evening.start(PROVIDER)
    await mod.delete_channel(evening.thread)
    await evening.until(lambda: colour(evening.card) == GREY)
    assert "**Ended without a part.** The thread was deleted." in text(evening.card)
    assert labels(evening.card) == []


async def test_a_deleted_channel_ends_the_session(
    evening: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    mod = moderator(evening)
    channel = evening.harness.discord.state.new_channel("another")
    await evening.start(PROVIDER, channel=channel)
    await evening.add_part(evening.bo, VERSE)
    await evening.write(evening.cy, CHORUS)
    await evening.until_voted(1)
    await mod.delete_channel(channel)
    await evening.until(lambda: statuses(evening.harness)[0][0] != "running")
    await evening.pass_time(600)
    assert asked(evening) == 1
    listed = await evening.bo.slash("library")
    assert listed.message is not None
    assert "Night Bus" in text(listed.message)
    assert "Traceback" not in caplog.text


async def test_removing_encore_ends_its_sessions(
    evening: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    await evening.start(PROVIDER)
    await evening.add_part(evening.bo, VERSE)
    await evening.write(evening.cy, CHORUS)
    await evening.until_voted(1)
    harness = evening.harness
    requests = len(harness.discord.requests)
    harness.discord.state.remove_bot(harness.discord.state.guild)
    await evening.until(lambda: statuses(harness) == [("ended", "guild_lost")])
    await evening.pass_time(600)
    assert asked(evening) == 1
    assert len(harness.discord.requests) - requests < 10
    assert "Traceback" not in caplog.text


# Forbidden


async def test_a_lost_permission_is_named_and_once_given_a_press_goes_on(
    evening: Evening,
) -> None:
    state = evening.harness.discord.state
    await evening.start(PROVIDER)
    evening.harness.providers.clock.speed = 0.01
    await evening.write_and_send(evening.bo, VERSE)
    await evening.until_shown("Round 1", "goes in")
    await evening.until(lambda: asked(evening) == 1)
    denied = Permission.SEND_MESSAGES_IN_THREADS
    state.set_overwrite(state.channel, state.bot, deny=denied)
    evening.harness.providers.clock.speed = 50
    refusals = evening.refusals
    await evening.until(lambda: evening.refusals > refusals)
    await evening.pass_time(600)
    shown = await evening.cy.slash("session show", channel=evening.thread)
    assert shown.message is not None
    assert "**Encore isn't allowed to post here.**" in text(shown.message)
    lacking = "Encore needs the *Send Messages in Threads*"
    await evening.until(lambda: lacking in text(evening.cy.read(evening.thread)[-1]))
    state.set_overwrite(state.channel, state.bot)
    shown = await evening.cy.slash("session show", channel=evening.thread)
    chosen = await evening.cy.click(shown.message, "B goes on")
    assert chosen.message is not None
    assert "You chose B." in text(chosen.message)
    await evening.until_chosen(1)
    await evening.count_choices(1)
    await evening.until_shown("Round 1 · B goes on")
    await evening.until_shown("Round 2 · what comes next?")
