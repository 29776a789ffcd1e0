"""When requests to Discord fail, or a reply is lost, the result still arrives, and only once."""

import asyncio
import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.discord.models import Message
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import MessageFlag
from tests.support.bot_harness import (
    GREEN,
    RED,
    BotHarness,
    BotProcess,
    colour,
    colours,
    labels,
    text,
)

ORIGINAL = "/webhooks/{webhook_id}/{webhook_token}/messages/*"
CHANNEL_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
MESSAGES = "/channels/{channel_id}/messages"
PATIENCE = 3  # tries at what is gone
NAME = "suno_api"
CROWD = 25  # members who react at once
OUTAGE = 2.0  # seconds in which Discord answers a POST with 500; 10 in a torture run


def tries(harness: BotHarness, route: str, method: str = "PATCH") -> int:
    return sum(r.method == method and r.route == route for r in harness.discord.requests)


async def direct_message(harness: BotHarness) -> Message:
    """The result, sent to the member who asked."""
    await harness.until(lambda: harness.ada.read(harness.ada.dm))
    [message] = harness.ada.read(harness.ada.dm)
    return message


@pytest.mark.parametrize("code", [50027, 10015])
async def test_expired_token_falls_back_to_the_channel(harness: BotHarness, code: int) -> None:
    sent = await harness.ask("aimlapi", at="0:10")
    assert sent.message is not None
    sent.invalidate_token(code)
    await harness.finished(sent.message)
    assert colour(sent.message) == GREEN
    assert 1 <= sum(r.code == code for r in harness.discord.requests) <= PATIENCE


async def test_token_is_not_tried_after_15_minutes(
    offline_harness: BotHarness,
) -> None:
    harness = offline_harness
    harness.providers.clock.speed = 0.1
    async with harness.bot():
        sent = await harness.ask("aimlapi", at="0:10")
        assert sent.message is not None
    with sqlite3.connect(harness.database) as db:
        db.execute("UPDATE extensions SET reply_token_expires_at = 1")
    db.close()
    sent.age_token(dt.timedelta(minutes=16))
    harness.providers.clock.speed = 5
    before = len(harness.discord.requests)
    async with harness.bot():
        await harness.finished(sent.message)
    assert colour(sent.message) == GREEN
    assert not [r for r in harness.discord.requests[before:] if "/webhooks/" in r.route]


async def test_a_deleted_reply_is_left_alone_and_the_result_goes_to_the_member(
    harness: BotHarness,
) -> None:
    reply = await harness.extend("aimlapi", at="0:10")
    harness.discord.delete(reply)
    result = await direct_message(harness)
    assert colour(result) == GREEN
    assert sum(r.code == 10008 for r in harness.discord.requests) <= PATIENCE
    known = await harness.ada.autocomplete("extend", focused="clip", value="night")
    assert len(known) >= 2


async def test_a_lost_channel_does_not_lose_the_result(harness: BotHarness) -> None:
    elsewhere = harness.discord.state.new_channel("short-lived")
    sent = await harness.ask("aimlapi", at="0:10", channel=elsewhere)
    sent.invalidate_token()
    harness.discord.delete(elsewhere)
    assert colour(await direct_message(harness)) == GREEN
    assert tries(harness, CHANNEL_MESSAGE) <= PATIENCE


@pytest.mark.parametrize("lost", [Permission.VIEW_CHANNEL])
async def test_a_lost_permission_does_not_lose_the_result(
    harness: BotHarness, lost: Permission
) -> None:
    state = harness.discord.state
    sent = await harness.ask("aimlapi", at="0:10")
    sent.invalidate_token()
    state.set_overwrite(state.channel, state.bot, deny=lost)
    assert colour(await direct_message(harness)) == GREEN
    assert tries(harness, CHANNEL_MESSAGE) <= PATIENCE


@pytest.mark.parametrize(("status", "code"), [(403, 50001), (403, 50013), (404, 10003)])
async def test_every_permanent_error_closes_the_route(
    harness: BotHarness, status: int, code: int
) -> None:
    sent = await harness.ask("aimlapi", at="0:10")
    sent.invalidate_token()
    harness.discord.faults.answer("PATCH", CHANNEL_MESSAGE, status=status, code=code, times=100)
    assert colour(await direct_message(harness)) == GREEN
    assert tries(harness, CHANNEL_MESSAGE) <= PATIENCE


