"""*Tell me*: who asked for it is mentioned once, as soon as the reply has what they wait for."""

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.discord.interaction_models import Interaction
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from sandbox.discord.permissions import Permission
from sandbox.providers.faults import Fault
from tests.support.bot_harness import GREEN, BotHarness, BotProcess, colour, labels, text

NAME = "suno_api"
TELL_ME = "🔔 Tell me"
MESSAGES = "/channels/{channel_id}/messages"
FOLLOWUPS = "/webhooks/{webhook_id}/{webhook_token}"
LONG = dt.timedelta(seconds=30)  # longer than a quick result takes


def mentions(harness: BotHarness, channel: Channel | None = None) -> list[Message]:
    """Return Encore's messages that ended a wait, oldest first."""
    bot = harness.discord.state.bot
    seen = harness.ada.read(channel)
    return [each for each in seen if each.author is bot and each.content and not each.is_ephemeral]


def songs(message: Message) -> list[str]:
    """Return the names of the songs that a message carries."""
    return [each.filename for each in message.attachments if each.filename.endswith("mp3")]


def waiting(harness: BotHarness) -> int:
    """Return how many members are still to be told of something."""
    with closing(sqlite3.connect(f"file:{harness.database}?mode=ro", uri=True)) as db:
        return db.execute("SELECT count(*) FROM notifications").fetchone()[0]


async def tell(harness: BotHarness, reply: Message, member: Member | None = None) -> Message:
    """Press *Tell me*; return the answer, which only that member sees."""
    call = await (member or harness.ada).click(reply, TELL_ME)
    return await answer_to(harness, call)


async def answer_to(harness: BotHarness, call: Interaction) -> Message:
    await harness.until(lambda: call.followups)
    [said] = call.followups
    assert said.is_ephemeral
    return said


async def settled(harness: BotHarness) -> None:
    """Wait until nobody is to be told of anything."""
    await harness.until(lambda: waiting(harness) == 0, within=30)


async def test_all_who_asked_are_mentioned_once_after_the_audio_is_there(
    harness: BotHarness,
) -> None:
    ben = harness.discord.member("Ben")
    harness.providers.clock.speed = 0.2
    reply = await harness.extend(NAME, at="0:10", title="Electric Dreams")
    for member in (harness.ada, ben):
        said = await tell(harness, reply, member)
        assert text(said).strip() == "I'll mention you here when it's ready."
        assert labels(said) == ["Always tell me"]
    await harness.until(lambda: mentions(harness), within=30)
    assert len(songs(reply)) == 2
    [told] = mentions(harness)
    first, second = sorted((harness.ada, ben), key=lambda each: each.id)
    assert told.content == (
        f"{first.mention} and {second.mention}, Electric Dreams · part 2 is ready."
    )
    assert told.pinged == {harness.ada.id, ben.id}
    assert told.reply_to is reply
    assert told.embeds == []
    await settled(harness)
    assert TELL_ME not in labels(reply)
    assert len(mentions(harness)) == 1


async def test_second_press_offers_to_undo(harness: BotHarness) -> None:
    harness.providers.clock.speed = 0.2
    reply = await harness.extend(NAME, at="0:10")
    await tell(harness, reply)
    again = await tell(harness, reply)
    assert text(again).strip() == "Already on it. I'll mention you here when it's ready."
    assert labels(again) == ["Never mind", "Always tell me"]
    await harness.ada.click(again, "Never mind")
    assert "won't mention you" in text(again)
    assert labels(again) == []
    assert waiting(harness) == 0
    await harness.until(lambda: len(songs(reply)) == 2, within=30)
    assert mentions(harness) == []


async def test_late_press_is_answered_with_the_result(harness: BotHarness) -> None:
    harness.providers.clock.speed = 0.2
    reply = await harness.extend(NAME, at="0:10", title="Electric Dreams")
    await harness.until(lambda: len(songs(reply)) == 2, within=30)
    call = await harness.ada.slash("reply", link=reply.url, do="tell me")
    await harness.until(lambda: call.message and text(call.message).strip())
    assert call.message is not None
    assert call.is_ephemeral
    assert text(call.message).strip() == (
        f"[Electric Dreams · part 2]({reply.url}) is ready already."
    )
    assert waiting(harness) == 0
    assert mentions(harness) == []


