"""What goes wrong at a self-hosted suno-api only, as the member and the operator read it."""

import pytest

from sandbox.providers.faults import Fault
from tests.support.bot_harness import RED, BotHarness, colour, text


async def test_clip_of_another_account_is_refused_at_once(harness: BotHarness) -> None:
    account = harness.account("suno_api")
    reply = await harness.extend("suno_api", clip=harness.source("aimlapi"), at="end")
    await harness.finished(reply)
    assert colour(reply) == RED
    assert "did not accept the request" in text(reply)
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
    assert "The operator of this bot has to renew its session" in text(reply)
    assert "Renew the cookie: SUNO_COOKIE of suno-api" in caplog.text
    assert harness.account("suno_api").submissions == []
