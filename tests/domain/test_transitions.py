import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain.models import (
    FINAL,
    Clip,
    ClipStatus,
    Extension,
    Handle,
    Progress,
    Reason,
    ReasonKind,
    Status,
)
from bot.domain.transitions import (
    can_check_again,
    cancelled,
    expired,
    finished,
    observed,
    poll_failed,
    postponed,
    reopened,
    submitted,
    submitting,
    with_current_links,
)
from tests.support.factories import DEADLINE, NOW, new_extension

LATER = NOW + dt.timedelta(seconds=30)
HANDLE = Handle(clip_ids=("a", "b"))
REASON = Reason(kind=ReasonKind.RATE_LIMITED, text="slow down")
STREAM = "https://example.com/?item_id="


def extension(status: Status = Status.WAITING, *clips: Clip, **more: object) -> Extension:
    handle = None if status in (Status.WAITING, Status.SUBMITTING) else HANDLE
    return new_extension(**{"id": 7, "status": status, "clips": clips, "handle": handle, **more})


def running(clip_id: str, status: ClipStatus = ClipStatus.QUEUED) -> Clip:
    return Clip(id=clip_id, status=status)


def streaming(clip_id: str) -> Clip:
    return Clip(id=clip_id, status=ClipStatus.STREAMING, audio_url=STREAM + clip_id)


def complete(clip_id: str) -> Clip:
    return Clip(
        id=clip_id,
        status=ClipStatus.COMPLETE,
        title="Electric Dreams",
        audio_url=f"https://example.com/{clip_id}.mp3",
        duration=120.5,
    )


def withdrawn(clip_id: str) -> Clip:
    return Clip(id=clip_id, status=ClipStatus.COMPLETE)


def broken(clip_id: str, error: str = "moderated") -> Clip:
    return Clip(id=clip_id, status=ClipStatus.FAILED, error=error)


def seen(*clips: Clip, is_open: bool = False, error: str | None = None) -> Progress:
    return Progress(clips=clips, is_open=is_open, error=error)


# Submitting


def test_a_waiting_extension_is_submitted() -> None:
    asked = submitting(
        extension(reason=REASON, failures=3), now=NOW, lease_until=NOW + dt.timedelta(minutes=2)
    )
    taken = submitted(asked, HANDLE, now=NOW, due_at=LATER, deadline=DEADLINE)

    assert (asked.status, asked.submitted_at) == (Status.SUBMITTING, NOW)
    assert (asked.reason, asked.failures, asked.due_at) == (None, 0, NOW + dt.timedelta(minutes=2))
    assert (taken.status, taken.handle, taken.due_at) == (Status.SUBMITTED, HANDLE, LATER)
    assert taken.deadline_at == NOW + DEADLINE
    assert taken.submitted_at == NOW
    assert taken.clips == (
        running("a", ClipStatus.SUBMITTED),
        running("b", ClipStatus.SUBMITTED),
    )


def test_members_see_the_start_of_a_submission_and_not_its_end() -> None:
    asked = submitting(extension(), now=NOW, lease_until=LATER)
    taken = submitted(asked, HANDLE, now=NOW, due_at=LATER, deadline=DEADLINE)

    assert (asked.revision, taken.revision) == (2, 2)


def test_a_handle_that_names_a_clip_twice_makes_one_clip_of_it() -> None:
    handle = Handle(clip_ids=("a", "a", "b"))
    taken = submitted(
        extension(Status.SUBMITTING), handle, now=NOW, due_at=LATER, deadline=DEADLINE
    )

    assert [clip.id for clip in taken.clips] == ["a", "b"]


@pytest.mark.parametrize("status", [Status.WAITING, Status.SUBMITTING])
def test_what_was_not_sent_waits_again_and_says_why(status: Status) -> None:
    ext = postponed(extension(status, submitted_at=NOW, failures=1), REASON, due_at=LATER)

    assert (ext.status, ext.reason, ext.due_at) == (Status.WAITING, REASON, LATER)
    assert (ext.submitted_at, ext.failures, ext.revision) == (None, 2, 2)


