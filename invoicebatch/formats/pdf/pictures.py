"""Pages of a PDF as pictures, for looking at in a notebook; nothing is made or changed here."""

import io


def page_pictures(pdf: bytes, ppi: float = 90, limit: int = 4) -> list[bytes]:
    """The first pages of a PDF as PNGs.

    Args:
        pdf: the whole file.
        ppi: pixels an inch.
        limit: most pages to draw.
    """
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        found = []
        for number in range(min(limit, len(document))):
            out = io.BytesIO()
            document[number].render(scale=ppi / 72).to_pil().save(out, "PNG")
            found.append(out.getvalue())
        return found
    finally:
        document.close()


def page_total(pdf: bytes) -> int | None:
    """How many pages a PDF has; None: it can't be read."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError:
        return None
    try:
        return len(document)
    finally:
        document.close()
