from dataclasses import replace

import discord
import pytest

from bot.domain import failures
from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.models import Clip, ClipStatus, Extension, Status
from bot.services.reply_context import ReplyContext
from bot.ui.components import clips_view, draft_view, extension_view
from bot.ui.extension_embeds import extension_embeds
from tests.support.ui_samples import (
    HANDLE,
    asked,
    buttons,
    extension,
    failed,
    heard,
    playable,
    withdrawn,
)

ATTACHED = AttachmentStatus.ATTACHED
CONTEXT = ReplyContext(label="AIML API")
SILENT = Clip(id="b", status=ClipStatus.QUEUED)


LISTEN_A = ("▶ Listen A", "https://audio.example/a.mp3")
LISTEN_B = ("▶ Listen B", "https://audio.example/b.mp3")
TELL = ("🔔 Tell me", "ext:tell:7")
CANCEL = ("Cancel", "ext:cancel:7")
CHECK = ("Check again", "ext:check:7")
SEND = ("✏️ Edit & send", "ext:again:7")
EXTEND_A = ("Extend A", "clip:extend:a")
EXTEND_B = ("Extend B", "clip:extend:b")
TAKE = ("🔁 Another take", "ext:take:7")
SONG_A = ("💿 Song A", "clip:song:a")
SONG_B = ("💿 Song B", "clip:song:b")
DELETE = ("🗑️ Delete", "ext:delete:7")
REDO = ("✏️ Change & redo", "ext:again:7")
FAILED = Clip(id="b", status=ClipStatus.FAILED)


@pytest.mark.parametrize(
    ("ext", "rows"),
    [
        (extension(), [[TELL, CANCEL]]),
        (extension(Status.SUBMITTING), [[TELL]]),
        (extension(Status.SUBMITTED), [[TELL]]),
        (extension(Status.SUBMITTED, heard("a")), [[TELL]]),
        (
            extension(Status.STREAMING, heard("a"), heard("b")),
            [[LISTEN_A, LISTEN_B], [TELL]],
        ),
        (extension(Status.STREAMING, heard("a"), SILENT), [[LISTEN_A], [TELL]]),
        (
            extension(Status.COMPLETE, playable("a"), playable("b"), handle=HANDLE),
            [[LISTEN_A, LISTEN_B], [EXTEND_A, EXTEND_B, TAKE], [SONG_A, SONG_B, REDO]],
        ),
        (
            extension(Status.COMPLETE, playable("a"), FAILED, handle=HANDLE),
            [[LISTEN_A], [EXTEND_A, TAKE], [SONG_A, REDO]],
        ),
        (
            extension(Status.COMPLETE, withdrawn("a"), playable("b"), handle=HANDLE),
            [[LISTEN_B], [EXTEND_B, TAKE], [SONG_B, REDO, CHECK]],
        ),
        (failed(failures.Rejected()), [[SEND, DELETE]]),
        (failed(failures.UnknownClip()), [[SEND, DELETE]]),
        (failed(failures.NotPlayable(), withdrawn("a"), handle=HANDLE), [[SEND, CHECK, DELETE]]),
        (extension(Status.UNCONFIRMED), [[SEND, DELETE]]),
        (extension(Status.EXPIRED, handle=HANDLE), [[SEND, CHECK, DELETE]]),
        (
            extension(Status.EXPIRED, heard("a"), SILENT, handle=HANDLE),
            [[LISTEN_A], [SEND, CHECK, DELETE]],
        ),
        (extension(Status.CANCELLED), [[SEND, DELETE]]),
    ],
)
def test_each_status_has_its_buttons(ext: Extension, rows: list[list[tuple[str, str]]]) -> None:
    assert buttons(extension_view(ext)) == rows


def test_every_status_is_in_the_table_above() -> None:
    [marker] = [
        mark for mark in test_each_status_has_its_buttons.pytestmark if mark.name == "parametrize"
    ]
    assert {ext.status for ext, _ in marker.args[1]} == {*Status}


def test_reply_shows_buttons_of_four_clips_at_most() -> None:
    ext = extension(Status.COMPLETE, *(playable(letter) for letter in "abcdefg"))
    links, actions, below = buttons(extension_view(ext))
    assert [label for label, _ in links] == [f"▶ Listen {letter}" for letter in "ABCD"]
    assert [label for label, _ in below] == [
        *(f"💿 Song {letter}" for letter in "ABCD"),
        "✏️ Change & redo",
    ]
    assert [label for label, _ in actions] == [
        *(f"Extend {letter}" for letter in "ABCD"),
        "🔁 Another take",
    ]


@pytest.mark.parametrize("clip_id", ["x" * 91, "a`b", "a b", "a:b"])
def test_clip_whose_id_fits_no_custom_id_has_no_button(clip_id: str) -> None:
    ext = extension(Status.COMPLETE, playable(clip_id))
    assert buttons(extension_view(ext))[1:] == [[TAKE], [REDO]]
    assert clips_view(ext) is None


