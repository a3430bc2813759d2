"""Reading a matching sheet back: by header, never by position; every doubt is named by its cell.

What it would do in a workspace is `plan`'s.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.errors import InputFileError
from invoicebatch.files.column_letters import column_letter
from invoicebatch.files.spreadsheet import Fault, Row, Spreadsheet
from invoicebatch.formats.workbook.matching import COLUMNS, HEADER_ROW, INPUTS, SHEET, checks
from invoicebatch.formats.workbook.sheet.model import META
from invoicebatch.interfaces.sheet.read_xlsx import sheet_meta
from invoicebatch.model.money import to_cents
from invoicebatch.model.ticks import tick

_TITLES: Final = {title: name for name, (title, _, _) in COLUMNS.items()}
_NEEDED: Final = (*INPUTS, "payment_id", "key", "check", "payer", "left_cents")
_PARTS: Final = re.compile(r"\s*[;\n]\s*")
_GROUPED: Final = re.compile(r"[-+]?\d{1,3}([.,' ]\d{3})+([.,]\d{1,2})?|[-+]?\d+([.,]\d{1,2})?")
_WRITE: Final = "Write one with: invoicebatch payments match write FILE.xlsx"


@dataclass(frozen=True)
class MatchingFile:
    """What a person said in a matching sheet.

    Attributes:
        path: the file.
        workspace_id: workspace it was written from.
        rows: rows with anything said, one each: row int64, payment_id, left_cents (as it was written), ticked bool,
            numbers and amounts (tuples of str and cents), set_aside str, key str (of the proposal), problem str, cell (what
            the row says stands in it).
    """

    path: Path
    workspace_id: str
    rows: pd.DataFrame


def read_matching(path: str | Path) -> MatchingFile:
    """Read a sheet.

    Raises:
        InputFileError: no matching sheet, damaged, malicious, or of a kind that is not read.
    """
    file = Path(path)
    book = Spreadsheet(file)
    if SHEET not in book.sheets or META not in book.sheets:
        raise InputFileError(f"{file.name} is no matching sheet", _WRITE)
    meta = sheet_meta(book)
    rows = list(book.rows(SHEET))
    places = _places(rows, file.name)
    said = [_said(row, places) for row in rows if row.number > HEADER_ROW]
    listed = [one for one in said if one is not None]
    frame = pd.DataFrame(listed, columns=[*_NEEDED, "row", "ticked", "problem", "cell"])
    return MatchingFile(file, meta["workspace_id"], _doubled(_checked(frame, meta["selection_id"], places)))


def _places(rows: list[Row], name: str) -> dict[str, int]:
    header = next((row for row in rows if row.number == HEADER_ROW), None)
    found: dict[str, int] = {}
    for place, value in (header.cells if header else {}).items():
        known = _TITLES.get(str(value).strip())
        if known in found:
            raise InputFileError(f"{name} has {value} twice", _WRITE)
        if known:
            found[known] = place
    missing = [COLUMNS[one][0] for one in _NEEDED if one not in found]
    if missing:
        raise InputFileError(f"{name} has no column {', '.join(missing)}", _WRITE)
    return found


def _said(row: Row, places: Mapping[str, int]) -> dict[str, Any] | None:
    """One row in which a person said something; None for the others."""
    cells = {name: row.cells.get(places[name]) for name in _NEEDED}
    inputs = [cells[name] for name in INPUTS]
    if all(value is None or (isinstance(value, str) and not value.strip()) for value in inputs):
        return None
    problems: list[str] = []
    where = {name: f"{column_letter(places[name] - 1)}{row.number}" for name in _NEEDED}
    faults = [name for name in INPUTS if isinstance(cells[name], Fault)]
    problems += [f"{where[name]}: {getattr(cells[name], 'text', '')}" for name in faults]
    values = {name: None if name in faults else cells[name] for name in INPUTS}
    ticked = tick(values["book"])
    if ticked is None:
        problems.append(f"{where['book']}: {values['book']!r} is neither a tick nor empty")
    elif not ticked and values["book"] is not None:  # a person said no
        return None
    amounts, bad = _amounts(values["amounts"])
    problems += [f"{where['amounts']}: {text!r} is no amount with two decimals" for text in bad]
    numbers = tuple(part for part in _PARTS.split(_text(values["numbers"])) if part)
    if amounts and len(amounts) != len(numbers):
        problems.append(f"{where['amounts']}: {len(amounts)} amounts for {len(numbers)} numbers")
    left = _cents(cells["left_cents"])
    return {
        **{name: _text(cells[name]) for name in ("payment_id", "key", "check", "payer")},
        "left_cents": left, "numbers": numbers, "amounts": amounts, "set_aside": _text(values["set_aside"]),
        "row": row.number, "ticked": bool(ticked), "problem": "; ".join(problems), "book": "",
        "cell": where["amounts" if amounts else "numbers" if numbers else "book"],
    }  # fmt: skip


def _text(value: Any) -> str:
    if value is None or isinstance(value, Fault):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _cents(value: Any) -> int:
    try:
        return round(float(str(value).strip()) * 100)
    except (ValueError, OverflowError):
        return -1


def _amounts(value: Any) -> tuple[tuple[int, ...], list[str]]:
    """The amounts of a cell, in cents, and the parts that are none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        parts = [repr(float(value)).removesuffix(".0")]
    else:
        parts = [part for part in _PARTS.split(_text(value)) if part]
    cents, bad = [], []
    for part in parts:
        try:
            cents.append(_parsed(part))
        except (ValueError, InvalidOperation):
            bad.append(part)
    return tuple(cents), bad


