"""Payments that came in: kept as bank entries once, then booked by one run, whatever brought them."""

from typing import TYPE_CHECKING

import pandas as pd

from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.select import select
from invoicebatch.engine.run.runs import Runs
from invoicebatch.model.status import PAYABLE, EntryKind, Status
from invoicebatch.store import Session

if TYPE_CHECKING:
    from invoicebatch.ingest.intake import Intake

TABLE = "payments"


def take_payments(session: Session, intake: "Intake", file: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """Keep the imported payments that are new, to be booked after the import.

    Args:
        session: the import's open transaction.
        intake: whose `payments` frame is taken; payments carry `external_id`.
        file: source of payments that name none.

    Returns:
        Refused rows (file, row, column, value, reason): unknown documents and documents that were
        not created yet; and how many were added, changed (none ever) and there already.
    """
    frame = intake.frames[TABLE]
    found = session.ids_of("external_id", list(frame["external_id"].drop_duplicates()))
    gone = session.archived("external_id", frame["external_id"]).set_index("external_id")["invoice_id"]
    ids = frame["external_id"].map(found.set_index("value")["invoice_id"].fillna(gone))
    stored = session.rows_of("invoices", "invoice_id", ids.dropna().astype("int64"))
    status = ids.map(stored.set_index("invoice_id")["status"].astype("str")).astype("str")
    status = status.mask(ids.isin(gone), Status.CREATED.value)
    reason = pd.Series("", index=frame.index).mask(ids.isna(), "there is no invoice with this external id")
    early = ids.notna() & ~status.isin(PAYABLE)
    reason = reason.mask(early, "the invoice is " + status.astype("str") + ": it can't be paid yet")
    before = session.rows_of("bank_entries", "entry_id", frame["payment_id"]).set_index("entry_id")
    other = (
        frame["payment_id"].map(before["amount_cents"]).fillna(frame["amount_cents"]) != frame["amount_cents"]
    )
    reason = reason.mask((reason == "") & other, "this payment was read before with another amount")
    good = frame[reason == ""].assign(invoice_id=ids[reason == ""].astype("int64"))
    known = pd.concat(
        [
            session.rows_of("bank_entries", "entry_id", good["payment_id"])["entry_id"],
            session.rows_of(TABLE, "payment_id", good["payment_id"])["payment_id"],
        ]
    )
    fresh = good[~good["payment_id"].isin(known)]
    source = fresh["source"].fillna(file) if "source" in fresh else file
    entries = fresh.rename(columns={"payment_id": "entry_id"})
    entries = entries.assign(kind=EntryKind.PAYMENT.value, source=source, booked=False)
    session.insert("bank_entries", entries)
    refused = intake.sources[TABLE][reason != ""].assign(column="external_id")
    refused["value"], refused["reason"] = frame.loc[reason != "", "external_id"], reason[reason != ""]
    return refused, {"added": len(fresh), "changed": 0, "unchanged": len(good) - len(fresh)}


def book(workspace: WorkspaceBase) -> pd.DataFrame:
    """Book all bank entries that wait, also those of an import that was cut off.

    Returns:
        What was not booked: invoice_id int64, number, reason str, waits bool: whether the next booking
        tries it again (another run holds the invoice).
    """
    failed, waits = [], pd.DataFrame(columns=["invoice_id", "number", "reason", "waits"])
    waiting = _unbooked(workspace)
    while len(waiting):
        ids = [int(row) for row in waiting["invoice_id"].drop_duplicates()]
        plan = select(workspace, Runs(workspace), ids=ids).plan("payments.book")
        if plan.eligible == 0:
            waits = plan.refused.assign(waits=True)
            break
        report = plan.apply()
        failed.append(report.failed.assign(waits=False))
        waits = report.refused.assign(waits=True)
        before, waiting = waiting, _unbooked(workspace)
        if len(waiting) >= len(before):
            break
    return pd.concat([*failed, waits], ignore_index=True)


def _unbooked(workspace: WorkspaceBase) -> pd.DataFrame:
    """Bank entries that wait; one item's are booked one after the other."""
    with workspace.store.read() as session:
        return session.whole("bank_entries", "NOT booked")
