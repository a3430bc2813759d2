"""How heavy a letter is: the class that its postage goes by."""

from pathlib import Path
from typing import Final

SHEET_GRAMS: Final = 5
ENVELOPE_GRAMS: Final = 5
_CLASSES: Final = (20, 50, 100, 350)


def sheets_of(pages: int, *, duplex: bool) -> int:
    """Sheets of paper that some pages take."""
    return -(-pages // 2) if duplex else pages


def weight_class(sheets: int) -> str:
    """The lightest class a letter on 80 g paper fits in: `20g`, `50g`, `100g`, `350g` or `over`.

    >>> weight_class(3), weight_class(4)
    ('20g', '50g')
    """
    grams = ENVELOPE_GRAMS + SHEET_GRAMS * sheets
    return next((f"{limit}g" for limit in _CLASSES if grams <= limit), "over")


def page_count(document: Path) -> int:
    """Pages of a PDF; 0: it can't be read."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        return len(PdfReader(document).pages)
    except (PyPdfError, OSError, ValueError):
        return 0
