"""A clip that the service doesn't know leads to the services that may, and never in a circle."""

import pytest

from sandbox.discord.interaction_models import Interaction
from sandbox.discord.models import Message
from tests.support.bot_harness import GREEN, RED, STYLE, BotHarness, colour, labels, text

OTHERS = {
    "sunoapi_co": "sunoapi.co",
    "suno_api": "suno-api",
    "sunoapi_com": "sunoapi.com",
    "sunosay": "sunosay.com",
    "sunoapi_org": "SunoAPI.org",
}
UNKNOWN = "**AIML API doesn't know this clip.** Only clips made through AIML API work there."


async def refused(harness: BotHarness, at: str) -> Message:
    """Ask AIML API to extend a clip that only suno-api has; return the final reply."""
    reply = await harness.extend(
        "aimlapi", clip=harness.source("suno_api"), at=at, lyrics="[Verse]\nHome", title="Homeward"
    )
    await harness.finished(reply)
    assert colour(reply) == RED
    assert UNKNOWN in text(reply)
    return reply


def message_of(call: Interaction) -> Message:
    assert call.message is not None, call.error
    return call.message


@pytest.mark.parametrize("at", ["end", "0:03"])
async def test_unknown_clip_is_extended_by_another_service_at_a_press(
    harness: BotHarness, at: str
) -> None:
    reply = await refused(harness, at)
    assert labels(reply) == [
        "📄 Lyrics",
        *(f"Try {label}" for label in OTHERS.values()),
        "🗑️ Delete",
    ]
    assert harness.account("suno_api").submissions == []

    opened = await harness.ada.click(reply, "Try suno-api")
    assert opened.modal is not None, opened.message and text(opened.message)
    kept = {name: field.get("value") for name, field in opened.modal.fields.items()}
    typed = {"lyrics": "[Verse]\nHome", "at": at, "style": STYLE, "title": "Homeward"}
    assert typed.items() <= kept.items()
    again = message_of(await harness.ada.submit(opened.modal))
    await harness.finished(again)
    assert colour(again) == GREEN, text(again)
    [sent] = harness.account("suno_api").submissions
    source = harness.source("suno_api")
    length = harness.account("suno_api").clip(source).duration
    assert (sent.request["audio_id"], sent.request["prompt"]) == (source, "[Verse]\nHome")
    second = length if at == "end" else 3
    assert sent.request["continue_at"] == pytest.approx(second, abs=0.02)
    assert harness.account("aimlapi").submissions == []


@pytest.mark.parametrize("provider", OTHERS)
async def test_every_service_tells_of_a_clip_that_it_does_not_know(
    harness: BotHarness, provider: str
) -> None:
    reply = await harness.extend(provider, clip=harness.source("aimlapi"), at="0:03")
    await harness.finished(reply)
    assert f"**{OTHERS[provider]} doesn't know this clip.**" in text(reply)
    assert "Try AIML API" in labels(reply)
    assert harness.account(provider).submissions == []


async def test_unknown_clip_is_sent_on_by_who_asked_only(harness: BotHarness) -> None:
    reply = await refused(harness, "0:03")
    call = await harness.discord.member("Ben").click(reply, "Try suno-api")
    assert "or a moderator can send it again" in text(message_of(call))


async def test_service_that_was_disabled_meanwhile_is_told(offline_harness: BotHarness) -> None:
    harness = offline_harness
    async with harness.bot():
        reply = await refused(harness, "0:03")
    harness.overrides["SUNOSAY_API_KEY"] = ""
    async with harness.bot():
        call = await harness.ada.click(reply, "Try sunosay.com")
        assert "sunosay isn't set up here any more." in text(message_of(call))
        assert "suno-api" in text(message_of(call))


async def test_only_service_gives_back_what_was_typed(offline_harness: BotHarness) -> None:
    harness = offline_harness
    enabling = [
        name
        for name in harness.providers.environment()
        if name.startswith("SUNO") and name.endswith(("_API_KEY", "_BASE_URL"))
    ]
    harness.overrides |= dict.fromkeys(enabling, "")
    async with harness.bot():
        reply = await refused(harness, "end")
        assert labels(reply) == ["📄 Lyrics", "✏️ Edit & send", "🗑️ Delete"]
        assert "Pick one of those with `/extend`." in text(reply)
        call = await harness.ada.slash("reply", link=reply.url, do="edit & send")
        assert call.modal is not None
        assert call.modal.fields["lyrics"]["value"] == "[Verse]\nHome"


async def test_clip_made_here_leads_to_its_own_service_before_anything_is_sent(
    harness: BotHarness,
) -> None:
    made = await harness.extend("suno_api", at="0:03", lyrics="first")
    await harness.finished(made)
    call = await harness.open_modal("aimlapi", clip=made.url, at="0:02", lyrics="second", title="T")
    told = message_of(call)
    assert call.is_ephemeral
    assert "AIML API doesn't know this clip." in text(told)
    assert labels(told) == ["Try suno-api"]
    opened = await harness.ada.click(told, "Try suno-api")
    assert opened.modal is not None
    assert opened.modal.fields["lyrics"]["value"] == "second"
    assert opened.modal.fields["at"]["value"] == "0:02"
    again = message_of(await harness.ada.submit(opened.modal))
    await harness.finished(again)
    assert colour(again) == GREEN, text(again)
    assert not harness.account("aimlapi").requests
