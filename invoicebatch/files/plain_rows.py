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
_WORKSHEET: Final = re.compile(rb'(?:<\?xml([^<>]*)\?>)?\s*(<worksheet\s[^<>]*\bxmlns="%b"[^<>]*>)' % _MAIN)
_DATA: Final = b"<sheetData>"
_NEXT: Final = re.compile(rb"\s*(?:<row(?=[\s/>])|(</sheetData\s*>))")
_HEAD: Final = re.compile(rb'<row r="(\d{1,9})"([^<>]*)>')
_HIDDEN: Final = re.compile(rb'\shidden="(?:1|true)"')
_CELL: Final = re.compile(
    rb'"(?: s="\d+")?(?: t="(\w+)")?'
    rb'(?:/>|>(?:<v>([^<&]*)</v>|<is><t(?: xml:space="preserve")?>([^<&]*)</t></is>)?</c>)'
)
_NUMBER: Final = re.compile(rb'<c r="[A-Z]{1,3}(\d+)"')
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


def raw_rows(stream: BinaryIO, name: str) -> tuple[bytes, Iterator[bytes]] | None:
    """The start tag of a worksheet, and its rows, each from `<row` to `</row>`.

    None: it is not written plainly, and nothing is read. What follows the rows is not looked at.

    Args:
        stream: the part, which can be read from its start again.
        name: what an error message calls the file.

    Raises:
        InputFileError: a DOCTYPE; while rows are taken, one that is too large, or something else among them.
    """
    head = stream.read(_CHUNK)
    stream.seek(0)
    text = head.lstrip()
    refuse_doctype(text, name)
    begin = _WORKSHEET.match(text)
    data = text.find(_DATA)
    if begin is None or data < 0 or b"<!" in text[:data]:
        return None
    declared = (begin[1] or b"").lower()
    if b"encoding" in declared and b'encoding="utf-8"' not in declared:
        return None
    stream.seek(len(head) - len(text) + data + len(_DATA))
    return begin[2], _rows(stream, name)


def _rows(stream: BinaryIO, name: str) -> Iterator[bytes]:
    pending, more = b"", True
    while more:
        chunk = stream.read(_CHUNK)
        more = bool(chunk)
        pending = (pending + chunk).lstrip()
        at = 0
        while True:
            following = _NEXT.match(pending, at)
            if following is None:
                if more and len(pending) - at < _CHUNK:
                    break
                raise InputFileError(
                    f"{name} is cut off, or has something else among its rows", "Save it again."
                )
            if following[1]:
                while stream.read(_CHUNK):  # to the end, where the archive's checksum is looked at
                    pass
                return
            close = pending.find(b">", following.end())
            empty = pending[close - 1 : close] == b"/"
            end = close + 1 if empty else pending.find(b"</row>", close) + len(b"</row>")
            if close < 0 or end <= close:
                if not more:
                    raise InputFileError(f"{name} is cut off", "Save it again.")
                break
            yield pending[following.end() - len(b"<row") : end]
            at = end
        pending = pending[at:]
        if len(pending) > ELEMENT_BYTES:
            raise InputFileError(f"{name} holds one element of more than {words(ELEMENT_BYTES)}")


def plain_row(raw: bytes, wanted: Mapping[int, bytes]) -> PlainRow | None:
    """Some cells of a row; None: it is not written plainly.

    Args:
        raw: the row.
        wanted: letters by column.
    """
    head = _HEAD.match(raw)
    if head is None or any(raw.find(odd, 4) >= 0 for odd in _NOT_PLAIN):
        return None
    number, numbers = head[1], _NUMBER.findall(raw)
    if len(numbers) != raw.count(b"<c") or not {number}.issuperset(numbers):
        return None  # a cell without a reference, or of another row
    found = {}
    for column, letters in wanted.items():
        reference = b'<c r="' + letters + number
        if (at := raw.find(reference + b'"')) < 0:
            continue
        if raw.find(reference + b'"', at + 1) >= 0:
            return None
        cell = _CELL.match(raw, at + len(reference))
        if cell is None:
            return None
        kind, value, text = (part if part is None else part.decode() for part in cell.groups())
        found[column] = Cell(kind, value, text)
    return PlainRow(number.decode(), _HIDDEN.search(head[2]) is not None, found)


def parsed_row(raw: bytes, begin: bytes, name: str) -> etree._Element:
    """The whole row, whose prefixes the start tag of its worksheet explains.

    Raises:
        InputFileError: it is not well-formed, or not one row.
    """
    found = parse_xml(begin + raw + b"</worksheet>", name)
    if len(found) != 1:
        raise InputFileError(f"{name} has something else among its rows", "Save it again.")
    return found[0]
