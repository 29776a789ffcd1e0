"""Interactions that come twice, and answers of which no confirmation comes, are no errors."""

import asyncio
import logging

import pytest

from sandbox.discord.models import Message
from tests.support.bot_harness import GREEN, BotHarness, colour, text

CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
ORIGINAL = "/webhooks/{webhook_id}/{webhook_token}/messages/*"
NAME = "suno_api"


def private_messages(harness: BotHarness) -> list[Message]:
    """What only Ada sees."""
    return [each for each in harness.ada.read() if each.is_ephemeral]


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the bot logged as errors; the sandbox, in this process, logs what it cuts."""
    records = [each for each in caplog.records if each.name != "aiohttp.server"]
    return [each.getMessage() for each in records if each.levelno >= logging.ERROR]


@pytest.mark.parametrize("applied", [True, False])
async def test_private_answer_that_was_not_confirmed_stays_the_only_one(
    harness: BotHarness, caplog: pytest.LogCaptureFixture, *, applied: bool
) -> None:
    harness.discord.faults.close("PATCH", ORIGINAL, applied=applied)
    await harness.ada.slash("clip", clip=harness.source(NAME))
    await harness.until(lambda: not private_messages(harness)[0].is_loading)
    await asyncio.sleep(0.2)  # for a second message, which must not come
    [card] = private_messages(harness)
    assert "went wrong" not in text(card)
    assert errors(caplog) == []


@pytest.mark.parametrize("command", ["library", "clip"])
async def test_response_that_was_not_confirmed_is_no_error(
    harness: BotHarness, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    harness.discord.faults.close("POST", CALLBACK, applied=True)
    options = {"clip": harness.source(NAME)} if command == "clip" else {}
    await harness.ada.slash(command, **options)
    await harness.until(lambda: not private_messages(harness)[0].is_loading)
    assert len(private_messages(harness)) == 1
    assert errors(caplog) == []


async def test_press_of_which_no_acknowledgement_arrived_has_its_effect(
    harness: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    reply = await harness.extend(NAME, at="0:10")
    await harness.finished(reply)
    harness.discord.faults.close("POST", CALLBACK, applied=True)
    await harness.ada.slash("reply", link=reply.url, do="another take")
    await harness.until(lambda: len(harness.account(NAME).submissions) == 2)
    assert errors(caplog) == []


async def test_interactions_that_come_twice_are_no_errors(
    harness: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = harness.discord.gateway
    opened = await harness.open_modal(NAME, at="0:10")
    gateway.resend_last("INTERACTION_CREATE")
    sent = await harness.ada.submit(opened.modal)
    gateway.resend_last("INTERACTION_CREATE")
    assert sent.message is not None
    await harness.finished(sent.message)
    await harness.ada.autocomplete("extend", focused="clip", value="n")
    gateway.resend_last("INTERACTION_CREATE")
    await harness.ada.slash("clip", clip=harness.source(NAME))
    gateway.resend_last("INTERACTION_CREATE")
    await harness.ada.click(sent.message, "🔁 Another take")
    gateway.resend_last("INTERACTION_CREATE")
    refused = harness.discord.requests
    await harness.until(lambda: sum(each.code == 40060 for each in refused) == 5)
    await asyncio.sleep(0.1)
    assert colour(sent.message) == GREEN
    assert len(harness.account(NAME).submissions) == 2
    assert errors(caplog) == []
    assert {each.code for each in harness.discord.violations} == {40060}
    harness.violations = [str(each) for each in harness.discord.violations]
