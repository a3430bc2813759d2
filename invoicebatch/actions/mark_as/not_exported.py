"""Mark as not exported: the export status becomes `unexported`, so the next export takes the row again."""

import pandas as pd

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes
from invoicebatch.model.status import ExportStatus


def transform(batch: Batch, params: Params, context: Context) -> Changes:  # noqa: ARG001
    """No row is exported any more."""
    rows = batch.invoices[["invoice_id"]].assign(
        export_status=ExportStatus.UNEXPORTED.value, exported_at=pd.Series(dtype="datetime64[us]")
    )
    return Changes(updates={"invoices": rows})


ACTION = Action(
    name="mark_as.not_exported",
    label="Mark as not exported",
    help="Reset the export status, so that the next export takes the invoices again.",
    columns=frozenset(),
    transform=transform,
    chunk_rows=100_000,
    outcome=("export_status", ExportStatus.UNEXPORTED.value),
    undo="mark_as.exported",
)
