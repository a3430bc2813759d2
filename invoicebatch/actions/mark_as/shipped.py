"""Mark as shipped: the shipping status becomes `sent`; nothing is sent."""

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes
from invoicebatch.model.status import ShippingStatus


def transform(batch: Batch, params: Params, context: Context) -> Changes:  # noqa: ARG001
    """Every row is sent, now, by no channel of ours."""
    rows = batch.invoices[["invoice_id"]].assign(
        shipping_status=ShippingStatus.SENT.value, sent_at=context.now, shipping_channel="marked"
    )
    return Changes(updates={"invoices": rows})


ACTION = Action(
    name="mark_as.shipped",
    label="Mark as shipped",
    help="Record that invoices were sent outside the system; nothing is sent.",
    columns=frozenset(),
    transform=transform,
    chunk_rows=100_000,
    outcome=("shipping_status", ShippingStatus.SENT.value),
)
