"""Moving closed documents to the archive, part by part: each written, read back, then one commit; and back again.

While a part is moved nobody else writes; a process that dies leaves it live as a whole or archived as a whole, and a
run that `resume` finishes, or the next `archive` does.
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import pandas as pd

from invoicebatch.engine.archive_check import ARCHIVE
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.faultpoints import reach
from invoicebatch.engine.base.identity import write_events
from invoicebatch.engine.base.progress import Progress, automatic
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.run.staging import staging_of
from invoicebatch.errors import BusyError, UsageError
from invoicebatch.files.whole import remove
from invoicebatch.model.counted import counted
from invoicebatch.model.shown import ShowsFrames
from invoicebatch.model.status import RunStatus
from invoicebatch.store import Session

LIVE_DAYS: Final = 426
"""Fourteen months: what stays live at least, since the review compares a document with those of a year ago."""


@dataclass(frozen=True)
class Archivable(ShowsFrames):
    """What `archive` would do.

    Attributes:
        before: the first day that stays.
        documents: how many would go.
        stays: reason str, rows int64: why documents dated before that day stay.
    """

    before: date
    documents: int
    stays: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """As the command line's JSON."""
        return {
            "before": str(self.before),
            "documents": self.documents,
            "stays": self.stays.to_dict("records"),
        }


@dataclass(frozen=True)
class Archived(Archivable):
    """What `archive` did.

    Attributes:
        run_id: its run; empty: there was nothing to do.
        files: how many files were written.
        size: bytes of them.
    """

    run_id: str = ""
    files: int = 0
    size: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As the command line's JSON."""
        return super().to_dict() | {"run_id": self.run_id or None, "files": self.files, "bytes": self.size}


def archivable(workspace: WorkspaceBase, before: date) -> Archivable:
    """What would go; nothing changes.

    Raises:
        UsageError: the day is later than fourteen months ago.
    """
    _check(before)
    with workspace.store.read() as session:
        _, stays, documents = session.closed_parts(before)
    return Archivable(before, documents, stays)


def archive(workspace: WorkspaceBase, before: date, progress: bool | Progress = False) -> Archived:
    """Move all documents that are closed and dated before a day to the archive.

    What an earlier archive that was cut off has left is finished first.

    Raises:
        UsageError: the day is later than fourteen months ago.
        BusyError: another process archives.
        StorageError: the disk failed; the parts committed so far are whole, `resume` goes on.
    """
    _check(before)
    with workspace.store.read() as session:
        cut_off = session.whole("runs", f"action = '{ARCHIVE}' AND status = '{RunStatus.RUNNING}'")["run_id"]
    for run_id in cut_off:
        with _held(workspace, run_id):
            finish(workspace, run_id, progress)
    seen = archivable(workspace, before)
    if not seen.documents:
        return Archived(before, 0, seen.stays)
    run_id = str(uuid.uuid4())
    with _held(workspace, run_id):
        with workspace.store.write() as session:
            session.start_run(_run(run_id, seen, workspace.user), pd.DataFrame(columns=_NO_ROWS))
        reach("archive.begun")
        finish(workspace, run_id, progress)
    with workspace.store.read() as session:
        run = session.run(run_id)
    said = json.loads(run["parameters"]) if run else {}
    return Archived(before, said["documents"], seen.stays, run_id, said["files"], said["bytes"])


_NO_ROWS: Final = ["invoice_id", "position", "row_version", "outcome", "number", "reason"]


def _check(before: date) -> None:
    latest = clock.today() - timedelta(days=LIVE_DAYS)
    if before > latest:
        raise UsageError(
            f"What is dated after {latest} stays: the review compares new documents with those of a year ago.",
            f"Archive with --before {latest}, or an earlier day.",
        )