def test_members_see_when_a_postponed_extension_is_tried_again() -> None:
    once = postponed(extension(), REASON, due_at=LATER)
    same = postponed(once, REASON, due_at=LATER)
    moved = postponed(once, REASON, due_at=LATER + dt.timedelta(seconds=1))

    assert (same.revision, moved.revision) == (once.revision, once.revision + 1)


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.WAITING}))
def test_only_a_waiting_extension_is_sent_or_cancelled(status: Status) -> None:
    ext = extension(status)

    assert submitting(ext, now=NOW, lease_until=LATER) is ext
    assert cancelled(ext, now=NOW) is ext


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.SUBMITTING}))
def test_only_a_submission_under_way_is_taken(status: Status) -> None:
    ext = extension(status)

    assert submitted(ext, HANDLE, now=NOW, due_at=LATER, deadline=DEADLINE) is ext


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.WAITING, Status.SUBMITTING}))
def test_what_the_provider_has_is_never_postponed(status: Status) -> None:
    ext = extension(status)

    assert postponed(ext, REASON, due_at=LATER) is ext


def test_a_member_cancels_while_it_waits() -> None:
    ext = cancelled(extension(), now=LATER)

    assert (ext.status, ext.reason, ext.finished_at) == (Status.CANCELLED, None, LATER)
    assert ext.revision == 2


@pytest.mark.parametrize("status", sorted(set(Status) - FINAL))
def test_an_extension_ends_from_anywhere(status: Status) -> None:
    reason = Reason(kind=ReasonKind.UNCONFIRMED)
    ext = finished(extension(status), Status.UNCONFIRMED, reason, now=LATER)

    assert (ext.status, ext.reason, ext.finished_at) == (Status.UNCONFIRMED, reason, LATER)
    assert ext.revision == 2


# Tracking


@pytest.mark.parametrize(
    ("progress", "status"),
    [
        (seen(), Status.SUBMITTED),
        (seen(is_open=True), Status.SUBMITTED),
        (seen(running("a"), running("b")), Status.SUBMITTED),
        (seen(running("a", ClipStatus.STREAMING)), Status.SUBMITTED),
        (seen(streaming("a")), Status.STREAMING),
        (seen(streaming("a"), streaming("b")), Status.STREAMING),
        (seen(complete("a")), Status.STREAMING),
        (seen(complete("a"), running("b")), Status.STREAMING),
        (seen(complete("a"), streaming("b")), Status.STREAMING),
        (seen(complete("a"), complete("b")), Status.COMPLETE),
        (seen(complete("a"), complete("b"), is_open=True), Status.STREAMING),
        (seen(complete("a"), broken("b")), Status.COMPLETE),
        (seen(broken("a"), complete("b")), Status.COMPLETE),
        (seen(complete("a"), withdrawn("b")), Status.COMPLETE),
        (seen(broken("a")), Status.SUBMITTED),
        (seen(broken("a"), streaming("b")), Status.STREAMING),
        (seen(broken("a"), broken("b")), Status.FAILED),
        (seen(withdrawn("a"), withdrawn("b")), Status.FAILED),
        (seen(withdrawn("a"), broken("b")), Status.FAILED),
        (seen(error="refused"), Status.FAILED),
        (seen(error="refused", is_open=True), Status.FAILED),
        (seen(complete("a"), error="refused"), Status.COMPLETE),
    ],
)
def test_clips_amount_to_a_status(progress: Progress, status: Status) -> None:
    ext = extension(Status.SUBMITTED, running("a"), running("b"))

    assert observed(ext, progress, now=LATER).status is status


@pytest.mark.parametrize(
    ("progress", "reason"),
    [
        (seen(broken("a", ""), broken("b", "moderated")), ("generation_failed", "moderated")),
        (seen(broken("a", ""), broken("b", "")), ("generation_failed", "")),
        (seen(broken("a"), error="refused"), ("generation_failed", "refused")),
        (seen(withdrawn("a"), broken("b")), ("not_playable", "")),
        (seen(withdrawn("a"), error="refused"), ("not_playable", "")),
    ],
)
def test_a_failure_has_the_most_telling_reason(progress: Progress, reason: tuple[str, str]) -> None:
    ext = observed(extension(Status.SUBMITTED, running("a"), running("b")), progress, now=LATER)

    assert ext.reason is not None
    assert (ext.reason.kind, ext.reason.text) == reason


