"""The bank took a bundle: its invoices are paid, first mandates recur, the bundle is settled."""

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.payments.booking import READS, Decisions, book_items
from invoicebatch.model.payments.bundles import waiting_items
from invoicebatch.model.status import BundleStatus, ItemStatus


class ConfirmParams(Params):
    """Parameters of `payments.confirm`."""

    bundle: str = Field(description="Id of the bundle")


def transform(batch: Batch, params: ConfirmParams, context: Context) -> Changes:
    """Waiting items are confirmed and booked on their invoices on the collection date."""
    bundles = batch["payment_bundles"]
    bundle = bundles[bundles["bundle_id"] == params.bundle].iloc[0]
    if bundle["status"] != BundleStatus.EXPORTED:
        reason = f"payment bundle {params.bundle} is {bundle['status']}: write its bank file first"
        return Changes(failures=failures(batch.invoices["invoice_id"], reason))
    waiting = waiting_items(batch, params.bundle)
    decided = waiting.assign(
        status=ItemStatus.CONFIRMED.value,
        reason=pd.Series(None, index=waiting.index, dtype="str"),
        booked_on=bundle["collection_date"],
        source=f"bundle {params.bundle}",
    )
    effects = book_items(batch, Decisions(decided), context)
    return effects.changes(totals={"confirmed_cents": int(waiting["amount_cents"].sum())})


ACTION = Action(
    name="payments.confirm",
    label="Confirm payment bundle",
    help="The bank took the bundle: its invoices are paid.",
    params=ConfirmParams,
    reads=READS,
    transform=transform,
    hidden=True,
    of_rows={"bundle": "payment_bundle_id"},
)