@pytest.mark.parametrize("code", [None, 40333, 40004])
async def test_refusal_that_passes_closes_no_route(harness: BotHarness, code: int | None) -> None:
    sent = await harness.ask("aimlapi", at="0:10")
    assert sent.message is not None
    sent.invalidate_token()
    if code is None:
        harness.discord.faults.block("PATCH", CHANNEL_MESSAGE)
    else:
        harness.discord.faults.refuse("PATCH", CHANNEL_MESSAGE, code)
    await harness.finished(sent.message, within=30)
    assert harness.ada.read(harness.ada.dm) == []


@pytest.mark.parametrize("archived", [True, False])
async def test_closed_thread_sends_the_result_directly_and_stays_open(
    harness: BotHarness, *, archived: bool
) -> None:
    state = harness.discord.state
    thread = state.new_thread("parts", state.channel)
    reply = await harness.extend("aimlapi", at="0:10", channel=thread)
    state.archive(thread, archived=archived, locked=True)
    result = await direct_message(harness)
    assert (colour(result), len(songs(result))) == (GREEN, 2)
    assert colour(reply) != GREEN
    state.archive(thread, archived=False, locked=False)
    await harness.ada.react(reply, "🔁")
    await harness.until(lambda: len(harness.ada.read(thread)) == 2)
    assert len(harness.ada.read(harness.ada.dm)) == 1


@pytest.mark.parametrize("has_token", [True, False])
async def test_archived_thread_is_opened_for_the_result_and_its_audio(
    harness: BotHarness, *, has_token: bool
) -> None:
    state = harness.discord.state
    thread = state.new_thread("parts", state.channel)
    sent = await harness.ask("aimlapi", at="0:10", channel=thread)
    reply = sent.message
    assert reply is not None
    if not has_token:
        sent.invalidate_token()
    state.archive(thread)
    await harness.until(lambda: colour(reply) == GREEN)
    state.archive(thread)
    await has_result(harness, reply)
    assert not thread.archived
    assert harness.ada.read(harness.ada.dm) == []


@pytest.mark.parametrize("has_token", [True, False])
async def test_hidden_embeds_come_back_with_the_next_edit(
    harness: BotHarness, *, has_token: bool
) -> None:
    sent = await harness.ask("aimlapi", at="0:10")
    reply = sent.message
    assert reply is not None
    if not has_token:
        sent.invalidate_token()
    reply.flags |= MessageFlag.SUPPRESS_EMBEDS  # "Remove all embeds" in the client
    await harness.finished(reply)
    assert not reply.flags & MessageFlag.SUPPRESS_EMBEDS


async def test_unreachable_member_ends_delivery_quietly(harness: BotHarness) -> None:
    harness.ada.user.accepts_dms = False
    sent = await harness.ask("aimlapi", at="0:10")
    assert sent.message is not None
    harness.discord.delete(sent.message)
    await harness.until(lambda: any(r.code == 50007 for r in harness.discord.requests))
    again = await harness.extend("aimlapi", at="0:10")
    await harness.finished(again)
    assert sum(r.code == 50007 for r in harness.discord.requests) <= PATIENCE


async def test_a_user_installed_app_sends_the_late_result_directly(harness: BotHarness) -> None:
    sent = await harness.ask("aimlapi", at="0:10", channel=harness.discord.state.foreign_channel)
    assert sent.message is not None
    sent.invalidate_token()
    assert colour(await direct_message(harness)) == GREEN
    assert tries(harness, CHANNEL_MESSAGE) == 0


async def test_a_user_installed_app_edits_its_reply_while_the_token_lives(
    harness: BotHarness,
) -> None:
    reply = await harness.extend(
        "aimlapi", at="0:10", channel=harness.discord.state.foreign_channel
    )
    await harness.finished(reply)
    assert colour(reply) == GREEN


@pytest.mark.parametrize("is_resumable", [True, False])
async def test_a_dropped_gateway_comes_back(harness: BotHarness, *, is_resumable: bool) -> None:
    reply = await harness.extend("aimlapi", at="0:10")
    harness.discord.gateway.drop_connections(resumable=is_resumable)
    await harness.finished(reply)
    await harness.until(lambda: harness.discord.gateway.is_connected)
    again = await harness.extend("suno_api", at="0:10")
    await harness.finished(again)
    assert colour(reply) == colour(again) == GREEN


