"""An export as a formatted workbook: one table with its totals, and a sheet that says what it is.

Rows are streamed by `package`; which rows and columns is decided elsewhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import BinaryIO, Final

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from invoicebatch.files.column_letters import column_letter
from invoicebatch.formats.workbook import styling
from invoicebatch.formats.workbook.cells import SENTENCES, CellColumn, cell_column
from invoicebatch.formats.workbook.columns import values_of
from invoicebatch.formats.workbook.package import Body, write_package
from invoicebatch.formats.workbook.rows import TABLE_ROWS, Survey, TableExport, survey
from invoicebatch.formats.workbook.titles import title
from invoicebatch.model.money import decimals_of
from invoicebatch.model.schema.types import Column, Type
from invoicebatch.model.words import words

_NAMES: Final = {
    "invoices": ("Invoices", "Facturen", "Factures", "Rechnungen"),
    "lines": ("Lines", "Regels", "Lignes", "Positionen"),
    "measurements": ("Readings", "Meterstanden", "Relevés", "Zählerstände"),
    "aging": ("Ageing", "Ouderdom", "Balance âgée", "Fälligkeiten"),
    "accounts": ("Accounts", "Administraties", "Entités", "Mandanten"),
    "products": ("Products", "Producten", "Produits", "Produkte"),
    "vat_rates": ("VAT rates", "Btw-tarieven", "Taux de TVA", "Steuersätze"),
    "usages": ("Usage", "Verbruik", "Consommation", "Verbrauch"),
    "movers": ("Movers", "Grootste verschillen", "Principaux écarts", "Größte Abweichungen"),
    "missing": ("Missing", "Ontbrekend", "Manquants", "Fehlende"),
    "new": ("New", "Nieuw", "Nouveaux", "Neue"),
    "summary": ("Summary", "Samenvatting", "Résumé", "Übersicht"),
    "result": ("Result", "Resultaat", "Résultat", "Ergebnis"),
}
_TOTAL: Final = ("Total", "Totaal", "Total", "Summe")
_ABOUT: Final = ("About", "Over", "À propos", "Info")


Part = tuple[TableExport, Survey, Iterable[pd.DataFrame]]
"""What goes on one sheet: the export, what was found of its rows, and the rows."""


def write_table(out: BinaryIO, *exports: TableExport) -> None:
    """Write the workbook, a sheet an export; what the first one is stands on the last sheet.

    Raises:
        ValueError: more rows than a sheet holds (`TABLE_ROWS`).
    """
    _write(out, [(one, survey(one.summable(), one.columns), one.pieces()) for one in exports])


def write_part(out: BinaryIO, export: TableExport, found: Survey, pieces: Iterable[pd.DataFrame]) -> None:
    """Write a workbook with some of the rows of an export, and what was found of them.

    Raises:
        ValueError: more rows than a sheet holds (`TABLE_ROWS`).
    """
    _write(out, [(export, found, pieces)])


def _write(out: BinaryIO, parts: Sequence[Part]) -> None:
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    bodies = dict(_add_sheet(workbook, *part) for part in parts)
    export, found, _ = parts[0]
    _describe(workbook, export)
    _about(workbook, export, found.rows)
    write_package(out, workbook, bodies)


def _add_sheet(
    workbook: Workbook, export: TableExport, found: Survey, pieces: Iterable[pd.DataFrame]
) -> tuple[str, Body]:
    rows = found.rows
    if rows > TABLE_ROWS:
        raise ValueError(f"{rows} rows are more than a sheet holds")
    sheet = workbook.create_sheet(export.words(_NAMES[export.export]))
    styles = _header(sheet, export, found)
    results = _totals(sheet, export, found) if 0 < rows < TABLE_ROWS else {}
    _add_table(sheet, export, rows, results)
    _set_up(sheet)
    letters = {column.name: column_letter(index) for index, column in enumerate(export.columns)}
    for name, value, colour, background in export.colours:
        styling.paint(sheet, letters[name], 2, rows + 1, value, (colour, background))
    cells = (_cells(piece, export.columns, styles) for piece in pieces)
    return sheet.title, Body(cells, (rows, len(styles)), 2, results)


def _cells(frame: pd.DataFrame, columns: Sequence[Column], styles: Sequence[list[int]]) -> list[CellColumn]:
    return [
        cell_column(_labelled(values_of(frame, column)), column, of[0], of if len(of) > 1 else ())
        for column, of in zip(columns, styles, strict=True)
    ]


def _labelled(values: pd.Series) -> pd.Series:
    """Choices as people read them; in CSV and Parquet, which machines read, they stay as they are stored."""
    return values.cat.rename_categories(words) if isinstance(values.dtype, pd.CategoricalDtype) else values


def _header(sheet: Worksheet, export: TableExport, found: Survey) -> list[list[int]]:
    """Titles, widths and column styles; gives the styles of each column's cells, several are by decimals."""
    styles = []
    for index, (column, name) in enumerate(zip(export.columns, export.titles, strict=True), 1):
        cell = sheet.cell(1, index, name)
        cell.data_type = "s"
        styling.style_header(styling.cell_at(sheet, 1, index), column.type)
        examples = enumerate(_number_formats(column, found), 3)
        styles.append(
            [
                styling.style_value(
                    styling.cell_at(sheet, row, index),
                    column.type,
                    code=code,
                    wrapped=column.name == SENTENCES,
                )
                for row, code in examples
            ]
        )
        letter = column_letter(index - 1)
        sheet.column_dimensions[letter].width = styling.width(
            column.type, name, values_of(export.frame, column)
        )
    sheet.delete_rows(3, 1 + max(styling.MOST_DECIMALS.values()))
    sheet.row_dimensions[1].height = 32
    return styles


