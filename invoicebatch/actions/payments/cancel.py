"""Call a bundle off: its waiting items are cancelled and their invoices are free again."""

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes
from invoicebatch.model.payments.bundles import COLUMNS, READS, resolve, waiting_items
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.status import ItemStatus


class CancelParams(Params):
    """Parameters of `payments.cancel`."""

    bundle: str = Field(description="Id of the bundle")


def transform(batch: Batch, params: CancelParams, _: Context) -> Changes:
    """Waiting items are cancelled; a bundle without confirmed ones is, too."""
    items = batch["bundle_items"]
    waiting = waiting_items(batch, params.bundle)
    decided = waiting[["bundle_id", "item_no"]].assign(
        status=ItemStatus.CANCELLED.value, reason=pd.Series(None, index=waiting.index, dtype="str")
    )
    effects = ChangesBuilder()
    resolve(effects, batch.invoices, batch["payment_bundles"], items, decided)
    return effects.changes(totals={"cancelled_cents": int(waiting["amount_cents"].sum())})


ACTION = Action(
    name="payments.cancel",
    label="Cancel payment bundle",
    help="Call a payment bundle off: its invoices are free again.",
    params=CancelParams,
    reads=READS,
    columns=COLUMNS,
    transform=transform,
    confirm=True,
    hidden=True,
    of_rows={"bundle": "payment_bundle_id"},
)
