"""Take an incoming payment off the documents it was booked on."""

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.ident import derived_id
from invoicebatch.model.payments import settlement
from invoicebatch.model.schema.payments import INCOMING_PAYMENTS, PAYMENT_ALLOCATIONS


class UnmatchParams(Params):
    """Parameters of `payments.unmatch`."""

    payment: str = Field(description="Id of the payment")


def transform(batch: Batch, params: UnmatchParams, context: Context) -> Changes:
    """What was booked is booked back; the payment waits, and is booked by hand only from now on."""
    whole = batch["payment_allocations"]
    rows = whole[whole["payment_id"].eq(params.payment) & whole["booked"] & whole["taken_back_by"].isna()]
    movements = rows[["invoice_id", "reference"]].assign(
        payment_id=[derived_id("taken back", allocation) for allocation in rows["allocation_id"]],
        booked_on=pd.Timestamp(context.today),
        amount_cents=-rows["amount_cents"],
        source=f"payment {params.payment[:8]} taken back",
    )
    effects = settlement.settled(
        batch, movements, context.today, context.settings.payment_plans.early_payment
    )
    taken = rows[["allocation_id"]].assign(taken_back_by=context.run_id)
    effects.update("payment_allocations", PAYMENT_ALLOCATIONS.conform(taken))
    free = rows[["payment_id"]].drop_duplicates().assign(by_hand=True)
    effects.update("incoming_payments", INCOMING_PAYMENTS.conform(free))
    others = batch.invoices[~batch.invoices["invoice_id"].isin(rows["invoice_id"])]
    return effects.changes(
        unchanged=failures(others["invoice_id"], "nothing of this payment is booked on it"),
        totals={"taken_back_cents": int(rows["amount_cents"].sum())},
    )


ACTION = Action(
    name="payments.unmatch",
    label="Take a payment back",
    help="Take an incoming payment off the documents it was booked on.",
    params=UnmatchParams,
    reads=settlement.READS | {"payment_allocations"},
    transform=transform,
    hidden=True,
)
