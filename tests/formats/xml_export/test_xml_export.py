"""Our simple XML: valid by its shipped schema, and the same content as the UBL."""

import numpy as np
from lxml import etree

from invoicebatch.formats.validation.schema import own_schema_error
from invoicebatch.formats.xml_export import NAMESPACE, schema_bytes, write_xml
from invoicebatch.formats.xml_export.schema import schema_text
from invoicebatch.model.en16931.derive import derive
from invoicebatch.model.en16931.frames import only_documents
from invoicebatch.model.en16931.terms import GROUPS


def test_the_shipped_schema_is_the_one_the_terms_make():
    assert schema_bytes().decode() == schema_text()


def test_documents_are_valid_and_say_the_terms_by_name(make_documents):
    groups, _ = derive(*make_documents(3, 2))
    documents = write_xml(groups)
    assert [own_schema_error(document) for document in documents] == [""] * 3
    root = etree.fromstring(documents[1])
    assert root.findtext(f"{{{NAMESPACE}}}InvoiceNumber") == "F2026-000002"
    seller = root.find(f"{{{NAMESPACE}}}SellerLegalRegistration")
    assert (seller.text, seller.get("scheme")) == ("0403170701", "0208")
    assert [line.findtext("{*}NetAmount") for line in root.iterfind("{*}Line")] == ["10.00", "10.00"]
    assert root.findtext("{*}PaymentInstruction/{*}MandateReference") == "M-1"


def test_the_schema_refuses_what_is_no_invoice(make_documents):
    groups, _ = derive(*make_documents(1, 1))
    (document,) = write_xml(groups)
    assert "NetAmount" in own_schema_error(document.replace(b">10.00</NetAmount>", b">10.001</NetAmount>"))
    assert "XSD" in own_schema_error(document.replace(b"InvoiceNumber>", b"Number>"))


def test_every_term_has_a_place_of_its_own():
    for group in GROUPS.values():
        names = [term.name for term in group.terms]
        assert len(set(names)) == len(names), group.id


def test_a_part_of_the_documents_keeps_its_lines(make_documents):
    groups, _ = derive(*make_documents(4, 2))
    keep = np.array([False, True, False, True])
    part = only_documents(groups, keep)
    assert write_xml(part) == [write_xml(groups)[1], write_xml(groups)[3]]
