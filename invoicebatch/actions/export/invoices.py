"""Export the selected invoices as a table, one row an invoice."""

from collections.abc import Iterator

from invoicebatch.formats.workbook.columns import column_choices
from invoicebatch.model.action import Action, Choices, Context
from invoicebatch.model.changes import Batch, Changes, Prepared
from invoicebatch.model.exports.exported import ExportParams, exported


def artefacts(batch: Batch, params: ExportParams, ctx: Context) -> Iterator[Prepared]:
    """One file with a row for each invoice."""
    from invoicebatch.formats.workbook.export import export_artefacts

    return export_artefacts("invoices", batch, params, ctx)


def transform(batch: Batch, params: ExportParams, ctx: Context) -> Changes:
    """Mark the invoices in the file as exported, where asked for."""
    return exported(batch.good, batch.failed, ctx.now, mark=params.mark_as_exported)


ACTION = Action(
    name="export.invoices",
    label="Invoices",
    title_in_full="Export invoices",
    help="A formatted workbook (or CSV, Parquet) with one row an invoice.",
    params=ExportParams,
    columns=frozenset(),
    transform=transform,
    artefacts=artefacts,
    repeatable=True,
    schedulable=True,
    choices={"columns": Choices(lambda _: column_choices("invoices"), "the columns of this export")},
)
