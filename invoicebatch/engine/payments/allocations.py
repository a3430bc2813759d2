"""Payments of customers booked on documents, and taken back, by runs of hidden actions on those documents.

What a payment pays is noted first; so nothing is forgotten where the process dies before it is booked.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.report import Report
from invoicebatch.engine.run.runs import run_action
from invoicebatch.errors import NothingEligibleError
from invoicebatch.model.ident import derived_id
from invoicebatch.model.schema.payments import PAYMENT_ALLOCATIONS

LIVE: Final = "taken_back_by IS NULL"
"""Condition of the allocations that count."""


def with_left(payments: pd.DataFrame, allocations: pd.DataFrame) -> pd.DataFrame:
    """The payments with left_cents: what of them is not booked, nor about to be."""
    sums = allocations.groupby("payment_id")["amount_cents"].sum()
    taken = sums.reindex(payments["payment_id"]).fillna(0).to_numpy(np.int64)
    return payments.assign(left_cents=payments["amount_cents"] - taken)


def allocate(workspace: WorkspaceBase, wanted: pd.DataFrame) -> tuple[list[Report], pd.DataFrame]:
    """Book payments on documents: noted first, so that nothing is forgotten, then booked by a run.

    What a process that died had noted is booked too, also where nothing new is wanted.

    Args:
        workspace: where.
        wanted: payment_id, invoice_id, number, cents, rule, evidence, beyond.

    Returns:
        The reports, and what was not booked: payment_id, number, reason.
    """
    if wanted.empty:
        left_over: list[Report] = []
        with suppress(NothingEligibleError):  # another process is at work on it
            left_over += book_waiting(workspace)
        return left_over, pd.DataFrame(columns=["payment_id", "number", "reason"])
    with workspace.store.write() as session:
        payments = session.rows_of("incoming_payments", "payment_id", wanted["payment_id"])
        before = session.rows_of("payment_allocations", "payment_id", wanted["payment_id"])
        left = with_left(payments, before[before["taken_back_by"].isna()]).set_index("payment_id")
        total = wanted.groupby("payment_id")["cents"].transform("sum")
        gone = wanted["payment_id"].map(left["left_cents"]).fillna(0).lt(total)
        gone |= wanted["payment_id"].map(left["set_aside"]).notna()
        rows = _rows(wanted[~gone], left, before)
        session.insert("payment_allocations", rows)
    reports = list(book_waiting(workspace))
    with workspace.store.read() as session:
        stored = session.rows_of("payment_allocations", "allocation_id", rows["allocation_id"])
    lost = rows[~rows["allocation_id"].isin(stored.loc[stored["booked"], "allocation_id"])]
    failed = pd.concat([part for report in reports for part in (report.failed, report.refused)] or [pd.DataFrame(columns=["invoice_id", "reason"])])  # fmt: skip
    why = lost["invoice_id"].map(failed.drop_duplicates("invoice_id").set_index("invoice_id")["reason"])
    numbers = wanted.drop_duplicates("invoice_id").set_index("invoice_id")["number"]
    late = wanted.loc[gone, ["payment_id", "number"]].assign(reason="it was booked or set aside meanwhile")
    unfit = lost[["payment_id"]].assign(
        number=lost["invoice_id"].map(numbers), reason=why.fillna("less is open now")
    )
    return reports, pd.concat([late, unfit], ignore_index=True)


def _rows(wanted: pd.DataFrame, payments: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Rows of `payment_allocations`; a pair that was taken back gets a new id."""
    times = before.groupby(["payment_id", "invoice_id"]).size()
    keys = list(zip(wanted["payment_id"], wanted["invoice_id"], strict=True))
    ids = [
        derived_id("allocation", payment, invoice, int(times.get((payment, invoice), 0)))
        for payment, invoice in keys
    ]
    said = payments["reference"].fillna(payments["text"]).fillna(payments["payer"])
    rows = wanted.rename(columns={"cents": "amount_cents"}).assign(
        allocation_id=ids,
        booked_on=wanted["payment_id"].map(payments["booked_on"]),
        reference=wanted["payment_id"].map(said),
    )
    return PAYMENT_ALLOCATIONS.conform(rows)


def book_waiting(workspace: WorkspaceBase) -> Iterator[Report]:
    """Book all allocations that wait, also those of a process that died; then write off small differences."""
    with workspace.store.read() as session:
        waiting = session.whole("payment_allocations", f"NOT booked AND {LIVE}")
    if waiting.empty:
        return
    ids = [int(invoice) for invoice in waiting["invoice_id"].drop_duplicates()]
    report = run_action(workspace, "payments.match", ids)
    yield report
    most = workspace.settings.payment.tolerance_cents
    if not most:
        return
    paid = report.done["invoice_id"].to_numpy(np.int64)
    with workspace.store.read() as session:
        left = session.overview(["outstanding_cents"], clock.today(), paid)
    small = left.loc[left["outstanding_cents"].between(1, most), "invoice_id"]
    if len(small):
        yield run_action(workspace, "payments.write_off", small.tolist())
