"""Exports without a workbook: CSV that no spreadsheet runs as a formula, and Parquet.

The same rows and columns as the workbook, exact; layout is left to the reader.
"""

from typing import Any, BinaryIO, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from invoicebatch.formats.workbook.cells import CHUNK_ROWS, joined_bytes, number_text, scaled
from invoicebatch.formats.workbook.columns import values_of
from invoicebatch.formats.workbook.table import TableExport
from invoicebatch.model.schema.types import Column, Type

FORMULA_START: Final = "^[\\s\\x00]*[=+\\-@\\t\\r＝＋－＠]"
"""What a spreadsheet may take for the beginning of a formula (OWASP, CSV injection)."""

_TEXTS: Final = frozenset({Type.TEXT, Type.CHOICE, Type.JSON})
_ROW_GROUP: Final = 100_000


def guard(texts: pa.Array) -> pa.Array:
    """Texts of a CSV file, an apostrophe before whatever could be read as a formula."""
    risky = pc.match_substring_regex(texts, FORMULA_START)
    if not pc.any(risky).as_py():
        return texts
    return pc.if_else(risky, pc.binary_join_element_wise("'", texts, ""), texts)


def write_csv(out: BinaryIO, export: TableExport, delimiter: str = ",") -> None:
    """Write UTF-8 CSV with a byte order mark (Excel asks for one), RFC 4180 quoting.

    Amounts and dates are plain (`1234.50`, `2026-11-22`), whatever the reader's language.
    """
    titles = [_quoted(pa.array([text])) for text in export.titles]
    out.write(b"\xef\xbb\xbf" + joined_bytes(_line(titles, delimiter)))
    for start in range(0, len(export.frame), CHUNK_ROWS):
        piece = export.frame.iloc[start : start + CHUNK_ROWS]
        texts = [_text(piece, column) for column in export.columns]
        out.write(joined_bytes(_line(texts, delimiter)))


def _line(texts: list[pa.Array], delimiter: str) -> pa.Array:
    pieces: list[Any] = []
    for text in texts:
        pieces += [pc.fill_null(text, ""), delimiter]
    return pc.binary_join_element_wise(*pieces[:-1], "\r\n", "")


def _quoted(texts: pa.Array) -> pa.Array:
    """Texts guarded and quoted (RFC 4180); no text at all stays null."""
    inner = pc.replace_substring(guard(texts), '"', '""')
    return pc.binary_join_element_wise('"', inner, '"', "")


def write_parquet(out: BinaryIO, export: TableExport) -> None:
    """Write Parquet; columns by stored name, money DECIMAL(18,2), rates in percent DECIMAL(18,2)."""
    arrays = [_exact(export.frame, column) for column in export.columns]
    table = pa.table(dict(zip([c.name for c in export.columns], arrays, strict=True)))
    facts = {f"invoicebatch.{name}": value for name, value in export.properties.items()}
    table = table.replace_schema_metadata(facts)
    pq.write_table(table, pa.PythonFile(out, "w"), row_group_size=_ROW_GROUP, compression="zstd")


def _array(frame: pd.DataFrame, column: Column) -> pa.Array:
    values = pa.array(values_of(frame, column), from_pandas=True)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _text(frame: pd.DataFrame, column: Column) -> pa.Array:
    values = _array(frame, column)
    match column.type:
        case kind if kind in _TEXTS:
            return _quoted(values.cast(pa.string()))
        case Type.PERCENT:
            return scaled(values, 2).cast(pa.string())
        case Type.BOOLEAN:
            return values.cast(pa.string())
        case Type.DATE:
            return pc.strftime(values.cast(pa.timestamp("s")), "%Y-%m-%d")
        case Type.TIMESTAMP:
            return pc.strftime(values.cast(pa.timestamp("s"), safe=False), "%Y-%m-%dT%H:%M:%SZ")
        case kind:
            return number_text(values, kind)


def _exact(frame: pd.DataFrame, column: Column) -> pa.Array:
    values = _array(frame, column)
    if column.type in (Type.MONEY, Type.PERCENT):
        return scaled(values, 2)
    return values.cast(pa.date32()) if column.type is Type.DATE else values
