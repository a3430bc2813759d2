"""Mark as not shipped: takes a mark back, so that the document can be sent; what a channel sent stays sent."""

import pandas as pd

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.status import ShippingStatus


def transform(batch: Batch, params: Params, context: Context) -> Changes:  # noqa: ARG001
    """Every row that is sent waits to be sent; one that is not sent stays as it is."""
    marked = batch.invoices["shipping_status"] == ShippingStatus.SENT.value
    rows = batch.invoices.loc[marked, ["invoice_id"]].assign(
        shipping_status=ShippingStatus.TO_SEND.value,
        sent_at=pd.Series(dtype="datetime64[us]"),
        shipping_channel=pd.Series(dtype="str"),
    )
    unchanged = failures(batch.invoices.loc[~marked, "invoice_id"], "not marked as shipped")
    return Changes(updates={"invoices": rows}, unchanged=unchanged)


ACTION = Action(
    name="mark_as.not_shipped",
    label="Mark as not shipped",
    help="Take the mark back that invoices were sent outside the system; what a channel sent stays sent.",
    columns=frozenset({"shipping_status"}),
    transform=transform,
    chunk_rows=100_000,
    outcome=("shipping_status", ShippingStatus.TO_SEND.value),
    after=("send_via",),
    undo="mark_as.shipped",
)
