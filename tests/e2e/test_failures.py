"""What can go wrong at a provider, on each that can have it: one clear final reply, one POST."""

import json
import logging

import pytest

from sandbox.discord.models import Message
from sandbox.providers.faults import Fault
from tests.support.bot_harness import GREEN, PROVIDERS, RED, BotHarness, colour, labels, text

Ending = tuple[int, str, str]  # colour, words of the text, and the start of a button's label

REFUSED = (RED, "didn't accept", "✏️ Edit & send")
NO_CREDITS = (RED, "is out of credits", "✏️ Edit & send")
OPERATOR = (RED, "rejected Encore's key", "✏️ Edit & send")
WRONG_ADDRESS = (RED, "isn't set up right here", "✏️ Edit & send")
SIGNED_OUT = (RED, "is signed out of Suno", "✏️ Edit & send")
UNCONFIRMED = (RED, "No clear answer from", "✏️ Edit & send")
NOTHING_FOUND = (RED, "suno-api has no trace of it", "✏️ Edit & send")
NOT_FINISHED = (RED, "couldn't finish it", "✏️ Edit & send")
OUT_OF_MEMORY = (RED, "CUDA out of memory. Tried to allocate 2.00 GiB.* What", "✏️ Edit & send")
NOT_PLAYABLE = (RED, "Finished, but Suno withdrew the link", "Check again")
GAVE_UP = (RED, "Gave up after", "Check again")
# how long a part of ACE-Step is, its audio tells later
COMPLETE = (GREEN, "✅", "Extend A")
ONE_OF_TWO = (GREEN, ": failed", "Extend")
ONE_ALONE = (GREEN, "✅", "Extend")
NOT_HEARD_YET = (GREEN, "attaching the audio", "Extend A")
# what an ACE-Step can't answer: it has no credits and no moderation, and its files are its own
IMPOSSIBLE = None

# fault: what the reply ends as, and on which providers it ends otherwise
SUBMITTING: dict[Fault, tuple[Ending, dict[str, Ending | None]]] = {
    Fault.BAD_REQUEST: (REFUSED, {}),
    Fault.UNAUTHORIZED: (OPERATOR, {"suno_api": SIGNED_OUT}),
    Fault.PAYMENT_REQUIRED: (NO_CREDITS, {"acestep": IMPOSSIBLE}),
    # its own word for no credits is 402 alone
    Fault.FORBIDDEN_CREDITS: (NO_CREDITS, {"suno_api": OPERATOR, "acestep": IMPOSSIBLE}),
    Fault.FORBIDDEN_MODERATION: (REFUSED, {"acestep": IMPOSSIBLE}),
    Fault.UNPROCESSABLE: (REFUSED, {"suno_api": OPERATOR}),
    # it names its cookie, which is the operator's to mend
    Fault.SERVER_ERROR: (UNCONFIRMED, {"suno_api": SIGNED_OUT}),
    Fault.SESSION_ENDED: (UNCONFIRMED, {"suno_api": SIGNED_OUT}),
    Fault.NO_BROWSER: (UNCONFIRMED, {"suno_api": OPERATOR}),
    # "Not Found" is what FastAPI says to a path that it does not have
    Fault.SESSION_GONE: (REFUSED, {"suno_api": SIGNED_OUT, "acestep": WRONG_ADDRESS}),
    Fault.CONTINUE_AT_REQUIRED: (UNCONFIRMED, {"suno_api": REFUSED}),
    Fault.SLOW_BUT_MADE: (UNCONFIRMED, {"suno_api": COMPLETE}),
    Fault.HTML_NOT_FOUND: (WRONG_ADDRESS, {}),
    Fault.BAD_GATEWAY: (UNCONFIRMED, {"suno_api": NOTHING_FOUND}),
    Fault.UNAVAILABLE: (UNCONFIRMED, {"suno_api": NOTHING_FOUND}),
    Fault.GATEWAY_TIMEOUT: (UNCONFIRMED, {"suno_api": NOTHING_FOUND}),
    Fault.HTML_BAD_GATEWAY: (UNCONFIRMED, {"suno_api": NOTHING_FOUND}),
    # only the two that put their code into the body say by it that nothing was done
    Fault.ERROR_BODY: (UNCONFIRMED, {"sunoapi_co": REFUSED, "sunosay": REFUSED}),
    Fault.CLOSE_BEFORE: (UNCONFIRMED, {"suno_api": NOTHING_FOUND}),
    Fault.CLOSE_AFTER: (UNCONFIRMED, {"suno_api": COMPLETE}),
    Fault.INVALID_JSON: (UNCONFIRMED, {"suno_api": COMPLETE}),
    Fault.HTML_PAGE: (UNCONFIRMED, {"suno_api": COMPLETE}),
    # Suno answers so where it is overloaded; an ACE-Step that gives no task has no reason to
    Fault.EMPTY_CLIPS: (REFUSED, {"acestep": UNCONFIRMED}),
    Fault.ERROR_CLIPS: (NOT_FINISHED, {"acestep": OUT_OF_MEMORY}),
    # ACE-Step makes both in one run, and leaves out a file that it could not save
    Fault.TWIN_FAILS: (ONE_OF_TWO, {"acestep": ONE_ALONE}),
    Fault.NONE_MP3: (NOT_PLAYABLE, {"acestep": IMPOSSIBLE}),
    # only its server serves the file, and it is asked again for a while
    Fault.FORBIDDEN_LINK: (NOT_PLAYABLE, {"acestep": NOT_HEARD_YET}),
    Fault.EMPTY_AUDIO_URL: (NOT_PLAYABLE, {"acestep": NOT_FINISHED}),
    Fault.NEVER_FINISHES: (GAVE_UP, {}),
}
AGAIN = (Fault.RATE_LIMITED, Fault.RATE_LIMITED_SECONDS, Fault.RATE_LIMITED_DATE)
FETCHING = (
    Fault.MISSING_ID,
    Fault.UNKNOWN_STATUS,
    Fault.SERVER_ERROR,
    Fault.HTML_PAGE,
    Fault.INVALID_JSON,
    Fault.CLOSE_BEFORE,
    Fault.RATE_LIMITED_SECONDS,
    Fault.UNAUTHORIZED,
)


