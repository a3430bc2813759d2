"""Take an incoming payment off the documents it was booked on."""

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.ident import derived_id
from invoicebatch.model.payments import settlement
from invoicebatch.model.schema.payments import INCOMING_PAYMENTS, PAYMENT_ALLOCATIONS
from invoicebatch.model.status import Movement


class UnmatchParams(Params):
    """Parameters of `payments.unmatch`."""

    payment: str = Field(description="Id of the payment")


def transform(batch: Batch, params: UnmatchParams, context: Context) -> Changes:
    """What was booked is booked back, with what was written off beside it; the payment waits, to be booked by hand.

    Instalments are open again, and a collection case that ended with the payment goes on.
    """
    whole = batch["payment_allocations"]
    rows = whole[whole["payment_id"].eq(params.payment) & whole["booked"] & whole["taken_back_by"].isna()]
    movements = rows[["invoice_id", "reference"]].assign(
        payment_id=[derived_id("taken back", allocation) for allocation in rows["allocation_id"]],
        booked_on=pd.Timestamp(context.today),
        amount_cents=-rows["amount_cents"],
        source=f"payment {params.payment[:8]} taken back",
        what=Movement.PAYMENT.value,
    )
    off = _written_off(batch["payments"], rows["invoice_id"], context)
    effects = settlement.settled(
        batch,
        pd.concat([movements, off], ignore_index=True),
        context.today,
        context.settings.payment_plans.early_payment,
    )
    taken = rows[["allocation_id"]].assign(taken_back_by=context.run_id)
    effects.update("payment_allocations", PAYMENT_ALLOCATIONS.conform(taken))
    free = rows[["payment_id"]].drop_duplicates().assign(by_hand=True)
    effects.update("incoming_payments", INCOMING_PAYMENTS.conform(free))
    cases = settlement.reopened(effects, batch["collection_cases"])
    others = batch.invoices[~batch.invoices["invoice_id"].isin(rows["invoice_id"])]
    return effects.changes(
        unchanged=failures(others["invoice_id"], "nothing of this payment is booked on it"),
        notes=failures(cases, "its collection case goes on: the next step is due today"),
        totals={"taken_back_cents": int(rows["amount_cents"].sum()), "cases_reopened": len(cases)},
    )


def _written_off(booked: pd.DataFrame, ids: "pd.Series[int]", context: Context) -> pd.DataFrame:
    """Movements that take back what was written off on some documents: their payment was not short after all."""
    offs = booked[booked["what"].astype("str").eq(Movement.WRITE_OFF) & booked["invoice_id"].isin(ids)]
    left = offs.groupby("invoice_id", as_index=False)["amount_cents"].sum()
    left = left[left["amount_cents"].ne(0)]
    back: pd.DataFrame = left.assign(
        payment_id=[derived_id("write-off", context.run_id, invoice) for invoice in left["invoice_id"]],
        booked_on=pd.Timestamp(context.today), amount_cents=-left["amount_cents"], source="written off",
        reference=None, what=Movement.WRITE_OFF.value,
    )  # fmt: skip
    return back


ACTION = Action(
    name="payments.unmatch",
    label="Take a payment back",
    help="Take an incoming payment off the documents it was booked on.",
    params=UnmatchParams,
    reads=settlement.READS | {"payment_allocations", "payments"},
    transform=transform,
    hidden=True,
)
