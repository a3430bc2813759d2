"""Book incoming payments on the documents they pay; which these are waits in `payment_allocations`.

What is open is looked at once more: a payment never takes more than that, unless a person wants it.
"""

import pandas as pd

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.money import format_cents
from invoicebatch.model.payments import settlement
from invoicebatch.model.schema.payments import PAYMENT_ALLOCATIONS
from invoicebatch.model.status import PAYABLE


def _faults(rows: pd.DataFrame) -> "pd.Series[str]":
    """Why an allocation can't be booked now, or an empty string."""
    before = rows.groupby("invoice_id")["amount_cents"].cumsum() - rows["amount_cents"]
    left = rows["outstanding_cents"] - before
    short = rows["amount_cents"].gt(left) & ~rows["beyond"]
    held = left.clip(lower=0).map(format_cents).astype("str")
    text = (
        rows["amount_cents"].map(format_cents).astype("str")
        + " was to be booked, but only "
        + held
        + " is open now"
    )
    early = ~rows["status"].astype("str").isin(PAYABLE)
    reason = text.where(short, "")
    return reason.mask(early, "the document is " + rows["status"].astype("str") + ": it can't be paid yet")


def transform(batch: Batch, _: Params, context: Context) -> Changes:
    """Each allocation is booked once; one that no longer fits is named, and its payment is free again."""
    whole = batch["payment_allocations"]
    waiting = whole[~whole["booked"] & whole["taken_back_by"].isna()]
    rows = waiting.merge(batch.invoices[["invoice_id", "outstanding_cents", "status"]], on="invoice_id")
    fault = _faults(rows)
    bad, good = rows[fault.ne("")], rows[fault.eq("")]
    movements = good[["invoice_id", "booked_on", "reference"]].assign(
        payment_id=good["allocation_id"],
        amount_cents=good["amount_cents"],
        source="payment " + good["payment_id"].str[:8],
    )
    early = context.settings.payment_plans.early_payment
    effects = settlement.settled(batch, movements, context.today, early)
    booked = good[["allocation_id"]].assign(booked=True, run_id=context.run_id)
    effects.update("payment_allocations", PAYMENT_ALLOCATIONS.conform(booked))
    if len(bad):
        effects.deletes["payment_allocations"] = bad[["allocation_id"]].reset_index(drop=True)
    lost = bad[~bad["invoice_id"].isin(good["invoice_id"])]
    return effects.changes(
        failures=failures(lost["invoice_id"], fault[lost.index]),
        notes=failures(good["invoice_id"], good["evidence"]),
        totals={"booked_cents": int(good["amount_cents"].sum())},
    )


ACTION = Action(
    name="payments.match",
    label="Book customers' payments",
    help="Book incoming payments on the documents they pay.",
    reads=settlement.READS | {"payment_allocations"},
    transform=transform,
    repeatable=True,
    hidden=True,
)
