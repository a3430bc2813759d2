"""Set a customer's credits off against its open documents, the oldest first.

A credit is what is owed to the customer: overpaid invoices, and credit notes for what was paid already.
"""

import pandas as pd

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.ident import derived_id
from invoicebatch.model.payments import settlement
from invoicebatch.model.payments.ledger import KEY
from invoicebatch.model.status import Movement


def set_off(documents: pd.DataFrame) -> "pd.Series[int]":
    """What each document gives (negative) or takes, in cents, by index; together nothing.

    Args:
        documents: `ledger.KEY`, due_date, invoice_id, outstanding_cents; nothing is set off across ledgers.
    """
    rows = documents.sort_values(["due_date", "invoice_id"], kind="stable")
    cents = rows["outstanding_cents"]
    ledgers = [rows[name].astype("str") for name in KEY]
    sums = [
        cents.abs().where(side, 0).groupby(ledgers).transform("sum") for side in (cents.lt(0), cents.gt(0))
    ]
    most = sums[0].combine(sums[1], min)
    sides = [*ledgers, cents.lt(0)]
    before = cents.abs().groupby(sides).cumsum() - cents.abs()
    taken = (most - before).clip(lower=0).combine(cents.abs(), min)
    return (taken * cents.lt(0).map({True: -1, False: 1})).astype("int64").reindex(documents.index)


def transform(batch: Batch, _: Params, context: Context) -> Changes:
    """Credits and open amounts meet; both sides are booked today."""
    rows = batch.invoices
    cents = set_off(rows)
    moved = rows[cents.ne(0)]
    movements = moved[["invoice_id"]].assign(
        payment_id=[derived_id("set-off", context.run_id, invoice) for invoice in moved["invoice_id"]],
        booked_on=pd.Timestamp(context.today),
        amount_cents=cents[moved.index],
        source="set off",
        reference=None,
        what=Movement.SET_OFF.value,
    )
    effects = settlement.settled(
        batch, movements, context.today, context.settings.payment_plans.early_payment
    )
    rest = rows.loc[cents.eq(0), "invoice_id"]
    total = int(cents[cents.gt(0)].sum())
    return effects.changes(
        unchanged=failures(rest, "there is nothing to set off"), totals={"set_off_cents": total}
    )


ACTION = Action(
    name="payments.set_off",
    label="Set off credits",
    help="Set customers' credits off against their open documents, the oldest first.",
    reads=settlement.READS,
    transform=transform,
    repeatable=True,
    hidden=True,
)
