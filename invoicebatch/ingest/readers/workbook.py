"""Excel workbooks: checked before they are opened, read in a child process, cells kept as text."""

import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.errors import InputFileError
from invoicebatch.files.whole import temporary_folder
from invoicebatch.ingest.cells import Cells, LostRow, Mask, Refusals
from invoicebatch.ingest.readers.clean import clean, too_long, unique_headers
from invoicebatch.ingest.readers.number_formats import holds, shown_as
from invoicebatch.ingest.readers.options import Options
from invoicebatch.ingest.readers.workbook_child import DATE, NUMBER

MAX_ENTRIES: Final = 5_000
MAX_BYTES: Final = 4 << 30
MAX_RATIO: Final = 300
"""A part of more than 50 MB may not be packed tighter than this; a table is packed 10 to 60 times."""
SMALL_PART: Final = 50 << 20
SECONDS: Final = 600
CHILD: Final = Path(__file__).with_name("workbook_child.py")


def read_workbook(data: bytes, name: str, options: Options, refused: Refusals) -> list[tuple[str, Cells]]:
    """The sheets of a workbook that are shown and hold a header, by name.

    Rows with an error, or with a formula that has no stored value, are refused. Text is what a cell shows.

    Raises:
        InputFileError: no workbook, protected by a password, damaged, or absurdly large.
    """
    _check_package(data, name)
    with temporary_folder() as folder:
        found = _run_child(data, name, folder)
        wanted = _sheets_to_read(found, name, options.sheet)
        return [
            (sheet["name"], without_unknown(_sheet(sheet, name, options.header_row), sheet["facts"], refused))
            for sheet in wanted
        ]


