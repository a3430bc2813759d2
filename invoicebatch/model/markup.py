"""HTML, the one door to it: what is shown is `Markup`, and every text that goes into it is escaped on the way.

Write ``Markup("<b>{}</b>").format(text)``; a text alone is never HTML.
"""

import base64

import pandas as pd
from markupsafe import Markup


def table(frame: pd.DataFrame) -> Markup:
    """A frame as a plain table; titles and cells are escaped."""
    return Markup(frame.to_html(index=False, escape=True))  # noqa: S704 - pandas escapes


def joined(parts: "list[Markup]") -> Markup:
    """Pieces one after another."""
    return Markup("").join(parts)


def picture(png: bytes, name: str) -> Markup:
    """A picture beside others, as wide as half the page."""
    style = "width:48%;border:1px solid #ccc;margin:2px"
    source = "data:image/png;base64," + base64.b64encode(png).decode()
    return Markup('<img alt="{}" style="{}" src="{}">').format(name, style, source)
