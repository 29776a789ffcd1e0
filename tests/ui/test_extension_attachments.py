"""Attached audio in the embeds and buttons of a reply."""

from dataclasses import replace

import pytest

from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.models import Status
from bot.ui.components import extension_view
from bot.ui.extension_embeds import extension_embeds
from tests.support.ui_samples import (
    AROUND,
    all_text,
    assert_within_limits,
    buttons,
    extension,
    playable,
)


def carried(outcome: AttachmentStatus, clip_id: str = "a", **parts: object) -> Attachment:
    return replace(Attachment(clip_id=clip_id, outcome=outcome), **parts)


EXTENSION = extension(Status.COMPLETE, playable("a"), playable("b"))
LENGTHS = "A 1:37 · B 1:37 new"
ATTACHED = AttachmentStatus.ATTACHED


def status_of(*attachments: Attachment, **context: object) -> list[str]:
    """Return the lines above the request."""
    around = replace(AROUND, attachments=attachments, **context)
    [embed] = extension_embeds(EXTENSION, around)
    return (embed.description or "").split("\n\n")[0].splitlines()


@pytest.mark.parametrize(
    ("attachment", "said"),
    [
        (carried(ATTACHED, bit_rate=128_000), "attached at 128 kbit/s to fit"),
        (carried(AttachmentStatus.TOO_LARGE), "too large to attach here"),
        (carried(AttachmentStatus.NOT_ALLOWED), "Encore needs *Attach Files* in this channel"),
        (
            carried(AttachmentStatus.UNAVAILABLE),
            "the audio couldn't be fetched; *Check again* asks for a fresh link",
        ),
    ],
)
def test_reply_says_why_audio_is_reencoded_or_missing(attachment: Attachment, said: str) -> None:
    whole = carried(ATTACHED, "b")
    assert status_of(attachment, whole) == [LENGTHS, f"-# A: {said}"]
    twin = replace(attachment, clip_id="b")
    assert status_of(attachment, twin) == [LENGTHS, f"-# {said}"]


def test_what_is_true_of_some_clips_names_them() -> None:
    clips = [playable(each) for each in "abcd"]
    ext = extension(Status.COMPLETE, *clips)
    large = [carried(AttachmentStatus.TOO_LARGE, each) for each in "abd"]
    context = replace(AROUND, attachments=(*large, carried(ATTACHED, "c")))
    assert "\n-# A, B and D: too large to attach here\n" in all_text(extension_embeds(ext, context))


def test_unchanged_audio_needs_no_note() -> None:
    assert status_of(carried(ATTACHED), carried(ATTACHED, "b")) == [LENGTHS]


def test_reply_says_that_its_audio_is_being_attached() -> None:
    attaching = [LENGTHS, "-# attaching the audio …"]
    assert status_of(is_audio_awaited=True) == attaching
    refused = carried(AttachmentStatus.UNAVAILABLE)
    assert status_of(refused, is_audio_awaited=True) == attaching


def test_length_of_attached_audio_is_that_of_its_file() -> None:
    shown = status_of(carried(ATTACHED, duration=96.99), song_start=60.0)
    assert shown == ["A 1:36 · B 1:37 new · song so far 2:36"]


def test_reply_shows_one_picture_of_all_clips() -> None:
    both = [carried(ATTACHED, each, picture="waveform.png") for each in "ab"]
    [embed] = extension_embeds(EXTENSION, replace(AROUND, attachments=tuple(both)))
    assert embed.image.url == "attachment://waveform.png"


def test_reply_of_an_older_version_keeps_both_pictures() -> None:
    both = [carried(ATTACHED, each, picture=f"waveform-{each}.png") for each in "ab"]
    embeds = extension_embeds(EXTENSION, replace(AROUND, attachments=tuple(both)))
    assert [embed.image.url for embed in embeds] == [
        "attachment://waveform-a.png",
        "attachment://waveform-b.png",
    ]
    assert embeds[0].colour == embeds[1].colour


def test_attached_audio_needs_no_listen_button() -> None:
    view = extension_view(EXTENSION, [carried(ATTACHED), carried(AttachmentStatus.TOO_LARGE, "b")])
    labels = [label for row in buttons(view) for label, _ in row]
    assert "▶ Listen A" not in labels
    assert "▶ Listen B" in labels


def test_reply_with_unavailable_audio_has_check_again() -> None:
    def labels(*attachments: Attachment) -> list[str | None]:
        view = extension_view(EXTENSION, attachments)
        assert view is not None
        return [item.label for item in view.children if hasattr(item, "label")]

    assert "Check again" in labels(carried(AttachmentStatus.UNAVAILABLE))
    assert "Check again" not in labels(
        carried(AttachmentStatus.ATTACHED), carried(AttachmentStatus.TOO_LARGE, "b")
    )


def test_four_clips_with_the_longest_notes_fit_into_a_message() -> None:
    clips = [playable(each * 36, audio_url=f"https://a.example/{each * 500}") for each in "abcd"]
    context = replace(
        AROUND, attachments=tuple(carried(AttachmentStatus.UNAVAILABLE, each.id) for each in clips)
    )
    assert_within_limits(extension_embeds(extension(Status.COMPLETE, *clips), context))
