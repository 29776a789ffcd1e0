"""What goes wrong at a self-hosted suno-api only, as the member and the operator read it."""

import pytest

from sandbox.providers.faults import Fault
from tests.support.bot_harness import GREEN, RED, BotHarness, colour, labels, text


async def test_clip_of_another_account_is_refused_at_once(harness: BotHarness) -> None:
    account = harness.account("suno_api")
    reply = await harness.extend("suno_api", clip=harness.source("aimlapi"), at="end")
    await harness.finished(reply)
    assert colour(reply) == RED
    assert "suno-api doesn't know this clip." in text(reply)
    assert [request.path.removeprefix("/suno_api") for request in account.requests] == [
        "/api/get",
        "/api/get_limit",
        "/api/extend_audio",
    ]
    assert account.requests[-1].json is not None
    assert "continue_at" not in account.requests[-1].json


async def test_expired_session_is_told_to_member_and_operator_at_once(
    harness: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.account("suno_api").fail_next(Fault.SESSION_ENDED, count=3)
    reply = await harness.extend("suno_api", at="end")
    await harness.finished(reply)
    assert "is signed out of Suno" in text(reply)
    assert "Renew the cookie: SUNO_COOKIE of suno-api" in caplog.text
    assert harness.account("suno_api").submissions == []


async def test_captcha_that_hangs_ends_with_what_a_search_found(
    offline_harness: BotHarness,
) -> None:
    harness = offline_harness
    harness.overrides["SUNO_API_SUBMIT_TIMEOUT"] = "1"
    account = harness.account("suno_api")
    account.fail_next(Fault.CAPTCHA_HANGS, on="submit")
    async with harness.bot():
        reply = await harness.extend("suno_api", at="0:10")
        await harness.finished(reply)
    assert "No clear answer from suno-api" in text(reply)
    assert "suno-api has no trace of it" in text(reply)
    assert "✏️ Edit & send" in labels(reply)
    assert [each.method for each in account.requests].count("POST") == 1


async def test_session_that_ends_while_a_clip_is_made_leaves_it_to_be_checked_again(
    offline_harness: BotHarness,
) -> None:
    harness = offline_harness
    harness.overrides["ENCORE_DEADLINE"] = "3"
    account = harness.account("suno_api")
    async with harness.bot():
        account.fail_next(Fault.SESSION_ENDED, on="fetch", count=1000)
        reply = await harness.extend("suno_api", at="0:10")
        await harness.finished(reply)
        assert "suno-api accepted it but never finished" in text(reply)
        account.faults.clear()
        checked = await harness.ada.click(reply, "Check again")
        await harness.until(lambda: checked.followups)
        assert "Its reply shows how it's going" in text(checked.followups[0])
        assert checked.followups[0].is_ephemeral
        await harness.until(lambda: colour(reply) == GREEN)
    assert len(account.submissions) == 1
