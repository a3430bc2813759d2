"""Bars as a picture: drawn by the compiler that sets our documents, so that no other library is needed.

What the bars stand for is told by whoever asks for them.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, cast

BLUE: Final = "#2f6f8f"
YELLOW: Final = "#e3c36b"
_PIXELS_PER_INCH: Final = 150

_SOURCE: Final = rb"""
#let panels = json(bytes(sys.inputs.panels))
#set document(date: none)
#set page(width: 480pt, height: auto, margin: 10pt, fill: white)
#set text(font: ("Source Sans Pro", "DejaVu Sans"), size: 9pt, fill: rgb("#1f2937"))
#set par(justify: false)
#let drawn(bar) = box(width: 100%, height: 12pt, layout(size => {
  let place-for-words = 90pt
  let whole = size.width - place-for-words
  place(dx: bar.start * whole, rect(width: calc.max(bar.length * whole, 0.6pt), height: 12pt, fill: rgb(bar.colour)))
  place(dx: (bar.start + bar.length) * whole + 4pt, dy: 2pt, bar.words)
}))
#let most-for-labels = 200pt  // a longer one goes on in the next line
#let labels-width(bars) = calc.min(most-for-labels, calc.max(0pt, ..bars.map(bar => measure(text(bar.label)).width)))
#for panel in panels [
  #block(above: 8pt, below: 8pt, text(size: 11pt, panel.title))
  #if panel.legend.len() > 0 {
    block(panel.legend.map(((words, colour)) => [#box(baseline: 0.5pt, width: 8pt, height: 8pt, fill: rgb(colour)) #words]).join(h(12pt)))
  }
  #context grid(
    columns: (labels-width(panel.bars), 1fr), column-gutter: 6pt, row-gutter: 4pt, align: (right + horizon, left),
    ..panel.bars.map(bar => (box(text(bar.label)), drawn(bar))).flatten(),
  )
]
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what stands before it, its length in any unit, and what stands behind it."""

    label: str
    value: float
    words: str
    colour: str = BLUE


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars of one unit under a title; `legend` says what their colours mean."""

    title: str
    bars: Sequence[Bar]
    legend: Sequence[tuple[str, str]] = ()


def picture(panels: Sequence[Panel]) -> bytes:
    """The panels, one under another, as PNG; the same panels give the same bytes."""
    from invoicebatch.formats.pdf.fonts import compiler

    drawn = [
        {"title": panel.title, "legend": list(panel.legend), "bars": _placed(panel.bars)} for panel in panels
    ]
    inputs = {"panels": json.dumps(drawn)}
    png = compiler().compile(input=_SOURCE, sys_inputs=inputs, format="png", ppi=_PIXELS_PER_INCH)
    return cast("bytes", png)


def _placed(bars: Sequence[Bar]) -> list[dict[str, object]]:
    """Where each begins and how long it is, as shares of the width; those below zero end where the others begin."""
    values = [bar.value for bar in bars]
    least, most = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    span = (most - least) or 1.0
    return [
        {**asdict(bar), "start": (min(bar.value, 0.0) - least) / span, "length": abs(bar.value) / span}
        for bar in bars
    ]
