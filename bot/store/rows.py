"""Rows from values, and values from rows. Knows the columns' names, but no SQL."""

import datetime as dt
from collections.abc import Iterable
from string import ascii_uppercase

from sqlalchemy import RowMapping

from bot.domain.models import (
    Clip,
    ClipRecord,
    ClipStatus,
    ExtendRequest,
    Extension,
    Handle,
    Kind,
    Reason,
    ReasonKind,
    ReplyRef,
    Status,
)


def accepted_row(ext: Extension, publish_at: dt.datetime) -> dict[str, object]:
    """Return the whole row of ``ext`` but for its id, to be published from ``publish_at`` on."""
    return {
        "trigger": ext.idempotency_key,
        "kind": ext.kind,
        "member_id": ext.member_id,
        "take_of": ext.retake_of,
        "created_at": ext.created_at,
        "published": ext.published,
        "publish_failures": ext.publish_failures,
        "publish_at": publish_at,
        **state_row(ext),
        **reply_row(ext.reply),
    }


def state_row(ext: Extension) -> dict[str, object]:
    """Return the columns that change while it goes on; its source fills in what was left open."""
    request = ext.request
    return {
        "provider": request.provider,
        "clip_id": request.clip_id,
        "continue_at": request.continue_at,
        "lyrics": request.lyrics,
        "style": request.style,
        "title": request.title,
        "exclude": request.exclude,
        "model": request.model,
        "source_title": ext.source_title,
        "source_url": ext.source_url,
        "status": ext.status,
        "reason_kind": ext.reason and ext.reason.kind,
        "reason_text": ext.reason and ext.reason.text,
        "handle_task_id": ext.handle and ext.handle.task_id,
        "handle_clip_ids": ext.handle and ext.handle.clip_ids,
        "due_at": ext.due_at,
        "deadline_at": ext.deadline_at,
        "submitted_at": ext.submitted_at,
        "streaming_at": ext.streaming_at,
        "finished_at": ext.finished_at,
        "failures": ext.failures,
        "revision": ext.revision,
    }


def reply_row(reply: ReplyRef) -> dict[str, object]:
    """Return the columns that say where the reply is."""
    return {
        "reply_channel_id": reply.channel_id,
        "reply_guild_id": reply.guild_id,
        "reply_message_id": reply.message_id,
        "reply_token": reply.token,
        "reply_token_until": reply.token_expires_at,
        "reply_in_channel": reply.editable_by_bot,
        "reply_attachment_limit": reply.attachment_limit,
        "reply_answers": reply.reply_to_id,
        "reply_is_settled": reply.final_shown,
        "reply_is_gone": reply.unreachable,
    }


def clip_row(provider: str, clip: Clip) -> dict[str, object]:
    """Return the columns of ``clip`` that don't depend on who made it."""
    return {
        "provider": provider,
        "clip_id": clip.id,
        "status": clip.status,
        "title": clip.title,
        "style": clip.style,
        "audio_url": clip.audio_url,
        "image_url": clip.image_url,
        "duration": clip.duration,
        "error": clip.error,
        "search_text": f"{clip.title}\n{clip.style}\n{clip.id}".casefold(),
    }


def extension_of(row: RowMapping, clips: Iterable[Clip]) -> Extension:
    """Return the extension in ``row`` with the clips that it made."""
    return Extension(
        id=row["id"],
        idempotency_key=row["trigger"],
        kind=Kind(row["kind"]),
        member_id=row["member_id"],
        request=_request_of(row),
        reply=reply_of(row),
        created_at=row["created_at"],
        due_at=row["due_at"],
        deadline_at=row["deadline_at"],
        source_title=row["source_title"],
        source_url=row["source_url"],
        retake_of=row["take_of"],
        status=Status(row["status"]),
        reason=_reason_of(row),
        handle=_handle_of(row),
        clips=tuple(clips),
        submitted_at=row["submitted_at"],
        streaming_at=row["streaming_at"],
        finished_at=row["finished_at"],
        failures=row["failures"],
        revision=row["revision"],
        published=row["published"],
        publish_failures=row["publish_failures"],
    )


def reply_of(row: RowMapping) -> ReplyRef:
    """Return where the reply is."""
    return ReplyRef(
        channel_id=row["reply_channel_id"],
        guild_id=row["reply_guild_id"],
        message_id=row["reply_message_id"],
        token=row["reply_token"],
        token_expires_at=row["reply_token_until"],
        editable_by_bot=row["reply_in_channel"],
        attachment_limit=row["reply_attachment_limit"],
        reply_to_id=row["reply_answers"],
        final_shown=row["reply_is_settled"],
        unreachable=row["reply_is_gone"],
    )


def clip_of(row: RowMapping) -> Clip:
    """Return the clip in ``row``."""
    return Clip(
        id=row["clip_id"],
        status=ClipStatus(row["status"]),
        title=row["title"],
        style=row["style"],
        audio_url=row["audio_url"],
        image_url=row["image_url"],
        duration=row["duration"],
        error=row["error"],
    )


def known_clip_of(row: RowMapping) -> ClipRecord:
    """Return the clip in ``row``, which is joined with the extension that made it, if any."""
    if row["extension_id"] is None:
        return ClipRecord(clip=clip_of(row), provider=row["provider"], known_at=row["seen_at"])
    reply, letter = reply_of(row), ascii_uppercase[row["position"] % len(ascii_uppercase)]
    return ClipRecord(
        clip=clip_of(row),
        provider=row["provider"],
        known_at=row["seen_at"],
        letter="" if Kind(row["kind"]).is_song else letter,
        extension_id=row["extension_id"],
        reply_url=None if reply.unreachable else reply.url,
        is_removed=row["is_removed"],
    )


def _request_of(row: RowMapping) -> ExtendRequest:
    return ExtendRequest(
        provider=row["provider"],
        clip_id=row["clip_id"],
        continue_at=row["continue_at"],
        lyrics=row["lyrics"],
        style=row["style"],
        title=row["title"],
        exclude=row["exclude"],
        model=row["model"],
    )


def _reason_of(row: RowMapping) -> Reason | None:
    if row["reason_kind"] is None:
        return None
    return Reason(kind=ReasonKind(row["reason_kind"]), text=row["reason_text"])


def _handle_of(row: RowMapping) -> Handle | None:
    if row["handle_clip_ids"] is None:
        return None
    return Handle(task_id=row["handle_task_id"], clip_ids=row["handle_clip_ids"])
