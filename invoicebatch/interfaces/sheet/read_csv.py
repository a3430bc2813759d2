"""Reading the CSV variant of a selection sheet: encoding and delimiter as programs like to change them."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from invoicebatch.errors import InputFileError
from invoicebatch.files.csv_text import unguard
from invoicebatch.files.limits import SHEET_BYTES, open_bounded
from invoicebatch.formats.workbook.sheet.delimited import CSV_KEYS
from invoicebatch.interfaces.sheet.file import NEEDED, SheetFile, header_places, letters
from invoicebatch.interfaces.sheet.rows import judge_rows

_ENCODINGS: Final = ("utf-8-sig", "cp1252")


def read_csv_sheet(path: Path) -> SheetFile:
    """Read the CSV variant.

    Raises:
        InputFileError: no selection sheet, too large, or rows of several sheets.
    """
    table = list(csv.reader(io.StringIO(_text(path), newline=""), delimiter=_delimiter(path)))
    header = dict(enumerate(table[0], 1)) if table else {}
    places = header_places(header, (*NEEDED, *CSV_KEYS), path.name)
    if places is None or not set(CSV_KEYS) <= set(places):
        raise InputFileError(
            f"{path.name} is no selection sheet", "Write one with: invoicebatch sheet write FILE.csv"
        )
    ids = {
        name: {row[places[name] - 1] for row in table[1:] if len(row) >= places[name]} for name in CSV_KEYS
    }
    for name, found in ids.items():
        found.discard("")
        if len(found) != 1:
            raise InputFileError(f"{path.name} has rows of {len(found)} sheets ({name})")
    (selection_id,), (workspace_id,) = (ids[name] for name in CSV_KEYS)
    rows = judge_rows(_rows(table, places), selection_id, letters(places))
    return SheetFile(path, selection_id, workspace_id, 0, rows)


def _rows(table: list[list[str]], places: dict[str, int]) -> Iterator[tuple[int, bool, dict[str, Any]]]:
    columns = [
        unguard(
            pa.array(
                [row[place - 1] or None if place <= len(row) else None for row in table[1:]], pa.string()
            )
        )
        for place in places.values()
    ]
    for number, values in enumerate(zip(*(texts.to_pylist() for texts in columns), strict=True), 2):
        yield number, False, dict(zip(places, values, strict=True))


def _text(path: Path) -> str:
    with open_bounded(path, SHEET_BYTES) as file:
        data = file.read()
    if data.startswith(b"PK\x03\x04"):
        raise InputFileError(f"{path.name} is a workbook, not a CSV file", "Name it .xlsx.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _delimiter(path: Path) -> str:
    """The delimiter of the header line: the one there is most of."""
    with path.open("rb") as file:
        head = file.read(4096).replace(b"\x00", b"").splitlines()
    first = head[0] if head else b""
    return max((",", ";", "\t"), key=lambda each: first.count(each.encode()))