@pytest.mark.parametrize(
    ("lyrics", "is_cut"),
    [
        ("", False),
        ("la\n\nla\nla\nla", False),
        ("la\nla\nla\nla\nla", True),
        ("[Verse]\nla", True),
        ("x" * 300, False),
        ("x" * 301, True),
    ],
)
@pytest.mark.parametrize("status", [Status.COMPLETE, Status.SUBMITTED, Status.CANCELLED])
def test_lyrics_that_are_shown_in_part_have_a_button(
    status: Status, lyrics: str, *, is_cut: bool
) -> None:
    ext = asked(extension(status), lyrics=lyrics)
    shown = [button for row in buttons(extension_view(ext)) for button in row]
    assert (("📄 Lyrics", "ext:lyrics:7") in shown) is is_cut
    [embed] = extension_embeds(ext, CONTEXT)
    assert ("…" in (embed.description or "")) is (is_cut and "[" not in lyrics)


def test_complete_reply_has_two_rows_of_buttons() -> None:
    ext = asked(extension(Status.COMPLETE, playable("a"), playable("b")), lyrics="[Verse]\nla")
    view = extension_view(ext, [Attachment(clip_id=each, outcome=ATTACHED) for each in "ab"])
    assert [[label for label, _ in row] for row in buttons(view)] == [
        ["Extend A", "Extend B", "🔁 Another take"],
        ["💿 Song A", "💿 Song B", "📄 Lyrics", "✏️ Change & redo"],
    ]
    assert view is not None
    styles = {getattr(item, "label", None): getattr(item, "style", None) for item in view.children}
    blurple = [label for label, style in styles.items() if style is discord.ButtonStyle.primary]
    assert blurple == ["Extend A", "Extend B"]


def test_url_that_is_too_long_has_no_button() -> None:
    fits = playable("a", audio_url="https://audio.example/" + "x" * 490)
    too_long = playable("b", audio_url="https://audio.example/" + "x" * 491)
    links, *_ = buttons(extension_view(extension(Status.COMPLETE, fits, too_long)))
    assert [label for label, _ in links] == ["▶ Listen A"]


OTHERS = {"suno_api": "suno-api", "sunosay": "sunosay.com"}


def test_unknown_clip_has_a_button_for_each_other_provider() -> None:
    view = extension_view(failed(failures.UnknownClip()), (), OTHERS)
    assert buttons(view) == [
        [
            ("Try suno-api", "ext:provider:7:suno_api"),
            ("Try sunosay.com", "ext:provider:7:sunosay"),
            DELETE,
        ]
    ]


def test_other_refusal_can_be_sent_again_and_tried_elsewhere() -> None:
    view = extension_view(failed(failures.OutOfCredits()), (), OTHERS)
    assert buttons(view) == [
        [
            SEND,
            ("Try suno-api", "ext:provider:7:suno_api"),
            ("Try sunosay.com", "ext:provider:7:sunosay"),
            DELETE,
        ]
    ]


def test_draft_view_opens_the_draft_for_other_providers() -> None:
    others = [
        ("Try suno-api", "draft:provider:42:suno_api"),
        ("Try sunosay.com", "draft:provider:42:sunosay"),
    ]
    assert buttons(draft_view(42, OTHERS, is_correctable=False)) == [others]
    as_it_was = ("✏️ Edit & send", "draft:open:42")
    assert buttons(draft_view(42, OTHERS)) == [[as_it_was, *others]]


def test_draft_view_has_the_button_that_opens_the_draft() -> None:
    assert buttons(draft_view(42)) == [[("✏️ Edit & send", "draft:open:42")]]


def test_clips_view_offers_only_extendable_clips() -> None:
    both = extension(Status.COMPLETE, playable("a"), playable("b"))
    assert buttons(clips_view(both)) == [[EXTEND_A, EXTEND_B]]
    assert buttons(clips_view(extension(Status.COMPLETE, withdrawn("a"), playable("b")))) == [
        [EXTEND_B]
    ]
    assert clips_view(extension()) is None


def test_views_never_time_out() -> None:
    for view in (extension_view(extension()), draft_view(1)):
        assert view is not None
        assert view.timeout is None
        assert view.is_persistent()


def test_clip_that_only_encore_reaches_has_no_link() -> None:
    private = replace(playable("a"), audio_url="acestep:/v1/audio?path=a")
    ext = extension(Status.COMPLETE, private, handle=HANDLE)
    [shown, *_] = buttons(extension_view(ext))
    assert shown[0] == EXTEND_A
    embeds = extension_embeds(ext, CONTEXT)
    assert "acestep:" not in str([embed.to_dict() for embed in embeds])
    assert "Listen" not in str([embed.to_dict() for embed in embeds])