async def test_an_event_that_comes_again_after_a_resume_pays_once(harness: BotHarness) -> None:
    reply = await harness.extend("aimlapi", at="0:10")
    harness.discord.gateway.resend_last("INTERACTION_CREATE")
    await harness.finished(reply)
    assert len(harness.account("aimlapi").submissions) == 1
    harness.violations = [str(violation) for violation in harness.discord.violations]


@pytest.mark.parametrize("status", [429, 500, 502])
async def test_trouble_on_the_route_delays_but_loses_nothing(
    harness: BotHarness, status: int
) -> None:
    pause = 1.0 if status == 429 else None
    harness.discord.faults.answer("PATCH", ORIGINAL, status=status, times=2, retry_after=pause)
    reply = await harness.extend("aimlapi", at="0:10")
    await harness.finished(reply, within=30)
    assert colours(reply)[-1] == GREEN


async def test_a_connection_that_breaks_while_editing_is_tried_again(harness: BotHarness) -> None:
    harness.discord.faults.close("PATCH", ORIGINAL, times=2)
    reply = await harness.extend("aimlapi", at="0:10")
    await harness.finished(reply, within=30)
    assert colour(reply) == GREEN


async def test_lost_first_reply_is_posted_again(harness: BotHarness) -> None:
    harness.discord.faults.answer(
        "POST",
        "/interactions/{interaction_id}/{interaction_token}/callback",
        status=500,
        code=0,
        times=5,
        when=lambda request: (request.json or {}).get("type") == 4,
    )
    sent = await harness.ask("aimlapi", at="0:10")
    assert sent.error
    assert not [m for m in harness.ada.read() if m.is_ephemeral], "nobody may be told to try again"
    await harness.until(harness.ada.read, within=30)
    [reply] = harness.ada.read()
    await harness.finished(reply, within=30)
    assert colour(reply) == GREEN
    [submission] = harness.account("aimlapi").submissions
    extend = f"clip:extend:{submission.clip_ids[0]}"
    assert extend in [
        item.get("custom_id") for row in reply.components for item in row["components"]
    ]


async def test_an_old_message_that_takes_no_more_edits_is_edited_later(harness: BotHarness) -> None:
    sent = await harness.ask("aimlapi", at="0:10")
    assert sent.message is not None
    sent.invalidate_token()
    harness.discord.faults.answer("PATCH", CHANNEL_MESSAGE, status=400, code=30046)
    await harness.until(lambda: any(r.code == 30046 for r in harness.discord.requests))
    assert colour(sent.message) not in {GREEN, RED}


# A post whose answer Encore never sees: Discord answers the next one with the first message


def replies(harness: BotHarness) -> list[Message]:
    """Return Encore's public replies, oldest first."""
    return [each for each in harness.ada.read() if not each.is_ephemeral]


def songs(message: Message) -> list[str]:
    """Return the names of the songs that a message carries."""
    return sorted(each.filename for each in message.attachments if each.filename.endswith("mp3"))


def statuses(harness: BotHarness) -> list[str]:
    """Return the status of each extension in the database."""
    with sqlite3.connect(f"file:{harness.database}?mode=ro", uri=True) as db:
        rows = db.execute("SELECT status FROM extensions ORDER BY id").fetchall()
    db.close()
    return [status for (status,) in rows]


async def has_result(harness: BotHarness, message: Message) -> None:
    """Wait until a reply is complete and carries both clips, once each."""
    await harness.until(lambda: colour(message) == GREEN and len(songs(message)) == 2, within=60)
    assert [name[-6:] for name in songs(message)] == ["_A.mp3", "_B.mp3"]
    assert len({name.filename for name in message.attachments}) == len(message.attachments)


@contextmanager
def posts_fail(harness: BotHarness, *, made: int, status: int | None = None) -> Iterator[None]:
    """Let posts fail: the first ``made`` are made although nothing is answered, the rest are not.

    With a ``status`` Discord answers it; without one the connection breaks.
    """
    faults = harness.discord.faults
    faults.close("POST", MESSAGES, times=made, applied=True)
    if status is None:
        faults.close("POST", MESSAGES, times=1000)
    else:
        faults.answer("POST", MESSAGES, status=status, times=1000)
    yield
    faults.clear()


