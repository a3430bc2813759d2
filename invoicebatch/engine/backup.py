"""Backups of a workspace, consistent while a run is at work: its state at one moment, and every file it names."""

import uuid
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.run.record import Record, record
from invoicebatch.errors import BusyError, WorkspaceError
from invoicebatch.files.backup import write_backup
from invoicebatch.files.hashed_zip import Listed
from invoicebatch.files.stored import CLOSED, DOCUMENTS
from invoicebatch.files.whole import temporary_folder
from invoicebatch.store import FILE, Store

_LEFT_OUT = {FILE, f"{FILE}.wal", f"{FILE}.lock", f"{FILE}.turnstile"}

_TEMPORARY = "backup-"


def backup(workspace: WorkspaceBase, target: Path, earlier: Path | None = None) -> list[Listed]:
    """Back a workspace up to a new ZIP file.

    The state is copied while no commit is under way, the files after it: whatever the state names is
    there, staged or published.

    Args:
        workspace: which.
        target: the file to write; it must not be there.
        earlier: an earlier backup; documents that it holds are not written again.

    Returns:
        The files of the backup. That it was made is kept among the runs: who erases a customer is told of it.

    Raises:
        InputFileError: the target exists, or the earlier file is no backup.
        BusyError: a customer was erased meanwhile.
        StorageError: the disk failed.
    """
    whole = target.resolve()
    with suppress(WorkspaceError), workspace.store.write() as session:  # a copy can only be read
        made = Record(str(uuid.uuid4()), "backup", str(whole), workspace.user, {"file": str(whole)})
        record(session, made, pd.Series(dtype="int64"))
    with temporary_folder(workspace.data, _TEMPORARY) as folder:
        copy = folder / FILE
        workspace.store.copy(copy)
        about = {"workspace": workspace.id, "at": f"{clock.now():%Y-%m-%dT%H:%M:%S}", "by": workspace.user}
        files = [(_name(workspace, workspace.store.file), copy), *_files(workspace)]
        _check_archive(workspace, folder, {name for name, _ in files})
        return write_backup(whole, files, about, earlier)


def _check_archive(workspace: WorkspaceBase, copied: Path, names: Collection[str]) -> None:
    """What the copied state says is archived is there: an erasure since may have taken it back into the state.

    Raises:
        BusyError: it has.
    """
    with Store(copied, workspace.settings.lock_timeout).look() as look:
        then = {part["path"] for part in look.table("archive_parts")}
    with workspace.store.look() as look:
        now = {part["path"] for part in look.table("archive_parts")}
    if any(_name(workspace, workspace.data / path) not in names for path in then - now):
        raise BusyError("A customer was erased while the backup was made.", "Make the backup again.")


def _files(workspace: WorkspaceBase) -> Iterator[tuple[str, Path]]:
    """Staged files first: what is published meanwhile is found at the one place or the other.

    The archives may be links to folders elsewhere, which a walk does not follow.
    """
    data = workspace.data
    for folder in (data / "staging", data / DOCUMENTS, data / CLOSED, data, workspace.root):
        there = folder.resolve()
        for path in sorted(there.rglob("*")):
            own = path.parent == data and path.name in _LEFT_OUT
            hidden = any(above.parent == data and _hidden(above.name) for above in path.parents)
            if path.is_file() and not own and not hidden and not path.name.endswith(".part"):
                yield _name(workspace, folder / path.relative_to(there)), path


def _hidden(name: str) -> bool:
    """Locks, and the copies of backups; one that was killed leaves its copy behind."""
    return name == "locks" or name.startswith(_TEMPORARY)


def _name(workspace: WorkspaceBase, path: Path) -> str:
    """Where a file stands in a restored workspace; a data folder elsewhere is restored as `data`."""
    if path.is_relative_to(workspace.root):
        return path.relative_to(workspace.root).as_posix()
    return (Path("data") / path.relative_to(workspace.data)).as_posix()
