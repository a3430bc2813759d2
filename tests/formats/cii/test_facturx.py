"""CII documents are valid by the Factur-X schema and rules, and sit in the PDF as Factur-X asks."""

import io
import re

import facturx
import page
import pandas as pd
import pikepdf
import pypdf
import pytest
import typst
from lxml import etree

from invoicebatch.errors import RenderError, SettingsError
from invoicebatch.formats.checked import facturx_documents
from invoicebatch.formats.cii import write_cii
from invoicebatch.formats.cii.facturx import FILE_NAME, embed
from invoicebatch.formats.merged.merge import merge
from invoicebatch.formats.pdf.render import render_documents, render_jobs
from invoicebatch.formats.validation.workspace_rules import WorkspaceRules
from invoicebatch.interfaces.api import init_workspace, open_workspace
from invoicebatch.model.changes import Batch
from invoicebatch.model.en16931.derive import derive
from invoicebatch.settings import EInvoice
from tests.formats.pdf import samples


def plain(standard: str) -> bytes:
    """A page made by typst; part `a` needs tags and a title, which it has."""
    source = b'#set document(title: "Invoice", date: datetime(year: 2026, month: 11, day: 22))\nHello'
    return typst.compile(source, pdf_standards=[standard])


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return plain("a-2b")


@pytest.mark.parametrize(("standard", "profile"), [("a-2b", "3b"), ("a-3b", "3b"), ("a-3a", "3a")])
def test_the_result_is_valid_pdfa_3_whatever_schemas_it_declared_before(standard, profile):
    result = embed(plain(standard), b"<invoice/>")
    assert page.validate_pdf_bytes(result, profile=profile).failures == []


def test_what_a_template_attaches_stays_beside_the_data_and_merges(tmp_path):
    source = b"""#set document(title: "Invoice", date: datetime(year: 2026, month: 11, day: 22))
#pdf.attach("readings.csv", bytes("day;kWh"), relationship: "supplement", mime-type: "text/csv", description: "Readings")
Hello"""
    result = embed(typst.compile(source, pdf_standards=["a-3a"]), b"<invoice/>")
    assert page.validate_pdf_bytes(result, profile="3a").failures == []
    with pikepdf.open(io.BytesIO(result)) as opened:
        assert sorted(opened.attachments) == [FILE_NAME, "readings.csv"]
        assert len(opened.Root.AF) == 2
    (tmp_path / "a.pdf").write_bytes(result)
    for engine in ("pikepdf", "pypdf"):
        merged = merge(["a", "b"], [tmp_path / "a.pdf"] * 2, "All", engine)
        assert page.validate_pdf_bytes(merged, profile="2b").failures == []


def test_a_rendered_invoice_is_valid_pdfa_3_and_accessible_with_its_data():
    [job] = render_jobs(samples.batch(samples.invoice(1)), {}, "en")
    [rendered] = render_documents(job)
    result = embed(rendered.pdf, b"<invoice/>")
    for profile in ("3a", "ua1"):
        assert page.validate_pdf_bytes(result, profile=profile).failures == []
    with pikepdf.open(io.BytesIO(result)) as opened:
        xmp = opened.Root.Metadata.read_bytes()
    assert xmp.count(b"<pdfaExtension:schemas>") == 1
    assert {b"XMP Media Management schema", b"Factur-X PDFA Extension Schema"} <= set(
        re.findall(rb"<pdfaSchema:schema>([^<]+)", xmp)
    )


def test_documents_pass_schema_and_schematron(make_documents, tmp_path):
    invoices, tables = make_documents(3, 2)
    documents = facturx_documents(Batch(invoices, tables), WorkspaceRules(EInvoice(), tmp_path))
    assert [type(document) for document in documents.values()] == [bytes] * 3, documents
    root = etree.fromstring(documents[3])
    assert root.findtext(".//{*}ExchangedDocument/{*}TypeCode") == "381"
    assert root.findtext(".//{*}DuePayableAmount") == "24.20"
    assert etree.fromstring(documents[2]).findtext(".//{*}DirectDebitMandateID") == "M-1"


def test_what_breaks_a_rule_is_named(make_documents, tmp_path):
    invoices, tables = make_documents(2, 1)
    invoices["total_cents"] = [1, invoices["total_cents"][1]]
    documents = facturx_documents(Batch(invoices, tables), WorkspaceRules(EInvoice(), tmp_path))
    assert "BR-CO-15" in documents[1]
    assert isinstance(documents[2], bytes)


