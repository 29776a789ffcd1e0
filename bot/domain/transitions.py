"""The state machine of extensions: pure functions (Extension, event, now) -> Extension.

No report of a provider changes a final status or loses a clip, and `revision` rises exactly when
a member can see the difference. An event that does not fit the status returns the extension as it
is.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from bot.domain.failures import Failure, Forgotten, GenerationFailed, NotPlayable
from bot.domain.form import format_style
from bot.domain.models import (
    Clip,
    ClipStatus,
    ExtendRequest,
    Extension,
    Handle,
    Progress,
    Status,
)


def submitting(ext: Extension, *, now: dt.datetime, lease_until: dt.datetime) -> Extension:
    """Return a waiting ``ext`` as submitting: it is saved before its POST is sent."""
    if ext.status is not Status.WAITING:
        return ext
    return _with_revision(
        ext,
        status=Status.SUBMITTING,
        failure=None,
        submitted_at=now,
        due_at=lease_until,
        failures=0,
    )


def submitted(
    ext: Extension, handle: Handle, *, now: dt.datetime, due_at: dt.datetime, deadline: dt.timedelta
) -> Extension:
    """Return a submitting ``ext`` as submitted: its provider has it and gave ``handle``."""
    if ext.status is not Status.SUBMITTING:
        return ext
    clip_ids = dict.fromkeys(handle.clip_ids)
    clips = tuple(Clip(id=clip_id, status=ClipStatus.SUBMITTED) for clip_id in clip_ids)
    return _with_revision(
        ext,
        status=Status.SUBMITTED,
        failure=None,
        handle=handle,
        clips=clips,
        due_at=due_at,
        deadline_at=now + deadline,
        failures=0,
    )


def found_again(
    ext: Extension, handle: Handle, *, now: dt.datetime, due_at: dt.datetime, deadline: dt.timedelta
) -> Extension:
    """Return an interrupted or unconfirmed ``ext`` as submitted: its provider gave ``handle``."""
    if ext.status not in (Status.SUBMITTING, Status.UNCONFIRMED):
        return ext
    interrupted = replace(ext, status=Status.SUBMITTING, failure=None, finished_at=None)
    taken = submitted(interrupted, handle, now=now, due_at=due_at, deadline=deadline)
    is_visible = _visible_state(taken) != _visible_state(ext)
    return replace(taken, revision=ext.revision + is_visible)


def searched(ext: Extension, failure: Failure, *, due_at: dt.datetime) -> Extension:
    """Return a submitting ``ext`` whose outcome is unknown and is looked for until ``due_at``."""
    if ext.status is not Status.SUBMITTING:
        return ext
    return _with_revision(ext, failure=failure, due_at=due_at)


def postponed(ext: Extension, failure: Failure, *, due_at: dt.datetime) -> Extension:
    """Return ``ext`` waiting until ``due_at``: nothing was sent, or the provider asked to wait."""
    if ext.status not in (Status.SUBMITTING, Status.WAITING):
        return ext
    return _with_revision(
        ext,
        status=Status.WAITING,
        failure=failure,
        submitted_at=None,
        due_at=due_at,
        failures=ext.failures + 1,
    )


def finished(
    ext: Extension, status: Status, failure: Failure | None, *, now: dt.datetime
) -> Extension:
    """Return ``ext`` in the final ``status``."""
    if ext.status.is_final:
        return ext
    return _with_revision(ext, status=status, failure=failure, finished_at=now)


def cancelled(ext: Extension, *, now: dt.datetime) -> Extension:
    """Return a waiting ``ext`` as cancelled by its member."""
    if ext.status is not Status.WAITING:
        return ext
    return finished(ext, Status.CANCELLED, None, now=now)


def observed(ext: Extension, progress: Progress, *, now: dt.datetime) -> Extension:
    """Return a tracked ``ext`` after its provider reported ``progress``."""
    if not ext.status.is_tracked:
        return ext
    clips = tuple(
        _with_requested_metadata(clip, ext.request)
        for clip in _merge_clips(ext.clips, progress.clips)
    )
    if progress.error is not None or progress.is_forgotten:
        clips = tuple(_as_failed(clip, progress.error or "") for clip in clips)
    status, failure = _overall_status(clips, progress)
    if status is Status.SUBMITTED and ext.status is Status.STREAMING:
        status = Status.STREAMING
    has_audio = status in (Status.STREAMING, Status.COMPLETE)
    return _with_revision(
        ext,
        status=status,
        failure=failure,
        clips=clips,
        failures=0,
        streaming_at=ext.streaming_at or (now if has_audio else None),
        finished_at=now if status.is_final else None,
        polled_at=ext.polled_at if status.is_final else now,
        no_audio_at=now if status is Status.SUBMITTED else ext.no_audio_at,
    )


def unchanged(ext: Extension, *, now: dt.datetime) -> Extension:
    """Return a tracked ``ext`` after its provider answered that it had no news."""
    if not ext.status.is_tracked:
        return ext
    no_audio_at = now if ext.status is Status.SUBMITTED else ext.no_audio_at
    return replace(ext, polled_at=now, no_audio_at=no_audio_at)


def poll_failed(ext: Extension, *, due_at: dt.datetime) -> Extension:
    """Return a tracked ``ext`` to be fetched again at ``due_at``; members don't see that."""
    if not ext.status.is_tracked:
        return ext
    return replace(ext, failures=ext.failures + 1, due_at=due_at)