async def test_failure_is_told_too_and_a_title_notifies_nobody(harness: BotHarness) -> None:
    harness.providers.clock.speed = 0.2
    harness.account(NAME).fail_next(Fault.ERROR_CLIPS)
    title = f"@everyone {harness.discord.member('Ben').mention} *x*"
    reply = await harness.extend(NAME, at="0:10", title=title)
    await tell(harness, reply)
    await harness.until(lambda: mentions(harness), within=30)
    [told] = mentions(harness)
    assert told.content.endswith("didn't work out.")
    assert "\\@everyone" in told.content
    assert "\\*x\\*" in told.content
    assert told.pinged == {harness.ada.id}
    assert (told.mentions, told.mention_everyone) == ([harness.ada.user], False)


async def test_cancelled_extension_is_told_to_the_others(offline_harness: BotHarness) -> None:
    harness = offline_harness
    harness.overrides.update(SUNOSAY_SUBMIT_EVERY="600")
    ben = harness.discord.member("Ben")
    async with harness.bot():
        await harness.extend("sunosay", at="0:10")
        reply = await harness.extend("sunosay", at="0:11")
        await tell(harness, reply)
        await tell(harness, reply, ben)
        await harness.ada.click(reply, "Cancel")
        await harness.until(lambda: mentions(harness))
        [told] = mentions(harness)
        assert told.content.endswith("was cancelled.")
        assert told.pinged == {ben.id}


async def test_full_song_is_told(harness: BotHarness) -> None:
    first = await harness.extend("aimlapi", at="0:10", title="Electric Dreams")
    await harness.until(lambda: len(songs(first)) == 2, within=30)
    pressed = await harness.ada.click(first, "💿 Song A")
    assert pressed.message is not None
    await tell(harness, pressed.message)
    await harness.until(lambda: mentions(harness), within=30)
    [told] = mentions(harness)
    assert told.content == f"{harness.ada.mention}, Electric Dreams · full song is ready."
    assert len(songs(pressed.message)) == 1


# Always


async def test_always_holds_for_all_that_a_member_asks_for_until_it_is_taken_back(
    harness: BotHarness,
) -> None:
    ada, ben = harness.ada, harness.discord.member("Ben")
    harness.providers.clock.speed = 0.2
    first = await harness.extend(NAME, at="0:10", title="One")
    said = await tell(harness, first)
    await ada.click(said, "Always tell me")
    assert text(said).strip() == (
        "From now on, I'll mention you whenever something you asked for is ready."
    )
    assert labels(said) == ["Stop telling me"]
    await harness.until(lambda: len(songs(first)) == 2, within=30)
    await settled(harness)
    # by the form, by a button, by a reaction
    second = await harness.ask(NAME, at="0:12", title="Two")
    await ada.click(first, "🔁 Another take")
    await ada.react(first, "⏩")
    await ben.click(first, "🔁 Another take")
    await harness.until(lambda: waiting(harness) == 3)
    harness.clock.move(LONG)
    await harness.until(lambda: len(mentions(harness)) == 4, within=40)
    assert {frozenset(each.pinged) for each in mentions(harness)} == {frozenset({ada.id})}
    assert second.message in [each.reply_to for each in mentions(harness)]
    third = await harness.extend(NAME, at="0:14", title="Three")
    said = await tell(harness, third)
    assert labels(said) == ["Never mind", "Stop telling me"]
    await ada.click(said, "Stop telling me")
    assert text(said).strip() == "OK, I'll only mention you when you press *Tell me*."
    assert labels(said) == ["Always tell me"]
    fourth = await harness.extend(NAME, at="0:16", title="Four")
    await harness.until(lambda: len(songs(third)) == len(songs(fourth)) == 2, within=40)
    await settled(harness)
    assert [each.reply_to for each in mentions(harness)[4:]] == [third]  # it was pressed for


