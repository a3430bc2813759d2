"""Writing a selection sheet: the styled package by openpyxl, the rows streamed.

Pure: rows, verdicts and parameters come in as data; reading a sheet back is the interface's.
"""

from collections.abc import Sequence
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
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
    columns = [_cells(name, body, *styles[name]) for name in LAYOUT]
    write_package(out, workbook, {sheet.title: whole_body(columns, FIRST_ROW, results)})


def _cells(name: str, rows: pd.DataFrame, style: int, blank: int) -> CellColumn:
    column = sheet_columns()[name]
    cells = cell_column(rows[column.frame_name], column, style)
    return CellColumn(_small(cells.values), cells.type, style, blank)


def _small(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Long texts that repeat, as a dictionary: their XML is made once."""
    if not (pa.types.is_large_string(values.type) or pa.types.is_string(values.type)):
        return values
    coded = values.combine_chunks().dictionary_encode()
    coded = coded if isinstance(coded, pa.Array) else coded.chunk(0)
    repeats = len(coded.dictionary) * 20 < len(coded)
    return pa.chunked_array([coded]) if repeats else values
