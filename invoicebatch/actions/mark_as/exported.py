"""Mark as exported: the export status becomes `exported`; nothing is exported."""

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes
from invoicebatch.model.status import ExportStatus


def transform(batch: Batch, params: Params, context: Context) -> Changes:  # noqa: ARG001
    """Every row is exported, now."""
    rows = batch.invoices[["invoice_id"]].assign(
        export_status=ExportStatus.EXPORTED.value, exported_at=context.now
    )
    return Changes(updates={"invoices": rows})


ACTION = Action(
    name="mark_as.exported",
    label="Mark as exported",
    help="Record that invoices were exported outside the system; nothing is exported.",
    columns=frozenset(),
    transform=transform,
    chunk_rows=100_000,
    outcome=("export_status", ExportStatus.EXPORTED.value),
    undo="mark_as.not_exported",
)
