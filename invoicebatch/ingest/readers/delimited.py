"""CSV and its kin: encoding and delimiter found out, every cell kept as text."""

import csv
import io
import re
from collections import Counter
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from invoicebatch.errors import InputFileError
from invoicebatch.files.limits import check_table
from invoicebatch.ingest.cells import Cells, LostRow, Refusals
from invoicebatch.ingest.readers.clean import clean, unique_headers
from invoicebatch.ingest.readers.encoding import decode
from invoicebatch.ingest.readers.options import Options

DELIMITERS: Final = (",", ";", "\t", "|")
HEAD: Final = 1 << 16
"""Characters looked at to find delimiter and header."""

Rows = npt.NDArray[np.int64]
Ragged = list[tuple[int, int, str]]
"""Record number (header = 1), cells found, text."""


def read_delimited(data: bytes, name: str, options: Options, refused: Refusals) -> tuple[Cells, str]:
    """The rows of a CSV file and its encoding; rows with too few or too many cells are refused.

    Raises:
        InputFileError: not decodable, empty, or no header.
    """
    text, encoding = decode(data, name, options.encoding)
    if not text.strip("\ufeff \t\r\n"):
        raise InputFileError(f"{name} is empty")
    delimiter, text = delimiter_of(text.removeprefix("\ufeff"), options.delimiter)
    header, start, offset = _header(text, delimiter, name, options.header_row)
    check_table(name, 0, len(header))
    table, ragged = _parse(text[start:], delimiter, len(header), name)
    for number, found, line in ragged:
        reason = f"{found} cells where the header has {len(header)}; a quotation mark or delimiter is amiss"
        refused.add(name, [number + offset], "", [line], reason)
    cells = _cells(name, header, table, _row_numbers(table.num_rows, ragged) + offset)
    _check_open_quote(cells, text, ragged)
    return replace(cells, lost=_lost_rows(ragged, header, delimiter, offset)), encoding


def delimiter_of(text: str, given: str | None = None) -> tuple[str, str]:
    """The delimiter, as given, as a first line `sep=;` says or as most lines agree on, and the text after such a line."""
    first, _, rest = text.partition("\n")
    if re.fullmatch(r"(?i)sep=.\r?", first):
        return first[4], rest
    if given:
        return given, text
    lines = [line for line in text[:HEAD].splitlines()[:30] if line.strip()]
    return max(DELIMITERS, key=lambda mark: _score(lines, mark)), text


def _score(lines: list[str], delimiter: str) -> tuple[float, int]:
    """Share of lines that agree on a number of cells above one, and that number."""
    try:
        counts = [len(cells) for cells in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return 0.0, 0
    width, times = Counter(counts).most_common(1)[0] if counts else (0, 0)
    first = counts[0] if counts else 0
    return (times / len(counts) + (first == width) if width > 1 else 0.0), width


def _header(text: str, delimiter: str, name: str, header_row: int) -> tuple[list[str], int, int]:
    """Names of the header, where it starts in the text, and how many records stand before it."""
    buffer = io.StringIO(text[: 16 * HEAD], newline="")
    reader = csv.reader(iter(buffer.readline, ""), delimiter=delimiter)
    start = number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if number >= header_row and any(cell.strip() for cell in cells):
                return unique_headers(cells), start, number - 1
            start = buffer.tell()
    except csv.Error as error:
        raise InputFileError(f"{name}: the header can't be read: {error}") from error
    raise InputFileError(f"{name} has {number} rows, but its header should be in row {header_row}")


def _parse(text: str, delimiter: str, width: int, name: str) -> tuple[pa.Table, Ragged]:
    ragged: Ragged = []

    def skip(row: pa.csv.InvalidRow) -> str:
        ragged.append((row.number, row.actual_columns, row.text))
        return "skip"

    data = text.encode("utf-8", errors="replace")
    types = {f"f{position}": pa.string() for position in range(width)}
    try:
        table = pa.csv.read_csv(
            io.BytesIO(data),
            pa.csv.ReadOptions(
                use_threads=False, autogenerate_column_names=True, block_size=min(len(data) + 1, 1 << 30)
            ),
            pa.csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            pa.csv.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        raise InputFileError(f"{name} can't be read as CSV: {error}") from error
    return table, ragged


def _row_numbers(kept: int, ragged: Ragged) -> Rows:
    """Record numbers of the rows that were kept (header = 1)."""
    every = np.arange(1, kept + len(ragged) + 1, dtype=np.int64)
    return np.setdiff1d(every, [number for number, _, _ in ragged], assume_unique=True)


def _cells(name: str, header: list[str], table: pa.Table, rows: Rows) -> Cells:
    columns = {
        title: clean(table.column(position).combine_chunks().slice(1))
        for position, title in enumerate(header)
    }
    return Cells(name, rows[1:], columns)


def _lost_rows(ragged: Ragged, header: list[str], delimiter: str, offset: int) -> tuple[LostRow, ...]:
    """What the refused rows seem to hold: each line of them read by itself."""
    lines = [(number, line) for number, _, text in ragged for line in text.splitlines()]
    rows = csv.reader((line.replace('"', "") for _, line in lines), delimiter=delimiter)
    try:
        return tuple(
            LostRow(number + offset, dict(zip(header, cells, strict=False)))
            for (number, _), cells in zip(lines, rows, strict=True)
        )
    except (csv.Error, ValueError):
        return tuple(LostRow(number + offset, {}) for number, _ in lines)


def _check_open_quote(cells: Cells, text: str, ragged: Ragged) -> None:
    """A quotation mark that is never closed swallows the rest of the file into one cell.

    Raises:
        InputFileError: so it is here.
    """
    if text.count('"') % 2 == 0:
        return
    last = [values[-1].as_py() or "" for values in cells.columns.values()] if len(cells) else []
    last += [ragged[-1][2]] if ragged else []
    start = next((value for value in last if "\n" in value and text.rstrip().endswith(value.rstrip())), None)
    if start is not None:
        raise InputFileError(
            f"{cells.file}: a quotation mark is never closed; all that follows is in one cell, "
            f"which begins with {start.splitlines()[0][:40]!r}",
            "Close or double the quotation mark, and import the file again.",
        )
