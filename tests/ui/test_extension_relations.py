"""The retake and the continuations in the embeds of a reply."""

from dataclasses import replace

import pytest

from bot.domain.models import Extension, Status
from bot.services.reply_context import ReplyContext
from bot.ui.extension_embeds import extension_embeds
from tests.support.ui_samples import (
    AROUND,
    asked,
    assert_within_limits,
    extension,
    playable,
)


def reply(number: int, title: str = "", *, message_id: int | None = 0) -> Extension:
    """Return another extension, shown in a message with an id of its own unless told otherwise."""
    ext = asked(extension(Status.COMPLETE, playable()), title=title or f"Part {number}")
    where = replace(ext.reply, message_id=number if message_id == 0 else message_id)
    return replace(ext, id=number, reply=where)


def lines(ext: Extension, **context: object) -> list[str]:
    [head] = extension_embeds(ext, replace(AROUND, **context))
    return (head.description or "").splitlines()


def link(number: int) -> str:
    return f"[Part {number} · part 2](https://discord.com/channels/2/1/{number})"


def continuation(number: int) -> str:
    name = f"Part {number} · part 2 · “Silver cities”"
    return f"[{name}](https://discord.com/channels/2/1/{number})"


@pytest.mark.parametrize("status", Status)
def test_retake_links_to_the_first_take(status: Status) -> None:
    ext = extension(status, retake_of=4)
    assert lines(ext, retake_of=reply(4))[-1] == f"-# another take of {link(4)}"


def test_retake_of_an_extension_without_message_has_no_link() -> None:
    said = lines(extension(), retake_of=reply(4, message_id=None))
    assert said[-1] == "-# another take of Part 4 · part 2"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, f"continued here: {continuation(1)}"),
        (2, f"continued here: {continuation(1)}, {continuation(2)}"),
        (5, "continued here: " + ", ".join(continuation(number) for number in range(1, 6))),
        (
            6,
            "continued here: "
            + ", ".join(continuation(n) for n in range(2, 7))
            + ", and 1 earlier",
        ),
        (
            40,
            "continued here: "
            + ", ".join(continuation(n) for n in range(36, 41))
            + ", and 35 earlier",
        ),
    ],
)
def test_the_latest_continuations_are_linked_and_the_rest_counted(count: int, words: str) -> None:
    continuations = tuple(reply(number) for number in range(1, count + 1))
    assert (
        lines(extension(Status.COMPLETE, playable()), continuations=continuations)[-1]
        == f"-# {words}"
    )


def test_reply_without_continuations_has_no_line_for_them() -> None:
    assert not any("continued" in line for line in lines(extension(Status.COMPLETE, playable())))


def test_linked_titles_are_escaped_and_truncated() -> None:
    said = lines(extension(), retake_of=reply(4, "](x) @everyone " + "y" * 60))
    assert r"another take of [\)\(x\) \@everyone yyy" in said[-1]
    assert "… · part 2](https://discord.com" in said[-1]


def test_invisible_title_is_untitled() -> None:
    assert (
        "another take of [Untitled · part 2]("
        in lines(extension(), retake_of=reply(4, "\u200b"))[-1]
    )


def test_longest_relations_fit_into_one_message() -> None:
    wide, url = "*" * 5000, "https://audio.example/" + "x" * 978
    clips = [playable(title=wide, audio_url=url)] * 6
    ext = extension(Status.COMPLETE, *clips, source_title=wide, retake_of=4)
    ext = asked(ext, lyrics=("*" * 70 + "\n") * 40, title=wide, style=(wide,))
    longest = reply(2**63 - 1, wide)
    context = ReplyContext(label="AIML API", retake_of=longest, continuations=(longest,) * 9)
    assert_within_limits(extension_embeds(ext, context))


def test_other_channels_are_counted_but_neither_named_nor_linked() -> None:
    here, there = reply(1), reply(2)
    there = replace(there, reply=replace(there.reply, channel_id=there.reply.channel_id + 1))
    made = extension(Status.COMPLETE, playable())
    assert lines(made, continuations=(here, there))[-1].endswith(", and 1 reply elsewhere")
    assert lines(made, continuations=(there, there))[-1] == "-# continued here: 2 replies elsewhere"
    moved = replace(made, reply=replace(made.reply, channel_id=7))
    assert made.source_url
    assert not any(made.source_url in line for line in lines(moved))
    assert not any("Part 2" in line for line in lines(made, retake_of=there))
