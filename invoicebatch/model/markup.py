"""HTML, the one door to it: what is shown is `Markup`, and every text that goes into it is escaped on the way.

Write ``Markup("<b>{}</b>").format(text)``; a text alone is never HTML.
"""

import base64
import re

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
