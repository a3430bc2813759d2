"""Copies of stored documents, marked as such on every page; the archive's file stays as it is.

A copy is for reading: what the document has embedded as data does not go along, so nothing books it twice.
"""

import io
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from invoicebatch.formats.pdf.fonts import compiler

MARK: Final = {
    "en": ("COPY", "Copy. Please pay what the reminder asks, not what stands here."),
    "nl": ("KOPIE", "Kopie. Betaal wat de herinnering vraagt, niet wat hier staat."),
    "fr": ("DUPLICATA", "Duplicata. Merci de payer ce que demande le rappel, et non ce qui figure ici."),
    "de": ("KOPIE", "Kopie. Bitte zahlen Sie, was die Mahnung nennt, nicht was hier steht."),
}
"""What stands across a copy and at its top, by language: its own payment code still asks the first amount."""

_SOURCE: Final = b"""
#let mark = json(bytes(sys.inputs.mark))
#set document(date: none)
#set page(width: mark.width * 1pt, height: mark.height * 1pt, margin: 0pt, fill: none)
#set text(font: ("Source Sans Pro", "DejaVu Sans"), weight: "bold")
#place(top + center, dy: 8mm, text(size: 9pt, fill: rgb(190, 30, 30), mark.line))
#align(center + horizon, rotate(-35deg, text(size: mark.size * 1pt, fill: rgb(190, 30, 30, 60), mark.word)))
"""


@dataclass(frozen=True, slots=True)
class InvoiceCopy:
    """A verified file, and the language that it is marked in."""

    file: Path
    language: str


def copy_pdf(copy: InvoiceCopy) -> bytes:
    """The document with the mark over each page; the same file gives the same bytes."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    writer.append(PdfReader(copy.file), import_outline=False)
    for page in writer.pages:
        if page.rotation:
            page.transfer_rotation_to_content()
        box = page.mediabox
        stamp = PdfReader(io.BytesIO(_mark(*MARK[copy.language], float(box.width), float(box.height))))
        page.merge_translated_page(stamp.pages[0], float(box.left), float(box.bottom))
    writer.compress_identical_objects()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@lru_cache(maxsize=32)
def _mark(word: str, line: str, width: float, height: float) -> bytes:
    """One page of that size in points, empty but for the mark."""
    size = 1.3 * min(width, height) / len(word)
    named = {"word": word, "line": line, "width": width, "height": height, "size": min(size, width / 5)}
    inputs = {"mark": json.dumps(named)}
    pdf = compiler().compile(input=_SOURCE, sys_inputs=inputs, format="pdf", timestamp=0)
    assert isinstance(pdf, bytes)  # noqa: S101 - for the type checker: one page
    return pdf
