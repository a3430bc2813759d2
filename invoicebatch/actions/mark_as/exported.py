"""Mark as exported: the export status becomes `exported`; nothing is exported."""

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.status import ExportStatus


def transform(batch: Batch, params: Params, context: Context) -> Changes:  # noqa: ARG001
    """Every row is exported, now; one that was before keeps its date."""
    already = batch.invoices["export_status"] == ExportStatus.EXPORTED.value
    rows = batch.invoices.loc[~already, ["invoice_id"]].assign(
        export_status=ExportStatus.EXPORTED.value, exported_at=context.now
    )
    unchanged = failures(batch.invoices.loc[already, "invoice_id"], "already exported")
    return Changes(updates={"invoices": rows}, unchanged=unchanged)


ACTION = Action(
    name="mark_as.exported",
    label="Mark as exported",
    help="Record that invoices were exported outside the system; nothing is exported.",
    columns=frozenset({"export_status"}),
    transform=transform,
    chunk_rows=100_000,
    outcome=("export_status", ExportStatus.EXPORTED.value),
    undo="mark_as.not_exported",
)
