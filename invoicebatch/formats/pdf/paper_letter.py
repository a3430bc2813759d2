"""A letter on paper from plain text: one PDF page set for a window envelope.

What it says comes from the mail templates; invoices have templates of their own in `pdf`.
"""

import importlib.resources
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

import typst

_SOURCE: Final = b"""
#let letter = json(bytes(sys.inputs.letter))
#set document(title: letter.subject, date: none)
#set page(paper: "a4", margin: (left: 25mm, right: 20mm, top: 20mm, bottom: 20mm), numbering: "1 / 1")
#set text(font: ("Source Sans Pro", "DejaVu Sans"), size: 10.5pt, lang: letter.language)
#set par(leading: 0.65em)
#place(top + right, text(weight: "bold", letter.sender.at(0, default: "")))
#v(30mm)
#for line in letter.address [#line \\ ]
#v(18mm)
#align(right, letter.day)
#text(weight: "bold", size: 12pt, letter.subject)
#v(4mm)
#for line in letter.text.split("\\n") [#line \\ ]
"""


@dataclass(frozen=True, slots=True)
class PaperLetter:
    """A letter: who it is to, from whom, and what it says (plain text, lines kept)."""

    address: tuple[str, ...]
    sender: tuple[str, ...]
    day: str
    language: str
    subject: str
    text: str


def letter_pdf(letter: PaperLetter) -> bytes:
    """The letter as PDF; the same letter gives the same bytes."""
    values = {
        "address": letter.address,
        "sender": letter.sender,
        "day": letter.day,
        "language": letter.language,
        "subject": letter.subject,
        "text": letter.text,
    }
    inputs = {"letter": json.dumps(values)}
    pdf = _compiler().compile(input=_SOURCE, sys_inputs=inputs, format="pdf", timestamp=0)
    return cast("bytes", pdf)


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    packages = importlib.resources.files
    folders = [
        str(packages("font_source_sans_pro") / "files"),
        str(packages("matplotlib") / "mpl-data" / "fonts" / "ttf"),
    ]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    return typst.Compiler(font_paths=fonts)
