"""Texts of members and providers are shown as text, within Discord's limits."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import failures
from bot.domain.models import Clip, ClipRecord, Extension, Status
from bot.ui.clip_names import clip_label
from bot.ui.components import clips_view, extension_view
from bot.ui.extension_embeds import extension_embeds, plain_embeds
from tests.support.hostile_texts import UNSEEN, assert_can_be_sent, clips, extensions, left_of
from tests.support.ui_samples import (
    AROUND,
    NOW,
    all_text,
    asked,
    assert_within_limits,
    extension,
    playable,
)


@settings(max_examples=150)
@given(ext=extensions())
def test_hostile_texts_are_escaped_and_truncated(ext: Extension) -> None:
    embeds = extension_embeds(ext, AROUND)
    assert_within_limits(embeds)
    assert UNSEEN.search(all_text(embeds)) is None
    left = left_of(embeds)
    assert not set(left) & set("_~`|<>[]#@"), left
    assert "://" not in left
    assert left.count("*") % 2 == 0
    assert_within_limits(plain_embeds(ext, AROUND))


@settings(max_examples=60)
@given(ext=extensions())
def test_view_of_every_extension_can_be_sent(ext: Extension) -> None:
    for view in (extension_view(ext), clips_view(ext)):
        if view is not None:
            assert_can_be_sent(view)


def test_longest_texts_together_fit_into_one_message() -> None:
    wide = "*" * 5000
    url = "https://audio.example/" + "x" * 978
    clip = playable(title=wide, audio_url=url, error=wide)
    for status in (Status.STREAMING, Status.COMPLETE, Status.FAILED):
        ext = extension(
            status,
            *[clip] * 6,
            source_title=wide,
            failure=failures.Rejected(wide),
        )
        ext = asked(ext, lyrics=("*" * 70 + "\n") * 40, title=wide, style=(wide,))
        assert_within_limits(extension_embeds(ext, AROUND))


def test_backticks_in_an_id_do_not_end_its_code() -> None:
    clip = playable("a`**@everyone**`b", audio_url="https://a.example/" + "x" * 4000)
    ext = extension(Status.COMPLETE, clip)
    assert "`a**@everyone**b`" in all_text(plain_embeds(ext, AROUND))


@settings(max_examples=100)
@given(
    clip=clips,
    letter=st.sampled_from(["", "A", "Z"]),
    duration=st.none() | st.floats(min_value=0.01, allow_infinity=False),
    name=st.text(),
    lyrics=st.text(),
)
def test_every_clip_label_fits_into_a_choice(
    clip: Clip, letter: str, duration: float, name: str, lyrics: str
) -> None:
    known = ClipRecord(
        clip=Clip(id=clip.id, status=clip.status, title=clip.title, duration=duration),
        provider="suno",
        known_at=NOW,
        letter=letter,
        extension_id=7,
        part_number=3,
        member_name=name,
        lyrics=lyrics,
    )
    label = clip_label(known, now=NOW, limit=100)
    assert 1 <= len(label.encode("utf-16-le", "surrogatepass")) // 2 <= 100
    assert UNSEEN.search(label) is None
