"""A compiled PDF with its small objects packed into one compressed stream: the same document, about half as large.

The compiler writes each object of the structure tree by itself and unpacked. Its table of offsets says where each one
lies, so none has to be understood. Source: ISO 32000-1, 7.5.7 (object streams) and 7.5.8 (cross-reference streams).
"""

import re
import struct
import zlib
from itertools import accumulate
from typing import Final

_START: Final = re.compile(rb"%PDF-(?:1\.[5-9]|2)")
"""Versions that know object streams; PDF/A-1 is 1.4."""
_END: Final = re.compile(rb"startxref\n(?P<table>\d+)\n%%EOF\s*\Z")
_TABLE: Final = re.compile(
    rb"xref\n0 \d+\n0{10} 65535 f\s*\n(?P<entries>(?:\d{10} 0{5} n\s*\n)+)"
    rb"trailer\n<<(?P<trailer>.*)/Size \d+(?P<rest>.*)>>\nstartxref\n",
    re.DOTALL,
)
_ENTRY: Final = struct.Struct(">BII")
"""Of the cross-reference stream: kind, then offset, or object stream and place in it."""
_IN_FILE, _IN_STREAM = 1, 2


def packed(pdf: bytes) -> bytes:
    """The document with its objects packed; one that isn't laid out as the compiler does comes back as it is.

    Args:
        pdf: without encryption; one table of offsets, all objects of generation 0.
    """
    last = _END.search(pdf, max(len(pdf) - 64, 0))
    table = _TABLE.match(pdf, int(last["table"])) if last and _START.match(pdf) else None
    if table is None:
        return pdf
    offsets = [int(offset) for offset in table["entries"].split()[::3]]
    count = len(offsets) + 1
    by_place = sorted(range(1, count), key=lambda number: offsets[number - 1])
    ends = [*(offsets[number - 1] for number in by_place[1:]), table.start()]

    out, places = bytearray(pdf[: min(offsets)]), [_ENTRY.pack(0, 0, 0xFFFF)] * count
    small: dict[int, bytes] = {}
    for number, end in zip(by_place, ends, strict=True):
        found = pdf[offsets[number - 1] : end].rstrip(b"\n")
        head, tail = b"%d 0 obj\n" % number, b"\nendobj"
        if not (found.startswith(head) and found.endswith(tail)):
            return pdf
        if b"endstream" in found:  # a stream, or an object that speaks of one: left as it is
            places[number] = _ENTRY.pack(_IN_FILE, len(out), 0)
            out += found + b"\n"
        else:
            places[number] = _ENTRY.pack(_IN_STREAM, count, len(small))
            small[number] = found[len(head) : -len(tail)] + b"\n"

    starts = accumulate((len(body) for body in small.values()), initial=0)
    index = b" ".join(b"%d %d" % pair for pair in zip(small, starts, strict=False)) + b"\n"
    places.append(_ENTRY.pack(_IN_FILE, len(out), 0))
    out += _stream(
        count, b"/Type/ObjStm/N %d/First %d" % (len(small), len(index)), index + b"".join(small.values())
    )
    begins = len(out)
    places.append(_ENTRY.pack(_IN_FILE, begins, 0))
    trailer = table["trailer"] + table["rest"] + b"/Type/XRef/W[1 4 4]/Size %d" % len(places)
    out += _stream(count + 1, trailer, b"".join(places))
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % begins


def _stream(number: int, entries: bytes, data: bytes) -> bytes:
    content = zlib.compress(data, 6)
    head = b"%d 0 obj\n<<%s/Filter/FlateDecode/Length %d>>\nstream\n" % (number, entries, len(content))
    return head + content + b"\nendstream\nendobj\n"
