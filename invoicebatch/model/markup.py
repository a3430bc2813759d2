"""HTML, the one door to it: what is shown is `Markup`, and every text that goes into it is escaped on the way.

Write ``Markup("<b>{}</b>").format(text)``; a text alone is never HTML.
"""

import base64
import re
from typing import Final

import pandas as pd
from markupsafe import Markup

from invoicebatch.model.counted import counted
from invoicebatch.model.readable import Column, columns_of


def table(frame: pd.DataFrame, rows: int | None = None) -> Markup:
    """A frame as people read it, see `readable`; its first rows, and how many there are of all.

    Args:
        frame: any.
        rows: how many at most; None: as pandas is set to (`display.max_rows`, `display.min_rows`).
    """
    most, few = (pd.get_option(f"display.{name}_rows") for name in ("max", "min"))
    limit = rows or (len(frame) if not most or len(frame) <= most else few or most)
    shown = columns_of(
        frame.head(limit), pd.get_option("display.max_columns") or len(frame.columns) + frame.index.nlevels
    )
    align = [_style(one) for one in shown]
    heads = [
        Markup('<th style="{}" title="{}">{}</th>').format(how, one.name, one.title)
        for how, one in zip(align, shown, strict=True)
    ]
    lines = [
        joined([Markup('<td style="{}">{}</td>').format(*cell) for cell in zip(align, line, strict=True)])
        for line in zip(*(one.cells for one in shown), strict=True)
    ]
    body = joined([Markup("<tr>{}</tr>").format(line) for line in lines])
    whole = Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(joined(heads), body)
    return whole + _left_out(frame, len(lines), len(shown))


_SHORT: Final = 24
"""Characters of a cell that stays on one line."""


def _style(column: Column) -> str:
    short = "" if max(map(len, column.cells), default=0) > _SHORT else ";white-space:nowrap"
    return f"text-align:{'right' if column.numbers else 'left'}{short}"


def _left_out(frame: pd.DataFrame, rows: int, columns: int) -> Markup:
    """How much of a frame a table does not show; nothing where it shows all."""
    parts = [f"{counted(len(frame), 'row')}{f', the first {rows:,} shown' if rows < len(frame) else ''}"]
    if columns < len(frame.columns) - 1:  # the id that the number stands for is no loss
        parts.append(f"{columns:,} of {counted(len(frame.columns), 'column')} shown")
    told = rows < len(frame) or not len(frame) or len(parts) > 1
    return Markup("<p><i>{}</i></p>").format("; ".join(parts)) if told else Markup("")


def joined(parts: "list[Markup]") -> Markup:
    """Pieces one after another."""
    return Markup("").join(parts)


def picture(png: bytes, name: str) -> Markup:
    """A picture beside others, as wide as half the page."""
    style = "width:48%;border:1px solid #ccc;margin:2px"
    source = "data:image/png;base64," + base64.b64encode(png).decode()
    return Markup('<img alt="{}" style="{}" src="{}">').format(name, style, source)


_ALONE: Markup = Markup(
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline';"
    ' img-src data:"><base target="_blank">'
)


def sealed(html: str) -> str:
    """A whole page of another's that may run nothing, load nothing and lead nowhere, in a frame with `sandbox`."""
    doctype = re.match(r"\s*<!doctype[^>]*>", html, re.IGNORECASE)
    end = doctype.end() if doctype else 0
    return f"{html[:end]}{_ALONE}{html[end:]}"


def framed(html: str, title: str, style: str) -> Markup:
    """A page inside this one, sealed off from it; `style` says how large."""
    frame = Markup(
        '<iframe sandbox="" title="{}" style="border:1px solid #ccc;background:#fff;{}" srcdoc="{}"></iframe>'
    )
    return frame.format(title, style, sealed(html))
