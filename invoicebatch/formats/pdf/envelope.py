"""One envelope of several documents: a cover page and the stored PDFs, each on sheets of its own."""

import io
from dataclasses import dataclass
from pathlib import Path

from invoicebatch.formats.pdf.paper_letter import PaperLetter, letter_pdf
from invoicebatch.model.outbox.sheets import merged


@dataclass(frozen=True, slots=True)
class Envelope:
    """What goes in one envelope: the cover page and verified files of the documents."""

    cover: PaperLetter
    files: tuple[Path, ...]
    duplex: bool


def envelope_pdf(envelope: Envelope) -> bytes:
    """The whole as one PDF to print; picklable by name."""
    cover = io.BytesIO(letter_pdf(envelope.cover))
    content, _ = merged([cover, *envelope.files], duplex=envelope.duplex)
    return content
