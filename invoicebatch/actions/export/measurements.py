"""Export the meter readings of the selected invoices as a table, each with its line and invoice."""

from collections.abc import Iterator

from invoicebatch.formats.workbook.columns import column_choices
from invoicebatch.model.action import Action, Choices, Context
from invoicebatch.model.changes import Batch, Changes, Prepared
from invoicebatch.model.exports.exported import ExportParams, exported


def artefacts(batch: Batch, params: ExportParams, ctx: Context) -> Iterator[Prepared]:
    """One file with a row for each reading; an invoice without readings is named and left out."""
    from invoicebatch.formats.workbook.export import export_artefacts

    return export_artefacts("measurements", batch, params, ctx)


def transform(batch: Batch, params: ExportParams, ctx: Context) -> Changes:
    """Mark the invoices in the file as exported, where asked for."""
    return exported(batch.good, batch.failed, ctx.now, mark=params.mark_as_exported)


ACTION = Action(
    name="export.measurements",
    label="Meter readings",
    title_in_full="Export meter readings",
    help="A formatted workbook (or CSV, Parquet) with one row a meter reading.",
    params=ExportParams,
    columns=frozenset(),
    transform=transform,
    artefacts=artefacts,
    repeatable=True,
    schedulable=True,
    choices={"columns": Choices(lambda _: column_choices("measurements"), "the columns of this export")},
)
