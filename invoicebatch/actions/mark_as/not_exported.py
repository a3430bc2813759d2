"""Mark as not exported: the export status becomes `unexported`, so the next export takes the row again."""

import pandas as pd

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.status import ExportStatus


def transform(batch: Batch, params: Params, context: Context) -> Changes:  # noqa: ARG001
    """No row is exported any more."""
    already = batch.invoices["export_status"] == ExportStatus.UNEXPORTED.value
    rows = batch.invoices.loc[~already, ["invoice_id"]].assign(
        export_status=ExportStatus.UNEXPORTED.value, exported_at=pd.Series(dtype="datetime64[us]")
    )
    unchanged = failures(batch.invoices.loc[already, "invoice_id"], "not marked as exported")
    return Changes(updates={"invoices": rows}, unchanged=unchanged)


ACTION = Action(
    name="mark_as.not_exported",
    label="Mark as not exported",
    help="Reset the export status, so that the next export takes the invoices again.",
    columns=frozenset({"export_status"}),
    transform=transform,
    chunk_rows=100_000,
    outcome=("export_status", ExportStatus.UNEXPORTED.value),
    undo="mark_as.exported",
)
