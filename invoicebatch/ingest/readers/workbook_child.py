"""Reads a workbook in a process of its own: a hostile file can only end this one.

Run as a script, `workbook_child.py FILE FOLDER`, so it imports nothing of this package: writes one
Arrow file a sheet to the folder, and says on stdout as JSON what it found.
"""

import html
import json
import re
import sys
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

MEMORY: Final = 6 << 30
CHUNK: Final = 20_000
MAX_COLUMNS: Final = 500
MAX_ERRORS: Final = 100_000
NUMBER: Final = 1
DATE: Final = 2
"""Kinds of cells beside text and truth values."""


def plain_number(value: float) -> str:
    """A number as a person sees it in Excel: 15 digits, no exponent, no needless zeros.

    >>> plain_number(536365.0), plain_number(0.1 + 0.2), plain_number(1e-7)
    ('536365', '0.3', '0.0000001')
    """
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = f"{value:.15g}"
    return format(Decimal(text), "f") if "e" in text else text


def plain_text(value: Any) -> str | None:
    """A cell as text; a date in ISO form; None where it is empty."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return plain_number(float(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return None if value is None else str(value)


def _kind(value: Any) -> int:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return NUMBER
    return DATE if isinstance(value, date | time) else 0


def _batch(rows: list[list[Any]], width: int) -> pa.RecordBatch:
    """A chunk of rows: text columns c0 …, and n0 … that say which cells are numbers or dates."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    text = [pa.array([plain_text(v) for v in cells], pa.string()) for cells in columns]
    kinds = [pa.array([_kind(v) for v in cells], pa.int8()) for cells in columns]
    names = [f"c{i}" for i in range(width)] + [f"n{i}" for i in range(width)]
    return pa.record_batch(text + kinds, names=names)


def _write(sheet: Any, path: Path) -> int:
    """Write one sheet; rows above the first filled one count too, so that row numbers hold."""
    width = sheet.total_width + 1
    if sheet.start is None or width > MAX_COLUMNS:
        return -width if sheet.start else 0
    top, left = sheet.start
    padded = chain(repeat([""] * width, top), _pad(sheet.to_python(), left))
    schema = _batch([], width).schema
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        while rows := list(islice(padded, CHUNK)):
            writer.write_batch(_batch(rows, width))
    return int(sheet.total_height) + 1


def _pad(rows: Iterable[list[Any]], left: int) -> Iterable[list[Any]]:
    return ([""] * left + row for row in rows) if left else rows


def _attributes(tag: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in re.findall(r'([\w:]+)="([^"]*)"', tag)}


_ERROR: Final = re.compile(rb'<c\s([^>]*\bt="e"[^>]*)>')
_FORMULA: Final = rb"<c\s([^>]*)>\s*<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*"
_NO_VALUE: Final = rb"(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
_ZERO: Final = rb"(?:<v\s*/>|<v>\s*0?\s*</v>)?\s*</c>"


_PLACE: Final = re.compile(r'\br="([A-Z]+\d+)"')
_STYLE: Final = re.compile(r'\bs="(\d+)"')
_TEXT: Final = re.compile(r'\bt="(?!n")')


def cell_facts(file: str) -> dict[str, dict[str, Any]]:
    """What only the XML of an .xlsx says of its cells, by sheet name and reference such as C7.

    `errors` hold #N/A and their like, `uncomputed` formulas without a stored value, which the library
    gives as empty; of a workbook that asks to be calculated anew a stored zero is none either.
    `formats` are number formats that may show another text than the number, with their cells.
    """
    found: dict[str, dict[str, Any]] = {}
    if not zipfile.is_zipfile(file):
        return found
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
            return found
        relations = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
        parts = [_attributes(tag) for tag in re.findall(r"<Relationship\s[^>]*>", relations)]
        targets = {part.get("Id", ""): part.get("Target", "").removeprefix("/xl/") for part in parts}
        workbook = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        stale = re.search(r'<calcPr\s[^>]*fullCalcOnLoad="(1|true)"', workbook)
        empty = re.compile(_FORMULA + (_ZERO if stale else _NO_VALUE))
        styles = archive.read("xl/styles.xml").decode("utf-8", "replace") if "xl/styles.xml" in names else ""
        telling = _telling_styles(styles)
        for tag in re.findall(r"<sheet\s[^>]*>", workbook):
            sheet = _attributes(tag)
            part = "xl/" + targets.get(sheet.get("r:id", ""), "")
            if part in names:
                found[sheet.get("name", "")] = _facts_of(archive.read(part), empty, telling)
    return found


