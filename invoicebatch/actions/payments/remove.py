"""Take single payments out of a bundle whose bank file is not written yet; the rest goes on."""

from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.payments.bundles import COLUMNS, READS, bundle_row, resolve, waiting_items
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.status import BundleStatus, ItemStatus


class RemoveParams(Params):
    """Parameters of `payments.remove`."""

    bundle: str = Field(description="Id of the bundle")


def transform(batch: Batch, params: RemoveParams, _: Context) -> Changes:
    """The payments of the rows are withdrawn and their invoices free again; an emptied bundle is cancelled."""
    bundle = bundle_row(batch, params.bundle)
    if bundle["status"] != BundleStatus.CREATED:
        reason = (
            f"the bank file of bundle {params.bundle[:8]} is written: recall or reject the payment instead"
        )
        return Changes(failures=failures(batch.invoices["invoice_id"], reason))
    chosen = waiting_items(batch, params.bundle)
    decided = chosen[["bundle_id", "item_no"]].assign(
        status=ItemStatus.CANCELLED.value, reason="taken out before it was written"
    )
    effects = ChangesBuilder()
    resolve(effects, batch.invoices, batch["payment_bundles"], batch["bundle_items"], decided)
    return effects.changes(totals={"removed_cents": int(chosen["amount_cents"].sum())})


ACTION = Action(
    name="payments.remove",
    label="Take payments out of a bundle",
    help="Take single payments out of a bundle that is not written yet.",
    params=RemoveParams,
    reads=READS,
    columns=COLUMNS,
    transform=transform,
    hidden=True,
)
