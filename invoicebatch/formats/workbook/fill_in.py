"""What the sheets share that people fill in: their head, their ticks, and how they are frozen, locked and printed."""

from collections.abc import Sequence
from typing import Final

from openpyxl.styles import Font
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from invoicebatch.formats.workbook import styling
from invoicebatch.model.schema.types import Type

_ASKED: Final = "9A6700"
"""Colour of the titles under which a person writes."""


def write_heading(sheet: Worksheet, title: str, lines: Sequence[str]) -> None:
    """A title, and below it lines that say what to do."""
    styling.put_text(styling.cell_at(sheet, 1, 1), title)
    sheet["A1"].font = Font(name=styling.FONT, bold=True, size=14, color=styling.ACCENT)
    for row, words in enumerate(lines, 2):
        styling.put_text(styling.cell_at(sheet, row, 1), words)
        sheet[f"A{row}"].font = Font(name=styling.FONT, italic=True, color=styling.QUIET)
    sheet.row_dimensions[1].height = 24


def write_titles(sheet: Worksheet, row: int, titles: Sequence[tuple[str, Type, bool]]) -> None:
    """Titles of columns in a row: text, type of the values, whether a person writes there."""
    for index, (words, kind, asked) in enumerate(titles, 1):
        cell = styling.cell_at(sheet, row, index)
        cell.value = words
        styling.style_header(cell, kind)
        if asked:
            cell.fill = styling.fill(_ASKED)
    sheet.row_dimensions[row].height = 32


def offer_ticks(sheet: Worksheet, cells: str) -> None:
    """An x in the drop-down of cells; other ticks may be typed."""
    ticks = DataValidation(type="list", formula1='"x"', allow_blank=True, showErrorMessage=False)
    ticks.add(cells)
    sheet.add_data_validation(ticks)


def finish(sheet: Worksheet, freeze: str, filtered: str, printed: str, header_row: int) -> None:
    """Frozen header, filter, protection without a password, and pages an office printer takes."""
    sheet.freeze_panes = freeze
    sheet.auto_filter.ref = filtered
    sheet.protection.sheet = True
    for name in ("autoFilter", "sort", "formatColumns", "formatRows", "formatCells"):
        setattr(sheet.protection, name, False)
    sheet.sheet_view.showGridLines = False
    sheet.sheet_view.zoomScale = 90
    sheet.sheet_properties.tabColor = styling.ACCENT
    sheet.print_title_rows = f"{header_row}:{header_row}"
    sheet.print_area = printed
    styling.print_wide(sheet)
