import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain import failures
from bot.domain.failures import Failure
from bot.domain.models import (
    FINAL,
    Clip,
    ClipStatus,
    Extension,
    Handle,
    Kind,
    Progress,
    Status,
)
from bot.domain.transitions import (
    can_check_again,
    cancelled,
    expired,
    finished,
    found_again,
    found_late,
    is_late,
    observed,
    poll_failed,
    postponed,
    reopened,
    searched,
    submitted,
    submitting,
    unchanged,
    usual_end,
    with_current_links,
)
from tests.support.factories import DEADLINE, NOW, new_extension

LATER = NOW + dt.timedelta(seconds=30)
HANDLE = Handle(clip_ids=("a", "b"))
FAILURE = failures.RateLimited()
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


def test_waiting_extension_is_submitted() -> None:
    asked = submitting(
        extension(failure=FAILURE, failures=3), now=NOW, lease_until=NOW + dt.timedelta(minutes=2)
    )
    taken = submitted(asked, HANDLE, now=NOW, due_at=LATER, deadline=DEADLINE)

    assert (asked.status, asked.submitted_at) == (Status.SUBMITTING, NOW)
    assert (asked.failure, asked.failures, asked.due_at) == (None, 0, NOW + dt.timedelta(minutes=2))
    assert (taken.status, taken.handle, taken.due_at) == (Status.SUBMITTED, HANDLE, LATER)
    assert taken.deadline_at == NOW + DEADLINE
    assert taken.submitted_at == NOW
    assert taken.clips == (
        running("a", ClipStatus.SUBMITTED),
        running("b", ClipStatus.SUBMITTED),
    )


def test_submitting_is_visible_and_submitted_is_not() -> None:
    asked = submitting(extension(), now=NOW, lease_until=LATER)
    taken = submitted(asked, HANDLE, now=NOW, due_at=LATER, deadline=DEADLINE)

    assert (asked.revision, taken.revision) == (2, 2)


def test_found_again_is_tracked_and_seen() -> None:
    gone = extension(
        Status.UNCONFIRMED, handle=None, failure=failures.Unconfirmed(), finished_at=NOW
    )
    found = found_again(gone, HANDLE, now=NOW, due_at=LATER, deadline=DEADLINE)
    assert (found.status, found.handle, found.failure) == (Status.SUBMITTED, HANDLE, None)
    assert (found.finished_at, found.due_at, found.deadline_at) == (None, LATER, NOW + DEADLINE)
    assert found.revision == gone.revision + 1


def test_found_again_while_submitting_is_nothing_to_see() -> None:
    interrupted = extension(Status.SUBMITTING)
    found = found_again(interrupted, HANDLE, now=NOW, due_at=LATER, deadline=DEADLINE)
    assert (found.status, found.revision) == (Status.SUBMITTED, interrupted.revision)


@pytest.mark.parametrize("status", sorted({*Status} - {Status.SUBMITTING, Status.UNCONFIRMED}))
def test_found_again_needs_an_interrupted_extension(status: Status) -> None:
    ext = extension(status)
    assert found_again(ext, HANDLE, now=NOW, due_at=LATER, deadline=DEADLINE) is ext


def test_submitted_with_a_repeated_clip_id_makes_one_clip() -> None:
    handle = Handle(clip_ids=("a", "a", "b"))
    taken = submitted(
        extension(Status.SUBMITTING), handle, now=NOW, due_at=LATER, deadline=DEADLINE
    )

    assert [clip.id for clip in taken.clips] == ["a", "b"]


@pytest.mark.parametrize("status", [Status.WAITING, Status.SUBMITTING])
def test_postponed_extension_waits_with_its_failure(status: Status) -> None:
    ext = postponed(extension(status, submitted_at=NOW, failures=1), FAILURE, due_at=LATER)

    assert (ext.status, ext.failure, ext.due_at) == (Status.WAITING, FAILURE, LATER)
    assert (ext.submitted_at, ext.failures, ext.revision) == (None, 2, 2)


def test_postponed_again_is_visible() -> None:
    once = postponed(extension(), FAILURE, due_at=LATER)
    same = postponed(once, FAILURE, due_at=LATER)
    moved = postponed(once, FAILURE, due_at=LATER + dt.timedelta(seconds=1))

    assert (same.revision, moved.revision) == (once.revision, once.revision + 1)


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.WAITING}))
def test_submitting_and_cancelled_need_a_waiting_extension(status: Status) -> None:
    ext = extension(status)

    assert submitting(ext, now=NOW, lease_until=LATER) is ext
    assert cancelled(ext, now=NOW) is ext


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.SUBMITTING}))
def test_submitted_needs_a_submitting_extension(status: Status) -> None:
    ext = extension(status)

    assert submitted(ext, HANDLE, now=NOW, due_at=LATER, deadline=DEADLINE) is ext


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.WAITING, Status.SUBMITTING}))
def test_postponed_needs_an_extension_that_was_not_submitted(status: Status) -> None:
    ext = extension(status)

    assert postponed(ext, FAILURE, due_at=LATER) is ext