def _parsed(text: str) -> int:
    """Cents of an amount as people write it: 1.234,50, 1,234.50, 1234.5."""
    if not _GROUPED.fullmatch(text):
        raise ValueError(text)
    mark = text[-3:-2] if text[-3:-2] in (".", ",") else text[-2:-1] if text[-2:-1] in (".", ",") else ""
    whole, _, rest = text.rpartition(mark) if mark else (text, "", "")
    cents = to_cents(Decimal(f"{re.sub(r'[^0-9+-]', '', whole)}.{rest or 0}"))
    if cents <= 0:
        raise ValueError(text)
    return cents


def _checked(rows: pd.DataFrame, selection_id: str, places: Mapping[str, int]) -> pd.DataFrame:
    """Rows whose key does not belong to them are in doubt."""
    letter = column_letter(places["check"] - 1)
    lost = rows["payment_id"].eq("")
    wrong = pd.Series(checks(selection_id, rows), index=rows.index, dtype="str").ne(rows["check"])
    cell = letter + rows["row"].astype("str")
    problem = rows["problem"].astype("str")
    apart = cell + ": the key of this row does not belong to the payer and amount beside it"
    problem = problem.mask(problem.eq("") & ~lost & wrong, apart)
    return rows.assign(
        problem=problem.mask(lost, cell + ": this row has no key; was it inserted by hand?")
    ).astype({"row": "int64", "left_cents": "int64"})


def _doubled(rows: pd.DataFrame) -> pd.DataFrame:
    """Of several rows of one payment the first counts, where they say the same; else none."""
    told = (
        rows[["numbers", "amounts", "set_aside", "ticked"]].astype("str").agg("|".join, axis=1)
        if len(rows)
        else ""
    )
    good = rows["problem"].eq("")
    whole = rows.assign(told=told)[good]
    groups = whole.groupby("payment_id")
    same = groups["told"].transform("nunique").eq(1)
    first = groups["row"].transform("first").astype("str")
    again = groups.cumcount().gt(0)
    twice = groups["row"].transform("size").gt(1)
    words = ("the same payment as row " + first).where(same & again, "")
    words = words.mask(twice & ~same, "the same payment stands in several rows, which say different things")
    return rows.assign(problem=rows["problem"].mask(good, words.reindex(rows.index, fill_value="")))
