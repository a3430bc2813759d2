"""How a file is laid out: its encoding, delimiter, sheet and the row with its headers; and its rows."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from invoicebatch.errors import InputFileError
from invoicebatch.ingest.cells import Cells, Refusals
from invoicebatch.ingest.guess.words import matches
from invoicebatch.ingest.readers.delimited import delimiter_of
from invoicebatch.ingest.readers.encoding import decode
from invoicebatch.ingest.readers.file import bytes_of, is_text, read_file
from invoicebatch.ingest.readers.options import Options

LOOKED_AT: Final = 30
"""Rows in which the headers are looked for."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A file as it is laid out.

    Attributes:
        options: how it is to be read.
        cells: its rows.
        sheets: other sheets of the workbook, that are not read.
        ragged: rows that have more or fewer cells than the header.
    """

    options: Options
    cells: Cells
    sheets: tuple[str, ...] = ()
    ragged: int = 0


def layout_of(path: Path) -> Layout:
    """Find out how a file is laid out.

    Raises:
        InputFileError: it can't be read, or holds no table.
    """
    data = bytes_of(path)
    options = _of_text(data, path.name) if is_text(data) else Options()
    layout = _read(path, options)
    if is_text(data):
        return layout
    row = _header_row([[*layout.cells.columns], *_rows(layout.cells)])
    top = 1 if row == 1 else int(layout.cells.rows[row - 2])
    return layout if row == 1 else _read(path, replace(layout.options, header_row=top))


def _of_text(data: bytes, name: str) -> Options:
    text, encoding = decode(data, name)
    delimiter, text = delimiter_of(text.removeprefix("\ufeff"))
    try:
        rows = list(islice(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), LOOKED_AT))
    except csv.Error as error:
        raise InputFileError(f"{name} can't be read as CSV: {error}") from error
    return Options(encoding, delimiter, None, _header_row(rows))


def _rows(cells: Cells) -> list[list[str]]:
    head = [values.slice(0, LOOKED_AT).to_pylist() for values in cells.columns.values()]
    return [[cell or "" for cell in row] for row in zip(*head, strict=True)]


def _header_row(rows: Sequence[Sequence[str]]) -> int:
    """The first row, from 1, that is as wide as most and names most columns that are known; 1 where none does."""
    filled = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    width = Counter(len(row) for row in rows).most_common(1)[0][0] if rows else 0
    known = [
        sum(bool(matches(cell)) for cell in cells) if len(cells) * 2 > width and len(cells) > 1 else 0
        for cells in filled
    ]
    return known.index(max(known)) + 1 if any(known) else 1


def _read(path: Path, options: Options) -> Layout:
    ragged = Refusals()
    source = read_file(path, options, ragged)
    sheet, cells = max(source.tables, key=lambda table: len(table[1]) * len(table[1].columns))
    others = tuple(name for name, _ in source.tables if name != sheet)
    read = replace(options, sheet=sheet) if others else options
    return Layout(read, replace(cells, file=path.name), others, len(ragged.frame()))
