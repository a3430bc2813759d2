"""The bank refused some payments of a bundle: they are named, and their invoices are free again."""

import pandas as pd
from pydantic import Field

from invoicebatch.ingest.bank.reasons import load_reasons
from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.payments.booking import COLUMNS, READS, Decisions, book_items
from invoicebatch.model.payments.bundles import bundle_row, waiting_items
from invoicebatch.model.payments.returns import code_of
from invoicebatch.model.status import BundleStatus, ItemStatus


class RejectParams(Params):
    """Parameters of `payments.reject`."""

    bundle: str = Field(description="Id of the bundle")
    reason: str = Field(min_length=1, max_length=200, description="What the bank said, such as AC04")


def transform(batch: Batch, params: RejectParams, context: Context) -> Changes:
    """The waiting items of the rows are rejected; what follows is as if the bank's report said it."""
    bundle = bundle_row(batch, params.bundle)
    if bundle["status"] != BundleStatus.EXPORTED:
        reason = f"payment bundle {params.bundle} is {bundle['status']}: only a written one can be rejected"
        return Changes(failures=failures(batch.invoices["invoice_id"], reason))
    refused = waiting_items(batch, params.bundle)
    reasons = load_reasons(context.root)
    decided = refused.assign(
        status=ItemStatus.REJECTED.value,
        reason=params.reason,
        reason_code=code_of(params.reason, reasons),
        booked_on=pd.Timestamp(context.today),
        source=f"bundle {params.bundle}",
    )
    returned = decided.assign(part=bundle["part"])
    effects = book_items(batch, Decisions(decided, returned=returned, reasons=reasons), context)
    return effects.changes(totals={"rejected_cents": int(refused["amount_cents"].sum())})


ACTION = Action(
    name="payments.reject",
    label="Reject payments",
    help="The bank refused payments: their invoices are free again.",
    params=RejectParams,
    reads=READS,
    columns=COLUMNS,
    transform=transform,
    hidden=True,
)
