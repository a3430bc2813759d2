"""A letter on paper from plain text: one PDF page set for a window envelope.

What it says comes from the mail templates; invoices have templates of their own in `pdf`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

from invoicebatch.formats.pdf.fonts import compiler

_SOURCE: Final = b"""
#let letter = json(bytes(sys.inputs.letter))
#set document(title: letter.subject, date: none)
#set page(paper: "a4", margin: (left: 25mm, right: 20mm, top: 20mm, bottom: 20mm), numbering: "1 / 1")
#set text(font: ("Source Sans Pro", "DejaVu Sans"), size: 10.5pt, lang: letter.language)
#set par(leading: 0.65em)
#place(top + right, text(weight: "bold", letter.sender.at(0, default: "")))
#v(30mm)
#pad(left: if letter.window == "right" { 85mm } else { 0mm })[#for line in letter.address [#line \\ ]]
#v(18mm)
#align(right, letter.day)
#text(weight: "bold", size: 12pt, letter.subject)
#v(4mm)
#for line in letter.text.split("\\n") [#line \\ ]
#if letter.table != none [
  #v(6mm)
  #set text(size: 9pt)
  #table(
    columns: letter.table.head.len(),
    stroke: none,
    inset: (x: 4pt, y: 3pt),
    align: (column, _) => if letter.table.right.contains(column) { right } else { left },
    table.header(..letter.table.head.map(cell => strong(cell)), table.hline(stroke: 0.5pt)),
    ..letter.table.rows.flatten(),
    table.hline(stroke: 0.5pt),
    ..letter.table.sums.flatten().map(cell => strong(cell)),
  )
]
"""


@dataclass(frozen=True, slots=True)
class PaperLetter:
    """A letter: who it is to, from whom, and what it says (plain text, lines kept).

    `window` is the side of the envelope's window; `table` (head, rows, sums: cells of text; right: columns
    on the right) stands below the text.
    """

    address: tuple[str, ...]
    sender: tuple[str, ...]
    day: str
    language: str
    subject: str
    text: str
    window: str = "left"
    table: Mapping[str, Any] | None = None


def letter_pdf(letter: PaperLetter) -> bytes:
    """The letter as PDF; the same letter gives the same bytes."""
    inputs = {"letter": json.dumps(asdict(letter))}
    pdf = compiler().compile(input=_SOURCE, sys_inputs=inputs, format="pdf", timestamp=0)
    return cast("bytes", pdf)
