"""What is read from a selection sheet, whatever kind of file it is: rows, parameters, ids, header.

Data and the header's rules only; the kinds of file are `read_xlsx` and `read_csv`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.errors import InputFileError
from invoicebatch.files.column_letters import column_letter
from invoicebatch.formats.workbook.sheet.delimited import CSV_KEYS
from invoicebatch.formats.workbook.sheet.model import INPUTS, KEYS
from invoicebatch.formats.workbook.titles import column_of

NEEDED: Final = (*INPUTS, *KEYS, "number", "customer_id", "total")
"""Columns a sheet is read by."""

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
            number str, ticked bool, action str (as written), parameters str, problem str (empty: none). Of a
            row of a workbook without any mark, version and parameters are not read.
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
