import pytest

from bot.audio.tags import Chapter, audio_file_name, song_chapters


@pytest.mark.parametrize(
    ("title", "letter", "name"),
    [
        ("Electric Dreams", "A", "Electric Dreams (A).mp3"),
        ("夜空 🎸", "", "夜空 🎸.mp3"),
        ("../../etc/passwd", "B", "etc passwd (B).mp3"),
        ('AC/DC: "Live"?\n', "A", "AC DC Live (A).mp3"),
        ("\u202e\x00", "A", "Untitled (A).mp3"),
        ("...", "", "Untitled.mp3"),
    ],
)
def test_file_name_can_be_saved_everywhere(title: str, letter: str, name: str) -> None:
    assert audio_file_name(title, letter) == name


def test_file_name_tells_the_part() -> None:
    name = audio_file_name("Electric Dreams", "A", part="part 3")
    assert name == "Electric Dreams · part 3 (A).mp3"


def test_file_name_is_never_too_long_and_keeps_part_and_letter() -> None:
    name = audio_file_name("夜" * 500, "A", part="part 200")
    assert len(name.encode()) < 255
    assert name.endswith("夜… · part 200 (A).mp3")


def test_each_chapter_ends_where_the_next_begins() -> None:
    titles = ("Dreams", "Part 2: Verse", "Part 3")
    assert song_chapters(titles, (0.0, 1.2504, 2.75, 4.7395)) == (
        Chapter("Dreams", 0, 1250),
        Chapter("Part 2: Verse", 1250, 2750),
        Chapter("Part 3", 2750, 4740),
    )


def test_part_of_no_length_has_no_chapter() -> None:
    assert song_chapters(("a", "b", "c"), (0.0, 1.0, 1.0, 2.0)) == (
        Chapter("a", 0, 1000),
        Chapter("c", 1000, 2000),
    )


def test_no_chapter_is_behind_the_end_of_the_song() -> None:
    assert song_chapters(("a", "b", "c"), (0.0, 1.0, 3.0, 2.0)) == (
        Chapter("a", 0, 1000),
        Chapter("b", 1000, 2000),
    )


def test_parts_of_unknown_times_have_no_chapters() -> None:
    assert song_chapters(("a", "b"), ()) == ()


def test_title_of_a_chapter_is_never_too_long() -> None:
    [chapter] = song_chapters(("x" * 500,), (0.0, 1.0))
    assert chapter.title == "x" * 79 + "…"
