"""Extensions to draw, and what Discord allows a message to hold."""

from dataclasses import replace

import discord

from bot.domain.failures import Failure
from bot.domain.models import (
    Clip,
    ClipStatus,
    ExtendRequest,
    Extension,
    Handle,
    ReplyRef,
    Status,
)
from bot.services.reply_context import ReplyContext
from tests.support.factories import NOW, new_extension

STAMP = int(NOW.timestamp())
MEMBER = 1_200_000_000_000_000_042
SOURCE = "5e0f3c10-aaaa-4bbb-8ccc-0123456789ab"
SOURCE_URL = "https://discord.com/channels/2/1/3"
AROUND = ReplyContext(label="AIML API")
HANDLE = Handle(task_id="t")


def extension(status: Status = Status.WAITING, *clips: Clip, **parts: object) -> Extension:
    ext = new_extension(
        at=NOW,
        id=7,
        member_id=MEMBER,
        request=ExtendRequest(
            provider="aimlapi",
            clip_id=SOURCE,
            continue_at=124,
            lyrics="Silver cities\nshine brightly",
            style=("synthpop", "dreamy"),
        ),
        reply=ReplyRef(channel_id=1, guild_id=2, message_id=3),
        source_title="Electric Dreams",
        source_url=SOURCE_URL,
        status=status,
        clips=clips,
        submitted_at=NOW,
    )
    return replace(ext, **parts)


def asked(ext: Extension, **parts: object) -> Extension:
    """Return ``ext`` with parts of its request changed."""
    return replace(ext, request=replace(ext.request, **parts))


def playable(clip_id: str = "a", **parts: object) -> Clip:
    clip = Clip(
        id=clip_id,
        status=ClipStatus.COMPLETE,
        title="Electric Dreams",
        audio_url=f"https://audio.example/{clip_id}.mp3",
        duration=97.4,
    )
    return replace(clip, **parts)


def heard(clip_id: str = "a", **parts: object) -> Clip:
    return replace(playable(clip_id, duration=None, **parts), status=ClipStatus.STREAMING)


def withdrawn(clip_id: str = "a") -> Clip:
    return playable(clip_id, audio_url=None)


def failed(failure: Failure, *clips: Clip, **parts: object) -> Extension:
    return extension(Status.FAILED, *clips, failure=failure, **parts)


def units(text: str | None) -> int:
    """Return the length in UTF-16 units."""
    return len((text or "").encode("utf-16-le", "surrogatepass")) // 2


def all_text(embeds: list[discord.Embed]) -> str:
    parts = ((embed.title, embed.description, embed.footer.text) for embed in embeds)
    return "\n".join(text for part in parts for text in part if text)


def assert_within_limits(embeds: list[discord.Embed]) -> None:
    """Check what Discord checks of the embeds of one message."""
    assert 1 <= len(embeds) <= 10
    for embed in embeds:
        assert units(embed.title) <= 256
        assert units(embed.description) <= 4096
        assert units(embed.footer.text) <= 2048
        assert embed.title or embed.description
    assert sum(units(text) for e in embeds for text in (e.title, e.description, e.footer.text)) <= (
        6000
    )


def buttons(view: discord.ui.View | None) -> list[list[tuple[str, str]]]:
    """Return the rows of ``view``: of each button its label, and its address or custom id."""
    rows = view.to_components() if view else []
    return [
        [
            (button["label"], button.get("url") or button["custom_id"])
            for button in row["components"]
        ]
        for row in rows
        if "options" not in row["components"][0]  # a select
    ]
