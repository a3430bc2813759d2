"""The bank took a bundle: accepted while its date lies ahead, and paid from that date on.

Paid invoices are booked on the date of the bundle; first mandates recur, the bundle is settled.
"""

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.payments.booking import COLUMNS, READS, Decisions, book_items
from invoicebatch.model.payments.bundles import bundle_row, waiting_items
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.schema.payments import BUNDLE_ITEMS
from invoicebatch.model.status import BundleStatus, ItemStatus


class ConfirmParams(Params):
    """Parameters of `payments.confirm`."""

    bundle: str = Field(description="Id of the bundle")


def transform(batch: Batch, params: ConfirmParams, context: Context) -> Changes:
    """Waiting items are accepted, or from the bundle's date on confirmed and booked on that date."""
    bundle = bundle_row(batch, params.bundle)
    if bundle["status"] != BundleStatus.EXPORTED:
        reason = f"payment bundle {params.bundle} is {bundle['status']}: write its bank file first"
        return Changes(failures=failures(batch.invoices["invoice_id"], reason))
    waiting = waiting_items(batch, params.bundle)
    recalled = waiting["recalled_at"].notna()
    waits = failures(waiting.loc[recalled, "invoice_id"], "recalled: it waits for the bank's answer")
    waiting = waiting[~recalled]
    if bundle["collection_date"].date() > context.today:
        return _accepted(waiting, bundle["collection_date"], waits)
    decided = waiting.assign(
        status=ItemStatus.CONFIRMED.value,
        reason=pd.Series(None, index=waiting.index, dtype="str"),
        booked_on=bundle["collection_date"],
        source=f"bundle {params.bundle}",
    )
    effects = book_items(batch, Decisions(decided), context)
    return effects.changes(unchanged=waits, totals={"confirmed_cents": int(waiting["amount_cents"].sum())})


def _accepted(waiting: pd.DataFrame, on: pd.Timestamp, waits: pd.DataFrame) -> Changes:
    """No money moves before its date."""
    known = waiting["status"].astype("str").eq(ItemStatus.ACCEPTED)
    new = waiting[~known]
    effects = ChangesBuilder()
    accepted = new[["bundle_id", "item_no"]].assign(status=ItemStatus.ACCEPTED.value)
    effects.update("bundle_items", BUNDLE_ITEMS.conform(accepted.reset_index(drop=True)))
    why = f"accepted already; paid from {on.date()} on: confirm it then, or import the bank's statement"
    return effects.changes(
        unchanged=pd.concat([failures(waiting.loc[known, "invoice_id"], why), waits], ignore_index=True),
        totals={"accepted_cents": int(new["amount_cents"].sum())},
    )


ACTION = Action(
    name="payments.confirm",
    label="Confirm payment bundle",
    help="The bank took the bundle: accepted before its date, paid from it on.",
    params=ConfirmParams,
    reads=READS,
    columns=COLUMNS,
    transform=transform,
    confirm=True,
    hidden=True,
    repeatable=True,
    of_rows={"bundle": "payment_bundle_id"},
)
