"""Attached audio in the embeds and buttons of a reply."""

from dataclasses import replace

import pytest

from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.models import Status
from bot.ui.components import extension_view
from bot.ui.extension_embeds import extension_embeds
from tests.support.ui_samples import AROUND, all_text, assert_within_limits, extension, playable


def carried(outcome: AttachmentStatus, clip_id: str = "a", **parts: object) -> Attachment:
    return replace(Attachment(clip_id=clip_id, outcome=outcome), **parts)


EXTENSION = extension(Status.COMPLETE, playable("a"), playable("b"))


@pytest.mark.parametrize(
    ("attachment", "said"),
    [
        (carried(AttachmentStatus.ATTACHED, bit_rate=128_000), "attached at 128 kbit/s to fit"),
        (carried(AttachmentStatus.TOO_LARGE), "too large to attach"),
        (carried(AttachmentStatus.NOT_ALLOWED), "needs *Attach Files*"),
        (carried(AttachmentStatus.UNAVAILABLE), "couldn't be fetched"),
    ],
)
def test_reply_says_why_audio_is_reencoded_or_missing(attachment: Attachment, said: str) -> None:
    context = replace(AROUND, attachments=(attachment,))
    [_, first, second] = extension_embeds(EXTENSION, context)
    assert said in (first.description or "")
    assert "https://audio.example/a.mp3" in (first.description or "")
    assert said not in (second.description or "")


def test_unchanged_audio_needs_no_note() -> None:
    context = replace(AROUND, attachments=(carried(AttachmentStatus.ATTACHED),))
    assert all_text(extension_embeds(EXTENSION, context)) == all_text(
        extension_embeds(EXTENSION, AROUND)
    )


def test_each_clip_embed_shows_its_own_waveform() -> None:
    context = replace(
        AROUND,
        attachments=(
            carried(AttachmentStatus.ATTACHED, "b", picture="waveform-b.png"),
            carried(AttachmentStatus.TOO_LARGE, "a", picture="waveform-a.png"),
        ),
    )
    embeds = extension_embeds(EXTENSION, context)
    assert [embed.image.url for embed in embeds] == [
        None,
        "attachment://waveform-a.png",
        "attachment://waveform-b.png",
    ]


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
    clips = [playable(each * 36, audio_url=f"https://a.example/{each * 800}") for each in "abcd"]
    context = replace(
        AROUND, attachments=tuple(carried(AttachmentStatus.UNAVAILABLE, each.id) for each in clips)
    )
    assert_within_limits(extension_embeds(extension(Status.COMPLETE, *clips), context))
