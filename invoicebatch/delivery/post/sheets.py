"""Sheets of paper: how heavy a letter is, and letters merged into one print file. No folder is written here."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pypdf import PageObject, PdfReader, PdfWriter

SHEET_GRAMS: Final = 5
ENVELOPE_GRAMS: Final = 5
_CLASSES: Final = (20, 50, 100, 350)


def weight_class(sheets: int) -> str:
    """The lightest class a letter on 80 g paper fits in: `20g`, `50g`, `100g`, `350g` or `over`.

    >>> weight_class(3), weight_class(4)
    ('20g', '50g')
    """
    grams = ENVELOPE_GRAMS + SHEET_GRAMS * sheets
    return next((f"{limit}g" for limit in _CLASSES if grams <= limit), "over")


def merged(files: Sequence[Path], *, duplex: bool) -> tuple[bytes, list[int]]:
    """One PDF of several letters, and the page (from 1) each begins on.

    With `duplex` a blank page follows a letter of an odd number of pages, so each begins on a front.
    """
    writer = PdfWriter()
    starts: list[int] = []
    for file in files:
        starts.append(len(writer.pages) + 1)
        writer.append(PdfReader(file))
        if duplex and len(writer.pages) % 2:
            last = writer.pages[-1]
            writer.add_page(
                PageObject.create_blank_page(width=last.mediabox.width, height=last.mediabox.height)
            )
    writer.compress_identical_objects()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue(), starts