def test_cancelled_extension_is_final() -> None:
    ext = cancelled(extension(), now=LATER)

    assert (ext.status, ext.failure, ext.finished_at) == (Status.CANCELLED, None, LATER)
    assert ext.revision == 2


@pytest.mark.parametrize("status", sorted(set(Status) - FINAL))
def test_finished_extension_is_final_from_every_status(status: Status) -> None:
    failure = failures.Unconfirmed()
    ext = finished(extension(status), Status.UNCONFIRMED, failure, now=LATER)

    assert (ext.status, ext.failure, ext.finished_at) == (Status.UNCONFIRMED, failure, LATER)
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
def test_observed_status_follows_from_the_clips(progress: Progress, status: Status) -> None:
    ext = extension(Status.SUBMITTED, running("a"), running("b"))

    assert observed(ext, progress, now=LATER).status is status


@pytest.mark.parametrize(
    ("progress", "failure"),
    [
        (seen(broken("a", ""), broken("b", "moderated")), failures.GenerationFailed("moderated")),
        (seen(broken("a", ""), broken("b", "")), failures.GenerationFailed()),
        (seen(broken("a"), error="refused"), failures.GenerationFailed("refused")),
        (seen(withdrawn("a"), broken("b")), failures.NotPlayable()),
        (seen(withdrawn("a"), error="refused"), failures.NotPlayable()),
    ],
)
def test_failed_clips_give_the_most_telling_failure(progress: Progress, failure: Failure) -> None:
    ext = observed(extension(Status.SUBMITTED, running("a"), running("b")), progress, now=LATER)

    assert ext.failure == failure


def test_observed_task_without_clips_fails() -> None:
    ext = observed(extension(Status.SUBMITTED), seen(), now=LATER)

    assert (ext.status, ext.failure) == (
        Status.FAILED,
        failures.GenerationFailed(),
    )


def test_observed_task_error_fails_unfinished_clips() -> None:
    ext = extension(Status.STREAMING, streaming("a"), broken("b"), complete("c"))
    ext = observed(ext, seen(error="refused"), now=LATER)

    assert ext.clips == (broken("a", "refused"), broken("b"), complete("c"))


def test_extension_that_its_provider_forgot_fails_but_keeps_what_is_playable() -> None:
    forgotten = Progress(is_open=True, is_forgotten=True)
    ended = observed(extension(Status.SUBMITTED), forgotten, now=NOW)
    assert (ended.status, ended.failure) == (Status.FAILED, failures.Forgotten())
    kept = observed(extension(Status.STREAMING, complete("a"), running("b")), forgotten, now=NOW)
    assert kept.status is Status.COMPLETE
    assert kept.clips[1].status is ClipStatus.FAILED


def test_clip_that_contains_its_source_stays_one() -> None:
    whole = replace(complete("a"), contains_source=True)
    ext = observed(extension(Status.SUBMITTED), seen(whole, is_open=True), now=NOW)
    assert observed(ext, seen(complete("a")), now=NOW).clips[0].contains_source


def test_observed_keeps_the_first_times() -> None:
    ext = extension(Status.SUBMITTED, running("a"))
    audible = observed(ext, seen(streaming("a")), now=NOW)
    done = observed(audible, seen(complete("a")), now=LATER)
    at_once = observed(ext, seen(complete("a")), now=LATER)

    assert (audible.streaming_at, audible.finished_at) == (NOW, None)
    assert (done.streaming_at, done.finished_at) == (NOW, LATER)
    assert (at_once.streaming_at, at_once.finished_at) == (LATER, LATER)


def test_observed_keeps_the_last_times_without_audio_and_without_an_end() -> None:
    silent = observed(extension(Status.SUBMITTED), seen(running("a")), now=NOW)
    audible = observed(silent, seen(streaming("a")), now=LATER)
    done = observed(audible, seen(complete("a")), now=LATER + (LATER - NOW))

    assert (silent.polled_at, silent.no_audio_at) == (NOW, NOW)
    assert (audible.polled_at, audible.no_audio_at) == (LATER, NOW)
    assert (done.polled_at, done.no_audio_at) == (LATER, NOW)


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.STREAMING])
def test_unchanged_keeps_when_that_was_reported_and_nothing_else(status: Status) -> None:
    ext = extension(status, running("a"))
    no_audio_at = LATER if status is Status.SUBMITTED else None
    assert unchanged(ext, now=LATER) == replace(ext, polled_at=LATER, no_audio_at=no_audio_at)


