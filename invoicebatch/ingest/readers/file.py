"""Opens a file by what it holds, not by what it is called."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.compute as pc

from invoicebatch.errors import InputFileError
from invoicebatch.files.limits import open_bounded
from invoicebatch.ingest.cells import Cells, Refusals
from invoicebatch.ingest.readers.delimited import read_delimited
from invoicebatch.ingest.readers.options import Options
from invoicebatch.ingest.readers.parquet import read_parquet
from invoicebatch.ingest.readers.workbook import read_workbook

OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
NO_TABLE: Final = {b"%PDF": "a PDF", b"\x1f\x8b": "packed with gzip", b"{": "JSON", b"<": "XML or HTML"}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was read: its name and hash, its tables by sheet ('' if it has no sheets), notes."""

    name: str
    sha256: str
    tables: list[tuple[str, Cells]]
    notes: list[str]


def read_file(path: Path, options: Options, refused: Refusals) -> SourceFile:
    """Read every table of a file; blank rows are left out.

    Raises:
        InputFileError: missing, a folder, unreadable, empty, or no table.
    """
    data = bytes_of(path)
    name, notes = path.name, []
    if data.startswith((b"PK", OLD_OFFICE)):
        tables = read_workbook(data, name, options, refused)
    elif data.startswith(b"PAR1"):
        cells, nested = read_parquet(data, name)
        notes = [f"{name}: column {title} holds no plain values and was not read" for title in nested]
        tables = [("", cells)]
    else:
        cells, encoding = _text_table(data, name, options, refused)
        notes = [f"{name} was read as Windows-1252"] if encoding == "cp1252" and not options.encoding else []
        tables = [("", cells)]
    several = len(tables) > 1
    tables = [
        (sheet, _without_blank_rows(_with_sheet_name(cells, sheet if several else "")))
        for sheet, cells in tables
    ]
    return SourceFile(name, hashlib.sha256(data).hexdigest(), tables, notes)


def bytes_of(path: Path) -> bytes:
    """What a file holds.

    Raises:
        InputFileError: missing, a folder, unreadable, empty, too large.
    """
    with open_bounded(path) as file:
        data = file.read()
    if not data.strip():
        raise InputFileError(f"{path.name} is empty")
    return data


def is_text(data: bytes) -> bool:
    """Whether a file is read as CSV or its kin."""
    return not data.startswith((b"PK", OLD_OFFICE, b"PAR1"))


def _text_table(data: bytes, name: str, options: Options, refused: Refusals) -> tuple[Cells, str]:
    for mark, what in NO_TABLE.items():
        if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(mark):
            raise InputFileError(f"{name} is {what}", "CSV, Parquet and Excel files can be imported.")
    return read_delimited(data, name, options, refused)


def _with_sheet_name(cells: Cells, sheet: str) -> Cells:
    return replace(cells, file=f"{cells.file} [{sheet}]") if sheet else cells


def _without_blank_rows(cells: Cells) -> Cells:
    filled = np.zeros(len(cells), dtype=bool)
    for values in cells.columns.values():
        filled |= np.asarray(pc.is_valid(values))
    return cells.keep(filled)