@contextmanager
def _held(workspace: WorkspaceBase, run_id: str) -> Iterator[None]:
    """Hold the lock of a run.

    Raises:
        BusyError: another process does.
    """
    lock = workspace.store.run_lock(run_id)
    if not lock.acquire():
        raise BusyError(f"Run {run_id} archives in another process.", "Wait until it is done.")
    try:
        yield
    finally:
        lock.release()


def finish(workspace: WorkspaceBase, run_id: str, progress: bool | Progress = False) -> None:
    """Move what is left of an archive's documents, write the database file anew, close the run; can be repeated.

    The caller holds the run's lock.
    """
    clear(workspace, run_id)
    with workspace.store.read() as session:
        run = session.run(run_id)
        before = date.fromisoformat(json.loads(run["parameters"])["before"]) if run else date.min
        parts, _, documents = session.closed_parts(before)
        # one event a part, also where the part was dissolved since
        first = 1 + len(session.rows_of("events", "run_id", pd.Series([run_id]), ["event"]))
    sink = automatic(progress)
    sink.start("Archive", documents)
    try:
        for number, matters in enumerate(parts, first):
            sink.advance(_move(workspace, run_id, f"{run_id[:8]}-{number:04d}", before, matters))
    finally:
        sink.stop()
    workspace.store.rewrite()
    reach("archive.rewritten")
    _close(workspace, run_id)


def _move(workspace: WorkspaceBase, run_id: str, part: str, before: date, matters: list[int]) -> int:
    """One part; gives the number of its documents."""
    data, now = workspace.data, clock.now()
    try:
        with workspace.store.write() as session:
            account, month, count = session.choose_closed(before, matters)
            if not count:
                return 0
            files = session.write_part(data, part, (account, month), {"run_id": run_id, "created_at": now})
            reach("archive.written")
            hashes = files.set_index("name")["sha256"].to_dict()
            details = json.dumps({"documents": count, "files": hashes})
            event = {"run_id": run_id, "invoice_id": 0, "event": f"archived {part}", "at": now}
            write_events(session, pd.DataFrame([event | {"user": workspace.user, "details": details}]))
            session.move_out(files)
            reach("archive.uncommitted")
    finally:
        staging_of(data, part).remove()
    reach("archive.committed")
    return count


def clear(workspace: WorkspaceBase, run_id: str) -> None:
    """Remove files of a run that no commit names: it was cut off between writing and committing them."""
    with workspace.store.read() as session:
        left = session.archive_orphans(workspace.data, f"{run_id[:8]}-")
    for path in left:
        remove(path)
    for folder in (workspace.data / "staging").glob(f"{run_id[:8]}-{'[0-9]' * 4}"):
        staging_of(workspace.data, folder.name).remove()


def _close(workspace: WorkspaceBase, run_id: str) -> None:
    with workspace.store.write() as session:
        files, run = _parts_of(session, run_id), session.run(run_id)
        documents = int(files.loc[files["name"].eq("invoices"), "rows"].sum())
        details = json.loads(run["parameters"]) if run else {}
        details |= {"documents": documents, "files": len(files), "bytes": int(files["size"].sum())}
        words = f"{counted(documents, 'document')} dated before {details['before']}, in {counted(len(files), 'file')}"
        session.note_run(
            run_id, parameters=json.dumps(details), selection=words, selected=documents, eligible=documents
        )
        session.finish_run(run_id, RunStatus.FINISHED, clock.now())


def _parts_of(session: Session, run_id: str) -> pd.DataFrame:
    return session.rows_of("archive_parts", "run_id", pd.Series([run_id]))


def _run(run_id: str, seen: Archivable, user: str) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "action": ARCHIVE,
        "parameters": json.dumps(seen.to_dict(), ensure_ascii=False),
        "plan_sha256": "",
        "status": RunStatus.RUNNING.value,
        "folder": "",
        "selected": seen.documents,
        "eligible": seen.documents,
        "totals": "{}",
        "selection": f"dated before {seen.before}",
        "user": user,
        "background": False,
        "created_at": clock.now(),
    }
