"""Reading workbooks from outside, row by row, within bounded memory and time.

Nothing is unpacked to disk, no formula is computed, no macro is looked at; what is no plain .xlsx
is refused in words that say what it is instead.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

from lxml import etree

from invoicebatch.errors import InputFileError
from invoicebatch.files.column_letters import column_letter, column_number
from invoicebatch.files.plain_rows import PlainRow, parsed_row, plain_row, raw_rows
from invoicebatch.files.spreadsheet_guard import (
    MAX_STRINGS_BYTES,
    SAVE_AS,
    check_parts,
    damaged,
    refuse_other_kinds,
)
from invoicebatch.files.xml import iterate_xml, parse_xml

MAX_ROW: Final = 1_048_576
MAX_COLUMN: Final = 16_384

_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CODED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    KeyError,
    OSError,
    UnicodeDecodeError,  # a part's name
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell that holds no value: an error such as #N/A, or a formula nobody has computed."""

    text: str


Value = str | float | bool | Fault


Values = dict[int, Value]
"""What stands in a row, by column from 1."""
Where = Callable[[Values], bool]
"""Whether more is wanted of a row, told some of its values."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number from 1, whether it is hidden or filtered out, its values by column from 1."""

    number: int
    hidden: bool
    cells: Values


class Spreadsheet:
    """An .xlsx file, opened.

    Attributes:
        path: the file.
        sheets: part of each worksheet by its name.
        properties: custom document properties by name.
        date1904: whether serial dates count from 1904.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        refuse_other_kinds(path)
        try:
            self._zip = zipfile.ZipFile(path)
            check_parts(self._zip, path)
            self._open()
        except _BROKEN as error:
            raise damaged(path, error) from error

    def _open(self) -> None:
        names = set(self._zip.namelist())
        if "mimetype" in names and b"opendocument" in self._zip.read("mimetype"):
            raise InputFileError(f"{self.path.name} is an OpenDocument file (.ods)", SAVE_AS)
        if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
            raise InputFileError(f"{self.path.name} is a ZIP archive, but no workbook", SAVE_AS)
        types = self._zip.read("[Content_Types].xml")
        if b"macroEnabled" in types or any(name.endswith("vbaProject.bin") for name in names):
            raise InputFileError(f"{self.path.name} holds macros, and is not read", SAVE_AS)
        workbook = self._xml("xl/workbook.xml")
        targets = {
            rel.get("Id"): _target(str(rel.get("Target")))
            for rel in self._xml("xl/_rels/workbook.xml.rels")
            if str(rel.get("Type")).endswith("/worksheet")
        }
        listed = ((s.get("name"), targets.get(s.get(_REL))) for s in workbook.iter(f"{_MAIN}sheet"))
        self.sheets = {str(name): part for name, part in listed if part in names and part}
        self.date1904 = any(p.get("date1904") in ("1", "true") for p in workbook.iter(f"{_MAIN}workbookPr"))
        custom = self._xml("docProps/custom.xml") if "docProps/custom.xml" in names else []
        self.properties = {str(p.get("name")): "".join(str(t) for t in p.itertext()) for p in custom}
        self._strings: list[str] | None = None

    def rows(
        self,
        sheet: str,
        columns: frozenset[int] | None = None,
        more: frozenset[int] = frozenset(),
        where: Where | None = None,
    ) -> Iterator[Row]:
        """The rows of a worksheet that hold anything, in order.

        Args:
            sheet: its name.
            columns: only these columns' values, from 1; None: all.
            more: further columns, of those rows alone `where` the values of the others ask for them.
            where: told the values of `columns`.

        Raises:
            InputFileError: a damaged or malicious file.
        """
        last = 0
        try:
            if self._strings is None:
                self._strings = list(self._shared_strings())
            with self._zip.open(self.sheets[sheet]) as stream:
                part = _plain(stream)
                if columns is not None and (raw := raw_rows(part, self.path.name)) is not None:
                    yield from self._plain_rows(*raw, columns, more, where)
                    return
                for element in iterate_xml(part, (f"{_MAIN}row",), self.path.name):
                    last = self._row_number(element.get("r"), last)
                    yield self._row(last, element, columns, more, where)
        except _BROKEN as error:
            raise damaged(self.path, error) from error

    def _plain_rows(
        self,
        begin: bytes,
        rows: Iterator[bytes],
        columns: frozenset[int],
        more: frozenset[int],
        where: Where | None,
    ) -> Iterator[Row]:
        """The rows of a part that is written plainly; one that is asked for more of is parsed whole."""
        letters = {column: column_letter(column - 1).encode() for column in columns}
        last = 0
        for raw in rows:
            row = plain_row(raw, letters)
            values = {} if row is None else self._plain_values(row)
            if row is not None and not (where and where(values)):
                last = self._row_number(row.number, last)
                yield Row(last, row.hidden, values)
                continue
            element = parsed_row(raw, begin, self.path.name)
            last = self._row_number(element.get("r"), last)
            yield self._row(last, element, columns, more, where)

    def _plain_values(self, row: PlainRow) -> Values:
        found = ((column, self._typed(*cell)) for column, cell in row.cells.items())
        return {column: value for column, value in found if value is not None}

    def _row(
        self,
        number: int,
        element: etree._Element,
        columns: frozenset[int] | None,
        more: frozenset[int],
        where: Where | None,
    ) -> Row:
        values = self._scan(element, columns)
        if where is not None and where(values):
            values |= self._scan(element, more)
        return Row(number, element.get("hidden") in ("1", "true"), values)

    def _row_number(self, given: str | None, last: int) -> int:
        number = int(given[:10]) if given and given.isdecimal() else last + 1
        if not last < number <= MAX_ROW:
            raise InputFileError(f"{self.path.name} has rows out of order, or beyond row {MAX_ROW:,}")
        return number

    def _scan(self, row: etree._Element, columns: frozenset[int] | None) -> Values:
        """The values of some columns (None: all), each cell of the row looked at."""
        values: Values = {}
        column = 0
        for cell in row:
            reference = cell.get("r")
            letters = reference.rstrip("0123456789") if reference else ""
            column = column_number(letters) if reference else column + 1
            if columns is None or column in columns:
                value = self._value(cell)
                if value is not None:
                    values[column] = value
        if column > MAX_COLUMN:
            raise InputFileError(f"{self.path.name} has cells beyond column XFD")
        return values

    def _value(self, cell: etree._Element) -> Value | None:
        kind = cell.get("t")
        if kind == "inlineStr":
            return _text(cell[0]) if len(cell) == 1 else _text(cell)
        raw = cell.findtext(f"{_MAIN}v")
        if not raw and (formula := cell.findtext(f"{_MAIN}f")) is not None:
            return _uncomputed(formula)
        return self._typed(kind, raw, None)

    def _typed(self, kind: str | None, raw: str | None, text: str | None) -> Value | None:
        """A value as the cell's type has it; of an `inlineStr` its text."""
        if kind == "inlineStr":
            return _CODED.sub(_decoded, text or "")
        if not raw:
            return None
        match kind:
            case "s":
                return self._string(raw)
            case "b":
                return raw in ("1", "true")
            case "e":
                return Fault(raw)
            case "str" | "d":
                return _CODED.sub(_decoded, raw)
            case _:
                return _number(raw)

    def _string(self, raw: str) -> Value:
        strings = self._strings or []
        place = int(raw[:10]) if raw.isdecimal() else len(strings)
        return strings[place] if place < len(strings) else Fault("a lost text")

    def _shared_strings(self) -> Iterator[str]:
        name = "xl/sharedStrings.xml"
        if name not in self._zip.namelist():
            return
        if self._zip.getinfo(name).file_size > MAX_STRINGS_BYTES:
            raise InputFileError(f"{self.path.name} holds more text than a sheet of ours could", SAVE_AS)
        with self._zip.open(name) as stream:
            for element in iterate_xml(_plain(stream), (f"{_MAIN}si",), self.path.name):
                yield _text(element)

    def _xml(self, part: str) -> etree._Element:
        return parse_xml(self._zip.read(part), f"{self.path.name} ({part})")


def _target(target: str) -> str:
    """Part of a relationship, relative to xl/ unless absolute."""
    return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)


def _plain(stream: Any) -> BinaryIO:
    return stream  # type: ignore[no-any-return]  # a ZipExtFile reads like any binary file


def _text(element: etree._Element) -> str:
    """All runs of a text, without phonetic hints."""
    if len(element) == 1 and element[0].tag == f"{_MAIN}t":
        return _CODED.sub(_decoded, element[0].text or "")
    runs = []
    for part in element.iter(f"{_MAIN}t"):
        parent = part.getparent()
        if parent is None or parent.tag != f"{_MAIN}rPh":
            runs.append(_CODED.sub(_decoded, part.text or ""))
    return "".join(runs)


def _decoded(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


def _uncomputed(formula: str) -> Value:
    known = {"TRUE": True, "FALSE": False}
    word = formula.strip().lstrip("=").removesuffix("()").upper()
    return known.get(word, Fault(f"the formula ={formula}, which has no value yet"))


def _number(raw: str) -> Value:
    try:
        return float(raw)
    except ValueError:
        return Fault(raw)
