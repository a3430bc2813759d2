"""Reading a selection sheet back: by header, never by position; every doubt is named by its cell.

Only ticks, actions, parameters and keys are read; all else comes from the workspace. What the
choices mean there is `plan`'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.errors import InputFileError
from invoicebatch.files.spreadsheet import Row, Spreadsheet
from invoicebatch.formats.workbook.cells import column_letter
from invoicebatch.formats.workbook.sheet.delimited import CSV_KEYS
from invoicebatch.formats.workbook.sheet.model import INPUTS, KEYS, META, PARAMETERS
from invoicebatch.formats.workbook.titles import column_of
from invoicebatch.interfaces.sheet.rows import judge_rows

NEEDED: Final = (*INPUTS, *KEYS, "number", "customer_id", "total")
"""Columns a sheet is read by."""

_HEADER_WITHIN: Final = 50
_OPTIONAL: Final = frozenset({"parameters", *CSV_KEYS})


@dataclass(frozen=True)
class ParameterCell:
    """A value on the page Parameters and the cell it stands in."""

    value: Any
    cell: str


@dataclass(frozen=True)
class SheetFile:
    """What a person said in a selection sheet.

    Attributes:
        path: the file.
        selection_id: id given when it was written.
        workspace_id: workspace it was written from.
        written: rows it was written with.
        rows: one row a row of the sheet: row int64, hidden bool, invoice_id Int64, version Int64,
            number str, ticked bool, action str (as written), parameters str, problem str (empty: none).
        parameters: values of the page Parameters by action and name.
        date1904: whether serial dates count from 1904.
    """

    path: Path
    selection_id: str
    workspace_id: str
    written: int
    rows: pd.DataFrame
    parameters: Mapping[str, Mapping[str, ParameterCell]] = field(default_factory=dict)
    date1904: bool = False

    @property
    def ticked(self) -> pd.DataFrame:
        """Rows that are ticked, or whose tick can't be told."""
        return self.rows[self.rows["ticked"] | (self.rows["problem"] != "")]


def read_sheet(path: str | Path) -> SheetFile:
    """Read a sheet, .xlsx or .csv.

    Raises:
        InputFileError: no selection sheet, damaged, malicious, or of a kind that is not read.
    """
    file = Path(path)
    if file.suffix.lower() == ".csv":
        from invoicebatch.interfaces.sheet.read_csv import read_csv_sheet

        return read_csv_sheet(file)
    book = Spreadsheet(file)
    name, header, places = _find(book)
    meta = _meta(book)
    rows = book.rows(name, frozenset(places.values()))
    body = (row for row in rows if row.number > header)
    return SheetFile(
        path=file,
        selection_id=meta["selection_id"],
        workspace_id=meta["workspace_id"],
        written=int(meta.get("rows", 0)),
        rows=judge_rows(_by_name(body, places), meta["selection_id"], letters(places)),
        parameters=_parameters(book),
        date1904=book.date1904,
    )


def letters(places: Mapping[str, int]) -> dict[str, str]:
    """Letter of each column."""
    return {name: column_letter(place - 1) for name, place in places.items()}


def header_places(header: Mapping[int, Any], needed: tuple[str, ...], where: str) -> dict[str, int] | None:
    """Which column of a header row holds what; None where it is no header of ours.

    Raises:
        InputFileError: a column is missing, or there twice.
    """
    found: dict[str, int] = {}
    twice = []
    for place, value in header.items():
        name = column_of(value, needed) if isinstance(value, str) else None
        if name in found:
            twice.append(value)
        elif name:
            found[name] = place
    if not {"run", "action"} <= set(found):
        return None
    missing = [name for name in needed if name not in found and name not in _OPTIONAL]
    if missing or twice:
        problem = f"has no column {', '.join(missing)}" if missing else f"has {', '.join(twice)} twice"
        raise InputFileError(f"{where} {problem}", "Write a new sheet, and copy the choices over.")
    return found


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


def _meta(book: Spreadsheet) -> dict[str, str]:
    """The sheet's ids: from the hidden page and the document properties, which must agree."""
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
