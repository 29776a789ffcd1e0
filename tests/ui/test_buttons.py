import discord
import pytest
from ui_samples import HANDLE, extension, failed, heard, playable, withdrawn

from bot.domain.models import Clip, ClipStatus, Extension, ReasonKind, Status
from bot.ui.buttons import STORED_BUTTONS, draft_view, extension_view

SILENT = Clip(id="b", status=ClipStatus.QUEUED)


def buttons(view: discord.ui.View | None) -> list[list[tuple[str, str]]]:
    """Return the rows of ``view``: of each button its label, and its address or custom id."""
    rows = view.to_components() if view else []
    return [
        [
            (button["label"], button.get("url") or button["custom_id"])
            for button in row["components"]
        ]
        for row in rows
    ]


LISTEN_A = ("▶ Listen A", "https://audio.example/a.mp3")
LISTEN_B = ("▶ Listen B", "https://audio.example/b.mp3")
CANCEL = ("Cancel", "ext:cancel:7")
CHECK = ("Check again", "ext:check:7")
SEND = ("Send again", "ext:again:7")


@pytest.mark.parametrize(
    ("ext", "rows"),
    [
        (extension(), [[CANCEL]]),
        (extension(Status.SUBMITTING), []),
        (extension(Status.SUBMITTED), []),
        (extension(Status.SUBMITTED, heard("a")), []),
        (extension(Status.STREAMING, heard("a"), heard("b")), [[LISTEN_A, LISTEN_B]]),
        (extension(Status.STREAMING, heard("a"), SILENT), [[LISTEN_A]]),
        (
            extension(Status.COMPLETE, playable("a"), playable("b"), handle=HANDLE),
            [[LISTEN_A, LISTEN_B]],
        ),
        (
            extension(Status.COMPLETE, withdrawn("a"), playable("b"), handle=HANDLE),
            [[LISTEN_B, CHECK]],
        ),
        (failed(ReasonKind.REJECTED), [[SEND]]),
        (failed(ReasonKind.NOT_PLAYABLE, "", withdrawn("a"), handle=HANDLE), [[CHECK]]),
        (extension(Status.UNCONFIRMED), [[SEND]]),
        (extension(Status.EXPIRED, handle=HANDLE), [[CHECK]]),
        (extension(Status.CANCELLED), []),
    ],
)
def test_each_status_has_its_buttons(ext: Extension, rows: list[list[tuple[str, str]]]) -> None:
    assert buttons(extension_view(ext)) == rows


def test_no_more_links_than_a_row_takes() -> None:
    ext = extension(Status.COMPLETE, *(playable(letter) for letter in "abcdefg"))
    [row] = buttons(extension_view(ext))
    assert [label for label, _ in row] == [f"▶ Listen {letter}" for letter in "ABCDE"]


def test_an_address_that_is_too_long_is_no_button() -> None:
    fits = playable("a", audio_url="https://audio.example/" + "x" * 490)
    too_long = playable("b", audio_url="https://audio.example/" + "x" * 491)
    [row] = buttons(extension_view(extension(Status.COMPLETE, fits, too_long)))
    assert [label for label, _ in row] == ["▶ Listen A"]


def test_a_draft_is_opened_again_by_its_button() -> None:
    assert buttons(draft_view(42)) == [[("Edit and send", "draft:open:42")]]


def test_buttons_never_time_out() -> None:
    for view in (extension_view(extension()), draft_view(1)):
        assert view is not None
        assert view.timeout is None
        assert view.is_persistent()


async def test_a_button_is_read_from_its_custom_id_alone() -> None:
    for kind in STORED_BUTTONS:
        drawn = kind(7)
        match = kind.__discord_ui_compiled_template__.fullmatch(drawn.item.custom_id or "")
        assert match is not None
        read = await kind.from_custom_id(None, None, match)
        assert (type(read), read.stored_id) == (kind, 7)


@pytest.mark.parametrize(
    "custom_id", ["ext:cancel:", "ext:cancel:x", "ext:other:7", "draft:open:-1"]
)
def test_no_other_custom_id_is_taken_for_one_of_ours(custom_id: str) -> None:
    assert not any(
        kind.__discord_ui_compiled_template__.fullmatch(custom_id) for kind in STORED_BUTTONS
    )
