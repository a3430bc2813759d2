"""The matching sheet: one row a payment that waits, with what it may pay, and cells to say what it does pay.

Pure: rows come in as data; reading a sheet back is the interface's.
"""

from collections.abc import Mapping
from typing import BinaryIO, Final

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet

from invoicebatch.files.column_letters import column_letter
from invoicebatch.formats.workbook import fill_in, styling
from invoicebatch.formats.workbook.cells import CellColumn, cell_column
from invoicebatch.formats.workbook.package import whole_body, write_package
from invoicebatch.formats.workbook.sheet.keys import row_checks
from invoicebatch.formats.workbook.sheet.model import SheetMeta
from invoicebatch.formats.workbook.sheet.pages import meta_page
from invoicebatch.model.counted import counted
from invoicebatch.model.schema.types import Column, Type, day, money, text

SHEET: Final = "Payments"
HEADER_ROW: Final = 4
FIRST_ROW: Final = HEADER_ROW + 1

INPUTS: Final = ("book", "numbers", "amounts", "set_aside")
"""Columns a person fills in."""

COLUMNS: Final[Mapping[str, tuple[str, Column, float]]] = {
    "book": ("Book", text("book", ""), 7.0),
    "numbers": ("Numbers", text("numbers", ""), 20.0),
    "amounts": ("Amounts", text("amounts", ""), 12.0),
    "booked_on": ("Date", day("booked_on", ""), 12.5),
    "left_cents": ("Amount", money("left", ""), 13.5),
    "currency": ("Currency", text("currency", ""), 11.0),
    "payer": ("Payer", text("payer", ""), 22.0),
    "payer_iban": ("Payer's account", text("payer_iban", ""), 26.0),
    "said": ("Reference and text", text("said", ""), 30.0),
    "proposal": ("Proposal", text("proposal", ""), 24.0),
    "evidence": ("Evidence", text("evidence", ""), 46.0),
    "others": ("Other proposals", text("others", ""), 46.0),
    "set_aside": ("Set aside because", text("set_aside", ""), 20.0),
    "payment_id": ("Payment id", text("payment_id", ""), 10.0),
    "key": ("Key", text("key", ""), 10.0),
    "check": ("Check", text("check", ""), 10.0),
}
"""Title, type and width of each column, by frame name."""

HIDDEN: Final = ("payment_id", "key", "check")

_LONG: Final = ("payer", "said", "proposal", "evidence", "others")
"""Columns whose texts run over several lines."""

_ROW_HEIGHT: Final = 42.0
"""Of three lines: not every program fits the height of rows to their text."""

_HELP: Final = (
    "Put an x under Book to book the proposal; or type Numbers (and Amounts, in their order, parted by semicolons); "
    "or say why it is none of ours. Then: invoicebatch payments match check FILE, invoicebatch payments match run FILE."
)


def checks(selection_id: str, rows: pd.DataFrame) -> list[str]:
    """Check values of rows: that key, payer and amount still belong together.

    Args:
        selection_id: of the sheet.
        rows: payment_id, key, payer, left_cents.
    """
    columns = [rows["payment_id"], [0] * len(rows), rows["key"], rows["payer"], rows["left_cents"]]
    return row_checks(selection_id, zip(*columns, strict=True))


def write_matching(out: BinaryIO, rows: pd.DataFrame, meta: SheetMeta) -> None:
    """Write the sheet.

    Args:
        out: an open file.
        rows: booked_on, left_cents, currency, payer, payer_iban, said, proposal, evidence, others, payment_id and
            key (what the proposal pays, as the reader takes it).
        meta: ids, date, user.
    """
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = SHEET
    body = rows.assign(
        check=pd.Series(checks(meta.selection_id, rows), index=rows.index, dtype="str"),
        **{name: pd.Series(None, index=rows.index, dtype="str") for name in INPUTS},
    )
    _head(sheet, len(rows), meta)
    styles = _styles(sheet)
    _finish(sheet, len(rows))
    meta_page(workbook, meta, len(rows))
    workbook.properties.creator = "invoicebatch"
    workbook.properties.created = workbook.properties.modified = meta.made_at.replace(tzinfo=None)
    styling.add_properties(workbook, {"selection_id": meta.selection_id, "workspace_id": meta.workspace_id})
    cells = [_cells(body[name], column, *styles[name]) for name, (_, column, _) in COLUMNS.items()]
    write_package(out, workbook, {SHEET: whole_body(cells, FIRST_ROW)})


def _cells(values: pd.Series, column: Column, filled: int, blank: int) -> CellColumn:
    cells = cell_column(values, column, filled)
    return CellColumn(cells.values, cells.type, filled, blank)


def _head(sheet: Worksheet, count: int, meta: SheetMeta) -> None:
    made = f"Made {meta.made_at:%Y-%m-%d %H:%M} UTC by {meta.user}."
    fill_in.write_heading(sheet, f"{counted(count, 'payment')} to be matched", [_HELP, made])
    titles = [(words, column.type, name in INPUTS) for name, (words, column, _) in COLUMNS.items()]
    fill_in.write_titles(sheet, HEADER_ROW, titles)
    for row in range(2, HEADER_ROW):
        sheet.row_dimensions[row].height = 15
    sheet.sheet_format.defaultRowHeight, sheet.sheet_format.customHeight = _ROW_HEIGHT, True
    for index, (name, (_, _, width)) in enumerate(COLUMNS.items()):
        dimension = sheet.column_dimensions[column_letter(index)]
        dimension.width, dimension.hidden = width, name in HIDDEN


def _styles(sheet: Worksheet) -> dict[str, tuple[int, int]]:
    """Index of the style of each column's filled and empty cells (0: no cell where empty)."""
    styles = {}
    for index, (name, (_, column, _)) in enumerate(COLUMNS.items(), 1):
        cell = styling.cell_at(sheet, FIRST_ROW + 1, index)
        if name in INPUTS:
            style = styling.style_value(cell, Type.TEXT, unlocked=True, background=styling.INPUT)
            styles[name] = (style, style)
            continue
        styling.style_value(cell, column.type)
        if name in _LONG:
            cell.alignment = Alignment(vertical="center", horizontal="left", indent=1, wrap_text=True)
        styles[name] = (int(cell.style_id), 0)
    sheet.delete_rows(FIRST_ROW + 1)
    return styles


def _finish(sheet: Worksheet, count: int) -> None:
    """Drop-downs, what is ticked in green, frozen header, filter, protection, pages for a printer."""
    last = FIRST_ROW + max(count, 1) - 1
    shown = column_letter(len(COLUMNS) - len(HIDDEN) - 1)
    fill_in.offer_ticks(sheet, f"A{FIRST_ROW}:A{last}")
    styling.paint_where(sheet, f"A{FIRST_ROW}:{shown}{last}", f"LEN(TRIM($A{FIRST_ROW}))>0", ("", "EAF6EC"))
    fill_in.finish(sheet, f"D{FIRST_ROW}", f"A{HEADER_ROW}:{shown}{last}", f"A1:{shown}{last}", HEADER_ROW)
