"""Bringing documents back from the archive: by hand, or because money moves on one of them."""

import json
import uuid
from typing import Any, Final

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.identity import write_events
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.run.record import Record, record
from invoicebatch.errors import SelectionError
from invoicebatch.model.counted import counted
from invoicebatch.store import Session

RESTORE: Final = "archive.restore"
"""What it is called among the runs."""
RESTORED: Final = "restored"
"""The event of each document."""


def bring_back(session: Session, workspace: WorkspaceBase, ids: "pd.Series[int]", why: str) -> pd.DataFrame:
    """Bring archived ones among some documents back, each with what is one matter with it and its advances.

    Args:
        session: an open session that writes.
        workspace: where.
        ids: int64 ids, archived or not.
        why: what it was done for; the history says it.

    Returns:
        invoice_id int64, number str of those that came back.
    """
    known = session.archived("invoice_id", ids)[["invoice_id", "number"]]
    if known.empty:
        return known
    run_id = str(uuid.uuid4())
    wanted = session.archived_matters(workspace.data, known["invoice_id"].tolist())
    session.move_in(workspace.data, wanted, run_id)
    return note_back(session, workspace, wanted, run_id, why)


def note_back(
    session: Session, workspace: WorkspaceBase, ids: list[int], run_id: str, why: str
) -> pd.DataFrame:
    """Keep among the runs and events that documents came back: invoice_id, number of them."""
    rows = session.rows_of("invoices", "invoice_id", pd.Series(ids), ["invoice_id", "number"])
    words = f"{counted(len(rows), 'document')} brought back: {why}"
    record(session, Record(run_id, RESTORE, words, workspace.user, {"why": why}), rows["invoice_id"])
    events = rows[["invoice_id"]].assign(
        run_id=run_id, event=RESTORED, at=clock.now(), user=workspace.user, details=json.dumps({"why": why})
    )
    write_events(session, events)
    return rows


def restore(workspace: WorkspaceBase, column: str, values: list[Any], why: str) -> pd.DataFrame:
    """Bring documents back by hand.

    Args:
        workspace: where.
        column: `number` or `invoice_id`.
        values: of the documents.
        why: for the history.

    Returns:
        invoice_id int64, number str of what came back: those, and what is one matter with them.

    Raises:
        SelectionError: one is not in the archive; nothing was brought back.
    """
    with workspace.store.write() as session:
        found = session.archived(column, pd.Series(values))
        lost = [str(value) for value in values if value not in set(found[column])]
        if lost:
            raise SelectionError(
                f"Not in the archive: {', '.join(lost[:10])}.", "See what is: invoicebatch list --archived"
            )
        return bring_back(session, workspace, found["invoice_id"], why)
