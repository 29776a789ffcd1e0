"""Whatever members and providers write: it is shown as text, and fits."""

import re

import discord
from hypothesis import given, settings
from hypothesis import strategies as st
from ui_samples import (
    AROUND,
    MEMBER,
    NOW,
    SOURCE_URL,
    all_text,
    asked,
    assert_within_limits,
    extension,
    playable,
)

from bot.domain.links import playable_url
from bot.domain.models import Clip, ClipStatus, Extension, ClipRecord, Reason, ReasonKind, Status
from bot.ui.custom_ids import Action
from bot.ui.embeds import extension_embeds, plain_embeds
from bot.ui.labels import clip_label
from bot.ui.views import clips_view, extension_view

NASTY = (
    *"\\*_~`|<>[]()#@:\n\r\t\u2028 -!",
    *(
        "\u200b",
        "\u200d",
        "\u200e",
        "\u202a",
        "\u202e",
        "\u2066",
        "\u2069",
        "\ufeff",
        "\u061c",
        "\x00",
    ),
    *("@everyone", "<@1>", "<@&1>", "<#1>", "</x:1>", "<t:1:R>", "https://evil.example"),
    *("[x](https://evil.example)", "```", "||", "\n> ", "\n# ", "discord.gg/x", "🎵", "\ud800"),
)
texts = st.lists(st.one_of(st.sampled_from(NASTY), st.characters()), max_size=30).map("".join)
long_texts = st.builds(lambda text, times: text * times, texts, st.sampled_from((1, 40, 2000)))
urls = st.none() | long_texts.map(
    lambda text: playable_url(f"https://audio.example/{text}")
).filter(lambda url: url is None or (url.isprintable() and len(url) <= 2000))
clips = st.builds(
    Clip,
    id=long_texts.filter(bool),
    status=st.sampled_from(ClipStatus),
    title=long_texts,
    style=long_texts,
    audio_url=urls,
    duration=st.none() | st.floats(min_value=0.01, max_value=1e6),
    error=long_texts,
)
reasons = st.none() | st.builds(
    Reason,
    kind=st.sampled_from([kind for kind in ReasonKind if kind is not ReasonKind.PAST_THE_END]),
    text=long_texts,
)

UNSEEN = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08]")
ESCAPED = re.compile(r"\\[\\*_~`|<>\[\]()#@:]")
CODE = re.compile(r"`[^`\n]*`")
OURS = re.compile(
    rf"<@{MEMBER}>|<t:\d+:R>|\[(?=[^\[\]\n]*\]\({SOURCE_URL}\))|\]\({SOURCE_URL}\)"
    r"|\[▶ Listen(?: while it streams)?\]\(https://audio\.example/[^\s()<>]*\)"
    r"|^> |\*\*Style\*\*|\*(?:Check again|Send again|Continue at|Instrumental)\*"
    r"|\d:\d\d|id: |played:|lyrics:|style:|title:|request:|finish it:|Failed:",
    re.MULTILINE,
)


@st.composite
def extensions(draw: st.DrawFn) -> Extension:
    ext = extension(
        draw(st.sampled_from(Status)),
        *draw(st.lists(clips, max_size=6, unique_by=lambda clip: clip.id)),
        source_title=draw(long_texts),
        reason=draw(reasons),
    )
    return asked(
        ext,
        clip_id=draw(long_texts),
        title=draw(long_texts),
        lyrics=draw(long_texts),
        style=tuple(draw(st.lists(long_texts, max_size=4))),
    )


def left_of(embeds: list[discord.Embed]) -> str:
    """Return what is left of ``embeds`` without escapes, ids and the words that are ours."""
    left = CODE.sub("", ESCAPED.sub("", all_text(embeds)))
    return OURS.sub("", left)


@settings(max_examples=150)
@given(ext=extensions())
def test_no_text_breaks_out_and_none_is_too_long(ext: Extension) -> None:
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
def test_every_view_can_be_sent(ext: Extension) -> None:
    for view in (extension_view(ext), clips_view(ext)):
        if view is not None:
            assert_can_be_sent(view)


def assert_can_be_sent(view: discord.ui.View) -> None:
    rows = view.to_components()
    assert 1 <= len(rows) <= 5
    for row in rows:
        assert 1 <= len(row["components"]) <= 5
        for button in row["components"]:
            assert 1 <= len(button["label"]) <= 80
            assert len(button.get("url") or "") <= 512
            assert len(button.get("custom_id") or "") <= 100
    ids = [button.get("custom_id") for row in rows for button in row["components"]]
    named = [custom_id for custom_id in ids if custom_id]
    assert len(named) == len(set(named))
    for custom_id in named:
        assert any(action.pattern.fullmatch(custom_id) for action in Action), custom_id


def test_the_longest_of_everything_fits_into_one_message() -> None:
    wide = "*" * 5000
    url = "https://audio.example/" + "x" * 978
    clip = playable(title=wide, audio_url=url, error=wide)
    for status in (Status.STREAMING, Status.COMPLETE, Status.FAILED):
        ext = extension(
            status,
            *[clip] * 6,
            source_title=wide,
            reason=Reason(kind=ReasonKind.REJECTED, text=wide),
        )
        ext = asked(ext, lyrics=("*" * 70 + "\n") * 40, title=wide, style=(wide,))
        assert_within_limits(extension_embeds(ext, AROUND))


def test_backticks_in_an_id_do_not_let_it_out() -> None:
    clip = playable("a`**@everyone**`b", audio_url=None)
    ext = extension(Status.COMPLETE, clip)
    for embeds in (extension_embeds(ext, AROUND), plain_embeds(ext, AROUND)):
        assert "`a**@everyone**b`" in all_text(embeds)


@settings(max_examples=100)
@given(
    clip=clips,
    letter=st.sampled_from(["", "A", "Z"]),
    duration=st.none() | st.floats(min_value=0.01, allow_infinity=False),
)
def test_every_label_fits_and_hides_nothing(clip: Clip, letter: str, duration: float) -> None:
    known = ClipRecord(
        clip=Clip(id=clip.id, status=clip.status, title=clip.title, duration=duration),
        provider="suno",
        known_at=NOW,
        letter=letter,
    )
    label = clip_label(known, now=NOW)
    assert 1 <= len(label.encode("utf-16-le", "surrogatepass")) // 2 <= 100
    assert UNSEEN.search(label) is None
