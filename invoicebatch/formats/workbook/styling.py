"""How workbooks of ours look: fonts, fills, number formats and widths, shared by all layouts."""

import re
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.formatting.rule import Rule
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from invoicebatch.model.schema.types import Type

FONT: Final = "Calibri"
INK: Final = "1F2937"
ACCENT: Final = "1F4E79"
INPUT: Final = "FFF9E5"
QUIET: Final = "6B7280"
LINE: Final = "D1D5DB"

NUMBER_FORMATS: Final = {
    Type.MONEY: "#,##0.00_-;[Red]-#,##0.00_-",
    Type.PERCENT: "0.00%_-",
    Type.INTEGER: "0_-;[Red]-0_-",
    Type.DATE: "yyyy-mm-dd",
    Type.TIMESTAMP: "yyyy-mm-dd hh:mm",
    Type.TEXT: "@",
    Type.CHOICE: "@",
    Type.JSON: "@",
}
"""Number format by type; text is formatted as text, so that editing it makes no formula of it.

Numbers keep their distance from the edge by `_-`, room for a sign, and not by an indent, which programs forget
for some cells of a column.
"""

WHOLE_MONEY: Final = "#,##0_-;[Red]-#,##0_-"
"""Number format of amounts where no currency has decimals."""

MOST_DECIMALS: Final = {Type.PERCENT: 2, Type.QUANTITY: 6}
"""Types whose values have more or fewer decimals, and how many at most."""


def decimal_formats(kind: Type, *, least: int, widest: int) -> list[str]:
    """Number formats of values of a type by their decimals, from none.

    A format of optional digits (`0.##`) shows the point even where nothing follows it, so each number of
    decimals has a format; space as wide as the missing digits keeps the units below each other.

    Args:
        kind: a type of `MOST_DECIMALS`.
        least: fewest decimals shown.
        widest: decimals that room is kept for.

    >>> decimal_formats(Type.PERCENT, least=0, widest=1)[:2]
    ['0%_._0_-;[Red]-0%_._0_-', '0.0%_-;[Red]-0.0%_-']
    """
    whole, sign = ("0", "%") if kind is Type.PERCENT else ("#,##0", "")
    formats = []
    for decimals in range(MOST_DECIMALS[kind] + 1):
        shown = max(decimals, least)
        room = "_0" * max(widest - shown, 0)
        code = whole + ("." + "0" * shown) * (shown > 0) + sign + ("_." * (shown == 0 < widest)) + room + "_-"
        formats.append(f"{code};[Red]-{code}")
    return formats


RIGHT: Final = frozenset({Type.MONEY, Type.PERCENT, Type.INTEGER, Type.QUANTITY})
"""Types whose values stand to the right."""

_WIDTHS: Final = {
    Type.MONEY: 13.5,
    Type.PERCENT: 8.0,
    Type.DATE: 12.5,
    Type.TIMESTAMP: 16.5,
    Type.INTEGER: 8.0,
    Type.QUANTITY: 11.0,
    Type.BOOLEAN: 8.0,
}
_SAMPLE: Final = 500


_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_MOST_TEXT: Final = 2_000
_MOST_PROPERTY: Final = 255


def put_text(cell: Cell, text: str) -> None:
    """Put text that comes from people into a cell of the package: never a formula, never unreadable."""
    cell.value = cell_text(text)
    cell.data_type = "s"


def cell_text(text: str, most: int = _MOST_TEXT) -> str:
    """Text as XML holds it, control characters visible, cut with `…`."""
    plain = _CONTROLS.sub("\ufffd", text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def fill(colour: str) -> PatternFill:
    """A plain background."""
    return PatternFill("solid", fgColor=colour)


def cell_at(sheet: Worksheet, row: int, column: int) -> Cell:
    """A cell of the package; a style takes one of its own, since openpyxl shares what it has numbered."""
    cell = sheet.cell(row, column)
    if not isinstance(cell, Cell):
        raise TypeError(f"{cell.coordinate} is part of a merged cell")
    return cell


def style_header(cell: Cell, kind: Type = Type.TEXT) -> None:
    """White on the accent colour, wrapped, aligned like the values below."""
    cell.font = Font(name=FONT, bold=True, color="FFFFFF")
    cell.fill = fill(ACCENT)
    side = "right" if kind in RIGHT else "left"
    cell.alignment = Alignment(vertical="center", horizontal=side, indent=1, wrap_text=True)
    cell.border = Border(right=Side("thin", color="FFFFFF"))


def style_value(
    cell: Cell,
    kind: Type,
    *,
    unlocked: bool = False,
    background: str = "",
    code: str = "",
    wrapped: bool = False,
) -> int:
    """Format a cell for values of a type; gives the style's index for streamed cells."""
    cell.number_format = code or NUMBER_FORMATS.get(kind, "General")
    cell.font = Font(name=FONT, color=INK)
    cell.protection = Protection(locked=not unlocked)
    right = kind in RIGHT
    cell.alignment = Alignment(
        vertical="center",
        horizontal="right" if right else "left",
        indent=0 if right else 1,
        wrap_text=wrapped,
    )
    if background:
        cell.fill = fill(background)
        cell.border = Border(bottom=Side("hair", color=LINE), right=Side("hair", color=LINE))
    return int(cell.style_id)


def width(kind: Type, title: str, values: "pd.Series[Any]") -> float:
    """Width of a column in characters, from its type, title and first values."""
    words = max((len(word) for word in title.split()), default=0) + 4.5
    if kind in _WIDTHS:
        return max(_WIDTHS[kind], words)
    longest = values.head(_SAMPLE).dropna().astype(str).str.len().max() if len(values) else 0
    return float(min(max(words, (longest if longest == longest else 0) * 1.05 + 3.5, 8), 48))  # noqa: PLR0124


def print_wide(sheet: Worksheet) -> None:
    """A4 landscape, all columns on one page's width, page numbers in the footer."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    footer = sheet.oddFooter
    if footer is not None and footer.center is not None:
        footer.center.text = "&P / &N"


def add_properties(workbook: Workbook, properties: Mapping[str, str]) -> None:
    """Custom document properties, each under the name `invoicebatch.<name>`."""
    listed: Any = getattr(workbook, "custom_doc_props")  # noqa: B009  (missing in the type stubs)
    for name, value in properties.items():
        listed.append(StringProperty(name=f"invoicebatch.{name}", value=cell_text(value, _MOST_PROPERTY)))


def paint(sheet: Worksheet, letter: str, first: int, last: int, value: str, colours: tuple[str, str]) -> None:
    """Colour the cells of a column that hold a value: font and background."""
    paint_where(sheet, f"{letter}{first}:{letter}{max(first, last)}", f'${letter}{first}="{value}"', colours)


def paint_where(sheet: Worksheet, cells: str, formula: str, colours: tuple[str, str]) -> None:
    """Colour the cells where a formula holds; no font colour leaves the font alone."""
    colour, background = colours
    font = Font(color=colour) if colour else None
    painted = DifferentialStyle(font=font, fill=PatternFill(bgColor=background, fill_type="solid"))
    sheet.conditional_formatting.add(cells, Rule(type="expression", formula=[formula], dxf=painted))
