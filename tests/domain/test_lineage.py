"""Cut points, part starts and part titles of a full song."""

import datetime as dt
from dataclasses import replace

import pytest

from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.lineage import (
    LineageClip,
    cut_points,
    next_start,
    part_starts,
    part_titles,
    song_files,
    song_outline,
)
from bot.domain.models import (
    Clip,
    ClipRecord,
    ClipStatus,
    ExtendRequest,
    Extension,
    Kind,
    ReplyRef,
    Status,
)

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def extension(continue_at: float | None = None, **parts: object) -> Extension:
    return Extension(
        **{
            "idempotency_key": "1",
            "member_id": 2,
            "request": ExtendRequest(provider="p", clip_id="end", continue_at=continue_at),
            "reply": ReplyRef(channel_id=3),
            "created_at": NOW,
            "due_at": NOW,
            "deadline_at": NOW,
            **parts,
        }
    )


def step(duration: float | None, ext: Extension | None = None) -> LineageClip:
    clip = Clip(id="c", status=ClipStatus.COMPLETE, duration=duration)
    return LineageClip(ClipRecord(clip=clip, provider="p", known_at=NOW), ext)


def test_cut_points_are_where_the_next_clip_begins() -> None:
    lineage = [step(100), step(80, extension(60.5)), step(40, extension())]
    assert cut_points(lineage) == [60.5, None, None]


@pytest.mark.parametrize(
    ("lineage", "found"),
    [
        ([step(100), step(80, extension(60.5)), step(40, extension(70))], [0, 60.5, 130.5, 170.5]),
        ([step(100), step(40, extension())], [0, 100, 140]),
        ([step(None), step(40, extension(60))], [0, 60, 100]),
        ([step(None), step(None, extension()), step(9, extension(5))], [0, None, None, None]),
        ([step(12)], [0, 12]),
    ],
)
def test_part_starts_are_sums_of_kept_lengths(
    lineage: list[LineageClip], found: list[float | None]
) -> None:
    assert part_starts(lineage) == found


PLAYABLE = Clip(id="a", status=ClipStatus.COMPLETE, audio_url="https://audio.example/a.mp3")
WITHDRAWN = Clip(id="b", status=ClipStatus.COMPLETE)


@pytest.mark.parametrize(
    ("parts", "ids"),
    [
        ({"status": Status.COMPLETE, "clips": (PLAYABLE, WITHDRAWN)}, ("a",)),
        ({"status": Status.COMPLETE, "clips": (PLAYABLE,), "kind": Kind.CONCAT}, ("a",)),
        ({"status": Status.COMPLETE, "kind": Kind.SPLICE}, ("end",)),
        ({"status": Status.SUBMITTED, "kind": Kind.SPLICE}, ()),
        ({}, ()),
    ],
)
def test_extendable_clips_are_the_playable_ones(
    parts: dict[str, object], ids: tuple[str, ...]
) -> None:
    assert extension(**parts).extendable_clip_ids == ids


def titled(title: str, ext: Extension | None = None) -> LineageClip:
    clip = Clip(id="c", status=ClipStatus.COMPLETE, title=title)
    return LineageClip(ClipRecord(clip=clip, provider="p", known_at=NOW), ext)


def sung(lyrics: str, **parts: object) -> Extension:
    request = ExtendRequest(provider="p", clip_id="end", lyrics=lyrics)
    return extension(**{"request": request, **parts})


def test_parts_are_titled_by_number_and_section() -> None:
    lineage = [
        titled("Dreams"),
        titled("Dreams", sung("[Verse 1]\nNeon rain")),
        titled("Dreams", sung("Neon rain")),
        titled("Dreams", sung("")),
    ]
    assert part_titles(lineage) == ["Dreams", "Part 2: Verse 1", "Part 3", "Part 4"]


def test_first_part_without_its_source_is_a_part() -> None:
    assert part_titles([titled("Dreams", sung("[Verse]"))]) == ["Part 1: Verse"]


def test_full_song_that_goes_on_has_its_own_title() -> None:
    song = titled("Night Bus", sung("", kind=Kind.CONCAT))
    assert part_titles([song, titled("", sung(""))]) == ["Night Bus", "Part 2"]


@pytest.mark.parametrize("title", ["", "\u200b", "\x00"])
def test_source_without_a_title_is_numbered(title: str) -> None:
    assert part_titles([titled(title)]) == ["Part 1"]


SONG = [step(100), step(80, extension(60.5)), step(40, extension(70))]