def _check_package(data: bytes, name: str) -> None:
    if not data.startswith(b"PK"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise _protected(name)
        return
    try:
        entries = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise InputFileError(f"{name} is damaged: {error}", "Save the workbook again.") from error
    if any(entry.flag_bits & 1 for entry in entries):
        raise _protected(name)
    names = {entry.filename for entry in entries}
    if not names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
        raise InputFileError(f"{name} is an archive, not a workbook", "Unpack it and import the files in it.")
    packed = [e for e in entries if e.file_size > SMALL_PART and e.file_size > MAX_RATIO * e.compress_size]
    if len(entries) > MAX_ENTRIES or sum(e.file_size for e in entries) > MAX_BYTES or packed:
        raise InputFileError(
            f"{name} unpacks to an absurd size",
            "Save the table as CSV and import that, if you trust the file.",
        )


def _protected(name: str) -> InputFileError:
    return InputFileError(
        f"{name} is protected by a password", "Save a copy without one: the password is never asked for here."
    )


def _run_child(data: bytes, name: str, folder: Path) -> list[dict[str, Any]]:
    source = folder / "workbook"
    source.write_bytes(data)
    try:
        child = subprocess.run(  # noqa: S603
            [sys.executable, "-P", str(CHILD), str(source), str(folder)],
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InputFileError(f"{name} could not be read within {SECONDS} seconds") from error
    if child.returncode != 0:
        raise InputFileError(
            f"{name} can't be read: a sheet needs more memory than allowed, or the file is damaged",
            "Often a stray cell in the last row or column: copy the table into a new workbook.",
        )
    answer: dict[str, Any] = json.loads(child.stdout)
    if answer.get("error") == "password":
        raise _protected(name)
    if "error" in answer:
        raise InputFileError(f"{name} is no workbook that can be read: {answer['error']}")
    return [{**sheet, "facts": answer["facts"].get(sheet["name"], {})} for sheet in answer["sheets"]]


def _sheets_to_read(found: list[dict[str, Any]], name: str, sheet: str | None) -> list[dict[str, Any]]:
    if sheet is not None:
        wanted = [one for one in found if one["name"] == sheet]
        if not wanted:
            titles = ", ".join(one["name"] for one in found)
            raise InputFileError(f"{name} has no sheet {sheet!r}", f"Its sheets: {titles}")
        return wanted
    filled = [one for one in found if one["shown"] and one["rows"]]
    if not filled:
        raise InputFileError(f"{name} is empty")
    return filled


def _sheet(found: dict[str, Any], name: str, header_row: int) -> Cells:
    if found["rows"] < 0:
        raise InputFileError(
            f"{name}, sheet {found['name']}: {-found['rows']:,} columns", "At most 500 are read."
        )
    if not found["rows"]:
        raise InputFileError(f"{name}, sheet {found['name']} is empty")
    table = pa.ipc.open_file(found["path"]).read_all().combine_chunks()
    width = table.num_columns // 2
    text = [clean(_whole(table.column(position))) for position in range(width)]
    filled = np.zeros(table.num_rows, dtype=bool)
    for values in text:
        filled |= np.asarray(pc.is_valid(values))
    after = np.flatnonzero(filled[header_row - 1 :])
    if not len(after):
        raise InputFileError(f"{name}, sheet {found['name']} has no header in row {header_row}")
    top = header_row - 1 + int(after[0])
    formats = _by_column(found["facts"].get("formats", {}))
    return _below_header(Cells(name, np.arange(1, table.num_rows + 1), {}), table, text, top, formats)


def _by_column(formats: dict[str, list[str]]) -> dict[int, dict[int, str]]:
    """Number formats by column and row, both from 1."""
    result: dict[int, dict[int, str]] = {}
    for code, references in formats.items():
        for row, column in map(_place, references):
            result.setdefault(column, {})[row] = code
    return result


UNKNOWN: Final = {
    "errors": ("#", "is an error of a formula, such as #N/A or #REF!"),
    "uncomputed": (
        "=",
        "is a formula without a stored value: open the workbook in a spreadsheet and save it",
    ),
}
"""Cells of which nobody knows what they hold: what a report shows, and the reason."""


def without_unknown(cells: Cells, facts: dict[str, Any], refused: Refusals) -> Cells:
    """Refuse rows with a cell of which it is not known what it should hold."""
    for name, (shown, reason) in UNKNOWN.items():
        cells = _without(cells, facts.get(name, []), shown, reason, refused)
    return cells


def _without(cells: Cells, references: list[str], shown: str, reason: str, refused: Refusals) -> Cells:
    found = {_place(reference) for reference in references}
    keep = np.ones(len(cells), dtype=bool)
    lost = []
    for row, column in sorted(found):
        at = int(np.searchsorted(cells.rows, row))
        if at == len(cells) or cells.rows[at] != row or column not in cells.places:
            continue
        title = cells.places[column]
        refused.add(cells.file, [row], title, [shown], reason)
        keep[at] = False
        lost.append(LostRow(row, {name: values[at].as_py() for name, values in cells.columns.items()}))
    return replace(cells.keep(keep), lost=(*cells.lost, *lost))


def _place(reference: str) -> tuple[int, int]:
    """Row and column of a reference such as C7, from 1; 0 where it is none."""
    place = re.fullmatch(r"([A-Z]+)(\d+)", reference)
    return (int(place[2]), _column_number(place[1])) if place else (0, 0)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _below_header(
    blank: Cells, table: pa.Table, text: list[pa.Array], top: int, formats: dict[int, dict[int, str]]
) -> Cells:
    """The columns that have a header or a value, from the row below the header on."""
    width = len(text)
    titles = unique_headers([values[top].as_py() or "" for values in text])
    columns, native, places = {}, {}, {}
    numbers, untold, unshown = {}, {}, {}
    for position, title in enumerate(titles):
        values = text[position].slice(top + 1)
        if text[position][top].as_py() is None and values.null_count == len(values):
            continue
        kinds = np.asarray(_whole(table.column(width + position)).slice(top + 1))
        native[title], places[position + 1] = kinds == NUMBER, title
        numbers[title] = values
        own = {row - top - 2: code for row, code in formats.get(position + 1, {}).items() if row > top + 1}
        columns[title], untold[title], unshown[title] = _shown(values, kinds, own)
    return Cells(
        blank.file,
        blank.rows[top + 1 :],
        columns,
        native,
        places=places,
        numbers=numbers,
        untold=untold,
        unshown=unshown,
    )


def _shown(
    values: pa.Array, kinds: npt.NDArray[np.int8], formats: dict[int, str]
) -> tuple[pa.Array, Mask, Mask]:
    """The texts that cells show; the cells of which it can't be told, and those that show another number or date."""
    untold = (kinds == DATE) | ((kinds == NUMBER) & too_long(values))
    unshown = np.zeros(len(values), dtype=bool)
    texts = values.to_pylist() if formats else []
    for at, code in formats.items():
        if at < len(texts) and kinds[at] == DATE:
            unshown[at] = True
        elif at < len(texts) and kinds[at] == NUMBER:
            unshown[at] = not holds(texts[at], code)
            shown = None if untold[at] else shown_as(texts[at], code)
            untold[at] = shown is None
            texts[at] = shown or texts[at]
    return pa.array(texts, pa.string()) if formats else values, untold, unshown


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()
