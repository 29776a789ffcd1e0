from dataclasses import replace
from typing import Any

import discord
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import UserError
from bot.domain.form import Form, TextLimits
from bot.domain.lineage import SongOutline
from bot.domain.models import ClipRecord, ExtendRequest
from bot.providers.base import Capabilities
from bot.services.form_check import ValidatedForm
from bot.ui.modals import extend_modal, submitted_form
from tests.support.provider_samples import ADAPTERS, FakeTransport, adapter
from tests.support.ui_samples import NOW, SOURCE, playable, units

ASKED_BY = 1_200_000_000_000_000_042
CAPABILITIES = Capabilities(label="Suno Test", limits=TextLimits(lyrics=3000, style=200, title=80))
FORM = Form(
    clip=SOURCE,
    at="2:04.3",
    style="folk, dreamy",
    lyrics="[Verse]\nla la",
    title="Electric Dreams",
    exclude="metal",
    model="v3.5",
    provider="sunoapi_com",
)


def prepared(
    form: Form = FORM,
    *,
    title: str = "Electric Dreams",
    letter: str = "",
    duration: float | None = 97.4,
    **abilities: object,
) -> ValidatedForm:
    """Return ``form`` as it comes out of being prepared, for a provider with ``abilities``."""
    clip = playable(SOURCE, title=title, duration=duration)
    source = ClipRecord(clip=clip, provider="suno", known_at=NOW, letter=letter)
    return ValidatedForm(
        form=form,
        request=ExtendRequest(provider=form.provider, clip_id=form.clip),
        capabilities=replace(CAPABILITIES, **{"exclude": True, **abilities}),
        source=source if title else None,
    )


def submission(modal: discord.ui.Modal, **typed: str | None) -> dict[str, Any]:
    """Return what Discord sends when a member submits ``modal`` after typing ``typed``."""
    labels = modal.to_dict()["components"]
    return {
        "custom_id": modal.custom_id,
        "components": [
            {"type": 18, "id": number, "component": _typed(label["component"], typed)}
            for number, label in enumerate(labels)
        ],
    }


def _typed(text_input: dict[str, Any], typed: dict[str, str | None]) -> dict[str, Any]:
    name = text_input["custom_id"]
    value = typed.get(name, text_input.get("value", ""))
    return {"type": 4, "custom_id": name, "value": value}


def test_modal_sent_unchanged_returns_its_form() -> None:
    sent = submitted_form(submission(extend_modal(prepared(), idempotency_key=ASKED_BY)))
    assert sent is not None
    assert sent.form == FORM
    assert sent.idempotency_key == str(ASKED_BY)


def test_typed_values_replace_the_defaults() -> None:
    modal = extend_modal(prepared(), idempotency_key=1)
    sent = submitted_form(submission(modal, lyrics="new", style=None, exclude=""))
    assert sent is not None
    assert sent.form == replace(FORM, lyrics="new", style="", exclude="")


def test_model_name_with_colon_survives_the_modal() -> None:
    form = replace(FORM, model="chirp:v4", provider="suno_api")
    sent = submitted_form(submission(extend_modal(prepared(form), idempotency_key=1)))
    assert sent is not None
    assert sent.form.model == "chirp:v4"


def test_modal_has_its_fields_in_order() -> None:
    labels = extend_modal(prepared(), idempotency_key=1).to_dict()["components"]
    assert [label["label"] for label in labels] == [
        "Lyrics",
        "Continue at",
        "Style",
        "Title",
        "Exclude styles",
    ]
    assert labels[0]["description"] == "Leave empty for an instrumental continuation."
    assert [label["component"]["style"] for label in labels] == [2, 1, 1, 1, 1]
    assert not any(label["component"]["required"] for label in labels)


def test_exclude_field_depends_on_the_provider() -> None:
    labels = extend_modal(prepared(exclude=False), idempotency_key=1).to_dict()["components"]
    assert [label["label"] for label in labels][-1] == "Title"


def test_fields_hold_as_much_as_the_provider_takes() -> None:
    labels = extend_modal(prepared(), idempotency_key=1).to_dict()["components"]
    assert [label["component"]["max_length"] for label in labels] == [3000, 30, 200, 80, 200]


def test_limits_are_those_of_the_chosen_model() -> None:
    limits = {"v3.5": TextLimits(lyrics=5000, style=1000, title=100)}
    labels = extend_modal(prepared(model_limits=limits), idempotency_key=1).to_dict()["components"]
    assert [label["component"]["max_length"] for label in labels] == [4000, 30, 1000, 100, 1000]


def test_field_holds_a_prefilled_text_that_is_too_long() -> None:
    form = replace(FORM, title="t" * 99)
    title = extend_modal(prepared(form), idempotency_key=1).to_dict()["components"][3]["component"]
    assert (title["value"], title["max_length"]) == ("t" * 99, 99)


