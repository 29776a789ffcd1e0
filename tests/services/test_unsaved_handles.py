"""A paid request whose answer could not be saved before Encore stopped is tracked after a start."""

import logging
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import failures
from bot.domain.models import Extension, Handle, Status
from bot.domain.transitions import finished, submitting
from bot.services.unsaved_handles import UnsavedHandles
from bot.store.store import Store
from tests.support.factories import new_extension
from tests.support.hooked_store import HookedStore, raise_revision
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import START, ServiceHarness, until

CLIPS = Handle(clip_ids=("new-a", "new-b"))


class AwayStore(Store):
    """A store that saves no handle."""

    async def save(self, new: Extension, *, was: Extension) -> bool:
        if new.handle is not None:
            raise OSError("the database is away")
        return await super().save(new, was=was)


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def kept_files(folder: Path) -> dict[str, int]:
    """Return the names and the permissions of the files."""
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def stopped(
    url: str, state_dir: Path, caplog: pytest.LogCaptureFixture, *, grace: float
) -> Extension:
    """Return an extension whose handle could not be saved when Encore was stopped."""
    async with AwayStore.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_extend.then(CLIPS)
        harness = ServiceHarness(store, suno, state_dir=state_dir)
        ext = await harness.ask("1")
        await harness.submitter.run_once()
        await until(lambda: "could not be saved" in caplog.text)
        await harness.submitter.stop(grace=grace)
        ext = await harness.now(ext)
        assert (ext.status, ext.handle) == (Status.SUBMITTING, None)
        return ext


@pytest.mark.parametrize("grace", [0, 60])
async def test_handle_is_kept_over_a_restart_and_sent_once(
    url: str, state_dir: Path, caplog: pytest.LogCaptureFixture, grace: float
) -> None:
    ext = await stopped(url, state_dir, caplog, grace=grace)
    assert kept_files(state_dir) == {"encore.1.handle.json": 0o600}
    async with Store.open(url) as store:
        suno = ScriptedProvider(reconcile=True)
        suno.on_recent.then(AssertionError("its handle is known"))
        harness = ServiceHarness(store, suno, state_dir=state_dir)
        await harness.submit()
        now = await harness.now(ext)
        assert (now.status, now.handle) == (Status.SUBMITTED, CLIPS)
        await harness.completed(now)
        assert suno.sent == []
    assert kept_files(state_dir) == {}


async def test_handle_of_an_extension_that_was_given_up_meanwhile_is_saved(
    store: Store, state_dir: Path
) -> None:
    harness = ServiceHarness(store, ScriptedProvider(), state_dir=state_dir)
    ext = await interrupted(harness)
    UnsavedHandles(state_dir).keep(ext, CLIPS)
    gone = finished(ext, Status.UNCONFIRMED, failures.Unconfirmed(), now=START)
    await store.save(gone, was=ext)
    await harness.submit()
    now = await harness.now(ext)
    assert (now.status, now.handle, now.failure) == (Status.SUBMITTED, CLIPS, None)
    assert now.revision > gone.revision


async def interrupted(harness: ServiceHarness) -> Extension:
    """Return an extension that another process was sending."""
    ext = await harness.ask("1")
    claimed = submitting(ext, now=START, lease_until=START.replace(year=START.year + 1))
    assert await harness.store.save(claimed, was=ext)
    return await harness.now(ext)


async def test_handle_that_was_saved_after_all_is_forgotten(store: Store, state_dir: Path) -> None:
    harness = ServiceHarness(store, ScriptedProvider(), state_dir=state_dir)
    ext = await harness.submitted("1")
    UnsavedHandles(state_dir).keep(ext, CLIPS)
    anew = ServiceHarness(store, ScriptedProvider(), state_dir=state_dir)
    await anew.submit()
    assert await harness.now(ext) == ext
    assert kept_files(state_dir) == {}


@pytest.mark.parametrize("difference", [{"id": 999}, {"idempotency_key": "another"}])
async def test_handle_of_another_database_is_left_alone(
    store: Store, state_dir: Path, difference: dict[str, object]
) -> None:
    harness = ServiceHarness(store, ScriptedProvider(), state_dir=state_dir)
    ext = await interrupted(harness)
    UnsavedHandles(state_dir).keep(replace(ext, **difference), CLIPS)
    await harness.submit()
    assert await harness.now(ext) == ext
    assert len(kept_files(state_dir)) == 1


async def test_handle_of_a_row_that_changes_meanwhile_is_saved_at_the_next_step(
    url: str, state_dir: Path
) -> None:
    async with HookedStore.open(url) as store:
        harness = ServiceHarness(store, ScriptedProvider(), state_dir=state_dir)
        ext = await interrupted(harness)
        UnsavedHandles(state_dir).keep(ext, CLIPS)
        store.before = raise_revision(store)
        await harness.submit()
        assert (await harness.now(ext)).handle is None
        await harness.submit()
        assert (await harness.now(ext)).handle == CLIPS


def an_extension(**changes: object) -> Extension:
    return new_extension(id=7, **changes)


def test_only_the_files_of_one_database_are_read(state_dir: Path) -> None:
    UnsavedHandles(state_dir, database="[a].db").keep(an_extension(), CLIPS)
    UnsavedHandles(state_dir, database="b.db").keep(an_extension(), Handle(task_id="t"))
    [unsaved] = UnsavedHandles(state_dir, database="[a].db").read()
    assert (unsaved.extension_id, unsaved.handle) == (7, CLIPS)
    [unsaved] = UnsavedHandles(state_dir, database="b.db").read()
    assert unsaved.handle == Handle(task_id="t")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"id": 7, "handle": null}', "\udc80"])
def test_unreadable_file_is_logged_and_left_alone(
    state_dir: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    file = state_dir / "encore.7.handle.json"
    file.write_text(content, "utf-8", errors="surrogateescape")
    assert UnsavedHandles(state_dir).read() == []
    assert "can't be read" in caplog.text
    assert file.exists()


def test_without_a_folder_the_handle_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    handles = UnsavedHandles(None)
    handles.keep(an_extension(), CLIPS)
    assert handles.read() == []
    assert "new-a" in caplog.text
    assert "ENCORE_STATE_DIR" in caplog.text


def test_folder_that_is_gone_is_logged(state_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    handles = UnsavedHandles(state_dir / "gone")
    handles.keep(an_extension(), CLIPS)
    assert handles.read() == []
    assert "new-a" in caplog.text
    assert "can't be kept (No such file or directory)" in caplog.text


def test_file_that_can_not_be_removed_is_logged(
    state_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    handles = UnsavedHandles(state_dir)
    handles.keep(an_extension(), CLIPS)
    [unsaved] = handles.read()
    handles.forget(replace(unsaved, path=state_dir))
    assert "can't be removed" in caplog.text
