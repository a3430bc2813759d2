"""Cells as XML, a chunk of rows at once: frame columns to SpreadsheetML by Arrow's vector functions.

No Python object is made per cell. Layout and styles are other modules' business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.files.column_letters import column_letter
from invoicebatch.files.csv_text import CHUNK_ROWS, joined_bytes
from invoicebatch.formats.workbook.text import inline
from invoicebatch.model.schema.types import TEXTS, Column, Type

MAX_ROWS: Final = 1_048_576
"""Rows of a sheet, header included (Excel's published limits)."""

_DAY: Final = 86_400_000_000
_EPOCH_DAYS: Final = 25_569
"""Days from 1899-12-30, where serial days begin, to 1970-01-01."""

_FIRST_SERIAL: Final = 61
"""1900-03-01: the first day on which all programs agree about the serial number."""

SENTENCES: Final = "reasons"
"""The column whose texts may be long: they are wrapped, so that a print stays readable."""
_LINE_LENGTH, _LINE_HEIGHT = 46, 13

_SCALE: Final = {Type.MONEY: 2, Type.PERCENT: 4}


@dataclass(frozen=True, slots=True)
class CellColumn:
    """One column of cells: its values as Arrow, what they are, and the style's index.

    `values` are the frame's: cents for money, basis points for percentages. A missing value makes
    no cell, or an empty one of style `blank` where that is given. Where there are `styles`, each value takes
    the one at the number of decimals it has. What is `wrapped` makes its rows as high as it needs. Of texts
    that are `shared` the values are their places in the workbook's table of texts.
    """

    values: pa.ChunkedArray
    type: Type
    style: int
    blank: int = 0
    styles: Sequence[int] = ()
    wrapped: bool = False
    shared: bool = False


def cell_column(
    series: "pd.Series[Any]", column: Column, style: int, styles: Sequence[int] = ()
) -> CellColumn:
    """The cells of a frame column of that schema column; zero-copy where pandas allows."""
    values = pa.chunked_array(pa.array(series, from_pandas=True))
    return CellColumn(values, column.type, style, styles=styles, wrapped=column.name == SENTENCES)


def row_chunks(columns: Sequence[CellColumn], first_row: int) -> Iterator[memoryview]:
    """The `<row>` elements of all rows, UTF-8, some thousand rows a piece.

    Args:
        columns: all of the same length, for columns A, B, C ….
        first_row: row number of the first value.
    """
    count = len(columns[0].values)
    for start in range(0, count, CHUNK_ROWS):
        stop = min(start + CHUNK_ROWS, count)
        rows = pa.array(np.arange(first_row + start, first_row + stop)).cast(pa.string())
        pieces: list[Any] = ['<row r="', rows, *_height(columns, start, stop), '">']
        for index, column in enumerate(columns):
            values = _piece(column.values, start, stop)
            pieces += _cells(values, column, column_letter(index), rows)
        yield joined_bytes(pc.binary_join_element_wise(*pieces, "</row>", ""))


def _height(columns: Sequence[CellColumn], start: int, stop: int) -> list[Any]:
    """The rows' heights as attributes, where a column is wrapped."""
    for column in columns:
        if column.wrapped:
            length = pc.utf8_length(_piece(column.values, start, stop).cast(pa.string())).fill_null(0)
            lines = pc.max_element_wise(pc.ceil(pc.divide(length.cast(pa.float64()), _LINE_LENGTH)), 1)
            points = pc.add(pc.multiply(lines, _LINE_HEIGHT), 2).cast(pa.int64()).cast(pa.string())
            return ['" ht="', points, '" customHeight="1']
    return []


def number_text(values: pa.Array, kind: Type) -> pa.Array:
    """Numbers as text that reads back exactly: whole cents and basis points become decimals."""
    match kind:
        case Type.MONEY | Type.PERCENT:
            return scaled(values, _SCALE[kind]).cast(pa.string())
        case Type.QUANTITY:
            trimmed = pc.utf8_rtrim(values.cast(pa.string()), "0")
            return pc.utf8_rtrim(trimmed, ".")
        case Type.BOOLEAN:
            return values.cast(pa.int8()).cast(pa.string())
        case _:
            return values.cast(pa.string())


def decimals_shown(values: pa.Array, kind: Type) -> pa.Array:
    """How many decimals each value has when it is shown, trailing zeros aside: of a percentage in percent.

    >>> decimals_shown(pa.array([2000, 550, 575, None]), Type.PERCENT).to_pylist()
    [0, 1, 2, None]
    """
    shown = scaled(values, 2) if kind is Type.PERCENT else values
    text = pc.utf8_rtrim(shown.cast(pa.string()), "0")
    return pc.subtract(pc.subtract(pc.utf8_length(text), 1), pc.find_substring(text, "."))


def scaled(values: pa.Array, scale: int) -> pa.Array:
    """Whole numbers as decimal128 of that many decimals, exactly.

    >>> scaled(pa.array([1230, None, -5]), 2).to_pylist()
    [Decimal('12.30'), None, Decimal('-0.05')]
    """
    whole = np.asarray(pc.fill_null(values, 0).cast(pa.int64()))
    words = np.empty((len(whole), 2), np.int64)
    words[:, 0], words[:, 1] = whole, whole >> 63
    decimals = pa.Array.from_buffers(
        pa.decimal128(18, scale), len(whole), [None, pa.py_buffer(words.tobytes())]
    )
    return pc.if_else(values.is_valid(), decimals, None) if values.null_count else decimals


def _piece(values: pa.ChunkedArray, start: int, stop: int) -> pa.Array:
    chunk = values.slice(start, stop - start).combine_chunks()
    return chunk if isinstance(chunk, pa.Array) else chunk.chunk(0)


def _cells(values: pa.Array, column: CellColumn, letter: str, rows: pa.Array) -> list[Any]:
    """What joins to the column's cells."""
    reference = f'<c r="{letter}'
    blank = [reference, rows, f'" s="{column.blank}"/>'] if column.blank else []
    style = [f'" s="{column.style}"' if column.style else '"']
    if column.styles:
        style = ['" s="', _style_of(values, column), '"']
    shared = values.cast(pa.string()), ' t="s"><v>', "</v>"
    text, before, after = shared if column.shared else _content(values, column.type)
    if text.null_count == len(text):
        return blank
    pieces = [reference, rows, *style, before, text, after + "</c>"]
    if not text.null_count:
        return pieces
    cells = pc.binary_join_element_wise(*pieces, "")
    return [pc.coalesce(cells, pc.binary_join_element_wise(*blank, "") if blank else pa.scalar(""))]


def _style_of(values: pa.Array, column: CellColumn) -> pa.Array:
    """The style of each value, as text: by its decimals."""
    most = len(column.styles) - 1
    places = pc.min_element_wise(pc.fill_null(decimals_shown(values, column.type), 0), most)
    return pa.array(column.styles).cast(pa.string()).take(places)


def _content(values: pa.Array, kind: Type) -> tuple[pa.Array, str, str]:
    """The inner text of each cell, and the XML before (from its type attribute on) and after it."""
    if kind in TEXTS:
        return _inline(values), ' t="inlineStr"><is>', "</is>"
    if kind in (Type.DATE, Type.TIMESTAMP):
        return _moment(values, kind)
    return number_text(values, kind), ' t="b"><v>' if kind is Type.BOOLEAN else "><v>", "</v>"


def _inline(values: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        return inline(values.dictionary.cast(pa.string())).take(values.indices)
    return inline(values.cast(pa.string()))


def _moment(values: pa.Array, kind: Type) -> tuple[pa.Array, str, str]:
    """Serial days, with the time as a fraction; days that programs count differently stay text."""
    moments = values.cast(pa.timestamp("us"))
    micros = np.asarray(pc.fill_null(moments.cast(pa.int64()), 0))
    days = micros // _DAY if kind is Type.DATE else micros / _DAY
    serial = pa.array(days + _EPOCH_DAYS).cast(pa.string())
    early = pc.and_(values.is_valid(), pa.array(days + _EPOCH_DAYS < _FIRST_SERIAL))
    if not pc.any(early).as_py():
        return pc.if_else(values.is_valid(), serial, None), "><v>", "</v>"
    number = pc.binary_join_element_wise("><v>", serial, "</v>", "")
    iso = pc.strftime(moments, "%Y-%m-%d")
    text = pc.binary_join_element_wise(' t="inlineStr"><is><t>', iso, "</t></is>", "")
    return pc.if_else(values.is_valid(), pc.if_else(early, text, number), None), "", ""
