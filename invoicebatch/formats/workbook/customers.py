"""The customers' sheet: one row a customer, its cells to edit, what is missing marked.

Pure: rows come in as data; reading a sheet back is the interface's.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import BinaryIO, Final

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from invoicebatch.files.column_letters import column_letter
from invoicebatch.formats.workbook import styling
from invoicebatch.formats.workbook.cells import CellColumn, cell_column
from invoicebatch.formats.workbook.package import whole_body, write_package
from invoicebatch.formats.workbook.sheet.keys import row_checks
from invoicebatch.formats.workbook.sheet.model import SheetMeta
from invoicebatch.formats.workbook.sheet.pages import meta_page
from invoicebatch.formats.workbook.titles import title
from invoicebatch.model.counted import counted
from invoicebatch.model.schema import TABLES
from invoicebatch.model.schema.types import Type, text

SHEET: Final = "Customers"
HEADER_ROW: Final = 4
FIRST_ROW: Final = HEADER_ROW + 1

EDITABLE: Final = tuple(column.name for column in TABLES["customers"].columns if column.editable)
"""Columns a person may change."""

ABOUT: Final = ("customer_id", "invoices", "failure", "missing")
"""What a row says of its customer: documents selected, why some of them failed, which fields that asks for."""

KEYS: Final = ("version", "seen", "check")
"""Hidden: version of the customer, what its cells said, and whether both belong to the row."""

COLUMNS: Final = (*ABOUT, *EDITABLE, *KEYS)
TITLES: Final = {name: title(name) for name in COLUMNS} | {
    "name": "Name", "email": "E-mail", "iban": "IBAN", "bic": "BIC", "vat_id": "VAT id", "siret": "SIRET",
}  # fmt: skip
"""Title of each column."""

_HELP: Final = (
    "Mend the yellow cells (red: what a document failed for), save, then: invoicebatch sheet check FILE, "
    "invoicebatch sheet run FILE. Rows without a change are left alone."
)
_WIDTHS: Final = {"failure": 44.0, "missing": 18.0, "name": 26.0, "street": 24.0, "email": 28.0, "iban": 26.0}


def checks(selection_id: str, rows: pd.DataFrame, values: Iterable[str]) -> list[str]:
    """Check values of rows: customer_id and version with further text columns."""
    cells = rows[list(values)].agg("\x1f".join, axis=1) if len(rows) else rows["customer_id"]
    keys = [rows["customer_id"], rows["version"], cells, [""] * len(rows), [0] * len(rows)]
    return row_checks(selection_id, zip(*keys, strict=True))


def write_customers(out: BinaryIO, rows: pd.DataFrame, meta: SheetMeta) -> None:
    """Write the sheet.

    Args:
        out: an open file.
        rows: `ABOUT`, `EDITABLE` and version, all text; empty where missing.
        meta: ids, date, user.
    """
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = SHEET
    body = rows.assign(
        seen=checks(meta.selection_id, rows, EDITABLE), check=checks(meta.selection_id, rows, ())
    )
    _head(sheet, len(rows), meta)
    styles = [
        styling.style_value(
            styling.cell_at(sheet, FIRST_ROW + 1, index), Type.TEXT,
            unlocked=name in EDITABLE, background=styling.INPUT if name in EDITABLE else "",
        )
        for index, name in enumerate(COLUMNS, 1)
    ]  # fmt: skip
    sheet.delete_rows(FIRST_ROW + 1)
    _finish(sheet, len(rows))
    meta_page(workbook, meta, len(rows))
    workbook.properties.creator = "invoicebatch"
    workbook.properties.created = workbook.properties.modified = meta.made_at.replace(tzinfo=None)
    cells = [_cells(body[name], name, style) for name, style in zip(COLUMNS, styles, strict=True)]
    write_package(out, workbook, {SHEET: whole_body(cells, FIRST_ROW)})


def _cells(values: "pd.Series[str]", name: str, style: int) -> CellColumn:
    """Empty cells have the style too: they are there to be filled."""
    cells = cell_column(values.astype("str").mask(values == ""), text(name, ""), style)
    return replace(cells, blank=style)


def _head(sheet: Worksheet, count: int, meta: SheetMeta) -> None:
    styling.put_text(styling.cell_at(sheet, 1, 1), f"{counted(count, 'customer')}: {meta.selection}")
    sheet["A1"].font = Font(name=styling.FONT, bold=True, size=14, color=styling.ACCENT)
    for row, words in ((2, _HELP), (3, f"Made {meta.made_at:%Y-%m-%d %H:%M} UTC by {meta.user}.")):
        styling.put_text(styling.cell_at(sheet, row, 1), words)
        sheet[f"A{row}"].font = Font(name=styling.FONT, italic=True, color=styling.QUIET)
    for index, name in enumerate(COLUMNS, 1):
        cell = styling.cell_at(sheet, HEADER_ROW, index)
        cell.value = TITLES[name]
        styling.style_header(cell, Type.TEXT)
        if name in EDITABLE:
            cell.fill = styling.fill("9A6700")
        letter = column_letter(index - 1)
        sheet.column_dimensions[letter].width = _WIDTHS.get(name, 15.0)
        sheet.column_dimensions[letter].hidden = name in KEYS
    sheet.row_dimensions[HEADER_ROW].height = 32


def _finish(sheet: Worksheet, count: int) -> None:
    """What is missing in red until it is filled; frozen header, filter, protection without a password."""
    last = FIRST_ROW + max(count, 1) - 1
    missing = column_letter(COLUMNS.index("missing"))
    for name in EDITABLE:
        letter = column_letter(COLUMNS.index(name))
        named = f'ISNUMBER(SEARCH(", {name},", ", "&${missing}{FIRST_ROW}&","))'
        asked = f"AND(LEN(TRIM({letter}{FIRST_ROW}))=0,{named})"
        styling.paint_where(sheet, f"{letter}{FIRST_ROW}:{letter}{last}", asked, ("", "F9B4AB"))
    shown = column_letter(len(COLUMNS) - len(KEYS) - 1)
    sheet.freeze_panes = f"B{FIRST_ROW}"
    sheet.auto_filter.ref = f"A{HEADER_ROW}:{shown}{last}"
    sheet.protection.sheet = True
    for name in ("autoFilter", "sort", "formatColumns", "formatRows", "formatCells"):
        setattr(sheet.protection, name, False)
    sheet.sheet_view.showGridLines = False
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    styling.print_wide(sheet)
