import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from bot.domain.models import ClipRecord
from bot.interactions.autocomplete import age_text, clip_choices, clip_label
from tests.support.ui_samples import NOW, playable


def label(title: str = "Electric Dreams", *, letter: str = "B", **parts: object) -> str:
    known = ClipRecord(
        clip=playable("clip-id", title=title, **parts),
        provider="suno",
        known_at=NOW - dt.timedelta(minutes=5),
        letter=letter,
    )
    return clip_label(known, now=NOW)


async def test_clip_whose_id_is_too_long_for_a_choice_is_left_out() -> None:
    ids = ["x" * 100, "x" * 101, "short"]
    clips = [ClipRecord(clip=playable(each), provider="suno", known_at=NOW) for each in ids]

    async def suggestions(*_: object) -> list[ClipRecord]:
        return clips

    library = SimpleNamespace(suggestions=suggestions)
    interaction: Any = SimpleNamespace(
        client=SimpleNamespace(services=SimpleNamespace(library=library)),
        user=SimpleNamespace(id=1),
        guild_id=None,
        channel_id=2,
        created_at=NOW,
    )
    found = await clip_choices(interaction, "")
    assert [choice.value for choice in found] == ["x" * 100, "short"]


def test_clip_label_has_title_letter_length_and_age() -> None:
    assert label() == "Electric Dreams · B · 1:37 · 5 min ago"


def test_clip_label_omits_unknown_facts() -> None:
    assert label(letter="", duration=None) == "Electric Dreams · 5 min ago"


@pytest.mark.parametrize("title", ["", "\u200b\u202e"])
def test_clip_label_without_title_has_the_id(title: str) -> None:
    assert label(title).startswith("clip-id · B")


def test_clip_label_truncates_a_long_title() -> None:
    long = label("🎵" * 100)
    assert long.endswith("🎵… · B · 1:37 · 5 min ago")
    assert len(long.encode("utf-16-le")) // 2 in (99, 100)


def test_clip_label_is_one_line() -> None:
    assert label("Electric\n\nDreams").startswith("Electric Dreams · ")


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (dt.timedelta(seconds=-5), "just now"),
        (dt.timedelta(seconds=59), "just now"),
        (dt.timedelta(minutes=1), "1 min ago"),
        (dt.timedelta(minutes=59), "59 min ago"),
        (dt.timedelta(hours=1), "1 h ago"),
        (dt.timedelta(hours=23, minutes=59), "23 h ago"),
        (dt.timedelta(days=1), "1 day ago"),
        (dt.timedelta(days=400), "400 days ago"),
    ],
)
def test_age_text_uses_the_largest_unit(age: dt.timedelta, words: str) -> None:
    assert age_text(age) == words
