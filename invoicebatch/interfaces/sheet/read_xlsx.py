"""Reading the workbook variant of a selection sheet.

Only ticks, actions, parameters and keys are read; all else comes from the workspace.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from invoicebatch.errors import InputFileError
from invoicebatch.files.column_letters import column_letter
from invoicebatch.files.spreadsheet import Row, Spreadsheet
from invoicebatch.formats.workbook.sheet.model import META, PARAMETERS
from invoicebatch.interfaces.sheet.file import NEEDED, ParameterCell, SheetFile, header_places, letters
from invoicebatch.interfaces.sheet.rows import judge_rows

_HEADER_WITHIN: Final = 50

_ALWAYS: Final = ("run", "action", "invoice_id", "number")
"""Columns that are read of every row; the others only where there is a mark."""


def read_xlsx_sheet(path: Path) -> SheetFile:
    """Read the workbook variant.

    Raises:
        InputFileError: no selection sheet, damaged, malicious, or of a kind that is not read.
    """
    book = Spreadsheet(path)
    name, header, places = _find(book)
    meta = sheet_meta(book)
    always = frozenset(places[column] for column in _ALWAYS)
    mark = places["run"]
    rows = book.rows(name, always, frozenset(places.values()) - always, lambda cells: mark in cells)
    body = (row for row in rows if row.number > header)
    return SheetFile(
        path=path,
        selection_id=meta["selection_id"],
        workspace_id=meta["workspace_id"],
        written=int(meta.get("rows", 0)),
        rows=judge_rows(_by_name(body, places), meta["selection_id"], letters(places)),
        parameters=_parameters(book),
        date1904=book.date1904,
    )


def _find(book: Spreadsheet) -> tuple[str, int, dict[str, int]]:
    """The page with the invoices, its header's row number, and its columns."""
    found = []
    for name in book.sheets:
        for row in _first(book.rows(name)):
            where = f"{book.path.name}, sheet {name},"
            if name != META and (places := header_places(row.cells, NEEDED, where)):
                found.append((name, row.number, places))
                break
    if len(found) == 1:
        return found[0]
    what = f"has {len(found)} pages of invoices" if found else "is no selection sheet"
    raise InputFileError(f"{book.path.name} {what}", "Write one with: invoicebatch sheet write FILE.xlsx")


def _first(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        if row.number > _HEADER_WITHIN:
            return
        yield row


def sheet_meta(book: Spreadsheet) -> dict[str, str]:
    """A sheet's ids: from the hidden page and the document properties, which must agree.

    Raises:
        InputFileError: they don't, or are lost.
    """
    page = {}
    if META in book.sheets:
        for row in _first(book.rows(META)):
            page[str(row.cells.get(1))] = str(row.cells.get(2, ""))
    prefix = "invoicebatch."
    listed = {k.removeprefix(prefix): v for k, v in book.properties.items() if k.startswith(prefix)}
    for name in ("selection_id", "workspace_id"):
        if name in page and name in listed and page[name] != listed[name]:
            raise InputFileError(
                f"{book.path.name} was put together from two sheets", "Work in each sheet by itself."
            )
    meta = listed | page
    if not meta.get("selection_id") or not meta.get("workspace_id"):
        raise InputFileError(
            f"{book.path.name} has lost the id of its selection",
            "Save the workbook whole, as .xlsx; or write a new sheet.",
        )
    return meta


def _by_name(rows: Iterator[Row], places: Mapping[str, int]) -> Iterator[tuple[int, bool, dict[str, Any]]]:
    items = list(places.items())
    for row in rows:
        yield row.number, row.hidden, {name: row.cells.get(place) for name, place in items}


def _parameters(book: Spreadsheet) -> dict[str, dict[str, ParameterCell]]:
    """Values on the page Parameters, by action and parameter."""
    found: dict[str, dict[str, ParameterCell]] = {}
    if PARAMETERS not in book.sheets:
        return found
    columns: dict[str, int] = {}
    for row in book.rows(PARAMETERS):
        if not columns:
            columns = {str(value).strip().casefold(): place for place, value in row.cells.items()}
            continue
        action, name, value = (row.cells.get(columns.get(key, 0)) for key in ("name", "parameter", "value"))
        if value is not None and value != "" and action and name:
            cell = f"{PARAMETERS}!{column_letter(columns['value'] - 1)}{row.number}"
            found.setdefault(str(action), {})[str(name)] = ParameterCell(value, cell)
    return found
