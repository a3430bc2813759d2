"""One UBL or CII document to records of terms, following the same description that the writer follows.

What the description does not know is kept by its path under `other` and doubted; what may stand once and
differs is a fault. Tables and files are not known here.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

from invoicebatch.files.xml import split_name
from invoicebatch.ingest.ubl import cii
from invoicebatch.ingest.ubl.named_rules import once_rule, once_term_rule, value_rule
from invoicebatch.ingest.ubl.places import described_place, earlier_place, name_of, tag
from invoicebatch.model.en16931.cii import CROSS_INDUSTRY_INVOICE
from invoicebatch.model.en16931.derive.profiles import EXTENDED_CTC_FR
from invoicebatch.model.en16931.description import Compact, Const, Content, Node, Same
from invoicebatch.model.en16931.terms import CREDIT_NOTE_CODES, TERMS
from invoicebatch.model.en16931.ubl import (
    CREDIT_NOTE,
    CREDIT_NOTE_NAMESPACE,
    FRENCH,
    INVOICE,
    INVOICE_NAMESPACE,
)
from invoicebatch.model.en16931.values import parse_value

ROOTS: Final = (f"{{{INVOICE_NAMESPACE}}}Invoice", f"{{{CREDIT_NOTE_NAMESPACE}}}CreditNote")
_EXTENSION: Final = "#conformant#"
_PEPPOL: Final = "urn:fdc:peppol.eu:2017:poacc"
_NO_PLACE: Final = "has no place among the terms of EN 16931: it is kept in extra and not written again"
_WRONG_ROOT: Final = (
    "This is no UBL 2.1 Invoice or CreditNote, and no UN/CEFACT Cross Industry Invoice (CII, D16B)"
)
_SAYS_NOTHING: Final = frozenset({"cbc:UBLVersionID"})
"""Paths that change nothing: every document is UBL 2.1."""


_COMPACT: Final = re.compile(r"^(\d{4})(\d\d)(\d\d)$")


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
    doubts: list[Fault] = field(default_factory=list)


def read_document(root: etree._Element) -> Document:
    """The terms of a UBL Invoice or CreditNote, or of a CII invoice; `faults` says what stands in its way."""
    if root.tag == cii.ROOT:
        return _read_cii(root)
    node = _described(root)
    document = Document(credit_note=split_name(root)[1] == "CreditNote")
    if node is None:
        document.faults.append(Fault(_row(root), name_of(root), "", _WRONG_ROOT))
        return document
    _children(root, node, document.record, document, node.name)
    _check_type_code(root, document)
    _check_periods(root, document)
    _leave_extension(root, document)
    return document


_OTHER_CURRENCY: Final = "An amount is in another currency than the document, and is never read as if in its own (PEPPOL-EN16931-R051)"


def _read_cii(root: etree._Element) -> Document:
    document = Document()
    document.faults += [Fault(line, path, text, _OTHER_CURRENCY) for line, path, text in cii.prepare(root)]
    _children(root, CROSS_INDUSTRY_INVOICE, document.record, document, CROSS_INDUSTRY_INVOICE.name)
    for term, text in cii.settle(document.record).items():
        document.other.append([term, text])
        document.doubts.append(Fault(0, f"{TERMS[term].name} ({term})", text, _NO_PLACE))
    document.credit_note = document.record.terms.get("BT-3") in CREDIT_NOTE_CODES
    _leave_extension(root, document)
    document.faults, document.doubts = cii.of_cii(document.faults), cii.of_cii(document.doubts)
    return document


def _described(root: etree._Element) -> Node | None:
    """The description that a document follows by what it says it is."""
    invoice, credit_note = ROOTS
    claimed = (root.findtext(tag("cbc:CustomizationID")) or "").strip()
    found = FRENCH if claimed == EXTENDED_CTC_FR else (INVOICE, CREDIT_NOTE)
    return dict(zip((invoice, credit_note), found, strict=True)).get(str(root.tag))


def _check_type_code(root: etree._Element, document: Document) -> None:
    code = document.record.terms.get("BT-3")
    if code is not None and (code in CREDIT_NOTE_CODES) != document.credit_note:
        _, name = split_name(root)
        reason = f"Type code {code} does not belong in a UBL {name} (BR-CL-01)"
        document.faults.append(Fault(_row(root), "BT-3", code, reason))


def _check_periods(root: etree._Element, document: Document) -> None:
    """A period has a start or an end (BR-CO-19, of lines BR-CO-20), or a code for the tax point."""
    for period in root.iter(tag("cac:InvoicePeriod")):
        if all(
            period.find(tag(f"cbc:{part}")) is None for part in ("StartDate", "EndDate", "DescriptionCode")
        ):
            rule = "BR-CO-19" if period.getparent() is root else "BR-CO-20"
            reason = f"The period has neither a start nor an end ({rule})"
            document.faults.append(Fault(_row(period), "cac:InvoicePeriod", "", reason))


def _leave_extension(root: etree._Element, document: Document) -> None:
    """A document that claims an extension is no longer of it once something of the extension is left out."""
    claimed = str(document.record.terms.get("BT-24", ""))
    core, mark, extension = claimed.rpartition(_EXTENSION)
    if not mark or not document.doubts:
        return
    paid = root.find(f"{tag('cac:PrepaidPayment')}/{tag('cbc:PaidAmount')}")
    if paid is not None:
        reason = "Payments of third parties are not kept, and change the amount due (BR-CO-16)"
        document.faults.append(Fault(_row(paid), "cac:PrepaidPayment", paid.text or "", reason))
    document.record.terms["BT-24"] = core
    reason = f"The extension {extension} is not kept; the document is now one of {core}"
    document.doubts.append(Fault(_row(root), "SpecificationIdentifier (BT-24)", claimed, reason))


def _children(element: etree._Element, node: Node, record: Record, document: Document, path: str) -> None:
    used: dict[Node, etree._Element] = {}
    for child in element:
        here = f"{path}/{name_of(child)}"
        chosen = described_place(node, child, document.record.terms, used)
        earlier = earlier_place(node, child, document.record.terms, used, chosen)
        if earlier is not None:
            _twice(child, used[earlier], earlier, record, document, here)
            continue
        if chosen is None:
            _unplaced(child, document, here)
            continue
        if chosen.group:
            row = Record()
            record.groups.setdefault(chosen.group, []).append(row)
            _take(child, chosen, row, document, here)
        else:
            used[chosen] = child
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
    if isinstance(node.content, Compact):
        text = _COMPACT.sub(r"\1-\2-\3", text)
    term = node.content.term if isinstance(node.content, Same | Compact) else str(node.content)
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
                    " (PEPPOL-EN16931-R051)"
                )
                document.faults.append(Fault(_row(element), path, element.text or "", reason))
        case None:
            document.other.append([f"{path}@{name}", value])
            document.doubts.append(Fault(_row(element), f"{path}@{name}", value, _NO_PLACE))


def _set(
    element: etree._Element, term: str, text: str, record: Record, document: Document, path: str
) -> None:
    if not text:
        return
    try:
        value = parse_value(text, TERMS[term].value)
    except ValueError as error:
        reason = f"{error} ({value_rule(term, str(error))})"
        document.faults.append(Fault(_row(element), f"{TERMS[term].name} ({term})", text, reason))
        return
    if record.terms.setdefault(term, value) != value:
        reason = f"{TERMS[term].name} ({term}) is said twice, and differently ({once_term_rule(term)})"
        document.faults.append(Fault(_row(element), path, text, reason))


def _twice(
    element: etree._Element,
    before: etree._Element,
    node: Node,
    record: Record,
    document: Document,
    path: str,
) -> None:
    """An element that may stand once stands again: the same is doubted, and what holds no term; another is a fault."""
    if _same(element, before):
        document.doubts.append(
            Fault(_row(element), path, _first_text(element), "stands twice; it is kept once")
        )
        return
    again = Record()
    _take(element, node, again, Document(document.record), path)
    if not again.terms and not again.groups:
        _unplaced(element, document, path)
        return
    rule = once_rule(node, [term for term, value in again.terms.items() if record.terms.get(term) != value])
    if node.name == "cac:TaxTotal" and _PEPPOL in str(document.record.terms.get("BT-24", "")):
        inner = element.find(tag("cac:TaxSubtotal")) is not None
        rule += ", PEPPOL-EN16931-R053" if inner else ", PEPPOL-EN16931-R054"
    reason = f"stands twice, and differently, where it may stand once ({rule})"
    document.faults.append(Fault(_row(element), path, _first_text(element), reason))


def _same(one: etree._Element, other: etree._Element) -> bool:
    """Whether two elements say the same, whatever white space they are written with."""

    def said(element: etree._Element) -> list[tuple[str, str, list[tuple[str, str]]]]:
        return [
            (
                str(part.tag),
                (part.text or "").strip(),
                sorted((str(k), str(v)) for k, v in part.attrib.items()),
            )
            for part in element.iter()
        ]

    return said(one) == said(other)


def _first_text(element: etree._Element) -> str:
    return next((str(text).strip() for text in element.itertext() if str(text).strip()), "")


def _unplaced(element: etree._Element, document: Document, path: str) -> None:
    """An element without a place among the terms: kept by its paths, and doubted as a whole."""
    if name_of(element) == "cac:TaxTotal" and element.find(tag("cac:TaxSubtotal")) is not None:
        reason = "A VAT breakdown is in no currency of the document (PEPPOL-EN16931-R051)"
        document.faults.append(Fault(_row(element), path, _first_text(element), reason))
        return
    before = len(document.other)
    _keep_other(element, document, path)
    count = len(document.other) - before
    if count and path.partition("/")[2] not in _SAYS_NOTHING:
        several = "" if count == 1 else f", nor have {count - 1} more values in it"
        document.doubts.append(Fault(_row(element), path, _first_text(element), _NO_PLACE + several))


def _keep_other(element: etree._Element, document: Document, path: str) -> None:
    text = (element.text or "").strip()
    if text:
        document.other.append([path, text])
    for child in element:
        _keep_other(child, document, f"{path}/{name_of(child)}")


def _row(element: etree._Element) -> int:
    line: Any = element.sourceline
    return int(line or 0)