@pytest.mark.parametrize("status", [None, 500])
async def test_post_made_but_not_answered_is_followed_by_an_edit(
    harness: BotHarness, status: int | None
) -> None:
    first = await harness.extend(NAME, at="0:10")
    await has_result(harness, first)
    with posts_fail(harness, made=1, status=status):
        await harness.ada.react(first, "🔁")
        await harness.until(lambda: statuses(harness) == ["complete", "complete"], within=30)
    await has_result(harness, replies(harness)[1])
    assert len(replies(harness)) == 2


async def test_audio_that_is_ready_before_the_first_post_is_attached(harness: BotHarness) -> None:
    first = await harness.extend(NAME, at="0:10")
    await has_result(harness, first)
    fetched = len(harness.account(NAME).requests)
    with posts_fail(harness, made=0):
        await harness.ada.react(first, "🔁")
        await harness.until(lambda: statuses(harness) == ["complete", "complete"], within=30)
        await asyncio.sleep(2)  # longer than it takes to prepare the audio
    await harness.until(lambda: len(replies(harness)) == 2, within=60)
    await has_result(harness, replies(harness)[1])
    assert len(harness.account(NAME).requests) >= fetched


async def test_killed_just_after_the_post_the_reply_shows_the_result(
    offline_harness: BotHarness, tmp_path: Path
) -> None:
    harness = offline_harness
    bot = BotProcess(harness, tmp_path / "bot.log")
    await bot.start()
    first = await harness.extend(NAME, at="0:10")
    await has_result(harness, first)
    unanswered = harness.discord.faults.hang("POST", MESSAGES, applied=True)
    await harness.ada.react(first, "🔁")
    await harness.until(lambda: unanswered.matched_requests and len(replies(harness)) == 2)
    await harness.until(lambda: statuses(harness)[1] == "complete", within=30)
    await bot.kill()
    unanswered.release()
    await bot.start()
    async with bot.child:
        await has_result(harness, replies(harness)[1])
    assert len(replies(harness)) == 2


async def test_crowd_reacts_while_discord_answers_posts_with_500(harness: BotHarness) -> None:
    first = await harness.extend(NAME, at="0:10")
    await has_result(harness, first)
    outage = harness.discord.faults.answer("POST", MESSAGES, status=500, times=10_000)
    members = [harness.discord.member(f"Member {number}") for number in range(CROWD)]
    await asyncio.gather(*(member.react(first, "🔁") for member in members))
    await harness.until(lambda: outage.matched_requests)
    await asyncio.sleep(OUTAGE)
    outage.release()
    await harness.until(
        lambda: sum(len(songs(reply)) == 2 for reply in replies(harness)) == 1 + CROWD, within=300
    )
    made = replies(harness)
    assert {colour(reply) for reply in made} == {GREEN}
    assert len(made) == 1 + CROWD
    assert len(harness.account(NAME).submissions) == 1 + CROWD


async def test_direct_message_with_the_result_carries_its_audio(harness: BotHarness) -> None:
    reply = await harness.extend(NAME, at="0:10")
    harness.discord.delete(reply)
    result = await direct_message(harness)
    assert (colour(result), len(songs(result))) == (GREEN, 2)


# Files that Discord refuses


def refuse_files(harness: BotHarness, status: int, code: int, *, times: int = 1000) -> None:
    """Let Discord refuse edits with files."""
    harness.discord.faults.answer(
        "PATCH",
        ORIGINAL,
        status=status,
        code=code,
        times=times,
        when=lambda request: bool(request.files),
    )


async def test_files_that_discord_finds_too_large_are_made_smaller(harness: BotHarness) -> None:
    refuse_files(harness, 413, 40005, times=2)
    reply = await harness.extend(NAME, at="0:10")
    await has_result(harness, reply)
    assert sum(bool(r.files) for r in harness.discord.requests) == 3


async def test_where_files_are_forbidden_the_reply_names_the_permission(
    harness: BotHarness,
) -> None:
    refuse_files(harness, 403, 50013)
    reply = await harness.extend(NAME, at="0:10")
    await harness.until(lambda: "needs *Attach Files*" in text(reply))
    assert (colour(reply), reply.attachments) == (GREEN, [])


async def test_files_that_discord_refuses_again_and_again_are_left_out(
    harness: BotHarness,
) -> None:
    refuse_files(harness, 400, 50035)
    reply = await harness.extend(NAME, at="0:10")
    await harness.until(lambda: "couldn't be fetched" in text(reply), within=60)
    assert (colour(reply), reply.attachments) == (GREEN, [])
    assert "▶ Listen A" in labels(reply)
