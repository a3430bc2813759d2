"""Writing a selection sheet: the styled package by openpyxl, the rows streamed.

Pure: rows, verdicts and parameters come in as data; reading a sheet back is the interface's.
"""

from collections.abc import Sequence
from itertools import chain
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
from openpyxl import Workbook

from invoicebatch.formats.workbook import styling
from invoicebatch.formats.workbook.cells import CellColumn, cell_column
from invoicebatch.formats.workbook.package import Body, write_package
from invoicebatch.formats.workbook.sheet.front import decorate, head
from invoicebatch.formats.workbook.sheet.model import (
    FIRST_ROW,
    LAYOUT,
    SHEET,
    SheetAction,
    SheetMeta,
    SheetRows,
    Texts,
    sheet_columns,
)
from invoicebatch.formats.workbook.sheet.pages import help_page, lists_page, meta_page, parameters_page
from invoicebatch.formats.workbook.sheet.rows import SheetBody


def write_sheet(out: BinaryIO, rows: SheetRows, actions: Sequence[SheetAction], meta: SheetMeta) -> None:
    """Write the sheet; its rows are read while they are written.

    Args:
        out: an open file.
        rows: of the sheet.
        actions: the actions offered, in the order of the bar.
        meta: ids, date, user and language.
    """
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = SHEET
    body = SheetBody(rows, actions, meta)
    pieces = body.pieces()
    first = next(pieces)
    results = head(sheet, rows, meta)
    styles = decorate(sheet, first, len(rows), meta)
    parameters_page(workbook, actions)
    help_page(workbook, actions, meta, rows.allowed)
    lists_page(workbook, body.lists)
    meta_page(workbook, meta, len(rows))
    workbook.properties.creator = "invoicebatch"
    workbook.properties.created = workbook.properties.modified = meta.made_at.replace(tzinfo=None)
    styling.add_properties(workbook, {"selection_id": meta.selection_id, "workspace_id": meta.workspace_id})
    further: dict[str, int] = {}
    cells = (
        [_cells(name, piece, *styles[name], rows.texts, further) for name in LAYOUT]
        for piece in chain([first], pieces)
    )
    bodies = {sheet.title: Body(cells, (len(rows), len(LAYOUT)), FIRST_ROW, results)}
    write_package(out, workbook, bodies, chain(rows.texts, further))


def _cells(
    name: str, rows: pd.DataFrame, style: int, blank: int, texts: Texts, further: dict[str, int]
) -> CellColumn:
    """The cells of a column; texts that repeat follow on the texts, and are named by their place there, as refusals are."""
    column = sheet_columns()[name]
    if name == "why_not":
        codes = rows[name].to_numpy()
        places = pa.array(codes, mask=codes == 0)  # the empty text
        return CellColumn(pa.chunked_array([places]), column.type, style, blank, shared=True)
    cells = cell_column(rows[column.frame_name], column, style)
    coded = _coded(cells.values)
    if coded is None:
        return CellColumn(cells.values, cells.type, style, blank)
    known = [
        len(texts) + further.setdefault(text, len(further)) if text else None
        for text in coded.dictionary.to_pylist()
    ]
    places = pa.array(known, pa.int64()).take(coded.indices)
    return CellColumn(pa.chunked_array([places]), cells.type, style, blank, shared=True)


def _coded(values: pa.ChunkedArray) -> pa.DictionaryArray | None:
    """Texts that repeat, each once; None: they don't, or are none."""
    if pa.types.is_large_string(values.type) or pa.types.is_string(values.type):
        values = values.dictionary_encode()
    elif not pa.types.is_dictionary(values.type):
        return None
    coded = values.combine_chunks()
    coded = coded if isinstance(coded, pa.Array) else coded.chunk(0)
    return coded if len(coded.dictionary) * 2 < len(coded) - coded.null_count else None
