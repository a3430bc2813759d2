"""Writing a selection sheet: the styled package by openpyxl, the rows streamed.

Pure: rows, verdicts and parameters come in as data; reading a sheet back is the interface's.
"""

from collections.abc import Sequence
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from openpyxl import Workbook

from invoicebatch.formats.workbook import styling
from invoicebatch.formats.workbook.cells import CellColumn, cell_column
from invoicebatch.formats.workbook.package import whole_body, write_package
from invoicebatch.formats.workbook.sheet.front import decorate, head
from invoicebatch.formats.workbook.sheet.model import (
    FIRST_ROW,
    LAYOUT,
    SHEET,
    SheetAction,
    SheetMeta,
    sheet_columns,
)
from invoicebatch.formats.workbook.sheet.pages import help_page, lists_page, meta_page, parameters_page
from invoicebatch.formats.workbook.sheet.rows import action_profiles, sheet_frame


def write_sheet(out: BinaryIO, frame: pd.DataFrame, actions: Sequence[SheetAction], meta: SheetMeta) -> None:
    """Write the sheet.

    Args:
        out: an open file.
        frame: overview columns of SHOWN, `invoice_id`, `version` and `document_version`.
        actions: the actions offered, in the order of the bar.
        meta: ids, date, user and language.
    """
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = SHEET
    profiles, lists = action_profiles(actions, len(frame))
    body = sheet_frame(frame, actions, meta, profiles)
    results = head(sheet, body, meta)
    styles = decorate(sheet, body, meta)
    parameters_page(workbook, actions)
    help_page(workbook, actions, meta, len(frame))
    lists_page(workbook, lists)
    meta_page(workbook, meta, len(frame))
    workbook.properties.creator = "invoicebatch"
    workbook.properties.created = workbook.properties.modified = meta.made_at.replace(tzinfo=None)
    styling.add_properties(workbook, {"selection_id": meta.selection_id, "workspace_id": meta.workspace_id})
    texts: list[str] = []
    columns = [_cells(name, body, *styles[name], texts) for name in LAYOUT]
    bodies = {sheet.title: whole_body(columns, FIRST_ROW, results)}
    write_package(out, workbook, bodies, pa.array(texts, pa.string()))


def _cells(name: str, rows: pd.DataFrame, style: int, blank: int, texts: list[str]) -> CellColumn:
    """The cells of a column; texts that repeat go to the texts, and are named by their place there."""
    column = sheet_columns()[name]
    cells = cell_column(rows[column.frame_name], column, style)
    coded = _coded(cells.values)
    if coded is None:
        return CellColumn(cells.values, cells.type, style, blank)
    first = len(texts)
    texts += coded.dictionary.to_pylist()
    named = pc.not_equal(coded.dictionary, "").take(coded.indices)
    places = pc.if_else(named, pc.add(coded.indices.cast(pa.int64()), first), None)
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
