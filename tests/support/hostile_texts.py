"""Texts that try to break out of an embed, and the checks that they did not."""

import re
from typing import Any

import discord
from hypothesis import strategies as st

from bot.domain import failures
from bot.domain.models import Clip, ClipStatus, Extension, Status
from bot.providers.clip_schema import playable_url
from bot.ui.custom_ids import Action
from tests.support.ui_samples import (
    MEMBER,
    SOURCE_URL,
    all_text,
    asked,
    extension,
    units,
)

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


failure_values = st.one_of(
    st.sampled_from(
        [
            failures.OutOfCredits(),
            failures.Unauthorized(),
            failures.RateLimited(),
            failures.Unavailable(),
            failures.NotPlayable(),
            failures.LengthUnknown(),
            failures.AttachNotAllowed(),
            failures.Unexpected(),
        ]
    ),
    st.builds(failures.Rejected, long_texts),
    st.builds(failures.Unconfirmed, long_texts),
    st.builds(failures.GenerationFailed, long_texts),
    st.builds(failures.PastTheEnd, st.floats(0, 1e6)),
    st.builds(failures.PartUnavailable, st.integers(1, 200), long_texts),
    st.builds(failures.TooLarge, st.floats(0, 1e6), st.integers(1, 10**9)),
)


UNSEEN = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08]")


ESCAPED = re.compile(r"\\[\\*_~`|<>\[\]()#@:]")


CODE = re.compile(r"`[^`\n]*`")


OURS = re.compile(
    rf"<@{MEMBER}>|<t:\d+:[Rt]>|\[(?=[^\[\]\n]*\]\({SOURCE_URL}\))|\]\({SOURCE_URL}\)"
    r"|\[▶ Listen(?: [A-D])?\]\(https://audio\.example/[^\s()<>]*\)"
    r"|^> |^-# |\*(?:Check again|Edit & send|Continue at|Try again)\*"
    r"|\d:\d\d|[A-D]: |Listen: |lyrics:|style:|title:|request:|finish it:|parts:|failed:",
    re.MULTILINE,
)


@st.composite
def extensions(draw: st.DrawFn) -> Extension:
    ext = extension(
        draw(st.sampled_from(Status)),
        *draw(st.lists(clips, max_size=6, unique_by=lambda clip: clip.id)),
        source_title=draw(long_texts),
        failure=draw(st.none() | failure_values),
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


def assert_select_can_be_sent(select: dict[str, Any]) -> None:
    assert units(select["placeholder"]) <= 150
    assert 1 <= len(select["options"]) <= 25
    for option in select["options"]:
        assert 1 <= units(option["label"]) <= 100
        assert 1 <= units(option["value"]) <= 100
        assert units(option.get("description")) <= 100
        assert UNSEEN.search(option["label"] + option.get("description", "")) is None
    values = [option["value"] for option in select["options"]]
    assert len(values) == len(set(values))


def assert_can_be_sent(view: discord.ui.View) -> None:
    rows = view.to_components()
    assert 1 <= len(rows) <= 5
    for row in rows:
        assert 1 <= len(row["components"]) <= 5
        for button in row["components"]:
            if button["type"] == discord.ComponentType.select.value:
                assert_select_can_be_sent(button)
                continue
            assert 1 <= units(button["label"]) <= 80
            assert len(button.get("url") or "") <= 512
            assert len(button.get("custom_id") or "") <= 100
    ids = [button.get("custom_id") for row in rows for button in row["components"]]
    named = [custom_id for custom_id in ids if custom_id]
    assert len(named) == len(set(named))
    for custom_id in named:
        assert any(action.pattern.fullmatch(custom_id) for action in Action), custom_id
