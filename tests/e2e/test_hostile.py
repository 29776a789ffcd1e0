"""Hundreds of hostile texts through the real modal: no ping, no broken embed, no error."""

import asyncio
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.text import utf16_length
from sandbox.discord.models import Message
from sandbox.discord.permissions import Permission
from tests.support.bot_harness import RED, BotHarness, labels, text

CASES = 200
BATCH_SIZE = 25

NASTY = (
    "@everyone",
    "@here <@1234567890123456> <@&1234567890123456> <#1234567890123456>",
    "```\nfence",
    "``` ```` ` ~~~",
    "||spoiler|| **bold** __under__ ~~strike~~ # head\n- list\n1. list\n> quote\n>>> quotes",
    "[click](https://evil.example) https://evil.example <https://evil.example>",
    "\u202egnp.exe\u202c \u2066\u2067\u2068\u2069",
    "\u200b\u200b\u200b",
    "\u2060\ufeff\u00ad",
    "\x00\x01\x02\x1b[31m\x7f",
    "👨‍👩‍👧‍👦" * 200,
    "🎵" * 4000,
    "א" * 300 + "ב",
    "<t:0:R> <a:emoji:1234567890123456> </extend:1234567890123456>",
    "\\",
    "\\" * 500,
    "line\n" * 700,
    "﷽" * 300,
    "Z̸̢̛̙͓̣͉" * 50,
    "{} %s %n ${x} '; DROP TABLE extensions; --",
    "null",
)
TIMES = (
    "0",
    "-1",
    "1e308",
    "99:99:99",
    "9" * 30,
    "\u0663:\u0661\u0665",
    "NaN",
    "end",
    "",
    "0:00.0001",
    "∞",
    "1:2:3:4",
)

texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=120),
    st.lists(st.sampled_from(NASTY), min_size=2, max_size=4).map(" ".join),
)
forms = st.fixed_dictionaries(
    {
        "lyrics": texts.map(lambda typed: typed[:3000]),
        "style": texts.map(lambda typed: typed[:200]),
        "title": texts.map(lambda typed: typed[:80]),
        "at": st.one_of(st.just("0:10"), st.sampled_from(TIMES), st.text(max_size=30)),
    }
)


def hostile_forms() -> list[dict[str, str]]:
    """Hundreds of forms, drawn once, so that they can be sent side by side."""
    drawn: list[dict[str, str]] = []

    @settings(
        max_examples=CASES, database=None, suppress_health_check=list(HealthCheck), deadline=None
    )
    @given(forms)
    def draw(form: dict[str, str]) -> None:
        drawn.append(form)

    draw()
    return drawn


async def send(harness: BotHarness, form: dict[str, str]) -> Message:
    opened = await harness.open_modal("suno_api", lyrics=None, tags=None)
    assert opened.modal is not None
    sent = await harness.ada.submit(opened.modal, dict(form))
    assert sent.error is None
    assert sent.message is not None
    return sent.message


async def test_hostile_forms_break_no_reply(
    harness: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    state = harness.discord.state  # hundreds of replies, and the audio of none is of interest
    state.set_overwrite(state.channel, state.bot, deny=Permission.ATTACH_FILES)
    forms = hostile_forms()
    assert len(forms) >= CASES * 0.8
    replies: list[Message] = []
    for first in range(0, len(forms), BATCH_SIZE):
        batch = [send(harness, form) for form in forms[first : first + BATCH_SIZE]]
        replies += await asyncio.gather(*batch)
    accepted = [reply for reply in replies if not reply.is_ephemeral]
    refused = [reply for reply in replies if reply.is_ephemeral]
    assert accepted
    assert refused
    for reply in refused:
        assert reply.embeds[0]["color"] == RED
        as_it_was, *others = labels(reply)
        assert as_it_was == "✏️ Edit & send"
        assert all(label.startswith("Try ") for label in others)
    for reply in accepted:
        await harness.finished(reply, within=60)
    for reply in replies:
        assert reply.pinged == frozenset()
        assert sum(utf16_length(part) for part in text(reply).splitlines()) <= 6000
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR and "bot" in r.name]


async def test_refused_form_is_reopened_with_everything_typed(harness: BotHarness) -> None:
    typed = {"lyrics": "🎵" * 2001, "style": "a, b", "title": "Mine", "at": "0:11"}
    opened = await harness.open_modal("aimlapi", lyrics=None)
    refused = await harness.ada.submit(opened.modal, dict(typed))
    assert refused.is_ephemeral
    assert refused.message is not None
    assert "4,002" in text(refused.message)
    assert "3,000" in text(refused.message)
    again = await harness.ada.click(refused.message, "✏️ Edit & send")
    assert again.modal is not None
    values = {name: field.get("value") for name, field in again.modal.fields.items()}
    assert values == typed


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"clip": "not a clip"}, "I can't find “not a clip”."),
        ({"clip": "https://suno.com/s/AbCdEf"}, "shortened link"),
        ({"provider": "nobody"}, "There's no service"),
    ],
)
async def test_form_refused_before_its_modal_returns_the_lyrics(
    harness: BotHarness, options: dict[str, str], words: str
) -> None:
    named = {
        "clip": harness.source("aimlapi"),
        "provider": "aimlapi",
        "lyrics": "my words",
        **options,
    }
    call = await harness.ada.slash("extend", **named)
    assert call.modal is None
    assert call.is_ephemeral
    assert call.message is not None
    assert words in text(call.message)
    assert "my words" in text(call.message)


async def test_options_that_are_wrong_are_told_at_once_and_kept(harness: BotHarness) -> None:
    call = await harness.open_modal("aimlapi", at="soon", exclude="metal", lyrics="my words")
    assert call.modal is None
    assert call.is_ephemeral
    assert call.message is not None
    assert "2 things need to be changed" in text(call.message)
    assert "“soon” isn't a time" in text(call.message)
    assert "can't exclude styles" in text(call.message)
    again = await harness.ada.click(call.message, "✏️ Edit & send")
    assert again.modal is not None
    fields = again.modal.fields
    assert (fields["at"]["value"], fields["lyrics"]["value"]) == ("soon", "my words")


async def test_form_refused_before_its_modal_returns_long_lyrics_as_a_file(
    harness: BotHarness,
) -> None:
    lyrics = "🎵 *la la*\n" * 350
    call = await harness.ada.slash("extend", clip="not a clip", lyrics=lyrics)
    assert call.is_ephemeral
    assert call.message is not None
    assert "I can't find “not a clip”." in text(call.message)
    [file] = call.message.attachments
    assert file.filename == "lyrics.txt"
    assert file.content.decode() == lyrics


@pytest.mark.parametrize("provider", ["sunosay"])
async def test_form_without_required_style_is_refused_and_reopened(
    harness: BotHarness, provider: str
) -> None:
    refused = await harness.ask(provider, at="0:10", tags=None, lyrics="my words")
    assert refused.is_ephemeral
    assert refused.message is not None
    assert "needs a style" in text(refused.message)
    again = await harness.ada.click(refused.message, "✏️ Edit & send")
    assert again.modal is not None
    assert again.modal.fields["lyrics"]["value"] == "my words"
    sent = await harness.ada.submit(again.modal, {"style": "folk"})
    assert sent.message is not None
    await harness.finished(sent.message)
    [submission] = harness.account(provider).submissions
    assert submission.request["tags"] == "folk"
