"""Whatever is lost on Discord's side, the result arrives wherever it still can."""

import datetime as dt
import sqlite3

import pytest

from sandbox.discord.models import Message
from sandbox.discord.permissions import Permission
from tests.support.bot_harness import GREEN, RED, BotHarness, colour, colours, text

ORIGINAL = "/webhooks/{webhook_id}/{webhook_token}/messages/*"
CHANNEL_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
PATIENCE = 3  # tries at what is gone


def tries(harness: BotHarness, route: str, method: str = "PATCH") -> int:
    return sum(r.method == method and r.route == route for r in harness.discord.requests)


async def direct_message(harness: BotHarness) -> Message:
    """The result, sent to the member who asked."""
    await harness.until(lambda: harness.ada.read(harness.ada.dm))
    [message] = harness.ada.read(harness.ada.dm)
    return message


@pytest.mark.parametrize("code", [50027, 10015])
async def test_a_dead_token_is_replaced_by_the_channel(harness: BotHarness, code: int) -> None:
    sent = await harness.ask("aimlapi", at="0:10")
    assert sent.message is not None
    sent.invalidate_token(code)
    await harness.finished(sent.message)
    assert colour(sent.message) == GREEN
    assert 1 <= sum(r.code == code for r in harness.discord.requests) <= PATIENCE


async def test_after_a_quarter_of_an_hour_nobody_tries_the_token(
    offline_harness: BotHarness,
) -> None:
    harness = offline_harness
    harness.providers.clock.speed = 0.1
    async with harness.bot():
        sent = await harness.ask("aimlapi", at="0:10")
        assert sent.message is not None
    with sqlite3.connect(harness.database) as db:
        db.execute("UPDATE extensions SET reply_token_until = 1")
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
async def test_every_sign_of_a_closed_way_is_believed(
    harness: BotHarness, status: int, code: int
) -> None:
    sent = await harness.ask("aimlapi", at="0:10")
    sent.invalidate_token()
    harness.discord.faults.answer("PATCH", CHANNEL_MESSAGE, status=status, code=code, times=100)
    assert colour(await direct_message(harness)) == GREEN
    assert tries(harness, CHANNEL_MESSAGE) <= PATIENCE


async def test_nobody_left_to_tell_ends_it_quietly(harness: BotHarness) -> None:
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


async def test_a_first_reply_that_never_arrived_is_made_up_for(harness: BotHarness) -> None:
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
    [submission] = harness.account("aimlapi").submissions
    await harness.until(harness.ada.read, within=30)
    [reply] = harness.ada.read()
    await harness.finished(reply, within=30)
    assert colour(reply) == GREEN
    assert submission.clip_ids[0] in text(reply)


async def test_an_old_message_that_takes_no_more_edits_is_edited_later(harness: BotHarness) -> None:
    sent = await harness.ask("aimlapi", at="0:10")
    assert sent.message is not None
    sent.invalidate_token()
    harness.discord.faults.answer("PATCH", CHANNEL_MESSAGE, status=400, code=30046)
    await harness.until(lambda: any(r.code == 30046 for r in harness.discord.requests))
    assert colour(sent.message) not in {GREEN, RED}
