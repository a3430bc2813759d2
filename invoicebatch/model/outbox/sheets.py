"""PDFs one after another for the printer, each on sheets of its own. No folder is written here."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from pypdf import PageObject, PdfReader, PdfWriter


def merged(files: Sequence[Path | IO[bytes]], *, duplex: bool) -> tuple[bytes, list[int]]:
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