def test_a_finished_task_without_clips_has_failed() -> None:
    ext = observed(extension(Status.SUBMITTED), seen(), now=LATER)

    assert (ext.status, ext.reason) == (
        Status.FAILED,
        Reason(kind=ReasonKind.GENERATION_FAILED),
    )


def test_a_failed_task_fails_its_unfinished_clips_with_its_reason() -> None:
    ext = extension(Status.STREAMING, streaming("a"), broken("b"), complete("c"))
    ext = observed(ext, seen(error="refused"), now=LATER)

    assert ext.clips == (broken("a", "refused"), broken("b"), complete("c"))


def test_times_of_the_first_sound_and_of_the_end_are_kept() -> None:
    ext = extension(Status.SUBMITTED, running("a"))
    audible = observed(ext, seen(streaming("a")), now=NOW)
    done = observed(audible, seen(complete("a")), now=LATER)
    at_once = observed(ext, seen(complete("a")), now=LATER)

    assert (audible.streaming_at, audible.finished_at) == (NOW, None)
    assert (done.streaming_at, done.finished_at) == (NOW, LATER)
    assert (at_once.streaming_at, at_once.finished_at) == (LATER, LATER)


def test_an_answer_ends_a_run_of_failures() -> None:
    ext = extension(Status.SUBMITTED, running("a"), failures=4)

    assert observed(ext, seen(running("a")), now=LATER).failures == 0


def test_a_provider_that_can_not_be_reached_is_no_news_to_members() -> None:
    ext = poll_failed(extension(Status.STREAMING, streaming("a"), failures=1), due_at=LATER)

    assert (ext.status, ext.failures, ext.due_at, ext.revision) == (Status.STREAMING, 2, LATER, 1)


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.SUBMITTED, Status.STREAMING}))
def test_only_what_the_provider_has_is_tracked(status: Status) -> None:
    ext = extension(status, running("a"))

    assert observed(ext, seen(complete("a")), now=LATER) is ext
    assert poll_failed(ext, due_at=LATER) is ext
    assert expired(ext, now=NOW + DEADLINE) is ext


@pytest.mark.parametrize(
    ("known", "news", "kept"),
    [
        pytest.param(running("a"), None, running("a"), id="missing: pending"),
        pytest.param(streaming("a"), running("a"), streaming("a"), id="streaming stays so"),
        pytest.param(
            streaming("a"),
            running("a", ClipStatus.STREAMING),
            streaming("a"),
            id="a stream keeps its link",
        ),
        pytest.param(streaming("a"), broken("a"), broken("a"), id="a stream may fail"),
        pytest.param(
            streaming("a"),
            replace(broken("a"), audio_url=STREAM),
            broken("a"),
            id="what failed can't be heard",
        ),
        pytest.param(
            streaming("a"), withdrawn("a"), withdrawn("a"), id="a stream's link is not the file's"
        ),
        pytest.param(withdrawn("a"), complete("a"), complete("a"), id="the link came after all"),
        pytest.param(broken("a"), complete("a"), complete("a"), id="it had not failed after all"),
        pytest.param(complete("a"), broken("a"), complete("a"), id="playable stays so: failed"),
        pytest.param(complete("a"), withdrawn("a"), complete("a"), id="playable stays so: link"),
        pytest.param(complete("a"), streaming("a"), complete("a"), id="playable stays so: stream"),
        pytest.param(
            complete("a"),
            replace(complete("a"), audio_url="https://example.com/signed.mp3"),
            replace(complete("a"), audio_url="https://example.com/signed.mp3"),
            id="the newest link of a playable clip",
        ),
        pytest.param(
            replace(complete("a"), duration=None, title=""),
            complete("a"),
            complete("a"),
            id="a playable clip is completed",
        ),
        pytest.param(
            Clip(
                id="a",
                status=ClipStatus.QUEUED,
                title="T",
                style="S",
                image_url="https://example.com/i",
                duration=0.0,
            ),
            running("a"),
            Clip(
                id="a",
                status=ClipStatus.QUEUED,
                title="T",
                style="S",
                image_url="https://example.com/i",
                duration=0.0,
            ),
            id="what was told once stays known",
        ),
    ],
)
def test_a_clip_is_brought_up_to_date(known: Clip, news: Clip | None, kept: Clip) -> None:
    ext = extension(Status.STREAMING, known, running("twin"))
    ext = observed(ext, seen(*([news] if news else [])), now=LATER)

    assert ext.clips == (kept, running("twin"))