@pytest.fixture(params=(*PROVIDERS, "acestep"))
def provider(request: pytest.FixtureRequest) -> str:
    """Each of them, by name, and the one that is given audio."""
    name: str = request.param
    return name


@pytest.fixture
def offline_harness(offline_harness: BotHarness, provider: str) -> BotHarness:
    offline_harness.has_acestep = provider == "acestep"
    offline_harness.overrides["ACESTEP_LENGTH"] = "10"
    return offline_harness


def posts(harness: BotHarness, provider: str, marker: str) -> int:
    """How often the request with ``marker`` in its lyrics was sent."""
    sent = [request.json for request in harness.account(provider).requests if request.json]
    # ACE-Step has the style in its prompt
    words = [[body.get("prompt", ""), body.get("lyrics", "")] for body in sent]
    return sum(marker in json.dumps(each) for each in words)


def outcome(harness: BotHarness, provider: str, marker: str, reply: Message) -> tuple[object, ...]:
    return colour(reply), text(reply), labels(reply), posts(harness, provider, marker)


def meets(reply: Message, expected: Ending) -> bool:
    wanted, words, button = expected
    return (
        colour(reply) == wanted
        and words in text(reply)
        and any(label.startswith(button) for label in labels(reply))
    )


async def test_every_failure_of_submitting_ends_in_one_clear_reply(
    offline_harness: BotHarness, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    harness = offline_harness
    harness.overrides |= {"ENCORE_DEADLINE": "5", "ACESTEP_DEADLINE": "5"}
    caplog.set_level(logging.INFO, logger="bot")
    endings = {
        fault: special.get(provider, usual) for fault, (usual, special) in SUBMITTING.items()
    }
    expected = {fault: ending for fault, ending in endings.items() if ending is not IMPOSSIBLE}
    replies: dict[Fault, Message] = {}
    async with harness.bot():
        for fault in expected:
            harness.account(provider).fail_next(fault, on="submit")
            replies[fault] = await harness.extend(provider, at="0:10", lyrics=f"la {fault} la")
            await harness.until(lambda f=fault: posts(harness, provider, f"la {f} la"))
        last = await harness.extend(provider, at="0:10", lyrics="after all that")
        for reply in (*replies.values(), last):
            await harness.finished(reply)
    wrong = {
        fault: outcome(harness, provider, f"la {fault} la", reply)
        for fault, reply in replies.items()
        if not meets(reply, expected[fault]) or posts(harness, provider, f"la {fault} la") != 1
    }
    assert wrong == {}
    assert meets(last, COMPLETE)
    shown = "\n".join([*(text(reply) for reply in replies.values()), caplog.text])
    secrets = [
        harness.providers.provider_url(provider),
        harness.providers.provider_key(provider) or harness.discord.token,
    ]
    for secret in (*secrets, harness.discord.token, "Traceback", "<html", "<!doctype"):
        assert secret.casefold() not in shown.casefold()


async def test_rate_limited_submission_is_sent_again(harness: BotHarness, provider: str) -> None:
    for fault in AGAIN:
        harness.account(provider).fail_next(fault, on="submit", retry_after=1)
    replies = {
        marker: await harness.extend(provider, at="0:10", lyrics=marker)
        for marker in (f"la {fault} la" for fault in AGAIN)
    }
    for reply in replies.values():
        await harness.finished(reply)
        assert meets(reply, COMPLETE), text(reply)
    # whichever meets a fault is sent once more for it, and none more often
    assert harness.account(provider).faults.planned == []
    assert sum(posts(harness, provider, marker) for marker in replies) == 2 * len(AGAIN)
    assert len(harness.account(provider).submissions) == len(AGAIN)


async def test_failed_fetches_do_not_change_the_result(harness: BotHarness, provider: str) -> None:
    replies: list[Message] = []
    # ACE-Step is asked for all that is open at once, so that each fault strikes all of it
    count = 1 if provider == "acestep" else 2
    for fault in FETCHING:
        replies.append(await harness.extend(provider, at="0:10"))
        await harness.until(lambda: len(harness.account(provider).submissions) == len(replies))
        harness.account(provider).fail_next(fault, on="fetch", count=count, retry_after=1)
        await harness.until(lambda: not harness.account(provider).faults.planned)
    for reply in replies:
        # who was unlucky several times in a row is left alone for longer and longer
        await harness.finished(reply, within=90)
        assert meets(reply, COMPLETE), text(reply)
    assert len(harness.account(provider).submissions) == len(FETCHING)
