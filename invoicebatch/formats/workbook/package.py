"""A workbook whose rows are streamed: openpyxl makes the empty styled package, we write its rows.

The sheet's XML is cut where the rows belong, and compressed while the next rows are built.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
from openpyxl import Workbook

from invoicebatch.files.column_letters import column_letter
from invoicebatch.files.csv_text import CHUNK_ROWS, joined_bytes
from invoicebatch.formats.workbook.cells import CellColumn, row_chunks
from invoicebatch.formats.workbook.text import inline

Chunk = bytes | memoryview

_LEVEL: Final = 1
_ROW: Final = re.compile(r'<row r="(\d+)"')
_AFTER_IGNORED: Final = re.compile("<(?:drawing|legacyDrawing|tableParts|extLst|/worksheet)")
"""What follows `ignoredErrors` in a worksheet (ECMA-376 CT_Worksheet)."""

_FORMULA: Final = re.compile(r'(<c r="([A-Z]+\d+)"[^>]*?)(?: t="\w+")?(><f>[^<]*</f>)<v\s*/?>(?:</v>)?')


@dataclass(frozen=True, slots=True)
class Body:
    """Rows to stream into one sheet.

    Attributes:
        pieces: rows, some at a time: cells of columns A, B, C …, all of one length.
        shape: how many rows and columns.
        first_row: row number of the first one; the package's own rows lie above or below.
        results: values of the sheet's formulas by cell, for readers that don't calculate.
    """

    pieces: Iterable[Sequence[CellColumn]]
    shape: tuple[int, int]
    first_row: int
    results: Mapping[str, str | int | float] = field(default_factory=dict)

    @property
    def last_row(self) -> int:
        """Row number of the last one."""
        return self.first_row + self.shape[0] - 1

    def chunks(self) -> Iterator[memoryview]:
        """The `<row>` elements."""
        row = self.first_row
        for columns in self.pieces:
            yield from row_chunks(columns, row)
            row += len(columns[0].values)


def whole_body(
    columns: Sequence[CellColumn], first_row: int, results: Mapping[str, str | int | float] | None = None
) -> Body:
    """The body of rows that are all there."""
    return Body([columns], (len(columns[0].values), len(columns)), first_row, results or {})


def write_package(
    out: BinaryIO, workbook: Workbook, bodies: Mapping[str, Body], texts: Iterable[str] | None = None
) -> None:
    """Write the workbook with each body's rows in the sheet of that title.

    Args:
        out: an open file; needs no seeking.
        workbook: sheets, styles and everything but the bodies' rows.
        bodies: by sheet title.
        texts: those that `shared` cells name by their place; asked for when all rows are written.
    """
    empty = io.BytesIO()
    made_at = workbook.properties.modified
    workbook.save(empty)
    parts = {f"xl/worksheets/sheet{workbook.sheetnames.index(title) + 1}.xml": title for title in bodies}
    with (
        zipfile.ZipFile(empty) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as target,
        ThreadPoolExecutor(1, "workbook") as writer,
    ):
        for name in source.namelist():
            part = source.read(name)
            body = bodies.get(parts.get(name, ""))
            chunks = _sheet(part.decode(), body) if body else [_dated(part, name, made_at)]
            if texts is not None:
                chunks = [_with_texts(b"".join(chunks))] if name in _LISTS_OF_PARTS else chunks
            with target.open(name, "w", force_zip64=True) as entry:  # dated 1980: the same bytes again
                _pour(chunks, entry.write, writer)
        if texts is not None:
            with target.open("xl/sharedStrings.xml", "w", force_zip64=True) as entry:
                _pour(_table_of(texts), entry.write, writer)


_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
_RELATION: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
_ENTRIES: Final = {
    b"</Types>": f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPE}"/>'.encode(),
    b"</Relationships>": f'<Relationship Type="{_RELATION}" Target="sharedStrings.xml" Id="texts"/>'.encode(),
}
"""What names the table of texts, before the end of which list (ECMA-376 part 1, 12.3.15)."""
_LISTS_OF_PARTS: Final = ("[Content_Types].xml", "xl/_rels/workbook.xml.rels")


def _with_texts(part: bytes) -> bytes:
    """A list of the package's parts, with the table of texts."""
    for end, entry in _ENTRIES.items():
        part = part.replace(end, entry + end)
    return part


def _table_of(texts: Iterable[str]) -> Iterator[Chunk]:
    yield f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><sst xmlns="{_MAIN}">'.encode()
    left = iter(texts)
    while some := list(islice(left, CHUNK_ROWS)):
        text = pc.coalesce(inline(pa.array(some, pa.string())), "<t/>")
        yield joined_bytes(pc.binary_join_element_wise("<si>", text, "</si>", ""))
    yield b"</sst>"


def _dated(part: bytes, name: str, made_at: datetime) -> bytes:
    """The part with the workbook's own date: saving puts the clock's in, and bytes would differ."""
    if name != "docProps/core.xml":
        return part
    return re.sub(
        rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + f"{made_at:%Y-%m-%dT%H:%M:%SZ}".encode(), part
    )


def _sheet(xml: str, body: Body) -> Iterator[Chunk]:
    xml = _FORMULA.sub(lambda match: _result(match, body.results), xml)
    last = max([body.last_row, *(int(row) for row in _ROW.findall(xml))])
    area = f"A1:{column_letter(body.shape[1] - 1)}{last}"
    xml = re.sub(r'<dimension ref="[^"]*"', f'<dimension ref="{area}"', xml, count=1)
    xml = re.sub("<sheetData ?/>", "<sheetData></sheetData>", xml, count=1)
    xml = _AFTER_IGNORED.sub(
        rf'<ignoredErrors><ignoredError sqref="{area}" numberStoredAsText="1"/></ignoredErrors>\g<0>',
        xml,
        count=1,
    )
    below = [match.start() for match in _ROW.finditer(xml) if int(match[1]) >= body.first_row]
    cut = below[0] if below else xml.index("</sheetData>")
    yield xml[:cut].encode()
    yield from body.chunks()
    yield xml[cut:].encode()


def _result(match: re.Match[str], results: Mapping[str, str | int | float]) -> str:
    value = results.get(match[2])
    if value is None:
        return f"{match[1]}{match[3]}"
    kind = ' t="str"' if isinstance(value, str) else ""
    return f"{match[1]}{kind}{match[3]}<v>{value}</v>"


def _pour(chunks: Iterable[Chunk], write: Callable[[Chunk], object], writer: ThreadPoolExecutor) -> None:
    """Compress one chunk in a thread (zlib lets go of the interpreter) while the next is built."""
    under_way: Future[object] | None = None
    for chunk in chunks:
        if under_way:
            under_way.result()
        under_way = writer.submit(write, chunk)
    if under_way:
        under_way.result()
