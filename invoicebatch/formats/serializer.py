"""From columns of terms to XML text, following a description: fast, and exact in what it leaves out.

Rows with the same terms present share one %-template, so a document costs little more than joining
its strings. What an element is called and where a term stands is the description's alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.errors import RenderError
from invoicebatch.model.en16931.description import Compact, Const, Content, Node, Same
from invoicebatch.model.en16931.frames import PARENT, Groups, only_documents
from invoicebatch.model.en16931.terms import DOCUMENT, GROUPS, TERMS, Value
from invoicebatch.model.en16931.values import byte_table, holds_any, illegal_rows, texts
from invoicebatch.model.money import decimals_of

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


Template = tuple[str, tuple[str, ...]]
_ESCAPES: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\r", "&#13;"))
_WHITE_SPACE: Final = (("\n", "&#10;"), ("\t", "&#9;"))
_LAST_SKONTO: Final = r"((?:^|\n)#[^\n]*#)$"
"""A discount for early payment ends its line, the last one too (XRechnung, BR-DE-18)."""

_SPECIAL: Final = byte_table(b'&<>"\r')
_SPACES: Final = byte_table(b"\n\t")


def serialize(root: Node, groups: Groups) -> list[bytes]:
    """One document a row of the `INVOICE` group, UTF-8 with an XML declaration.

    Args:
        root: the description.
        groups: frames of terms by group (see `terms`); each but `INVOICE` with a `parent` column.

    Raises:
        RenderError: a text holds a character that XML can't hold.
    """
    documents = groups[DOCUMENT]
    rendered = _rows(root, groups, np.arange(len(documents)))
    return [(DECLARATION + text).encode() for text in rendered]


def serialize_each(roots: Sequence[Node], kinds: npt.NDArray[np.int64], groups: Groups) -> list[bytes]:
    """`serialize`, each document by the root that its kind is the place of."""
    written: dict[int, Iterator[bytes]] = {}
    for kind in np.unique(kinds).tolist():
        mine = kinds == kind
        if mine.all():
            return serialize(roots[kind], groups)
        written[kind] = iter(serialize(roots[kind], only_documents(groups, mine)))
    return [next(written[kind]) for kind in kinds.tolist()]


def _rows(node: Node, groups: Groups, document: np.ndarray) -> list[str]:
    """The element's text for each row of its group; `document` is the document of each row."""
    frame = groups[node.group]
    columns: dict[str, pa.Array] = {}
    for slot in _slots(node):
        if slot in GROUPS:
            columns[slot] = _joined(_child(node, slot), groups, document, len(frame))
        else:
            columns[slot] = _column(slot, frame, groups[DOCUMENT], document)
    return _fill(node, columns, len(frame))


def _child(node: Node, group: str) -> Node:
    return next(child for child in node.walk() if child.group == group and child is not node)


def _joined(node: Node, groups: Groups, document: np.ndarray, parents: int) -> pa.Array:
    """The texts of a group's rows, joined for each row of the parent; missing where there is none."""
    frame = groups.get(node.group)
    if frame is None or frame.empty:
        return pa.nulls(parents, pa.string())
    parent = frame[PARENT].to_numpy(np.int64)
    rows = _rows(node, groups, document[parent])
    ends = np.cumsum(np.bincount(parent, minlength=parents)).tolist()
    joined, start = [], 0
    for end in ends:
        joined.append("".join(rows[start:end]) if end > start else None)
        start = end
    return pa.array(joined, pa.large_string())


def _column(slot: str, frame: pd.DataFrame, documents: pd.DataFrame, document: np.ndarray) -> pa.Array:
    kind, term = slot[0], slot[1:]
    source = documents if kind == "=" else frame
    if term not in source.columns:
        return pa.nulls(len(frame), pa.string())
    value = TERMS[term].value
    array = texts(source[term], value)
    if value is Value.AMOUNT:
        array = _whole(array, documents, None if source is documents else document)
    if term == "BT-20" and pc.any(pc.match_substring(array, "#")).as_py():
        array = pc.replace_substring_regex(array, _LAST_SKONTO, "\\1\n")
    array = _escaped(array, term, attribute=kind == "@")
    if kind == "#":
        return pc.replace_substring(array, "-", "")
    return array.take(pa.array(document)) if kind == "=" and source is not frame else array


def _whole(array: pa.Array, documents: pd.DataFrame, document: np.ndarray | None) -> pa.Array:
    """Amounts without decimals where the currency of their document has none; others as they are."""
    currency = documents["BT-5"].astype("str")
    none = currency.isin([code for code in currency.dropna().unique() if decimals_of(code) == 0]).to_numpy()
    if not none.any():
        return array
    cut = pa.array(none if document is None else none[document])
    return pc.if_else(cut, pc.replace_substring_regex(array, r"\.00$", ""), array)