def test_new_clips_stand_behind_the_known_ones() -> None:
    ext = extension(Status.SUBMITTED, running("b"))
    ext = observed(ext, seen(running("c"), running("a"), running("b")), now=LATER)

    assert [clip.id for clip in ext.clips] == ["b", "c", "a"]


def test_streaming_never_turns_back_into_submitted() -> None:
    ext = extension(Status.STREAMING, streaming("a"), running("b"))

    assert observed(ext, seen(broken("a")), now=LATER).status is Status.STREAMING


@pytest.mark.parametrize(
    ("before", "news", "is_visible"),
    [
        ([running("a")], [running("a", ClipStatus.STREAMING)], False),
        ([running("a")], [replace(running("a"), title="T")], False),
        ([running("a"), running("b")], [broken("b")], False),
        ([running("a")], [streaming("a")], True),
        ([streaming("a"), running("b")], [streaming("b")], True),
        ([streaming("a"), running("b")], [complete("a")], True),
        ([streaming("a")], [replace(streaming("a"), audio_url=STREAM + "new")], False),
        ([streaming("a")], [replace(streaming("a"), title="T")], True),
        ([streaming("a")], [replace(streaming("a"), duration=60.0)], True),
        ([streaming("a")], [replace(streaming("a"), image_url=STREAM)], True),
        ([streaming("a")], [replace(streaming("a"), style="rock")], False),
        ([streaming("a"), running("b")], [replace(running("b"), title="T")], True),
        ([streaming("a"), running("b")], [replace(running("b"), duration=60.0)], False),
        (
            [replace(running("a"), audio_url=STREAM)],
            [Clip(id="a", status=ClipStatus.SUBMITTED, audio_url=STREAM)],
            False,
        ),
        ([streaming("a")], [complete("a")], True),
    ],
)
def test_the_revision_rises_with_what_a_member_can_see(
    before: list[Clip], news: list[Clip], *, is_visible: bool
) -> None:
    heard = any(clip.audio_url for clip in before)
    ext = extension(Status.STREAMING if heard else Status.SUBMITTED, *before)

    assert observed(ext, seen(*news), now=LATER).revision == 1 + is_visible


# Giving up, and asking again


def test_an_extension_expires_at_its_deadline() -> None:
    ext = extension(Status.STREAMING, streaming("a"))
    at = ext.deadline_at

    assert expired(ext, now=at - dt.timedelta(microseconds=1)) is ext
    assert expired(ext, now=at).status is Status.EXPIRED
    assert (expired(ext, now=at).finished_at, expired(ext, now=at).revision) == (at, 2)


def test_what_can_be_heard_at_the_deadline_is_kept() -> None:
    ext = expired(extension(Status.STREAMING, complete("a"), running("b")), now=NOW + DEADLINE)

    assert (ext.status, ext.reason) == (Status.COMPLETE, None)
    assert ext.clips == (complete("a"), running("b"))


@pytest.mark.parametrize(
    ("ext", "can"),
    [
        (extension(Status.EXPIRED), True),
        (extension(Status.EXPIRED, running("a")), True),
        (extension(Status.EXPIRED, handle=None), False),
        (extension(Status.FAILED, withdrawn("a"), broken("b")), True),
        (extension(Status.FAILED, withdrawn("a"), handle=None), False),
        (extension(Status.FAILED, broken("a"), broken("b")), False),
        (extension(Status.FAILED, streaming("a")), True),
        (extension(Status.FAILED), False),
        (extension(Status.COMPLETE, complete("a"), withdrawn("b")), True),
        (extension(Status.COMPLETE, complete("a"), running("b")), True),
        (extension(Status.COMPLETE, complete("a"), broken("b")), False),
        (extension(Status.COMPLETE, complete("a"), complete("b")), False),
        (extension(Status.UNCONFIRMED, withdrawn("a")), False),
        (extension(Status.CANCELLED, withdrawn("a")), False),
        (extension(Status.STREAMING, withdrawn("a")), False),
        (extension(Status.SUBMITTED), False),
    ],
)
def test_asking_again_is_offered_where_audio_could_still_come(ext: Extension, *, can: bool) -> None:
    assert can_check_again(ext) is can
    again = reopened(ext, now=LATER, deadline=DEADLINE)
    assert again.status.is_tracked if can else again is ext


