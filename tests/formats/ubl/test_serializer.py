"""The serializer writes what lxml would write for the same description."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from invoicebatch.errors import RenderError
from invoicebatch.formats.serializer import serialize
from invoicebatch.formats.ubl import write_ubl
from invoicebatch.model.en16931.derive import derive
from invoicebatch.model.en16931.description import Compact, Const, Each, Node, Same, describe
from invoicebatch.model.en16931.frames import document_of
from invoicebatch.model.en16931.terms import DOCUMENT, TERMS
from invoicebatch.model.en16931.ubl import CREDIT_NOTE, INVOICE, NAMESPACES
from invoicebatch.model.en16931.values import texts
from tests.examples import examples


class Oracle:
    """The same description rendered element by element with lxml, row by row."""

    def __init__(self, groups):
        self.groups = groups
        self.texts = {
            group: {t: texts(frame[t], TERMS[t].value).to_pylist() for t in frame.columns if t in TERMS}
            for group, frame in groups.items()
        }

    def document(self, root: Node, row: int) -> bytes:
        spaces = {
            None if name == "xmlns" else name.removeprefix("xmlns:"): content.text
            for name, content in root.attributes.items()
        }
        element = etree.Element(f"{{{spaces[None]}}}{root.name}", nsmap=spaces)
        for child in root.children:
            self.add(element, child, DOCUMENT, row, row)
        return etree.tostring(element, method="c14n")

    def add(self, parent, node: Node, group: str, row: int, document: int) -> bool:
        if node.group:
            frame = self.groups.get(node.group)
            rows = [] if frame is None or frame.empty else np.flatnonzero(frame["parent"].to_numpy() == row)
            said = [self.element(parent, node, node.group, int(r), document) for r in rows]
            return any(said)
        return self.element(parent, node, group, row, document)

    def element(self, parent, node: Node, group: str, row: int, document: int) -> bool:
        prefix, local = node.name.split(":")
        element = etree.SubElement(parent, f"{{{NAMESPACES[prefix]}}}{local}")
        for name, content in node.attributes.items():
            if (text := self.text(content, group, row, document)) is not None:
                element.set(name, text)
        if node.content is not None:
            text = self.text(node.content, group, row, document)
            if text is None:
                parent.remove(element)
                return False
            element.text = text
            return not isinstance(node.content, Const | Same)
        said = [self.add(element, child, group, row, document) for child in node.children]
        if not any(said) and any(
            not isinstance(n.content, Const) for n in node.walk() if n.content is not None
        ):
            parent.remove(element)
        return any(said)

    def text(self, content, group: str, row: int, document: int):
        match content:
            case Const(text):
                return text
            case Same(term):
                return self.texts[DOCUMENT].get(term, {document: None})[document]
        values = self.texts[group].get(content)
        return values[row] if values else None


def canonical(document: bytes) -> bytes:
    return etree.tostring(etree.fromstring(document), method="c14n")


def test_the_fast_path_equals_lxml(make_documents):
    groups, problems = derive(*make_documents(9, 3))
    assert problems == []
    oracle = Oracle(groups)
    for row, document in enumerate(write_ubl(groups)):
        root = CREDIT_NOTE if b"<CreditNote" in document[:100] else INVOICE
        assert canonical(document) == oracle.document(root, row)


XML_TEXT = st.text(
    st.characters(
        codec="utf-8",
        exclude_characters="".join(map(chr, [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])),
    ),
    max_size=30,
)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(XML_TEXT, st.none() | XML_TEXT, st.booleans()), min_size=1, max_size=6))
def test_any_text_and_any_pattern_of_missing_terms_equals_lxml(rows):
    documents = pd.DataFrame(
        {"invoice_id": range(len(rows)), "BT-3": "380", "BT-5": "EUR", "BT-44": [r[0] for r in rows],
         "BT-10": [r[1] for r in rows], "BT-82": None}
    ).astype({"BT-44": "str", "BT-10": "str"})  # fmt: skip
    notes = pd.DataFrame(
        {"parent": [i for i, r in enumerate(rows) if r[2]], "BT-22": [r[0] for r in rows if r[2]]}
    )
    means = pd.DataFrame({"parent": range(len(rows)), "BT-81": "58", "BT-82": [r[0] for r in rows]})
    groups = {DOCUMENT: documents, "BG-1": notes.astype({"BT-22": "str", "parent": "int64"}), "BG-16": means}
    oracle = Oracle(groups)
    for row, document in enumerate(serialize(INVOICE, groups)):
        assert canonical(document) == oracle.document(INVOICE, row)


def test_a_control_character_is_refused_by_term(make_documents):
    invoices, tables = make_documents(2, 1)
    tables = {**tables, "customers": tables["customers"].assign(name="Bell\x07")}
    groups, _ = derive(invoices, tables)
    with pytest.raises(RenderError, match=r"BuyerName \(BT-44\)"):
        write_ubl(groups)


def test_dates_can_be_written_compact_and_percent_signs_survive():
    root = describe(("r", {"xmlns": Const("urn:x")}, ("x:d", Compact("BT-2"), {"format": Const("102%")}),
                     Each("BG-1", ("x:n", "BT-22"))), DOCUMENT)  # fmt: skip
    documents = pd.DataFrame({"invoice_id": [1], "BT-2": np.array(["2026-11-22"], "datetime64[s]")})
    notes = pd.DataFrame({"parent": [0], "BT-22": ["100 % & more"]})
    (document,) = serialize(root, {DOCUMENT: documents, "BG-1": notes})
    assert b'<x:d format="102%">20261122</x:d><x:n>100 % &amp; more</x:n>' in document


def test_credit_notes_are_positive_and_name_their_invoice(make_documents):
    groups, _ = derive(*make_documents(3, 2))
    document = etree.fromstring(write_ubl(groups)[2])
    assert etree.QName(document).localname == "CreditNote"
    assert document.findtext(".//{*}PayableAmount") == "24.20"
    assert [e.text for e in document.iterfind(".//{*}CreditedQuantity")] == ["100", "100"]
    assert document.findtext(".//{*}BillingReference/{*}InvoiceDocumentReference/{*}ID") == "F2026-000001"


def test_documents_of_lines_know_their_document(make_documents):
    groups, _ = derive(*make_documents(4, 3))
    assert document_of(groups, "BG-25").tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
