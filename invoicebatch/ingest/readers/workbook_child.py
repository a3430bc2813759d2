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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _batch(rows: list[list[Any]], width: int) -> pa.RecordBatch:
    """A chunk of rows: text columns c0 …, and n0 … that say which cells are numbers."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    text = [pa.array([plain_text(v) for v in cells], pa.string()) for cells in columns]
    numbers = [pa.array([_is_number(v) for v in cells], pa.bool_()) for cells in columns]
    names = [f"c{i}" for i in range(width)] + [f"n{i}" for i in range(width)]
    return pa.record_batch(text + numbers, names=names)


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


def error_cells(file: str) -> dict[str, list[str]]:
    """References such as C7 of the cells that hold an error (#N/A, #REF!), by sheet name.

    The library gives these as empty cells; only .xlsx says where they are.
    """
    found: dict[str, list[str]] = {}
    if not zipfile.is_zipfile(file):
        return found
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
            return found
        relations = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
        parts = [_attributes(tag) for tag in re.findall(r"<Relationship\s[^>]*>", relations)]
        targets = {part.get("Id", ""): part.get("Target", "").removeprefix("/xl/") for part in parts}
        sheets = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        for tag in re.findall(r"<sheet\s[^>]*>", sheets):
            sheet = _attributes(tag)
            part = "xl/" + targets.get(sheet.get("r:id", ""), "")
            if part in names:
                content = archive.read(part)
                cells = re.findall(rb"<c\s[^>]*\bt=\"e\"[^>]*>", content)
                found[sheet.get("name", "")] = [
                    _attributes(c.decode()).get("r", "") for c in cells[:MAX_ERRORS]
                ]
    return found


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
            found = {"sheets": _sheets(book, Path(folder)), "errors": error_cells(file)}
    except calamine.PasswordError:
        found = {"error": "password"}
    except faults as error:
        found = {"error": str(error)}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