def test_asking_again_starts_a_new_deadline() -> None:
    ext = extension(
        Status.FAILED,
        withdrawn("a"),
        broken("b"),
        reason=Reason(kind=ReasonKind.NOT_PLAYABLE),
        finished_at=NOW,
        failures=2,
    )
    again = reopened(ext, now=LATER, deadline=DEADLINE)

    assert (again.status, again.reason, again.finished_at) == (Status.SUBMITTED, None, None)
    assert (again.due_at, again.deadline_at) == (LATER, LATER + DEADLINE)
    assert (again.failures, again.revision) == (0, 2)


def test_asking_again_reopens_only_clips_whose_audio_is_missing() -> None:
    ext = extension(
        Status.EXPIRED, withdrawn("a"), broken("b"), streaming("c"), complete("d"), running("e")
    )
    again = reopened(ext, now=LATER, deadline=DEADLINE)

    assert again.status is Status.STREAMING
    assert again.clips == (
        running("a", ClipStatus.SUBMITTED),
        broken("b"),
        streaming("c"),
        complete("d"),
        running("e"),
    )


@pytest.mark.parametrize(
    ("news", "status"),
    [
        ([complete("a")], Status.COMPLETE),
        ([withdrawn("a")], Status.FAILED),
        ([], Status.SUBMITTED),
    ],
)
def test_the_answer_to_asking_again_decides(news: list[Clip], status: Status) -> None:
    ext = extension(Status.FAILED, withdrawn("a"), broken("b"))
    again = reopened(ext, now=NOW, deadline=DEADLINE)

    assert observed(again, seen(*news), now=LATER).status is status


FINAL_NEWS: list[Callable[[Extension], Extension]] = [
    lambda ext: submitting(ext, now=LATER, lease_until=LATER),
    lambda ext: submitted(ext, HANDLE, now=LATER, due_at=LATER, deadline=DEADLINE),
    lambda ext: postponed(ext, REASON, due_at=LATER),
    lambda ext: finished(ext, Status.FAILED, REASON, now=LATER),
    lambda ext: cancelled(ext, now=LATER),
    lambda ext: observed(ext, seen(complete("a")), now=LATER),
    lambda ext: observed(ext, seen(error="refused"), now=LATER),
    lambda ext: poll_failed(ext, due_at=LATER),
    lambda ext: expired(ext, now=NOW + 2 * DEADLINE),
]


@pytest.mark.parametrize("status", sorted(FINAL))
@pytest.mark.parametrize("news", FINAL_NEWS)
def test_a_final_status_never_changes(
    status: Status, news: Callable[[Extension], Extension]
) -> None:
    ext = extension(status, running("a"))

    assert news(ext) is ext


def test_fresh_links_replace_the_old_ones() -> None:
    ext = extension(Status.COMPLETE, complete("a"), complete("b"))
    new = replace(complete("a"), audio_url="https://cdn.example/new.mp3", image_url="https://i.e/x")
    fresh = with_current_links(ext, seen(new))
    assert fresh.clips == (
        replace(ext.clips[0], audio_url=new.audio_url, image_url=new.image_url),
        ext.clips[1],
    )
    assert fresh.revision == ext.revision + 1
    assert with_current_links(fresh, seen(new)) == fresh


def test_a_link_that_was_withdrawn_since_is_gone_and_the_status_stays() -> None:
    ext = extension(Status.COMPLETE, complete("a"))
    gone = with_current_links(ext, seen(withdrawn("a")))
    assert gone.clips[0].audio_url is None
    assert gone.status is Status.COMPLETE
    assert can_check_again(replace(gone, handle=Handle(task_id="t")))


@pytest.mark.parametrize("news", [running("a"), broken("a"), streaming("a")])
def test_only_finished_clips_bring_fresh_links(news: Clip) -> None:
    ext = extension(Status.COMPLETE, complete("a"))
    assert with_current_links(ext, seen(news)) == ext


def test_links_belong_to_what_is_complete() -> None:
    ext = extension(Status.STREAMING, streaming("a"))
    assert with_current_links(ext, seen(complete("a"))) == ext
    twin = extension(Status.COMPLETE, complete("a"), broken("b"))
    assert with_current_links(twin, seen(complete("b"))) == twin
