"""The files of an export in the format asked for; a table longer than a sheet becomes several.

Several workbooks travel in one ZIP, numbered.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import BinaryIO, Final, Literal

import numpy as np
import pandas as pd

from invoicebatch.formats.archive.zip import Entry, write_zip
from invoicebatch.formats.workbook.columns import choose_columns, columns_read, export_rows
from invoicebatch.formats.workbook.flat import PLAIN, write_csv, write_parquet
from invoicebatch.formats.workbook.rows import TABLE_ROWS, TableExport, regrouped, survey
from invoicebatch.model.action import Context
from invoicebatch.model.changes import Artefact, Batch, Prepared
from invoicebatch.model.exports.exported import ExportParams, without_rows
from invoicebatch.model.schema import Column
from invoicebatch.settings import Export

Format = Literal["xlsx", "csv", "parquet"]

_FIRST: Final = 500
"""Rows that the widths of columns are taken from."""

_FEW: Final = 20_000
"""Rows that are held; more are read while they are written, more than once."""

_IDS: Final = 250_000
"""Invoices of which the ids of all their rows are read at once."""

_NOTHING: Final = {"lines": "it has no lines to export", "measurements": "it has no meter readings to export"}


def export_artefacts(export: str, batch: Batch, params: ExportParams, ctx: Context) -> Iterator[Prepared]:
    """The file of an export, and a failure for each invoice that has nothing to put in it.

    Many rows are read while they are written, some thousand at a time.

    Args:
        export: `invoices`, `lines` or `measurements`.
        batch: the selection.
        params: format, columns and language.
        ctx: the run.

    Raises:
        ParameterError: a column that the export does not know.
    """
    settings = ctx.settings.export
    columns = choose_columns(export, params.columns or getattr(settings, export))
    owners = _owners(export, batch, ctx)
    if export in _NOTHING:
        yield from without_rows(batch.invoices, owners.to_frame(), _NOTHING[export])
    if owners.empty:
        return
    ids = batch.invoices["invoice_id"]
    whole = len(owners) <= _FEW
    most = _FEW if whole else _FIRST
    first = ids[ids.isin(owners)].head(most)  # each has a row at least
    table = TableExport(
        export, pd.concat(_read(export, first, ctx, columns)).head(most), columns, ctx.now,
        {**run_facts(ctx), "invoices": f"{owners.nunique():,}"},
        params.language or settings.language,
        read=None if whole else partial(_read, export, ids, ctx), rows=len(owners),
    )  # fmt: skip
    yield Artefact(*export_file(table, params.format, settings))


def _owners(export: str, batch: Batch, ctx: Context) -> "pd.Series[int]":
    """The invoice of each row that the file will have."""
    ids = batch.invoices["invoice_id"]
    if export not in _NOTHING:
        return ids
    pieces = ctx.pieces(ids.to_numpy(np.int64), (), {export: ("invoice_id",)}, _IDS)
    return pd.concat([piece[export]["invoice_id"] for piece in pieces], ignore_index=True)


def _read(
    export: str, ids: "pd.Series[int]", ctx: Context, columns: Sequence[Column]
) -> Iterator[pd.DataFrame]:
    """The rows of an export with these columns; a `Read` once the other arguments are given."""
    for piece in ctx.pieces(np.asarray(ids, np.int64), *columns_read(export, columns)):
        rows = export_rows(export, columns, piece.invoices, piece.tables)
        if len(rows):
            yield rows


def run_facts(ctx: Context) -> dict[str, str]:
    """What a file says of the run that made it."""
    return {"run_id": ctx.run_id, "selection": ctx.selection, "user": ctx.user}


def export_file(
    export: TableExport, file_format: Format, settings: Export = PLAIN, most_rows: int = TABLE_ROWS
) -> tuple[str, Callable[[BinaryIO], None]]:
    """The name of the export's file and the function that writes it to an open file.

    Args:
        export: the rows and columns.
        file_format: xlsx, csv or parquet.
        settings: the marks of a CSV file.
        most_rows: rows of one sheet; longer exports become `<name>-1.xlsx` … in `<name>.zip`.
    """
    if file_format == "csv":
        return f"{export.export}.csv", partial(write_csv, export=export, settings=settings)
    if file_format == "parquet":
        return f"{export.export}.parquet", partial(write_parquet, export=export)
    if export.count <= most_rows:
        return f"{export.export}.xlsx", partial(_write_workbook, export=export)
    return f"{export.export}.zip", partial(_write_split, export=export, most_rows=most_rows)


def _write_workbook(out: BinaryIO, export: TableExport) -> None:
    from invoicebatch.formats.workbook.table import write_table

    write_table(out, export)


def _write_split(out: BinaryIO, export: TableExport, most_rows: int) -> None:
    write_zip(_parts(export, most_rows), out)


def _parts(export: TableExport, most_rows: int) -> Iterator[Entry]:
    """The workbooks, one made after the other; their sums are known before their rows."""
    from invoicebatch.formats.workbook.table import write_part

    number = -(-export.count // most_rows)
    size = -(-export.count // number)  # parts of one size
    found = [survey(group, export.columns) for group in regrouped(export.summable(), size)]
    groups = regrouped(export.pieces(), size)
    for place, (one, pieces) in enumerate(zip(found, groups, strict=True)):
        rows = f"{place * size + 1:,}–{place * size + one.rows:,} of {export.count:,}"
        out = io.BytesIO()
        part = replace(export, properties={**export.properties, "part": rows})
        write_part(out, part, one, pieces)
        yield Entry(f"{export.export}-{place + 1:0{len(str(number))}d}.xlsx", out.getvalue())
