"""Write off what a payment was short of, within the tolerance of the settings."""

import pandas as pd

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.ident import derived_id
from invoicebatch.model.payments import settlement
from invoicebatch.model.status import Movement


def transform(batch: Batch, _: Params, context: Context) -> Changes:
    """What is open of documents that were paid, where it is no more than the tolerance."""
    most = context.settings.payment.tolerance_cents
    open_cents = batch.invoices["outstanding_cents"]
    small = open_cents.between(1, most) & batch.invoices["paid_cents"].gt(0)
    rows = batch.invoices[small]
    movements = rows[["invoice_id"]].assign(
        payment_id=[derived_id("write-off", context.run_id, invoice) for invoice in rows["invoice_id"]],
        booked_on=pd.Timestamp(context.today),
        amount_cents=rows["outstanding_cents"].astype("int64"),
        source="written off",
        reference=None,
        what=Movement.WRITE_OFF.value,
    )
    effects = settlement.settled(
        batch, movements, context.today, context.settings.payment_plans.early_payment
    )
    rest = batch.invoices.loc[~small, "invoice_id"]
    return effects.changes(
        unchanged=failures(rest, "more is open than may be written off"),
        totals={"written_off_cents": int(movements["amount_cents"].sum())},
    )


ACTION = Action(
    name="payments.write_off",
    label="Write off small differences",
    help="Write off what a payment was short of, within the tolerance of the settings.",
    reads=settlement.READS,
    transform=transform,
    hidden=True,
)
