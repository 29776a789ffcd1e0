"""The modal in which a part is written: drawn, and read back."""

from dataclasses import replace
from typing import Any

import discord
import pytest
from hypothesis import given, settings

from bot.domain.sessions.part_form import PartForm
from bot.ui.session_form import part_modal, submitted_part
from tests.support.hostile_texts import long_texts
from tests.support.ui_samples import playable, units

KEY = 1_200_000_000_000_000_042
FORM = PartForm(
    session_id=5,
    round_number=4,
    lyrics="[Verse]\nla la",
    style="folk, dreamy",
    at="end",
    takes_second=True,
    latest=playable(duration=112.0),
    latest_section="Verse 2",
)


def fields(form: PartForm) -> list[dict[str, Any]]:
    return part_modal(form, idempotency_key=KEY).to_dict()["components"]


def submission(modal: discord.ui.Modal, **typed: str) -> dict[str, Any]:
    """Return what Discord sends when a member submits ``modal`` after typing ``typed``."""
    inputs = [label["component"] for label in modal.to_dict()["components"]]
    return {
        "custom_id": modal.custom_id,
        "components": [
            {
                "type": 18,
                "component": {
                    "type": 4,
                    "custom_id": each["custom_id"],
                    "value": typed.get(each["custom_id"], each.get("value", "")),
                },
            }
            for each in inputs
        ],
    }


def test_modal_has_its_fields() -> None:
    modal = part_modal(FORM, idempotency_key=KEY)
    assert modal.title == "Round 4 · your part"
    assert modal.custom_id == f"session:form:5:4:0:{KEY}"
    assert [(each["label"], each["description"]) for each in fields(FORM)] == [
        ("Lyrics", "Leave empty for an instrumental part."),
        ("Style", "As the song has it; change it only if you mean to."),
        ("Continue at", "0:00 to 1:52 of the last part, or end."),
    ]
    inputs = [each["component"] for each in fields(FORM)]
    assert [each["value"] for each in inputs] == [FORM.lyrics, FORM.style, FORM.at]
    assert [each["style"] for each in inputs] == [2, 1, 1]
    assert not any(each["required"] for each in inputs)
    assert inputs[0]["max_length"] == 4000


@pytest.mark.parametrize("latest", [None, playable(duration=None)])
def test_unknown_length_is_not_said(latest: object) -> None:
    said = fields(replace(FORM, latest=latest))[2]["description"]
    assert said == "Seconds (121.1), minutes (2:01.1), or end."


def test_second_is_not_asked_for_while_a_part_is_made() -> None:
    form = replace(FORM, takes_second=False)
    assert [each["label"] for each in fields(form)] == ["Lyrics", "Style"]
    sent = submitted_part(submission(part_modal(form, idempotency_key=KEY)))
    assert sent.form.at == ""
    assert not sent.form.takes_second


@pytest.mark.parametrize(
    ("latest", "example"),
    [
        ("", "Verse"),
        ("Intro", "Verse"),
        ("Verse 2", "Chorus"),
        ("CHORUS", "Verse"),
        ("bridge", "Chorus"),
        ("Odd", "Verse"),
    ],
)
def test_example_has_the_section_that_usually_follows(latest: str, example: str) -> None:
    [lyrics, *_] = fields(replace(FORM, latest_section=latest))
    assert lyrics["component"]["placeholder"].startswith(f"[{example}]\n")


def test_modal_sent_unchanged_returns_its_form() -> None:
    for proposal_id in (None, 8):
        form = replace(FORM, proposal_id=proposal_id)
        sent = submitted_part(submission(part_modal(form, idempotency_key=KEY)))
        assert sent.idempotency_key == str(KEY)
        assert sent.form == replace(form, latest=None, latest_section="")


def test_typed_values_replace_the_defaults() -> None:
    sent = submitted_part(
        submission(part_modal(FORM, idempotency_key=KEY), lyrics="new", style="", at="1:22")
    )
    assert (sent.form.lyrics, sent.form.style, sent.form.at) == ("new", "", "1:22")


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"custom_id": "extend:form:a:b:1:", "components": []},
        {"custom_id": "session:form:1:2:0:3", "component_type": 2},
    ],
)
def test_data_of_another_interaction_is_no_part(data: dict[str, Any]) -> None:
    assert submitted_part(data) is None


@settings(max_examples=60)
@given(lyrics=long_texts, style=long_texts, at=long_texts, latest=long_texts)
def test_modal_of_any_part_can_be_sent(lyrics: str, style: str, at: str, latest: str) -> None:
    form = PartForm(
        session_id=2**63 - 1,
        round_number=2**31,
        proposal_id=2**63 - 1,
        lyrics=lyrics,
        style=style,
        at=at,
        takes_second=True,
        latest_section=latest,
    )
    modal = part_modal(form, idempotency_key=2**64 - 1).to_dict()
    assert units(modal["title"]) <= 45
    assert units(modal["custom_id"]) <= 100
    for label in modal["components"]:
        field = label["component"]
        assert units(label["label"]) <= 45
        assert units(label["description"]) <= 100
        assert units(field["placeholder"]) <= 100
        assert len(field.get("value") or "") <= field["max_length"] <= 4000
