"""Rows of a worksheet as bytes, and a few of their cells, without a tree of all that is in them.

Only what is written as Excel, LibreOffice and we ourselves write it is read so; every other row, and every row
that is of more interest, is left to the parser.
"""

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final, NamedTuple

from lxml import etree

from invoicebatch.errors import InputFileError
from invoicebatch.files.limits import ELEMENT_BYTES, words
from invoicebatch.files.xml import parse_xml, refuse_doctype

_CHUNK: Final = 256 << 10
_MAIN: Final = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WORKSHEET: Final = re.compile(rb'\s*(?:<\?xml([^<>]*)\?>)?\s*<worksheet\s[^<>]*\bxmlns="%b"' % _MAIN)
_HEAD: Final = re.compile(rb'<row r="(\d{1,9})"([^<>]*)>')
_HIDDEN: Final = re.compile(rb'\shidden="(?:1|true)"')
_CELL: Final = re.compile(
    rb'"(?: s="\d+")?(?: t="(\w+)")?'
    rb'(?:/>|>(?:<v>([^<&]*)</v>|<is><t(?: xml:space="preserve")?>([^<&]*)</t></is>)?</c>)'
)
_NOT_PLAIN: Final = (b"<!", b"<?", b"\r", b"<row", b":c ")


class Cell(NamedTuple):
    """What stands in a cell: its type (`t`), its value (`v`), and a text of its own (`is`)."""

    kind: str | None
    value: str | None
    text: str | None


class PlainRow(NamedTuple):
    """A row: its number, whether it is hidden, the cells that were asked for."""

    number: str
    hidden: bool
    cells: dict[int, Cell]


def raw_rows(stream: BinaryIO, name: str) -> Iterator[bytes] | None:
    """The rows of a worksheet, each from `<row` to `</row>`; None: it is not written plainly, and nothing is read.

    Args:
        stream: the part, which can be read from its start again.
        name: what an error message calls the file.

    Raises:
        InputFileError: a DOCTYPE; while rows are taken, one that is too large.
    """
    head = stream.read(_CHUNK)
    refuse_doctype(head, name)
    stream.seek(0)
    begin = _WORKSHEET.match(head)
    declared = (begin[1] or b"").lower() if begin else b""
    plain = begin and (b"encoding" not in declared or b'encoding="utf-8"' in declared)
    return _rows(stream, name) if plain else None


def _rows(stream: BinaryIO, name: str) -> Iterator[bytes]:
    pending = tail = b""
    while chunk := stream.read(_CHUNK):
        pending, tail = pending + chunk, (tail + chunk)[-64:]
        at = 0
        while (start := pending.find(b"<row", at)) >= 0:
            close = pending.find(b">", start)
            empty = pending[close - 1 : close] == b"/"
            end = close + 1 if empty else pending.find(b"</row>", close) + 6
            if close < 0 or end < 6:
                break
            if pending[start + 4 : start + 5] in b" />\t\n":  # no <rowBreaks>
                yield pending[start:end]
            at = end
        pending = pending[start if start >= 0 else max(at, len(pending) - 4) :]
        if len(pending) > ELEMENT_BYTES:
            raise InputFileError(f"{name} holds one element of more than {words(ELEMENT_BYTES)}")
    if not tail.rstrip().endswith(b"</worksheet>") or pending.startswith(b"<row"):
        raise InputFileError(f"{name} is cut off", "Save it again.")


def plain_row(raw: bytes, wanted: Mapping[int, bytes]) -> PlainRow | None:
    """Some cells of a row; None: it is not written plainly.

    Args:
        raw: the row.
        wanted: letters by column.
    """
    head = _HEAD.match(raw)
    cells = raw.count(b"<c")
    if head is None or cells != raw.count(b'<c r="') or any(raw.find(odd, 4) >= 0 for odd in _NOT_PLAIN):
        return None
    number = head[1]
    if raw.count(number + b'"') <= cells:  # a cell is of another row
        return None
    found = {}
    for column, letters in wanted.items():
        reference = b'<c r="' + letters + number
        if (at := raw.find(reference + b'"')) < 0:
            continue
        cell = _CELL.match(raw, at + len(reference))
        if cell is None:
            return None
        kind, value, text = (part if part is None else part.decode() for part in cell.groups())
        found[column] = Cell(kind, value, text)
    return PlainRow(number.decode(), _HIDDEN.search(head[2]) is not None, found)


def parsed_row(raw: bytes, name: str) -> etree._Element:
    """The whole row.

    Raises:
        InputFileError: it is not well-formed.
    """
    return parse_xml(b'<sheetData xmlns="' + _MAIN + b'">' + raw + b"</sheetData>", name)[0]