def _escaped(array: pa.Array, term: str, attribute: bool) -> pa.Array:
    if illegal_rows(array).any():
        raise RenderError(
            f"{TERMS[term].name} ({term}) holds a control character that XML can't hold",
            "Remove the character; it is often pasted from another program.",
        )
    if holds_any(array, _SPECIAL):
        for raw, escaped in _ESCAPES:
            array = pc.replace_substring(array, raw, escaped)
    if attribute and holds_any(array, _SPACES):
        for raw, escaped in _WHITE_SPACE:
            array = pc.replace_substring(array, raw, escaped)
    return array


def _fill(node: Node, columns: Mapping[str, pa.Array], count: int) -> list[str]:
    """Fill the template of each row's pattern of present terms."""
    always = frozenset(slot for slot, array in columns.items() if array.null_count == 0)
    mixed = [slot for slot, array in columns.items() if 0 < array.null_count < count]
    if not mixed:
        return _format(_template(node, always), columns, count, None)
    present = np.column_stack([columns[slot].is_valid().to_numpy(zero_copy_only=False) for slot in mixed])
    patterns, inverse = np.unique(_packed(present), return_inverse=True)
    result = np.empty(count, object)
    for index in range(len(patterns)):
        rows = np.flatnonzero(inverse == index)
        here = present[rows[0]]
        slots = always | {slot for slot, is_here in zip(mixed, here, strict=True) if is_here}
        result[rows] = _format(_template(node, frozenset(slots)), columns, len(rows), rows)
    return list(result)


def _packed(present: np.ndarray) -> np.ndarray:
    """Each row of a boolean matrix as one comparable value."""
    packed = np.ascontiguousarray(np.packbits(present, axis=1))
    return packed.view(f"V{packed.shape[1]}").ravel()


def _format(
    template: Template, columns: Mapping[str, pa.Array], count: int, rows: np.ndarray | None
) -> list[str]:
    text, slots = template
    if not slots:
        return [text.replace("%%", "%")] * count
    taken = (columns[slot] if rows is None else columns[slot].take(pa.array(rows)) for slot in slots)
    return [text % values for values in zip(*(array.to_pylist() for array in taken), strict=True)]


def _slots(node: Node) -> Iterator[str]:
    """The columns an element needs: terms (`.BT-1`, `@BT-1`, `=BT-1`, `#BT-1`) and groups inside it."""
    seen: dict[str, None] = {}
    _collect(node, seen, top=True)
    return iter(seen)


def _collect(node: Node, seen: dict[str, None], top: bool = False) -> None:
    if node.group and not top:
        seen[node.group] = None
        return
    for content in node.attributes.values():
        seen.update(_slot(content, "@"))
    seen.update(_slot(node.content, "."))
    for child in node.children:
        _collect(child, seen)


def _slot(content: Content | None, kind: str) -> dict[str, None]:
    match content:
        case str():
            return {kind + content: None}
        case Same(term):
            return {"=" + term: None}
        case Compact(term):
            return {"#" + term: None}
    return {}


@lru_cache(maxsize=10_000)
def _template(node: Node, present: frozenset[str]) -> Template:
    text, slots, _ = _element(node, present, top=True)
    return text, tuple(slots)


def _element(node: Node, present: frozenset[str], top: bool = False) -> tuple[str, list[str], bool]:
    """The element's %-template, its slots in order, and whether a term's value stands in it."""
    if node.group and not top:
        here = node.group in present
        return ("%s", [node.group], True) if here else ("", [], False)
    head, slots = _attributes(node.attributes, present)
    if node.content is not None:
        text, inner, carries = _content(node.content, present)
        if not text:
            return "", [], False
        return f"<{node.name}{head}>{text}</{node.name}>", slots + inner, carries
    parts = [_element(child, present) for child in node.children]
    carries = any(part[2] for part in parts)
    if not (carries or top) and not _constant(node):
        return "", [], False
    body = "".join(part[0] for part in parts)
    inner = [slot for part in parts for slot in part[1]]
    return f"<{node.name}{head}>{body}</{node.name}>", slots + inner, carries


def _constant(node: Node) -> bool:
    return all(
        isinstance(part.content, Const) or (part.content is None and not part.group) for part in node.walk()
    )


def _attributes(attributes: Mapping[str, Content], present: frozenset[str]) -> tuple[str, list[str]]:
    text, slots = "", []
    for name, content in attributes.items():
        value, slot, _ = _content(content, present, "@")
        if value:
            text += f' {name}="{value}"'
            slots += slot
    return text, slots


def _content(content: Content, present: frozenset[str], kind: str = ".") -> tuple[str, list[str], bool]:
    if isinstance(content, Const):
        return content.text.replace("%", "%%"), [], False
    (slot,) = _slot(content, kind)
    return ("%s", [slot], not isinstance(content, Same)) if slot in present else ("", [], False)