@pytest.mark.parametrize(
    ("duration", "words"),
    [(89.9, "0:00 to 1:29, or end."), (None, "Seconds (121.1), minutes (2:01.1), or end.")],
)
def test_time_field_names_the_length_of_the_clip(duration: float | None, words: str) -> None:
    modal = extend_modal(prepared(duration=duration), idempotency_key=1)
    assert modal.to_dict()["components"][1]["description"] == words


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ({}, "empty keeps the song's."),
        ({"needs_style": True}, "Suno Test needs one."),
        ({"instrumental_needs_style": True}, "Suno Test needs one without lyrics."),
    ],
)
def test_style_field_says_when_a_style_is_needed(parts: dict[str, Any], rule: str) -> None:
    labels = extend_modal(prepared(**parts), idempotency_key=1).to_dict()["components"]
    assert labels[2]["description"] == f"Separate styles with commas; {rule}"


def test_form_of_a_full_song_has_its_clock() -> None:
    song = SongOutline([], [0.0, 153.9])
    modal = extend_modal(replace(prepared(), song=song), idempotency_key=1)
    assert modal.title == "Extend “Electric Dreams” · full song"
    labels = modal.to_dict()["components"]
    assert labels[1]["description"] == "0:00 to 2:33 of the full song, or end."


def test_modal_title_has_the_letter_of_the_clip() -> None:
    for title, words in (
        ("Electric Dreams", "Extend “Electric Dreams” · B"),
        ("x" * 99, "Extend “" + "x" * 31 + "…” · B"),
        ("\u200b", "Extend a clip · B"),
    ):
        assert extend_modal(prepared(title=title, letter="B"), idempotency_key=1).title == words


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Electric Dreams", "Extend “Electric Dreams”"),
        ("", "Extend a clip"),
        ("\u200b", "Extend a clip"),
        ("x" * 99, "Extend “" + "x" * 35 + "…”"),
    ],
)
def test_modal_title_names_the_clip(title: str, words: str) -> None:
    assert extend_modal(prepared(title=title), idempotency_key=1).title == words


def test_model_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(UserError, match="model's name is too long"):
        extend_modal(prepared(replace(FORM, model="x" * 60)), idempotency_key=ASKED_BY)


@pytest.mark.parametrize("provider", ADAPTERS)
def test_form_of_every_provider_has_as_many_fields_as_discord_takes(provider: str) -> None:
    transport = FakeTransport(httpx.Response(500))
    capabilities = adapter(provider, transport).capabilities
    modal = extend_modal(
        replace(prepared(FORM), capabilities=capabilities), idempotency_key=ASKED_BY
    )
    names = [label["component"]["custom_id"] for label in modal.to_dict()["components"]]
    assert len(names) <= 5
    assert ("length" in names) == (capabilities.new_length is not None)


@pytest.mark.parametrize("provider", [name for name in ADAPTERS if "/" not in name])
def test_custom_id_of_every_provider_has_room_for_a_model(provider: str) -> None:
    form = replace(FORM, provider=provider, clip="m_" + SOURCE, model="chirp-v4-5-plus")
    extend_modal(prepared(form), idempotency_key=2**63)


NASTY = ["@everyone", "\u202e", "🎵", "\n", "**", "\u200d", "\ud800"]
texts = st.builds(
    lambda text, times: text * times,
    st.lists(st.one_of(st.sampled_from(NASTY), st.characters()), max_size=12).map("".join),
    st.sampled_from((1, 30, 1000)),
)


@settings(max_examples=80)
@given(lyrics=texts, style=texts, title=texts, exclude=texts, source=texts)
def test_modal_of_any_form_can_be_sent(
    lyrics: str, style: str, title: str, exclude: str, source: str
) -> None:
    form = replace(FORM, lyrics=lyrics, style=style, title=title, exclude=exclude)
    modal = extend_modal(prepared(form, title=source), idempotency_key=ASKED_BY).to_dict()
    assert 1 <= units(modal["title"]) <= 45
    assert units(modal["custom_id"]) <= 100
    assert 1 <= len(modal["components"]) <= 5
    for label in modal["components"]:
        field = label["component"]
        assert 1 <= units(label["label"]) <= 45
        assert units(label.get("description")) <= 100
        assert units(field["custom_id"]) <= 100
        assert units(field.get("placeholder")) <= 100
        assert len(field.get("value") or "") <= field["max_length"] <= 4000


@settings(max_examples=40)
@given(lyrics=texts.filter(lambda text: units(text) <= 4000))
def test_lyrics_within_the_limit_are_not_changed(lyrics: str) -> None:
    sent = submitted_form(
        submission(extend_modal(prepared(replace(FORM, lyrics=lyrics)), idempotency_key=1))
    )
    assert sent is not None
    assert sent.form.lyrics == lyrics


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"custom_id": "other:form:1", "components": []},
        {"custom_id": "extend:form:a:b:1:", "component_type": 2},
        {"custom_id": "extend:form:", "components": []},
    ],
)
def test_data_of_another_interaction_is_no_submitted_form(data: dict[str, Any]) -> None:
    assert submitted_form(data) is None


def test_unknown_fields_of_a_submission_are_ignored() -> None:
    sent = submission(extend_modal(prepared(), idempotency_key=1))
    sent["components"] += [
        {"type": 18, "component": {"custom_id": "clip", "value": "evil"}},
        {"type": 10},
    ]
    read = submitted_form(sent)
    assert read is not None
    assert read.form == FORM
