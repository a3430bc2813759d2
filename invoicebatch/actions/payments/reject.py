"""The bank refused some payments of a bundle: they are named, and their invoices are free again."""

from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.payments.bundles import READS, resolve, waiting_items
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.status import BundleStatus, ItemStatus


class RejectParams(Params):
    """Parameters of `payments.reject`."""

    bundle: str = Field(description="Id of the bundle")
    reason: str = Field(min_length=1, max_length=200, description="What the bank said, such as AC04")


def transform(batch: Batch, params: RejectParams, _: Context) -> Changes:
    """The waiting items of the rows are rejected."""
    bundles, items = batch["payment_bundles"], batch["bundle_items"]
    bundle = bundles[bundles["bundle_id"] == params.bundle].iloc[0]
    if bundle["status"] != BundleStatus.EXPORTED:
        reason = f"payment bundle {params.bundle} is {bundle['status']}: only a written one can be rejected"
        return Changes(failures=failures(batch.invoices["invoice_id"], reason))
    refused = waiting_items(batch, params.bundle)
    decided = refused[["bundle_id", "item_no"]].assign(status=ItemStatus.REJECTED.value, reason=params.reason)
    effects = ChangesBuilder()
    resolve(effects, batch.invoices, bundles, items, decided)
    return effects.changes(totals={"rejected_cents": int(refused["amount_cents"].sum())})


ACTION = Action(
    name="payments.reject",
    label="Reject payments",
    help="The bank refused payments: their invoices are free again.",
    params=RejectParams,
    reads=READS,
    transform=transform,
    hidden=True,
)