def expired(ext: Extension, *, now: dt.datetime) -> Extension:
    """Return ``ext`` as expired if its deadline has passed, or complete if a clip is playable."""
    if not ext.status.is_tracked or ext.deadline_at is None or now < ext.deadline_at:
        return ext
    if any(clip.is_playable for clip in ext.clips):
        return finished(ext, Status.COMPLETE, None, now=now)
    return finished(ext, Status.EXPIRED, None, now=now)


def usual_end(typical_duration: dt.timedelta) -> dt.timedelta:
    """Return after how long an extension is late: in whole minutes, as members are told."""
    return dt.timedelta(minutes=typical_duration // dt.timedelta(minutes=1) + 1)


def is_late(ext: Extension, typical_duration: dt.timedelta | None, *, now: dt.datetime) -> bool:
    """Return whether a tracked ``ext`` takes longer than members were told that it usually does.

    A full song has other durations than those that were learned.
    """
    if not ext.status.is_tracked or ext.kind.is_song or typical_duration is None:
        return False
    return now >= (ext.submitted_at or ext.created_at) + usual_end(typical_duration)


def found_late(
    ext: Extension,
    typical_duration: dt.timedelta | None,
    *,
    since: dt.datetime | None,
    now: dt.datetime,
) -> Extension:
    """Return ``ext`` with a higher revision if it has become late (`is_late`) after ``since``.

    ``since`` is when its provider was asked before; None if never.
    """
    before = since or ext.submitted_at or ext.created_at
    if is_late(ext, typical_duration, now=before) or not is_late(ext, typical_duration, now=now):
        return ext
    return replace(ext, revision=ext.revision + 1)


def can_check_again(ext: Extension) -> bool:
    """Return whether *Check again* could still get audio from the provider, at no cost."""
    if ext.handle is None:
        return False
    return ext.status is Status.EXPIRED or (
        ext.status in (Status.FAILED, Status.COMPLETE)
        and any(not clip.is_playable and clip.status is not ClipStatus.FAILED for clip in ext.clips)
    )


def reopened(ext: Extension, *, now: dt.datetime, deadline: dt.timedelta) -> Extension:
    """Return ``ext`` tracked again because a member pressed *Check again*."""
    if not can_check_again(ext):
        return ext
    clips = tuple(
        replace(clip, status=ClipStatus.SUBMITTED) if _is_withdrawn(clip) else clip
        for clip in ext.clips
    )
    has_audio = any(clip.audio_url for clip in clips)
    return _with_revision(
        ext,
        status=Status.STREAMING if has_audio else Status.SUBMITTED,
        failure=None,
        clips=clips,
        finished_at=None,
        due_at=now,
        deadline_at=now + deadline,
        failures=0,
    )


def with_current_links(ext: Extension, progress: Progress) -> Extension:
    """Return a complete ``ext`` with the links that its provider reports now.

    Unlike `observed` this may remove a link: one that was withdrawn is not playable any more.
    """
    if ext.status is not Status.COMPLETE:
        return ext
    current = {clip.id: clip for clip in progress.clips if clip.status is ClipStatus.COMPLETE}
    return _with_revision(
        ext, clips=tuple(_with_current_link(clip, current.get(clip.id)) for clip in ext.clips)
    )


def _with_current_link(clip: Clip, current: Clip | None) -> Clip:
    if current is None or clip.status is not ClipStatus.COMPLETE:
        return clip
    image_url = current.image_url or clip.image_url
    return replace(clip, audio_url=current.audio_url, image_url=image_url)


def _is_withdrawn(clip: Clip) -> bool:
    """Return whether the clip is complete, but its provider hands out no link."""
    return clip.status is ClipStatus.COMPLETE and clip.audio_url is None


def _overall_status(clips: tuple[Clip, ...], progress: Progress) -> tuple[Status, Failure | None]:
    """Return the status that follows from these clips, and the failure if they have failed."""
    is_open = progress.is_open and progress.error is None and not progress.is_forgotten
    if is_open or not all(clip.status.is_final for clip in clips):
        has_audio = any(clip.audio_url for clip in clips)
        return (Status.STREAMING if has_audio else Status.SUBMITTED), None
    if any(clip.is_playable for clip in clips):
        return Status.COMPLETE, None
    if any(clip.status is ClipStatus.COMPLETE for clip in clips):
        return Status.FAILED, NotPlayable()
    if progress.is_forgotten:
        return Status.FAILED, Forgotten()
    text = progress.error or next((clip.error for clip in clips if clip.error), "")
    return Status.FAILED, GenerationFailed(text)


def _merge_clips(known: tuple[Clip, ...], reported: Iterable[Clip]) -> tuple[Clip, ...]:
    """Return the known clips updated by those reported, new ones last; none is lost or set back."""
    clips = {clip.id: clip for clip in known}
    for clip in reported:
        before = clips.get(clip.id, clip)
        clips[clip.id] = _merge_clip(before, clip)
    return tuple(clips.values())


def _with_requested_metadata(clip: Clip, request: ExtendRequest) -> Clip:
    """Return ``clip`` with the requested title and style where its provider reported none."""
    return replace(
        clip,
        title=clip.title or request.title,
        style=clip.style or format_style(request.style),
    )


def _as_failed(clip: Clip, error: str) -> Clip:
    """Return an unfinished ``clip`` as failed, because the whole extension failed."""
    if clip.status.is_final:
        return clip
    return replace(clip, status=ClipStatus.FAILED, audio_url=None, error=clip.error or error)


def _merge_clip(before: Clip, clip: Clip) -> Clip:
    """Return ``clip`` with what only ``before`` knew; a playable clip stays playable."""
    if before.is_playable and not clip.is_playable:
        clip = replace(clip, status=before.status, audio_url=before.audio_url, error=before.error)
    elif before.status is ClipStatus.STREAMING and not clip.status.is_final:
        clip = replace(clip, status=before.status, audio_url=clip.audio_url or before.audio_url)
    elif clip.status is ClipStatus.FAILED:
        clip = replace(clip, audio_url=None)
    return replace(
        clip,
        title=clip.title or before.title,
        style=clip.style or before.style,
        image_url=clip.image_url or before.image_url,
        duration=clip.duration if clip.duration is not None else before.duration,
        contains_source=clip.contains_source or before.contains_source,
    )


def _with_revision(ext: Extension, **changes: object) -> Extension:
    """Return ``ext`` with ``changes``, its revision raised if a member can see the difference."""
    changed = replace(ext, **changes)  # pyright: ignore[reportArgumentType]
    return replace(
        changed, revision=ext.revision + (_visible_state(changed) != _visible_state(ext))
    )


def _visible_state(ext: Extension) -> object:
    """Return what a member can see of ``ext``; if it is equal, the reply needs no edit."""
    status = Status.SUBMITTED if ext.status is Status.SUBMITTING else ext.status
    if status is Status.WAITING:
        return status, ext.failure, ext.due_at if ext.failure else None
    if ext.status is Status.SUBMITTING:
        return status, ext.failure
    if status is Status.STREAMING:
        # links may be signed anew in each response, which nobody sees
        return status, tuple(
            (
                clip.id,
                clip.is_playable,
                clip.title or ext.title,
                clip.duration,
                bool(clip.image_url),
            )
            for clip in ext.clips
            if clip.audio_url
        )
    if status.is_final:
        return status, ext.failure, ext.clips
    return status, None
