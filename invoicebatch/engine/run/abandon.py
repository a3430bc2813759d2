"""Giving up a run that can't go on: only what nothing was committed for is given up."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from invoicebatch.engine.archive_check import ARCHIVE
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.run.staging import staging_of
from invoicebatch.errors import BusyError, UnknownNameError
from invoicebatch.model.status import ArtefactStatus, OutboxStatus, RowOutcome, RunStatus
from invoicebatch.store import Session

_LIVE = (RunStatus.RUNNING, RunStatus.QUEUED)
_WAITING = (OutboxStatus.PENDING, OutboxStatus.CONNECTING, OutboxStatus.HANDING_OVER)


def abandon(workspace: WorkspaceBase, run_id: str) -> None:
    """Close the run; its claimed rows become refused and free. See `Workspace.abandon`."""
    lock = workspace.store.run_lock(run_id)
    if not lock.acquire():
        raise BusyError(f"Run {run_id} is at work in another process.", "Stop that process first.")
    try:
        with workspace.store.write() as session:
            run = _close(session, run_id)
            staging_of(workspace.data, run_id).remove()
        if run["action"] == ARCHIVE:
            from invoicebatch.engine.run.archive import clear

            clear(workspace, run_id)
    finally:
        lock.release()


def _close(session: Session, run_id: str) -> Mapping[str, Any]:
    run = session.run(run_id)
    if run is None or run["status"] not in _LIVE:
        status = "unknown" if run is None else run["status"]
        what = "Run" if run is None or run["plan_sha256"] else f"The {run['action']}"
        raise UnknownNameError(
            f"{what} {run_id} is {status}; only an unfinished run can be abandoned.",
            f"See what it did with: invoicebatch show {run_id[:8]}",
        )
    rows = session.taken_rows(run_id)
    _check_nothing_half_done(session, run, rows)
    left = rows[rows["outcome"] == RowOutcome.CLAIMED][["invoice_id"]]
    session.settle(
        run_id,
        left.assign(outcome=RowOutcome.REFUSED.value, reason="the run was abandoned before this row's turn"),
    )
    session.finish_run(run_id, RunStatus.ABANDONED, clock.now())
    return run


def _check_nothing_half_done(session: Session, run: Mapping[str, Any], rows: pd.DataFrame) -> None:
    from invoicebatch.engine.run.erase import waiting

    run_id = run["run_id"]
    files = session.artefacts(run_id)
    messages = session.whole("outbox", "run_id = $run_id", {"run_id": run_id})
    half_done = {
        "invoices have their number and wait for their document": (
            rows["outcome"] == RowOutcome.RESERVED
        ).sum(),
        "files wait to be published": (files["status"] == ArtefactStatus.STAGED).sum(),
        "messages wait to be sent": messages["status"].isin(_WAITING).sum(),
        "files of what was erased wait to be removed": waiting(run),
    }
    for what, count in half_done.items():
        if count:
            raise BusyError(f"{count:,} {what}.", f"Finish the run with: invoicebatch resume {run_id}")