async def test_quick_result_is_told_only_to_who_pressed(harness: BotHarness) -> None:
    first = await harness.extend(NAME, at="0:10")
    said = await tell(harness, first)
    await harness.ada.click(said, "Always tell me")
    await settled(harness)
    second = await harness.extend(NAME, at="0:12")
    await harness.until(lambda: len(songs(second)) == 2, within=30)
    await settled(harness)
    assert [each.reply_to for each in mentions(harness)] == [first]


# Trouble


async def test_killed_after_the_message_it_is_not_sent_again(
    offline_harness: BotHarness, tmp_path: Path
) -> None:
    harness = offline_harness
    harness.providers.clock.speed = 0.2
    bot = BotProcess(harness, tmp_path / "bot.log")
    await bot.start()
    reply = await harness.extend(NAME, at="0:10")
    await tell(harness, reply)
    unanswered = harness.discord.faults.hang("POST", MESSAGES, applied=True)
    await harness.until(lambda: unanswered.matched_requests and mentions(harness), within=30)
    assert waiting(harness) == 1
    await bot.kill()
    unanswered.release()
    await bot.start()
    async with bot.child:
        await settled(harness)
    assert len(mentions(harness)) == 1
    posts = [r for r in harness.discord.requests if r.route == MESSAGES and r.method == "POST"]
    assert len(posts) == 2  # the second had the nonce of the first


async def test_killed_before_the_message_it_is_sent(
    offline_harness: BotHarness, tmp_path: Path
) -> None:
    harness = offline_harness
    harness.providers.clock.speed = 0.2
    bot = BotProcess(harness, tmp_path / "bot.log")
    await bot.start()
    reply = await harness.extend(NAME, at="0:10")
    await tell(harness, reply)
    unanswered = harness.discord.faults.hang("POST", MESSAGES)
    await harness.until(lambda: unanswered.matched_requests, within=30)
    await bot.kill()
    unanswered.release()
    await bot.start()
    async with bot.child:
        await settled(harness)
    assert len(mentions(harness)) == 1


@pytest.mark.parametrize("status", [429, 500])
async def test_message_that_fails_is_tried_again(harness: BotHarness, status: int) -> None:
    harness.providers.clock.speed = 0.2
    pause = 1.0 if status == 429 else None
    reply = await harness.extend(NAME, at="0:10")
    await tell(harness, reply)
    harness.discord.faults.answer("POST", MESSAGES, status=status, times=2, retry_after=pause)
    await harness.until(lambda: mentions(harness), within=30)
    await settled(harness)
    assert len(mentions(harness)) == 1


async def test_message_whose_answer_was_lost_is_sent_once(harness: BotHarness) -> None:
    harness.providers.clock.speed = 0.2
    reply = await harness.extend(NAME, at="0:10")
    await tell(harness, reply)
    harness.discord.faults.close("POST", MESSAGES, times=1, applied=True)
    await settled(harness)
    assert len(mentions(harness)) == 1


@pytest.mark.parametrize("denied", [Permission.SEND_MESSAGES, Permission.READ_MESSAGE_HISTORY])
async def test_permission_that_is_missing_keeps_nobody_from_being_told(
    harness: BotHarness, denied: Permission
) -> None:
    state = harness.discord.state
    harness.providers.clock.speed = 0.2
    reply = await harness.extend(NAME, at="0:10")
    await tell(harness, reply)
    state.set_overwrite(state.channel, state.bot, deny=denied)
    await harness.until(lambda: mentions(harness), within=30)
    [told] = mentions(harness)
    assert told.pinged == {harness.ada.id}
    has_link = denied is Permission.READ_MESSAGE_HISTORY
    assert (reply.url in told.content) is has_link
    await settled(harness)


