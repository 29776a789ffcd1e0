"""The answer to `/queue`."""

import pytest
from hypothesis import given

from bot.domain.library import Viewer
from bot.domain.models import Extension, Kind, ReplyRef, Status
from bot.domain.queue import MAX_ENTRIES, Queue, QueueEntry
from bot.ui.queue_embed import queue_embed
from tests.support.hostile_texts import long_texts
from tests.support.library_samples import assert_only_text
from tests.support.ui_samples import MEMBER, STAMP, assert_within_limits, extension

VIEWER = Viewer(member_id=MEMBER, channel_id=1, guild_id=2)
URL = "https://discord.com/channels/2/1/3"


def own(*exts: Extension, queue_position: int | None = None) -> Queue:
    return Queue(viewer=VIEWER, own=tuple(QueueEntry(ext, queue_position) for ext in exts))


def test_empty_queue_says_how_to_start() -> None:
    embed = queue_embed(Queue(viewer=VIEWER))
    assert embed.description == (
        "**Nothing is in progress in this channel, and nothing of yours elsewhere.**\n"
        "Start with `/extend`."
    )


def test_own_extensions_come_before_those_of_others() -> None:
    queue = Queue(
        viewer=VIEWER,
        own=(QueueEntry(extension(), 3),),
        others=(QueueEntry(extension(Status.STREAMING, member_id=42), None),),
    )
    assert queue_embed(queue).description == (
        "**Yours**\n"
        f"[Electric Dreams · part 2]({URL}) · ⏳ waiting, 3rd in line · <t:{STAMP}:R>\n"
        "\n"
        "**From others in this channel**\n"
        f"[Electric Dreams · part 2]({URL}) · 🎧 streaming · <@42> · <t:{STAMP}:R>"
    )


def test_queue_with_only_others_has_no_list_of_own() -> None:
    queue = Queue(viewer=VIEWER, others=(QueueEntry(extension(member_id=42), 1),))
    assert (queue_embed(queue).description or "").startswith("**From others in this channel**\n[")


@pytest.mark.parametrize(
    ("ext", "words"),
    [
        (extension(), "⏳ waiting"),
        (extension(Status.SUBMITTING), "📨 submitted"),
        (extension(Status.SUBMITTED), "📨 submitted"),
        (extension(Status.STREAMING), "🎧 streaming"),
        (extension(Status.SUBMITTED, kind=Kind.SPLICE), "💿 joining the parts"),
        (extension(Status.STREAMING, kind=Kind.CONCAT), "💿 joining the parts"),
        (extension(kind=Kind.CONCAT), "⏳ waiting"),
    ],
)
def test_each_status_has_its_words(ext: Extension, words: str) -> None:
    assert f") · {words} · " in (queue_embed(own(ext)).description or "")


def test_extension_in_a_hidden_channel_has_neither_title_nor_link() -> None:
    hidden = extension(reply=ReplyRef(channel_id=9, guild_id=2, message_id=3))
    assert queue_embed(own(hidden, queue_position=1)).description == (
        f"**Yours**\nIn another channel · ⏳ waiting, 1st in line · <t:{STAMP}:R>"
    )


def test_more_than_ten_are_not_listed() -> None:
    full = queue_embed(own(*[extension()] * MAX_ENTRIES)).description or ""
    more = queue_embed(own(*[extension()] * (MAX_ENTRIES + 1))).description or ""
    assert full.count("waiting") == more.count("waiting") == MAX_ENTRIES
    assert more == f"{full}\n… and more"


@given(long_texts)
def test_title_is_only_text(title: str) -> None:
    ext = extension(source_title=title)
    entries = (QueueEntry(ext, 1_000),) * (MAX_ENTRIES + 1)
    embed = queue_embed(Queue(viewer=VIEWER, own=entries, others=entries))
    assert_within_limits([embed])
    assert_only_text([embed])
