"""Delete: empty documents go for good; the journal and an event keep who, when and what."""

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes


def transform(batch: Batch, params: Params, context: Context) -> Changes:  # noqa: ARG001
    """All rows go, with their lines and readings."""
    return Changes(deletes={"invoices": batch.invoices[["invoice_id"]]})


ACTION = Action(
    name="delete",
    label="Delete",
    help="Delete empty (pro forma) invoices for good.",
    columns=frozenset({"external_id", "customer_id", "company_account_id", "kind"}),
    transform=transform,
    chunk_rows=100_000,
    outcome=("status", "deleted"),
    confirm=True,
    irreversible=True,
)
