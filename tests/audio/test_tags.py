import pytest

from bot.audio.tags import audio_file_name


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


def test_file_name_is_never_too_long() -> None:
    assert len(audio_file_name("夜" * 500, "A").encode()) < 255