async def test_without_permission_and_token_it_is_told_directly(harness: BotHarness) -> None:
    state, ben = harness.discord.state, harness.discord.member("Ben")
    harness.providers.clock.speed = 0.2
    sent = await harness.ask(NAME, at="0:10", title="Electric Dreams")
    reply = sent.message
    assert reply is not None
    for member in (harness.ada, ben):
        call = await member.click(reply, TELL_ME)
        await answer_to(harness, call)
        call.invalidate_token()
    sent.invalidate_token()
    state.set_overwrite(state.channel, state.bot, deny=Permission.SEND_MESSAGES)
    for member in (harness.ada, ben):
        await harness.until(lambda who=member: who.read(who.dm), within=30)
        [told] = member.read(member.dm)
        assert told.content == f"[Electric Dreams · part 2]({reply.url}) is ready."
    assert colour(reply) == GREEN
    await settled(harness)


# Where Encore is no member


def foreign_channel(harness: BotHarness) -> Channel:
    harness.ada.user.has_app = True
    return harness.discord.state.foreign_channel


async def test_where_encore_is_no_member_it_is_told_by_the_token(harness: BotHarness) -> None:
    harness.providers.clock.speed = 0.2
    channel = foreign_channel(harness)
    sent = await harness.ask(NAME, at="0:10", channel=channel)
    reply = sent.message
    assert reply is not None
    await tell(harness, reply)
    await harness.until(lambda: mentions(harness, channel), within=30)
    [told] = mentions(harness, channel)
    assert told.pinged == {harness.ada.id}
    assert len(songs(reply)) == 2
    await settled(harness)


@pytest.mark.parametrize("is_made", [True, False])
async def test_follow_up_that_fails_is_sent_once(harness: BotHarness, *, is_made: bool) -> None:
    harness.providers.clock.speed = 0.2
    channel = foreign_channel(harness)
    sent = await harness.ask(NAME, at="0:10", channel=channel)
    assert sent.message is not None
    await tell(harness, sent.message)
    if is_made:  # it has no nonce, so it is not sent again
        harness.discord.faults.close("POST", FOLLOWUPS, applied=True)
    else:
        harness.discord.faults.answer("POST", FOLLOWUPS, status=503)
    await harness.until(lambda: mentions(harness, channel), within=30)
    await settled(harness)
    [told] = mentions(harness, channel)
    assert told.pinged == {harness.ada.id}
    assert not [each for each in harness.ada.read(harness.ada.dm) if each.content]


async def test_token_that_is_refused_leads_to_a_direct_message(harness: BotHarness) -> None:
    harness.providers.clock.speed = 0.2
    channel = foreign_channel(harness)
    sent = await harness.ask(NAME, at="0:10", channel=channel)
    assert sent.message is not None
    await tell(harness, sent.message)
    harness.discord.faults.answer("POST", FOLLOWUPS, status=401, code=50027, times=9)
    await harness.until(lambda: harness.ada.read(harness.ada.dm), within=30)
    [told] = harness.ada.read(harness.ada.dm)
    assert "is ready" in told.content
    await settled(harness)


async def test_result_that_came_directly_is_not_told_once_more(harness: BotHarness) -> None:
    harness.providers.clock.speed = 0.2
    sent = await harness.ask(NAME, at="0:10", channel=foreign_channel(harness))
    assert sent.message is not None
    call = await harness.ada.click(sent.message, TELL_ME)
    await answer_to(harness, call)
    for each in (sent, call):
        each.invalidate_token()
    await settled(harness)
    [result] = harness.ada.read(harness.ada.dm)
    assert (colour(result), len(songs(result))) == (GREEN, 2)


async def test_deleted_reply_is_told_to_the_others_directly(harness: BotHarness) -> None:
    ben = harness.discord.member("Ben")
    harness.providers.clock.speed = 0.2
    reply = await harness.extend(NAME, at="0:10", title="Electric Dreams")
    await tell(harness, reply, ben)
    harness.discord.delete(reply)
    await settled(harness)
    [told] = ben.read(ben.dm)
    assert told.content == "Electric Dreams · part 2 is ready. Find it with `/library`."
