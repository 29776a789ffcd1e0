"""What one service refuses is tried at another by one press, and never by itself."""

from sandbox.discord.interaction_models import Interaction
from sandbox.discord.models import Message
from sandbox.providers.faults import Fault
from tests.support.bot_harness import GREEN, RED, BotHarness, colour, labels, text

WORDS = "[Verse]\nHome"


def message_of(call: Interaction) -> Message:
    assert call.message is not None, call.error
    return call.message


async def sent_to_suno_api(harness: BotHarness, refusal: Message) -> Message:
    """Press the button for suno-api, send its form as it is, and return the final reply."""
    opened = await harness.ada.click(refusal, "Try suno-api")
    assert opened.modal is not None, opened.message and text(opened.message)
    kept = {name: field.get("value") for name, field in opened.modal.fields.items()}
    assert {"lyrics": WORDS, "at": "0:03", "title": "Homeward"}.items() <= kept.items()
    assert harness.account("suno_api").submissions == []
    reply = message_of(await harness.ada.submit(opened.modal))
    await harness.finished(reply)
    return reply


async def test_empty_account_leads_to_the_other_services(harness: BotHarness) -> None:
    harness.account("sunoapi_org").fail_next(Fault.PAYMENT_REQUIRED, on="submit")
    refused = await harness.extend(
        "sunoapi_org", clip=harness.source("suno_api"), at="0:03", lyrics=WORDS, title="Homeward"
    )
    await harness.finished(refused)
    assert colour(refused) == RED
    assert "**SunoAPI.org is out of credits.**" in text(refused)
    assert "Or try another service; the form keeps what you typed:" in text(refused)
    services = ["AIML API", "sunoapi.co", "suno-api", "sunoapi.com", "sunosay.com"]
    offered = [f"Try {service}" for service in services]
    assert labels(refused) == ["📄 Lyrics", "✏️ Edit & send", *offered, "🗑️ Delete"]
    reply = await sent_to_suno_api(harness, refused)
    assert colour(reply) == GREEN, text(reply)
    assert harness.account("sunoapi_org").submissions == []
    assert len(harness.account("suno_api").submissions) == 1


async def test_form_without_a_style_leads_to_services_that_need_none(harness: BotHarness) -> None:
    call = await harness.ask(
        "sunoapi_org",
        clip=harness.source("suno_api"),
        at="0:03",
        lyrics=WORDS,
        title="Homeward",
        tags=None,
    )
    refused = message_of(call)
    assert call.is_ephemeral
    assert "SunoAPI.org needs a style." in text(refused)
    services = ["AIML API", "sunoapi.co", "suno-api", "sunoapi.com"]
    assert labels(refused) == ["✏️ Edit & send", *(f"Try {service}" for service in services)]
    reply = await sent_to_suno_api(harness, refused)
    assert colour(reply) == GREEN, text(reply)
    assert not harness.account("sunoapi_org").requests


async def test_clip_is_continued_with_the_model_that_made_it(harness: BotHarness) -> None:
    made = await harness.extend("sunoapi_org", at="0:03", model="V6_MINI")
    await harness.finished(made)
    continued = await harness.extend("sunoapi_org", clip=made.url, at="0:02")
    await harness.finished(continued)
    assert colour(continued) == GREEN, text(continued)
    sent = [each.request["model"] for each in harness.account("sunoapi_org").submissions]
    assert sent == ["V6_MINI", "V6_MINI"]
    call = await harness.ada.slash("clip", clip=made.url)
    await harness.until(lambda: call.message and "keeps it until <t:" in text(call.message))
