"""How clips are called."""

import datetime as dt

import pytest

from bot.domain.models import ClipRecord, Kind, Status
from bot.ui.clip_names import (
    age_text,
    clip_label,
    continuation_links,
    first_line,
    full_name,
    source_link,
    source_time,
    title_link,
)
from tests.support.ui_samples import NOW, SOURCE_URL, asked, extension, playable, units


def record(title: str = "Electric Dreams", **parts: object) -> ClipRecord:
    known = {
        "clip": playable("clip-id", title=title, duration=74.9),
        "provider": "suno",
        "known_at": NOW - dt.timedelta(minutes=2),
        "letter": "A",
        "extension_id": 7,
        "part_number": 3,
        "lyrics": "[Verse]\nNeon on the water\nmore",
        "member_name": "Ben",
    }
    return ClipRecord(**{**known, **parts})


def label(title: str = "Electric Dreams", *, limit: int = 100, **parts: object) -> str:
    return clip_label(record(title, **parts), now=NOW, limit=limit)


FROM_ELSEWHERE = {"letter": "", "extension_id": None, "part_number": 1, "lyrics": ""}


def test_label_tells_a_clip_from_all_others() -> None:
    assert label() == "Electric Dreams · part 3 · A · 1:14 · “Neon on the water” · Ben, 2 min ago"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (
            {"lyrics": "[Intro]"},
            "Electric Dreams · part 3 · A · 1:14 · instrumental · Ben, 2 min ago",
        ),
        (
            {"letter": "", "part_number": 1, "lyrics": ""},
            "Electric Dreams · full song · 1:14 · Ben, 2 min ago",
        ),
        ({**FROM_ELSEWHERE, "member_name": ""}, "Electric Dreams · 1:14 · 2 min ago"),
        (
            {"clip": playable("clip-id", title="\u200b\u202e", duration=None), "lyrics": "la"},
            "clip-id · part 3 · A · “la” · Ben, 2 min ago",
        ),
        (
            {"clip": playable("\u200b", title=""), "member_name": "\u202e", "lyrics": "la"},
            "Untitled · part 3 · A · 1:37 · “la” · 2 min ago",
        ),
        (
            {"clip": playable(title="Electric\n\nDreams"), "lyrics": "a\tb"},
            "Electric Dreams · part 3 · A · 1:37 · “a b” · Ben, 2 min ago",
        ),
    ],
)
def test_label_omits_what_is_unknown(parts: dict[str, object], words: str) -> None:
    assert label(**parts) == words


@pytest.mark.parametrize("limit", [80, 100])
@pytest.mark.parametrize("title", ["Dreams", "🎵" * 100])
@pytest.mark.parametrize("lyrics", ["", "la", "🎵" * 100])
@pytest.mark.parametrize("name", ["Ben", "🎵" * 32])
def test_label_keeps_its_limit_and_what_tells_clips_apart(
    limit: int, title: str, lyrics: str, name: str
) -> None:
    found = label(title, limit=limit, lyrics=lyrics, member_name=name)
    assert units(found) <= limit
    assert " · part 3 · A · 1:14 · " in found
    assert found.endswith(", 2 min ago")


def test_label_without_room_for_a_line_leaves_it_out() -> None:
    found = label("x" * 99, limit=80, member_name="n" * 20)
    assert "“" not in found
    assert found.startswith("xxxx")


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


def test_name_in_embeds_is_escaped() -> None:
    assert full_name(record(), "*Dreams*", 40) == r"\*Dreams\* · part 3 · A"
    assert full_name(record(), "", 40) == "Untitled · part 3 · A"
    assert first_line(record(lyrics="*Neon* " + "x" * 99)).startswith(r"“\*Neon\* xxx")
    assert first_line(record(**FROM_ELSEWHERE)) == ""


def test_source_is_called_by_its_part_and_letter() -> None:
    name = "[Electric Dreams · part 2 · A]"
    assert source_link(extension(part_number=3, source_letter="A"), 40) == f"{name}({SOURCE_URL})"
    assert source_link(extension(), 40) == f"[Electric Dreams]({SOURCE_URL})"
    song = extension(kind=Kind.SPLICE, part_number=1, source_letter="B")
    assert source_link(song, 40) == f"[Electric Dreams · B]({SOURCE_URL})"


def test_continuations_are_called_by_their_part_and_first_line() -> None:
    ext = asked(extension(Status.COMPLETE, part_number=3), lyrics="[Verse]\nNeon *rain*")
    url = ext.reply.url
    assert title_link(ext) == f"[Electric Dreams · part 3]({url})"
    assert continuation_links([ext]) == rf"[Electric Dreams · part 3 · “Neon \*rain\*”]({url})"
    instrumental = asked(ext, lyrics="")
    assert continuation_links([instrumental]) == f"[Electric Dreams · part 3]({url})"
    song = extension(Status.COMPLETE, kind=Kind.CONCAT, part_number=1)
    assert title_link(song) == f"[Electric Dreams · full song]({url})"


@pytest.mark.parametrize(
    ("continue_at", "song_time", "words"),
    [
        (None, None, "the end"),
        (124.34, None, "2:04.3"),
        (31.0, 120.0, "2:00 of the full song"),
    ],
)
def test_source_time_is_the_one_that_the_member_named(
    continue_at: float | None, song_time: float | None, words: str
) -> None:
    ext = asked(extension(song_time=song_time), continue_at=continue_at)
    assert source_time(ext) == words