@pytest.mark.parametrize(
    ("second", "index", "found"),
    [
        (0.5, 0, 0.5),
        (60.5, 0, 60.5),
        (60.6, 1, 0.1),
        (130.5, 1, 70),
        (150, 2, 19.5),
        (170.5, 2, 40),
    ],
)
def test_second_of_a_song_lies_in_one_part(second: float, index: int, found: float) -> None:
    assert song_outline(SONG, None).part_at(second) == (SONG[index], found)


def test_second_after_a_part_of_unknown_length_can_not_be_told() -> None:
    song = song_outline([step(None), step(None, extension()), step(9, extension(5))], None)
    assert song.part_at(3) is None


def test_second_of_the_last_part_needs_no_length() -> None:
    song = song_outline([step(None), step(None, extension(60))], None)
    assert song.part_at(61) == (song.parts[1], 1)
    assert song.length is None


def test_outline_of_a_joined_song_has_its_own_times() -> None:
    attachment = Attachment(
        clip_id="c", outcome=AttachmentStatus.ATTACHED, duration=109.0, starts=(0.0, 70.0)
    )
    song = song_outline(SONG, attachment)
    assert (song.parts, song.missing) == (SONG[1:], SONG[:1])
    assert (song.times, song.length) == ((0.0, 70.0, 109.0), 109.0)


def test_outline_takes_the_length_that_a_provider_told() -> None:
    assert song_outline(SONG, None, 171.0).length == 171.0
    assert song_outline(SONG, None).length == 170.5


@pytest.mark.parametrize(
    ("lineage", "continue_at", "start"),
    [
        ([step(100), step(80, extension(60.5))], 30.0, 90.5),
        ([step(100), step(80, extension(60.5))], None, 140.5),
        ([step(None), step(80, extension())], 30.0, None),
        ([step(None)], 30.0, 30.0),
        ([step(None)], None, None),
        ([], 30.0, 30.0),
        ([], None, None),
    ],
)
def test_next_part_begins_where_it_continues_the_last_clip(
    lineage: list[LineageClip], continue_at: float | None, start: float | None
) -> None:
    assert next_start(lineage, continue_at) == start


# Clips that contain their source


def containing(duration: float | None, continue_at: float) -> LineageClip:
    """Return a clip whose audio begins with its source's up to ``continue_at``."""
    plain = step(duration, extension(continue_at))
    clip = replace(plain.known.clip, contains_source=True)
    return replace(plain, known=replace(plain.known, clip=clip))


# a root of 100 s; 60.5 s of it and a part; 70 s of that and one that contains them; once more
MIXED = [step(100), step(80, extension(60.5)), containing(90, 70), containing(95, 85)]


def test_parts_begin_where_they_join_also_in_a_file_with_the_source() -> None:
    assert part_starts(MIXED) == [0, 60.5, 130.5, 145.5, 155.5]
    assert part_starts([step(None), containing(None, 10)]) == [0, 10, None]


def test_part_that_is_cut_off_before_it_begins_has_no_length() -> None:
    assert part_starts([step(100), containing(90, 70), containing(60, 50)]) == [0, 50, 50, 60]


def test_song_without_its_root_begins_with_what_contains_it() -> None:
    assert part_starts([containing(90, 70), step(10, extension(80))]) == [0, 80, 90]


def test_file_that_contains_its_source_takes_its_place() -> None:
    root, file = song_files(MIXED)
    assert (root.clip, root.cut, root.starts(60.5)) == (MIXED[0], 60.5, [0])
    assert (file.clip, file.cut, file.parts) == (MIXED[3], None, tuple(MIXED[1:]))
    assert file.starts(95) == [0, 70, 85]
    assert file.starts(80) == [0, 70, 80]


@pytest.mark.parametrize(
    ("second", "index", "found"),
    [(60, 0, 60), (61.5, 1, 1), (131.5, 2, 71), (145.5, 2, 85), (150, 3, 89.5)],
)
def test_second_of_a_song_is_that_of_the_whole_file(
    second: float, index: int, found: float
) -> None:
    assert song_outline(MIXED, None).part_at(second) == (MIXED[index], found)


def test_new_part_begins_where_the_source_ends() -> None:
    ext = extension(12.5)
    whole = replace(PLAYABLE, duration=30.0, contains_source=True)
    assert (ext.new_part_start(whole), ext.new_length(whole)) == (12.5, 17.5)
    part = replace(PLAYABLE, duration=30.0)
    assert (ext.new_part_start(part), ext.new_length(part)) == (0, 30)
    assert ext.new_length(PLAYABLE) is None