def test_observed_resets_failures() -> None:
    ext = extension(Status.SUBMITTED, running("a"), failures=4)

    assert observed(ext, seen(running("a")), now=LATER).failures == 0


def test_poll_failed_is_invisible() -> None:
    ext = poll_failed(extension(Status.STREAMING, streaming("a"), failures=1), due_at=LATER)

    assert (ext.status, ext.failures, ext.due_at, ext.revision) == (Status.STREAMING, 2, LATER, 1)


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.SUBMITTED, Status.STREAMING}))
def test_observed_and_poll_failed_need_a_tracked_extension(status: Status) -> None:
    ext = extension(status, running("a"))

    assert observed(ext, seen(complete("a")), now=LATER) is ext
    assert unchanged(ext, now=LATER) is ext
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
def test_observed_merges_a_clip(known: Clip, news: Clip | None, kept: Clip) -> None:
    ext = extension(Status.STREAMING, known, running("twin"))
    ext = observed(ext, seen(*([news] if news else [])), now=LATER)

    assert ext.clips == (kept, running("twin"))


def test_observed_appends_new_clips() -> None:
    ext = extension(Status.SUBMITTED, running("b"))
    ext = observed(ext, seen(running("c"), running("a"), running("b")), now=LATER)

    assert [clip.id for clip in ext.clips] == ["b", "c", "a"]


def test_observed_streaming_never_becomes_submitted() -> None:
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
def test_revision_rises_with_what_a_member_can_see(
    before: list[Clip], news: list[Clip], *, is_visible: bool
) -> None:
    heard = any(clip.audio_url for clip in before)
    ext = extension(Status.STREAMING if heard else Status.SUBMITTED, *before)

    assert observed(ext, seen(*news), now=LATER).revision == 1 + is_visible


# Giving up, and asking again


def test_expired_at_its_deadline() -> None:
    ext = extension(Status.STREAMING, streaming("a"))
    at = ext.deadline_at

    assert expired(ext, now=at - dt.timedelta(microseconds=1)) is ext
    assert expired(ext, now=at).status is Status.EXPIRED
    assert (expired(ext, now=at).finished_at, expired(ext, now=at).revision) == (at, 2)


def test_expired_with_a_playable_clip_is_complete() -> None:
    ext = expired(extension(Status.STREAMING, complete("a"), running("b")), now=NOW + DEADLINE)

    assert (ext.status, ext.failure) == (Status.COMPLETE, None)
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
def test_can_check_again_where_audio_may_still_come(ext: Extension, *, can: bool) -> None:
    assert can_check_again(ext) is can
    again = reopened(ext, now=LATER, deadline=DEADLINE)
    assert again.status.is_tracked if can else again is ext


def test_reopened_extension_has_a_new_deadline() -> None:
    ext = extension(
        Status.FAILED,
        withdrawn("a"),
        broken("b"),
        failure=failures.NotPlayable(),
        finished_at=NOW,
        failures=2,
    )
    again = reopened(ext, now=LATER, deadline=DEADLINE)

    assert (again.status, again.failure, again.finished_at) == (Status.SUBMITTED, None, None)
    assert (again.due_at, again.deadline_at) == (LATER, LATER + DEADLINE)
    assert (again.failures, again.revision) == (0, 2)


def test_reopened_extension_reopens_only_clips_without_audio() -> None:
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
def test_observed_after_reopened_decides(news: list[Clip], status: Status) -> None:
    ext = extension(Status.FAILED, withdrawn("a"), broken("b"))
    again = reopened(ext, now=NOW, deadline=DEADLINE)

    assert observed(again, seen(*news), now=LATER).status is status


FINAL_NEWS: list[Callable[[Extension], Extension]] = [
    lambda ext: submitting(ext, now=LATER, lease_until=LATER),
    lambda ext: submitted(ext, HANDLE, now=LATER, due_at=LATER, deadline=DEADLINE),
    lambda ext: postponed(ext, FAILURE, due_at=LATER),
    lambda ext: finished(ext, Status.FAILED, FAILURE, now=LATER),
    lambda ext: cancelled(ext, now=LATER),
    lambda ext: observed(ext, seen(complete("a")), now=LATER),
    lambda ext: observed(ext, seen(error="refused"), now=LATER),
    lambda ext: poll_failed(ext, due_at=LATER),
    lambda ext: expired(ext, now=NOW + 2 * DEADLINE),
]


