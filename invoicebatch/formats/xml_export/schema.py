"""The description and the XSD of our simple XML, both made from the list of EN 16931 terms.

Run this module to write the XSD anew: `python -m invoicebatch.formats.xml_export.schema > …/invoice-1.xsd`.
"""

import re
import sys
from typing import Any, Final

from invoicebatch.model.en16931.description import Const, Each, describe
from invoicebatch.model.en16931.terms import DOCUMENT, GROUPS, LINE, TERMS, Group, Term, Value

NAMESPACE: Final = "urn:invoicebatch:invoice:1"
SCHEMA_FILE: Final = "invoice-1.xsd"

REQUIRED: Final = frozenset(
    {"BT-1", "BT-2", "BT-3", "BT-5", "BT-27", "BT-44", "BT-106", "BT-109", "BT-112", "BT-115", "BT-126", "BT-129",
     "BT-130", "BT-131", "BT-146", "BT-151", "BT-153", "BT-116", "BT-117", "BT-118", LINE, "BG-23"}
)  # fmt: skip
"""Terms and groups that every document has (EN 16931 BR-02 … BR-26)."""

_TYPES: Final = {
    Value.TEXT: "xs:string",
    Value.ID: "xs:token",
    Value.CODE: "xs:token",
    Value.AMOUNT: "Amount",
    Value.PERCENT: "Percentage",
    Value.QUANTITY: "xs:decimal",
    Value.DATE: "xs:date",
    Value.BINARY: "xs:base64Binary",
}
_QUALIFIER: Final = re.compile(r"(.+)-\d+$")


def _base(term: Term) -> Term | None:
    """The term that a qualifier (BT-30-1) belongs to."""
    match = _QUALIFIER.match(term.id)
    return TERMS.get(match.group(1)) if match and match.group(1) in TERMS else None


def _attribute(term: Term, base: Term) -> str:
    name = term.name.removeprefix(base.name)
    return name[0].lower() + name[1:]


def _qualifiers(group: Group, term: Term) -> list[Term]:
    return [other for other in group.terms if _base(other) is term]


def _plain(group: Group) -> list[Term]:
    return [term for term in group.terms if _base(term) is None]


def _inner(group: Group) -> list[Group]:
    return [other for other in GROUPS.values() if other.parent == group.id]


def _elements(group: Group) -> list[Any]:
    terms = [
        (term.name, term.id, {_attribute(q, term): q.id for q in _qualifiers(group, term)})
        for term in _plain(group)
    ]
    return [*terms, *(Each(inner.id, (inner.name, *_elements(inner))) for inner in _inner(group))]


DESCRIPTION: Final = describe(
    (
        "Invoice",
        {"xmlns": Const(NAMESPACE), "version": Const("1.0")},
        *_elements(GROUPS[DOCUMENT]),
    ),
    DOCUMENT,
)
"""Where each term stands in our XML."""


def schema_text() -> str:
    """The XSD."""
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{NAMESPACE}"',
            f'    targetNamespace="{NAMESPACE}" elementFormDefault="qualified" version="1.0">',
            *_documented(
                "One invoice or credit note in the terms of EN 16931-1; amounts in InvoiceCurrency.", 1
            ),
            _decimal("Amount", 2),
            _decimal("Percentage", 4),
            '  <xs:element name="Invoice">',
            "    <xs:complexType>",
            *_sequence(GROUPS[DOCUMENT], 3),
            '      <xs:attribute name="version" type="xs:token" use="required"/>',
            "    </xs:complexType>",
            "  </xs:element>",
            "</xs:schema>",
            "",
        ]
    )


def _decimal(name: str, digits: int) -> str:
    return (
        f'  <xs:simpleType name="{name}"><xs:restriction base="xs:decimal">'
        f'<xs:fractionDigits value="{digits}"/></xs:restriction></xs:simpleType>'
    )


def _documented(text: str, depth: int) -> list[str]:
    return [f"{'  ' * depth}<xs:annotation><xs:documentation>{text}</xs:documentation></xs:annotation>"]


def _sequence(group: Group, depth: int) -> list[str]:
    pad = "  " * depth
    lines = [f"{pad}<xs:sequence>"]
    for term in _plain(group):
        lines += _term(group, term, depth + 1)
    for inner in _inner(group):
        least = 1 if inner.id in REQUIRED else 0
        lines += [
            f'{pad}  <xs:element name="{inner.name}" minOccurs="{least}" maxOccurs="unbounded">',
            *_documented(inner.id, depth + 2),
            f"{pad}    <xs:complexType>",
            *_sequence(inner, depth + 3),
            f"{pad}    </xs:complexType>",
            f"{pad}  </xs:element>",
        ]
    return [*lines, f"{pad}</xs:sequence>"]


def _term(group: Group, term: Term, depth: int) -> list[str]:
    pad = "  " * depth
    least = "" if term.id in REQUIRED else ' minOccurs="0"'
    kind = _TYPES[term.value]
    qualifiers = _qualifiers(group, term)
    note = _documented(", ".join([term.id, *(q.id for q in qualifiers)]), depth + 1)
    if not qualifiers:
        return [f'{pad}<xs:element name="{term.name}" type="{kind}"{least}>', *note, f"{pad}</xs:element>"]
    attributes = [
        f'{pad}    <xs:attribute name="{_attribute(q, term)}" type="{_TYPES[q.value]}"/>' for q in qualifiers
    ]
    return [
        f'{pad}<xs:element name="{term.name}"{least}>',
        *note,
        f'{pad}  <xs:complexType><xs:simpleContent><xs:extension base="{kind}">',
        *attributes,
        f"{pad}  </xs:extension></xs:simpleContent></xs:complexType>",
        f"{pad}</xs:element>",
    ]


if __name__ == "__main__":
    sys.stdout.write(schema_text())