def _number_formats(column: Column, found: Survey) -> list[str]:
    """Of a column: one, or one for each number of decimals.

    Amounts have no decimals where none of the currencies has any; prices have two at least.
    """
    if column.type in styling.MOST_DECIMALS:
        least, widest = (2, 4) if column.name == "price" else (0, 2)
        return styling.decimal_formats(column.type, least=least, widest=widest)
    if column.type is Type.MONEY and found.currencies and not any(map(decimals_of, found.currencies)):
        return [styling.WHOLE_MONEY]
    return [styling.NUMBER_FORMATS.get(column.type, "General")]


def _totals(sheet: Worksheet, export: TableExport, found: Survey) -> dict[str, float]:
    """A totals row of formulas that follow the filter; gives their present values."""
    results = {}
    for index, (column, name) in enumerate(zip(export.columns, export.titles, strict=True)):
        cell = sheet.cell(found.rows + 2, index + 1)
        cell.font = Font(name=styling.FONT, bold=True, color=styling.INK)
        cell.border = Border(top=Side("thin", color=styling.ACCENT))
        summed = column.name in found.sums
        cell.alignment = Alignment(horizontal="right" if summed else "left", indent=0 if summed else 1)
        if summed:
            cell.value = f"=SUBTOTAL(109,{_table_name(export)}[{_quoted(name)}])"
            total = found.sums[column.name]
            codes = _number_formats(column, found)
            places = max(-int(total.normalize().as_tuple().exponent), 0)
            cell.number_format = codes[min(places, len(codes) - 1)]
            results[cell.coordinate] = float(found.sums[column.name])
        elif index == 0:
            cell.value = export.words(_TOTAL)
    return results


def _quoted(name: str) -> str:
    """A column's name inside a structured reference: special characters behind an apostrophe."""
    return "".join(f"'{char}" if char in "[]#'" else char for char in name)


def _table_name(export: TableExport) -> str:
    return f"ib_{export.export}"


def _add_table(sheet: Worksheet, export: TableExport, rows: int, results: Mapping[str, float]) -> None:
    last = column_letter(len(export.columns) - 1)
    has_totals = 0 < rows < TABLE_ROWS
    body_end = max(rows, 1) + 1
    table = Table(displayName=_table_name(export), ref=f"A1:{last}{body_end + has_totals}")
    table.totalsRowCount = int(has_totals) or None
    table.autoFilter = AutoFilter(ref=f"A1:{last}{body_end}")
    for index, name in enumerate(export.titles):
        column = TableColumn(id=index + 1, name=name)
        if f"{column_letter(index)}{body_end + 1}" in results:
            column.totalsRowFunction = "sum"
        elif index == 0 and has_totals:
            column.totalsRowLabel = export.words(_TOTAL)
        table.tableColumns.append(column)
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight9", showRowStripes=True)
    sheet.add_table(table)


def _set_up(sheet: Worksheet) -> None:
    sheet.freeze_panes = "B2"
    sheet.print_title_rows = "1:1"
    styling.print_wide(sheet)


def _describe(workbook: Workbook, export: TableExport) -> None:
    made_at = export.made_at.replace(tzinfo=None)
    workbook.properties.creator = "invoicebatch"
    workbook.properties.title = workbook.worksheets[0].title
    workbook.properties.created = workbook.properties.modified = made_at
    styling.add_properties(workbook, export.properties)


def _about(workbook: Workbook, export: TableExport, rows: int) -> None:
    """A second sheet: what this file is, for whoever gets it forwarded."""
    sheet = workbook.create_sheet(export.words(_ABOUT))
    facts = {
        "made_at": f"{export.made_at:%Y-%m-%d %H:%M} UTC",
        "rows": f"{rows:,}",
        **export.properties,
    }
    for row, (name, value) in enumerate(facts.items(), 1):
        for index, text in ((1, title(name, export.language)), (2, value)):
            cell = styling.cell_at(sheet, row, index)
            styling.put_text(cell, text)
            cell.alignment = Alignment(vertical="top", wrap_text=True)
        sheet.cell(row, 1).font = Font(name=styling.FONT, bold=True)
    sheet.column_dimensions["A"].width = 22
    sheet.column_dimensions["B"].width = 80
