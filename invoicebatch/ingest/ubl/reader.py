"""One UBL document to records of terms, following the same description that the writer follows.

What the description does not know is kept by its path under `other`, never dropped silently; tables
and files are not known here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from lxml import etree

from invoicebatch.model.en16931.description import Const, Content, Node, Same
from invoicebatch.model.en16931.terms import CREDIT_NOTE_CODES, TERMS
from invoicebatch.model.en16931.ubl import (
    CREDIT_NOTE,
    CREDIT_NOTE_NAMESPACE,
    INVOICE,
    INVOICE_NAMESPACE,
    NAMESPACES,
)
from invoicebatch.model.en16931.values import parse_value

ROOTS: Final = {
    f"{{{INVOICE_NAMESPACE}}}Invoice": INVOICE,
    f"{{{CREDIT_NOTE_NAMESPACE}}}CreditNote": CREDIT_NOTE,
}
_PREFIXES: Final = {uri: prefix for prefix, uri in NAMESPACES.items()}


_BOOLEANS: Final = {"0": "false", "1": "true"}


@dataclass(slots=True)
class Record:
    """A document, or one row of a group: values by term, rows by group inside it."""

    terms: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, list["Record"]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a document can't be taken in: line of the file, path of the element, its text, the reason."""

    row: int
    column: str
    value: str
    reason: str


@dataclass(slots=True)
class Document:
    """What was read of one document."""

    record: Record = field(default_factory=Record)
    credit_note: bool = False
    other: list[list[str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_document(root: etree._Element) -> Document:
    """The terms of a UBL Invoice or CreditNote; `faults` says what stands in its way."""
    node = ROOTS.get(str(root.tag))
    document = Document(credit_note=node is CREDIT_NOTE)
    if node is None:
        document.faults.append(Fault(_row(root), _name(root), "", _wrong_root(root)))
        return document
    _children(root, node, document.record, document, node.name)
    _check_type_code(root, document)
    return document


def _wrong_root(root: etree._Element) -> str:
    if etree.QName(root).localname == "CrossIndustryInvoice":
        return "This is a UN/CEFACT (CII) invoice; only UBL 2.1 Invoice and CreditNote can be imported"
    return "This is no UBL 2.1 Invoice or CreditNote"


def _check_type_code(root: etree._Element, document: Document) -> None:
    code = document.record.terms.get("BT-3")
    if code is not None and (code in CREDIT_NOTE_CODES) != document.credit_note:
        name = etree.QName(root).localname
        reason = f"Type code {code} does not belong in a UBL {name}"
        document.faults.append(Fault(_row(root), "BT-3", code, reason))


def _children(element: etree._Element, node: Node, record: Record, document: Document, path: str) -> None:
    used: set[Node] = set()
    for child in element:
        here = f"{path}/{_name(child)}"
        chosen = _described_place(node, child, document, used)
        if chosen is None:
            _keep_other(child, document, here)
            continue
        if chosen.group:
            row = Record()
            record.groups.setdefault(chosen.group, []).append(row)
            _take(child, chosen, row, document, here)
        else:
            used.add(chosen)
            _take(child, chosen, record, document, here)


def _take(element: etree._Element, node: Node, record: Record, document: Document, path: str) -> None:
    for name, value in element.attrib.items():
        _attribute(element, str(name), str(value), node, record, document, path)
    if node.content is None:
        _children(element, node, record, document, path)
        return
    text = (element.text or "").strip()
    if not text or isinstance(node.content, Const):
        return
    target = document.record if isinstance(node.content, Same) else record
    term = node.content.term if isinstance(node.content, Same) else str(node.content)
    _set(element, term, text, target, document, path)


def _attribute(
    element: etree._Element, name: str, value: str, node: Node, record: Record, document: Document, path: str
) -> None:
    content: Content | None = node.attributes.get(name)
    match content:
        case str():
            _set(element, content, value.strip(), record, document, f"{path}@{name}")
        case Same(term):
            if document.record.terms.get(term) != value:
                reason = (
                    f"is in {value}, but {TERMS[term].name} ({term}) is {document.record.terms.get(term)}"
                )
                document.faults.append(Fault(_row(element), path, element.text or "", reason))
        case None:
            document.other.append([f"{path}@{name}", value])


def _set(
    element: etree._Element, term: str, text: str, record: Record, document: Document, path: str
) -> None:
    if not text:
        return
    try:
        value = parse_value(text, TERMS[term].value)
    except ValueError as error:
        document.faults.append(Fault(_row(element), f"{TERMS[term].name} ({term})", text, str(error)))
        return
    if record.terms.setdefault(term, value) != value:
        document.other.append([path, text])


@lru_cache(maxsize=4096)
def _candidates(node: Node, name: str) -> tuple[Node, ...]:
    """Children of that name, the most particular first."""
    found = [child for child in node.children if child.name == name]
    return tuple(sorted(found, key=lambda child: -len(_constraints(child))))


@lru_cache(maxsize=4096)
def _constraints(node: Node) -> tuple[tuple[str, str, Content], ...]:
    """Path from the element, attribute (or none) and the value that must stand there."""
    found: list[tuple[str, str, Content]] = []
    for child in node.children:
        path = _tag(child.name)
        for name, content in child.attributes.items():
            if isinstance(content, Const | Same):
                found.append((path, name, content))
        found += [(p, "", c) for p, c in _constants(child, path)]
    return tuple(found)


def _constants(node: Node, path: str) -> Iterator[tuple[str, Const]]:
    """Constant texts of a subtree that holds nothing else."""
    if isinstance(node.content, Const):
        yield path, node.content
    elif node.content is None and not node.group and len(node.children) == 1:
        child = node.children[0]
        yield from _constants(child, f"{path}/{_tag(child.name)}")


def _described_place(node: Node, element: etree._Element, document: Document, used: set[Node]) -> Node | None:
    """The description's place for an element; a type code that is left out counts as the expected one."""
    free = [c for c in _candidates(node, _name(element)) if c not in used]
    for candidate in free:
        if all(_agrees(found, element, document, False) for found in _constraints(candidate)):
            return candidate
    loose = (c for c in free if all(_agrees(found, element, document, True) for found in _constraints(c)))
    return next(loose, None)


def _agrees(
    constraint: tuple[str, str, Content], element: etree._Element, document: Document, loose: bool
) -> bool:
    path, attribute, expected = constraint
    found = element.find(path)
    if found is None:
        return isinstance(expected, Same) or (loose and path.endswith("DocumentTypeCode"))
    text = ((found.get(attribute) if attribute else found.text) or "").strip()
    if isinstance(expected, Same):
        return not str(element.tag).endswith("}TaxTotal") or text == document.record.terms.get(expected.term)
    return isinstance(expected, Const) and _BOOLEANS.get(text, text).upper() == expected.text.upper()


def _keep_other(element: etree._Element, document: Document, path: str) -> None:
    text = (element.text or "").strip()
    if text:
        document.other.append([path, text])
    for child in element:
        _keep_other(child, document, f"{path}/{_name(child)}")


@lru_cache(maxsize=1024)
def _tag(name: str) -> str:
    prefix, local = name.split(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _name(element: etree._Element) -> str:
    name = etree.QName(element)
    prefix = _PREFIXES.get(name.namespace or "")
    return f"{prefix}:{name.localname}" if prefix else name.localname


def _row(element: etree._Element) -> int:
    line: Any = element.sourceline
    return int(line or 0)
