"""Mark as shipped: the shipping status becomes `sent`; nothing is sent."""

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.outbox.again import MARKED, how_sent
from invoicebatch.model.status import ShippingStatus


def transform(batch: Batch, params: Params, context: Context) -> Changes:  # noqa: ARG001
    """Every row is sent, now, by no channel of ours; one that was sent before stays as it is."""
    already = batch.invoices["shipping_status"] == ShippingStatus.SENT.value
    sent = batch.invoices[already]
    rows = batch.invoices.loc[~already, ["invoice_id"]].assign(
        shipping_status=ShippingStatus.SENT.value, sent_at=context.now, shipping_channel=MARKED
    )
    unchanged = failures(sent["invoice_id"], "already " + how_sent(sent))
    return Changes(updates={"invoices": rows}, unchanged=unchanged)


ACTION = Action(
    name="mark_as.shipped",
    label="Mark as shipped",
    help="Record that invoices were sent outside the system; nothing is sent.",
    columns=frozenset({"shipping_status", "shipping_channel", "sent_version"}),
    transform=transform,
    chunk_rows=100_000,
    outcome=("shipping_status", ShippingStatus.SENT.value),
    undo="mark_as.not_shipped",
)
