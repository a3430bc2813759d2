"""The files of an export in the format asked for; a table longer than a sheet becomes several.

Several workbooks travel in one ZIP, numbered, each made by a process of its own.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO, Final, Literal, Protocol

from invoicebatch.formats.archive.zip import Entry, write_zip
from invoicebatch.formats.workbook.columns import choose_columns, export_rows
from invoicebatch.formats.workbook.flat import write_csv, write_parquet
from invoicebatch.formats.workbook.table import TABLE_ROWS, TableExport, write_table
from invoicebatch.model.action import Context
from invoicebatch.model.changes import Artefact, Batch, Prepared
from invoicebatch.model.exports.exported import ExportParams, without_rows

Format = Literal["xlsx", "csv", "parquet"]


_NOTHING: Final = {"lines": "it has no lines to export", "measurements": "it has no meter readings to export"}


def export_artefacts(export: str, batch: Batch, params: ExportParams, ctx: Context) -> Iterator[Prepared]:
    """The file of an export, and a failure for each invoice that has nothing to put in it.

    Args:
        export: `invoices`, `lines` or `measurements`; the batch holds the table of that name.
        batch: the selection.
        params: format, columns and language.
        ctx: the run.

    Raises:
        ParameterError: a column that the export does not know.
    """
    settings = ctx.settings.export
    columns = choose_columns(export, params.columns or getattr(settings, export))
    if export in _NOTHING:
        yield from without_rows(batch.invoices, batch[export], _NOTHING[export])
    rows = export_rows(export, columns, batch.invoices, batch.tables)
    if rows.empty:
        return
    invoices = len(rows["invoice_id"].unique())
    facts = {**run_facts(ctx), "invoices": f"{invoices:,}"}
    table = TableExport(export, rows, columns, ctx.now, facts, params.language or settings.language)
    yield Artefact(*export_file(table, params.format, ctx.map, settings.csv_delimiter))


def run_facts(ctx: Context) -> dict[str, str]:
    """What a file says of the run that made it."""
    runs = ctx.table("runs")
    selection = "; ".join(runs.loc[runs["run_id"] == ctx.run_id, "selection"])
    return {"run_id": ctx.run_id, "selection": selection, "user": ctx.user}


class Map(Protocol):
    """Something that runs a function over jobs, in order, perhaps in other processes."""

    def __call__(
        self, function: Callable[[TableExport], bytes], jobs: Iterable[TableExport], /
    ) -> Iterator[bytes]:
        """The results in the jobs' order."""


def export_file(
    export: TableExport,
    file_format: Format,
    run_jobs: Map,
    delimiter: str = ",",
    most_rows: int = TABLE_ROWS,
) -> tuple[str, Callable[[BinaryIO], None]]:
    """The name of the export's file and the function that writes it to an open file.

    Args:
        export: the rows and columns.
        file_format: xlsx, csv or parquet.
        run_jobs: runs the parts of a split workbook.
        delimiter: between the values of a CSV file.
        most_rows: rows of one sheet; longer exports become `<name>-1.xlsx` … in `<name>.zip`.
    """
    if file_format == "csv":
        return f"{export.export}.csv", partial(write_csv, export=export, delimiter=delimiter)
    if file_format == "parquet":
        return f"{export.export}.parquet", partial(write_parquet, export=export)
    if len(export.frame) <= most_rows:
        return f"{export.export}.xlsx", lambda out: write_table(out, export)
    return f"{export.export}.zip", partial(
        _write_split, export=export, run_jobs=run_jobs, most_rows=most_rows
    )


def table_bytes(export: TableExport) -> bytes:
    """The workbook as bytes; a job of a worker process."""
    out = io.BytesIO()
    write_table(out, export)
    return out.getvalue()


def _write_split(out: BinaryIO, export: TableExport, run_jobs: Map, most_rows: int) -> None:
    count = -(-len(export.frame) // most_rows)
    names = (f"{export.export}-{number:0{len(str(count))}d}.xlsx" for number in range(1, count + 1))
    contents = run_jobs(table_bytes, _parts(export, most_rows))
    write_zip((Entry(name, content) for name, content in zip(names, contents, strict=True)), out)


def _parts(export: TableExport, most_rows: int) -> Iterator[TableExport]:
    total = len(export.frame)
    size = -(-total // -(-total // most_rows))  # parts of one size: the processes finish together
    for start in range(0, total, size):
        stop = min(start + size, total)
        rows = f"{start + 1:,}–{stop:,} of {total:,}"
        yield replace(
            export, frame=export.frame.iloc[start:stop], properties={**export.properties, "part": rows}
        )
