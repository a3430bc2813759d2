"""Charts of money for the shipped notebooks: what is due when, and how old what is open is."""

from datetime import date
from typing import Final

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.interfaces.notebook.steps import bar_chart
from invoicebatch.model.payments.ledger import BUCKETS, lateness

LABELS: Final = ("not due", "1 to 30 days", "31 to 60 days", "61 to 90 days", "over 90 days", "no due date")


def aging(invoices: pd.DataFrame, today: date) -> "pd.Series[int]":
    """Open amounts in whole units of money, by days past the due date; the order of `LABELS`.

    Args:
        invoices: due_date datetime64, outstanding_cents int64; only amounts to receive count.
        today: what the days count to.
    """
    owed = invoices[invoices["outstanding_cents"] > 0]
    bucket = lateness(owed["due_date"], today).where(owed["due_date"].notna(), LABELS[-1])
    sums = owed["outstanding_cents"].groupby(bucket).sum().reindex([*BUCKETS, LABELS[-1]], fill_value=0)
    sums.index = pd.Index(LABELS)
    return (sums // 100).astype("int64")


def show_aging(selection: Selection) -> None:
    """A chart of what is open in a selection, by age."""
    invoices = selection.columns(["due_date", "outstanding_cents"])
    bar_chart(aging(invoices, clock.today()), "Open amount by days past the due date")


def show_dates(plan: Plan) -> None:
    """A chart of amounts per date: of a bank file's groups, a plan's instalments or a flow's first steps."""
    for table, day, amount in (
        ("groups", "collection_date", "total_cents"),
        ("schedule", "due_date", "amount_cents"),
        ("first_step", "first_step_on", "outstanding_cents"),
    ):
        frame = plan.preview.get(table)
        if frame is not None and len(frame):
            sums = frame.groupby(frame[day].dt.strftime("%Y-%m-%d").fillna("no date"))[amount].sum() // 100
            bar_chart(sums.astype("int64"), "Amount per date")
