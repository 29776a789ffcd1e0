"""Handles of paid requests that Encore could not save to the database before it stopped.

Each is a small file of its own, which only the user that runs Encore may read, in a folder that
outlives the process. The submitter writes them when it is stopped and reads them when it starts.
"""

import glob
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.domain.models import Extension, Handle

log = logging.getLogger(__name__)

_SUFFIX = ".handle.json"
_MODE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsavedHandle:
    """What the provider of an extension answered to its submission.

    Attributes:
        extension_id: number of the row.
        idempotency_key: tells whether the row is the same, should the database be another one.
        handle: to be saved.
        path: the file.
    """

    extension_id: int
    idempotency_key: str
    handle: Handle
    path: Path


class UnsavedHandles:
    """The files in one folder, of one database."""

    def __init__(self, folder: Path | None, *, database: str = "encore") -> None:
        """Name the files.

        Args:
            folder: where they are; None if there is no such place, so that nothing is kept.
            database: begins the name of each.
        """
        self._folder = folder
        self._database = database

    def keep(self, ext: Extension, handle: Handle) -> None:
        """Write a file, or log why that is impossible; the handle is in the log in any case."""
        log.warning("Extension %s: its handle %s is not in the database", ext.id, handle)
        if self._folder is None:
            log.error("Extension %s: ENCORE_STATE_DIR names no folder to keep it in", ext.id)
            return
        path = self._folder / f"{self._database}.{ext.id}{_SUFFIX}"
        kept = {"id": ext.id, "idempotency_key": ext.idempotency_key, "handle": asdict(handle)}
        draft = path.with_suffix(".part")
        try:
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(kept, file)
                file.flush()
                os.fsync(descriptor)
            draft.replace(path)
        except OSError as error:
            log.error("Extension %s: its handle can't be kept (%s)", ext.id, error.strerror)  # noqa: TRY400 - the reason is all
        else:
            log.warning("Extension %s: its handle is kept in %s", ext.id, path)

    def read(self) -> list[UnsavedHandle]:
        """Return what the files hold; one that can't be read is logged and left alone."""
        return [*self._read()]

    def forget(self, unsaved: UnsavedHandle) -> None:
        """Remove the file; one that remains does no harm, as its handle is in the database."""
        try:
            unsaved.path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s can't be removed (%s)", unsaved.path, error.strerror)

    def _read(self) -> Iterator[UnsavedHandle]:
        if self._folder is None:
            return
        pattern = f"{glob.escape(self._database)}.*{_SUFFIX}"
        for path in sorted(self._folder.glob(pattern)):
            try:
                kept = json.loads(path.read_text("utf-8"))
                handle = Handle(
                    task_id=kept["handle"]["task_id"], clip_ids=(*kept["handle"]["clip_ids"],)
                )
                yield UnsavedHandle(
                    extension_id=kept["id"],
                    idempotency_key=kept["idempotency_key"],
                    handle=handle,
                    path=path,
                )
            except (OSError, ValueError, KeyError, TypeError):
                log.exception("The handle in %s can't be read", path)
