"""Exports without a workbook: CSV and Parquet.

The same rows and columns as the workbook, exact; layout is left to the reader.
"""

from collections.abc import Sequence
from typing import BinaryIO, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from invoicebatch.files.csv_text import BYTE_ORDER_MARK, CHUNK_ROWS, csv_lines
from invoicebatch.formats.workbook.cells import number_text, scaled
from invoicebatch.formats.workbook.columns import values_of
from invoicebatch.formats.workbook.rows import TableExport, regrouped
from invoicebatch.model.money import DECIMALS
from invoicebatch.model.schema.types import SCALED, TEXTS, Column, Type
from invoicebatch.settings import Export

_ROW_GROUP: Final = 50_000

_WHOLE: Final = pa.array([currency for currency, decimals in DECIMALS.items() if not decimals])
"""Currencies without minor unit."""

PLAIN: Final = Export()
"""CSV with commas between its values and points in its numbers."""


def write_csv(out: BinaryIO, export: TableExport, settings: Export = PLAIN) -> None:
    """Write UTF-8 CSV with a byte order mark (Excel asks for one), RFC 4180 quoting.

    Numbers and dates are plain (`1234.50`, `2026-11-22`), but for the decimal mark that the settings choose;
    amounts of rows that name a currency have its decimals.
    """
    delimiter = settings.csv_delimiter
    plain = [place for place, column in enumerate(export.columns) if column.type not in TEXTS]
    out.write(BYTE_ORDER_MARK)
    out.write(csv_lines([pa.array([title]) for title in export.titles], delimiter))
    for piece in export.pieces():
        for start in range(0, len(piece), CHUNK_ROWS):
            rows = piece.iloc[start : start + CHUNK_ROWS]
            out.write(
                csv_lines(
                    [
                        _marked(_cells(rows, column), column, settings.csv_decimal)
                        for column in export.columns
                    ],
                    delimiter,
                    plain,
                )
            )


def write_parquet(out: BinaryIO, export: TableExport) -> None:
    """Write Parquet; columns by stored name, money DECIMAL(18,2), rates in percent DECIMAL(18,2)."""
    facts = {f"invoicebatch.{name}": value for name, value in export.properties.items()}
    schema = _table(export.frame.iloc[:0], export.columns).schema.with_metadata(facts)
    with pq.ParquetWriter(
        pa.PythonFile(out, "w"),
        schema,
        compression="zstd",
        use_dictionary=False,  # zstd finds what repeats: a quarter less time, and a smaller file
        store_decimal_as_integer=True,
    ) as writer:
        for group in regrouped(export.pieces(), _ROW_GROUP):
            tables = [_table(piece, export.columns).cast(schema) for piece in group]
            writer.write_table(pa.concat_tables(tables).combine_chunks(), _ROW_GROUP)


def _table(frame: pd.DataFrame, columns: Sequence[Column]) -> pa.Table:
    return pa.table({column.name: _exact(frame, column) for column in columns})


def _array(frame: pd.DataFrame, column: Column) -> pa.Array:
    values = pa.array(values_of(frame, column), from_pandas=True)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _cells(frame: pd.DataFrame, column: Column) -> pa.Array:
    """A column as CSV shows it: text to be guarded, or numbers and dates whose text is final."""
    values = _array(frame, column)
    match column.type:
        case kind if kind in TEXTS or kind is Type.BOOLEAN:
            return values
        case Type.PERCENT:
            return scaled(values, 2)
        case Type.DATE:
            return values.cast(pa.date32())
        case Type.TIMESTAMP:
            return pc.strftime(values.cast(pa.timestamp("s"), safe=False), "%Y-%m-%dT%H:%M:%SZ")
        case Type.MONEY if "currency" in frame:
            text = number_text(values, Type.MONEY)
            whole = pc.is_in(pa.array(frame["currency"], from_pandas=True), value_set=_WHOLE)
            if not pc.any(whole).as_py():
                return text
            return pc.if_else(whole, pc.replace_substring_regex(text, r"\.00$", ""), text)
        case kind:
            return number_text(values, kind)


def _marked(cells: pa.Array, column: Column, decimal: str) -> pa.Array:
    """Numbers with the decimal mark; what is no decimal number stays as it is."""
    if decimal == "." or column.type not in SCALED:
        return cells
    return pc.replace_substring(cells.cast(pa.string()), ".", decimal)


def _exact(frame: pd.DataFrame, column: Column) -> pa.Array:
    values = _array(frame, column)
    if column.type in (Type.MONEY, Type.PERCENT):
        return scaled(values, 2)
    return values.cast(pa.date32()) if column.type is Type.DATE else values