def _facts_of(content: bytes, empty: "re.Pattern[bytes]", telling: dict[str, str]) -> dict[str, Any]:
    formulas = [_attributes(c.decode()) for c in islice(_matches(empty, content), MAX_ERRORS)]
    styled = re.compile(rb'<c\s([^>]*\bs="(?:' + "|".join(telling).encode() + rb')"[^>]*[^>/])>')
    cells = (cell.decode() for cell in _matches(styled, content)) if telling else ()
    formats: dict[str, list[str]] = {}
    for cell in cells:
        place, style = _PLACE.search(cell), _STYLE.search(cell)
        if place and style and not _TEXT.search(cell):
            formats.setdefault(telling[style[1]], []).append(place[1])
    return {
        "errors": [
            _attributes(c.decode()).get("r", "") for c in islice(_matches(_ERROR, content), MAX_ERRORS)
        ],
        "uncomputed": [cell.get("r", "") for cell in formulas if cell.get("t", "n") != "str"],
        "formats": formats,
    }


def _matches(pattern: "re.Pattern[bytes]", content: bytes) -> Iterable[bytes]:
    return (match[1] for match in pattern.finditer(content))


_BUILT_IN: Final = {
    "1": "0", "2": "0.00", "3": "#,##0", "4": "#,##0.00", "9": "0%", "10": "0.00%", "11": "0.00E+00",
    "12": "# ?/?", "13": "# ??/??", "37": "#,##0;(#,##0)", "38": "#,##0;(#,##0)", "39": "#,##0.00;(#,##0.00)",
    "40": "#,##0.00;(#,##0.00)", "48": "##0.0E+0", "16": "d-mmm", "17": "mmm-yy", "18": "h:mm AM/PM", "19": "h:mm:ss AM/PM", "20": "h:mm", "21": "h:mm:ss",
}  # fmt: skip
"""Number formats by their number, which a file does not spell out (ECMA-376, 18.8.30)."""


def _telling_styles(styles: str) -> dict[str, str]:
    """Formats that may show another text than the number, or less than the date, by the index of their style."""
    own = [_attributes(tag) for tag in re.findall(r"<numFmt\s[^>]*>", styles)]
    codes = _BUILT_IN | {fmt.get("numFmtId", ""): fmt.get("formatCode", "") for fmt in own}
    listed = re.search(r"<cellXfs\b.*?</cellXfs>", styles, re.DOTALL)
    used = [
        _attributes(tag).get("numFmtId", "0")
        for tag in re.findall(r"<xf\s[^>]*>", listed[0] if listed else "")
    ]
    pairs = ((str(index), codes.get(number, "General")) for index, number in enumerate(used))
    return {index: code for index, code in pairs if code not in ("General", "@") and not _whole_date(code)}


def _whole_date(code: str) -> bool:
    """Whether a format shows day, month and year.

    >>> [_whole_date(code) for code in ("dd-mm-yyyy", "[$-413]d mmmm yy;@", "mmm yyyy", "h:mm", '0.00" day"')]
    [True, True, False, False, False]
    """
    plain = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", code).lower()
    return all(part in plain for part in "dmy")


def _sheets(book: Any, folder: Path) -> list[dict[str, Any]]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    found = []
    for index, meta in enumerate(book.sheets_metadata):
        shown = meta.visible == SheetVisibleEnum.Visible and meta.typ == SheetTypeEnum.WorkSheet
        path = folder / f"{index}.arrow"
        rows = _write(book.get_sheet_by_index(index), path) if shown else 0
        found.append({"name": meta.name, "shown": shown, "rows": rows, "path": str(path)})
    return found


def _limit_memory() -> None:
    """Where the system can: elsewhere only the checks before this process stand guard."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main(file: str, folder: str) -> None:
    """Convert every sheet that is shown and not empty."""
    _limit_memory()
    import python_calamine as calamine

    faults = (calamine.CalamineError, calamine.ZipError, calamine.XmlError, OSError, ValueError)
    found: dict[str, Any]
    try:
        with Path(file).open("rb") as stream:
            book = calamine.CalamineWorkbook.from_filelike(stream)
            found = {"sheets": _sheets(book, Path(folder)), "facts": cell_facts(file)}
    except calamine.PasswordError:
        found = {"error": "password"}
    except faults as error:
        found = {"error": str(error)}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
