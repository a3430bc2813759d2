"""Text of a spreadsheet cell: it always comes back as the same text, never as formula or markup.

Works on whole Arrow arrays; what a cell can't hold is replaced visibly, never dropped silently.
"""

import re
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MAX_CELL: Final = 32_767
"""Most UTF-16 units a cell holds (ECMA-376 and Excel's published limits)."""

_SPECIAL: Final = re.compile(rb"[&<>\x00-\x08\x0b-\x1f]|\xef\xbf[\xbe\xbf]|_x")
_CONTROLS: Final = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x{fffe}\\x{ffff}]"
_CODED: Final = "_x[0-9A-Fa-f]+_"
_SPLIT: Final = '_</t></r><r><t xml:space="preserve">x'
_OPEN: Final = '<t xml:space="preserve">'


def inline(values: pa.Array) -> pa.Array:
    """Content of the `<is>` element of each text; null stays null, and so does the empty text.

    Control characters that XML can't hold become U+FFFD. A literal `_x000D_` is written in two
    runs, since readers differ on whether they decode it (ECMA-376 ST_Xstring).
    """
    texts = fit(pc.if_else(pc.equal(values, ""), None, values))
    opening = _OPEN if _has_outer_space(texts) else "<t>"
    if not _SPECIAL.search(_data(texts)):
        return pc.binary_join_element_wise(opening, texts, "</t>", "")
    escaped = escape(texts)
    plain = pc.binary_join_element_wise(opening, escaped, "</t>", "")
    coded = pc.match_substring_regex(texts, _CODED)
    if not pc.any(coded).as_py():
        return plain
    split = pc.replace_substring(escaped, "_x", _SPLIT)
    return pc.if_else(coded, pc.binary_join_element_wise(f"<r>{_OPEN}", split, "</t></r>", ""), plain)


def escape(texts: pa.Array) -> pa.Array:
    """The texts as XML character data; carriage returns as references, which survive parsing."""
    for old, new in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
        texts = pc.replace_substring(texts, old, new)
    return pc.replace_substring_regex(texts, _CONTROLS, "\ufffd")


def fit(texts: pa.Array) -> pa.Array:
    """Texts cut to what a cell holds, a cut one ending in `…`."""
    longest = pc.max(pc.utf8_length(texts)).as_py() or 0
    if longest <= MAX_CELL // 2:
        return texts
    return pa.array([_cut(text) for text in texts.to_pylist()], texts.type)


def _cut(text: str | None) -> str | None:
    if text is None or len(units := text.encode("utf-16-le")) <= 2 * MAX_CELL:
        return text
    return units[: 2 * (MAX_CELL - 1)].decode("utf-16-le", "ignore") + "…"


def _data(texts: pa.Array) -> Any:
    """The texts' UTF-8 bytes, one after another (a view, no copy)."""
    if not len(texts):
        return b""
    kind = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    offsets = np.frombuffer(texts.buffers()[1], kind)
    data = texts.buffers()[2]
    start, stop = int(offsets[texts.offset]), int(offsets[texts.offset + len(texts)])
    return memoryview(data)[start:stop] if data is not None else b""


def _has_outer_space(texts: pa.Array) -> bool:
    """Whether any text begins or ends with white space, or breaks lines."""
    trimmed = pc.sum(pc.binary_length(pc.utf8_trim_whitespace(texts))).as_py()
    full = pc.sum(pc.binary_length(texts)).as_py()
    return trimmed != full or b"\n" in bytes(_data(texts))