def test_the_pdf_becomes_a_3_with_the_document_in_it(pdf, make_documents):
    (document,) = write_cii(derive(*make_documents(1, 1), "en16931")[0])
    result = embed(pdf, document)
    assert embed(pdf, document) == result
    name, found = facturx.get_facturx_xml_from_pdf(result, check_xsd=True)
    assert (name, found) == (FILE_NAME, document)
    assert facturx.get_level(etree.fromstring(found)) == "en16931"
    root = pypdf.PdfReader(io.BytesIO(result)).trailer["/Root"]
    (spec,) = root["/AF"]
    assert spec.get_object()["/AFRelationship"] == "/Alternative"
    assert spec.get_object()["/EF"]["/F"].get_object()["/Subtype"] == "/text/xml"
    assert "/OutputIntents" in root
    xmp = etree.fromstring(root["/Metadata"].get_object().get_data())
    text = etree.tostring(xmp, encoding="unicode")
    assert text.count("<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>") == 1
    assert "Factur-X PDFA Extension Schema" in text
    assert "<pdfaid:part>3</pdfaid:part>" in text or 'pdfaid:part="3"' in text


def test_a_german_public_body_gets_xrechnung_in_the_pdf(pdf, make_documents, tmp_path):
    invoices, tables = make_documents(1, 1)
    place = {
        "country": "DE",
        "city": "Berlin",
        "postcode": "10115",
        "vat_id": None,
        "legal_id": None,
        "legal_id_scheme": None,
    }
    tables["customers"] = tables["customers"].assign(
        **place, endpoint_id="04011000-12345-34", endpoint_scheme="0204"
    )
    documents = facturx_documents(Batch(invoices, tables), WorkspaceRules(EInvoice(), tmp_path))
    assert isinstance(documents[1], bytes), documents[1]
    named = EInvoice(schematrons={"xrechnung-3.0.2/cii": "XRechnung-CII.xslt"})
    with pytest.raises(SettingsError, match=r"XRechnung-CII\.xslt does not exist"):
        facturx_documents(Batch(invoices, tables), WorkspaceRules(named, tmp_path))
    silent = tables["company_accounts"].assign(phone=None)
    refused = facturx_documents(
        Batch(invoices, tables | {"company_accounts": silent}), WorkspaceRules(EInvoice(), tmp_path)
    )
    assert "BR-DE-6" in refused[1]
    result = embed(pdf, documents[1])
    assert page.validate_pdf_bytes(result, profile="3b").failures == []
    with pikepdf.open(io.BytesIO(result)) as opened:
        assert list(opened.attachments) == ["xrechnung.xml"]
        assert b"<fx:ConformanceLevel>XRECHNUNG</fx:ConformanceLevel>" in opened.Root.Metadata.read_bytes()
    assert b"kosit:xrechnung_3.0" in documents[1]


def test_an_ordinary_pdf_is_refused_in_words(make_documents):
    blank = pikepdf.new()
    blank.add_blank_page()
    out = io.BytesIO()
    blank.save(out)
    with pytest.raises(RenderError, match="PDF/A"):
        embed(out.getvalue(), b"<x/>")


def test_create_and_regenerate_embed_it_where_the_settings_ask(tmp_path, make_documents):
    workspace = init_workspace(tmp_path / "w")
    invoices, tables = make_documents(2, 2)
    invoices = invoices.drop(columns=["mandate_id", "mandate_iban"])
    invoices = invoices.assign(external_id=["a", "b"], status="approved", number=None)
    ranges = pd.DataFrame(
        [
            {"company_account_id": "BE", "series": s, "pattern": p}
            for s, p in (("invoice", "F{seq:06d}"), ("credit_note", "C{seq:06d}"))
        ]
    )
    with workspace.store.write() as session:
        for name in ("company_accounts", "customers", "lines", "vat_breakdown"):
            session.insert(name, tables[name])
        session.insert("number_ranges", ranges)
        session.insert("invoices", invoices)
        session._con.execute("UPDATE invoices SET total = 5 WHERE invoice_id = 2")
        session.reserve_ids(2)
    with (workspace.root / "invoicebatch.toml").open("w") as file:
        file.write("[documents]\nfacturx = true\n")
    workspace = open_workspace(workspace.root)
    report = workspace.select(where="status = 'approved'").plan("create").apply()
    assert report.failed["invoice_id"].tolist() == [2]
    assert "Factur-X" in report.failed["reason"].iloc[0]
    row = workspace.select(where="status = 'created'").frame.iloc[0]
    name, _ = facturx.get_facturx_xml_from_pdf(
        (workspace.data / row["document_path"]).read_bytes(), check_xsd=True
    )
    assert name == FILE_NAME
    again = workspace.select(ids=[1]).plan("regenerate").apply()
    assert "nothing changed" in again.unchanged["reason"].iloc[0]
    more = {"invoice_id": [1], "attachment_no": [1], "reference": ["readings"], "mime_code": ["text/csv"],
            "filename": ["readings.csv"], "content_base64": ["ZGF5O2tXaA=="]}  # fmt: skip
    with workspace.store.write() as session:
        session.insert("attachments", pd.DataFrame(more))
    assert workspace.select(ids=[1]).plan("regenerate").apply().done["invoice_id"].tolist() == [1]
    path = workspace.select(ids=[1]).frame["document_path"].iloc[0]
    _, xml = facturx.get_facturx_xml_from_pdf((workspace.data / path).read_bytes(), check_xsd=True)
    assert b'filename="readings.csv">ZGF5O2tXaA==<' in xml