@pytest.mark.parametrize("status", sorted(FINAL))
@pytest.mark.parametrize("news", FINAL_NEWS)
def test_final_status_never_changes(status: Status, news: Callable[[Extension], Extension]) -> None:
    ext = extension(status, running("a"))

    assert news(ext) is ext


def test_current_links_replace_old_ones() -> None:
    ext = extension(Status.COMPLETE, complete("a"), complete("b"))
    new = replace(complete("a"), audio_url="https://cdn.example/new.mp3", image_url="https://i.e/x")
    fresh = with_current_links(ext, seen(new))
    assert fresh.clips == (
        replace(ext.clips[0], audio_url=new.audio_url, image_url=new.image_url),
        ext.clips[1],
    )
    assert fresh.revision == ext.revision + 1
    assert with_current_links(fresh, seen(new)) == fresh


def test_current_links_remove_a_withdrawn_link_and_keep_the_status() -> None:
    ext = extension(Status.COMPLETE, complete("a"))
    gone = with_current_links(ext, seen(withdrawn("a")))
    assert gone.clips[0].audio_url is None
    assert gone.status is Status.COMPLETE
    assert can_check_again(replace(gone, handle=Handle(task_id="t")))


@pytest.mark.parametrize("news", [running("a"), broken("a"), streaming("a")])
def test_current_links_come_from_complete_clips_only(news: Clip) -> None:
    ext = extension(Status.COMPLETE, complete("a"))
    assert with_current_links(ext, seen(news)) == ext


def test_current_links_need_a_complete_extension() -> None:
    ext = extension(Status.STREAMING, streaming("a"))
    assert with_current_links(ext, seen(complete("a"))) == ext
    twin = extension(Status.COMPLETE, complete("a"), broken("b"))
    assert with_current_links(twin, seen(complete("b"))) == twin


# Late


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 1), (59.9, 1), (60, 2), (150, 3), (180, 4)])
def test_usual_end_is_in_whole_minutes(seconds: float, minutes: int) -> None:
    assert usual_end(dt.timedelta(seconds=seconds)) == dt.timedelta(minutes=minutes)


TYPICAL = dt.timedelta(seconds=150)
LATE = NOW + dt.timedelta(minutes=3)


@pytest.mark.parametrize("status", Status)
def test_only_tracked_extension_is_late(status: Status) -> None:
    ext = extension(status, submitted_at=NOW)
    assert is_late(ext, TYPICAL, now=LATE) is status.is_tracked
    assert not is_late(ext, TYPICAL, now=LATE - dt.timedelta(seconds=1))


def test_nothing_is_late_that_was_never_learned() -> None:
    assert not is_late(extension(Status.SUBMITTED), None, now=LATE)
    assert not is_late(extension(Status.SUBMITTED, kind=Kind.CONCAT), TYPICAL, now=LATE)


@pytest.mark.parametrize(
    ("before", "now", "is_news"),
    [(None, 179, False), (None, 180, True), (170, 185, True), (180, 185, False)],
)
def test_members_see_once_that_it_is_late(before: int | None, now: int, *, is_news: bool) -> None:
    ext = extension(Status.STREAMING, submitted_at=NOW)
    since = None if before is None else NOW + dt.timedelta(seconds=before)
    found = found_late(ext, TYPICAL, since=since, now=NOW + dt.timedelta(seconds=now))
    assert found == replace(ext, revision=ext.revision + is_news)


# Searched


def test_search_for_an_outcome_is_seen_once() -> None:
    ext = extension(Status.SUBMITTING, submitted_at=NOW)
    lost = failures.Unconfirmed("Bad Gateway")
    once = searched(ext, lost, due_at=LATER)
    assert once == replace(ext, failure=lost, due_at=LATER, revision=ext.revision + 1)
    assert searched(once, lost, due_at=LATE) == replace(once, due_at=LATE)
    found = found_again(once, HANDLE, now=LATER, due_at=LATER, deadline=DEADLINE)
    assert (found.failure, found.revision) == (None, once.revision + 1)
    taken = submitted(once, HANDLE, now=LATER, due_at=LATER, deadline=DEADLINE)
    assert (taken.failure, taken.revision) == (None, once.revision + 1)


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.SUBMITTING])
def test_nothing_else_is_searched(status: Status) -> None:
    ext = extension(status)
    assert searched(ext, failures.Unconfirmed(), due_at=LATER) is ext
