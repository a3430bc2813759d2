"""UBL documents come in whole, or are refused by name while the others go in."""

import json
import zipfile

import pytest

from invoicebatch.errors import InputFileError
from invoicebatch.formats.ubl import write_ubl
from invoicebatch.ingest.ubl import read_ubl
from invoicebatch.model.en16931.derive import derive


@pytest.fixture
def documents(make_documents, tmp_path):
    groups, _ = derive(*make_documents(4, 2))
    for number, document in enumerate(write_ubl(groups)):
        (tmp_path / f"{number}.xml").write_bytes(document)
    return tmp_path


def test_our_own_documents_come_back_with_their_signs(documents):
    intake = read_ubl([documents])
    invoices = intake.frames["invoices"]
    assert intake.read == 4
    assert intake.refused.empty
    assert invoices["kind"].tolist() == ["invoice", "invoice", "credit_note", "invoice"]
    assert invoices["total_cents"].tolist() == [2420, 2420, -2420, 2420]
    assert invoices["status"].eq("created").all()
    assert invoices["external_id"][2] == "BE0403170701/credit note C2026-000003"
    credited = intake.frames["lines"]["external_id"].eq(invoices["external_id"][2])
    assert [str(q) for q in intake.frames["lines"].loc[credited, "quantity"]] == ["-100.000000"] * 2
    assert len(intake.frames["company_accounts"]) == 1
    assert intake.frames["customers"]["payment_method"].astype(str).tolist().count("direct_debit") == 2


def test_a_known_seller_keeps_its_id(documents, make_documents):
    known = {"company_accounts": make_documents(1, 1)[1]["company_accounts"]}
    intake = read_ubl([documents], known)
    assert intake.frames["invoices"]["company_account_id"].eq("BE").all()
    assert intake.frames["company_accounts"].empty


CONTRACT = b"<cac:ContractDocumentReference><cbc:ID>%s</cbc:ID></cac:ContractDocumentReference>"
TERMS = b"<cac:PaymentTerms><cbc:Note>%s</cbc:Note></cac:PaymentTerms>"
OBJECT = (
    b"<cac:AdditionalDocumentReference><cbc:ID>%s</cbc:ID><cbc:DocumentTypeCode>130</cbc:DocumentTypeCode>"
    b"</cac:AdditionalDocumentReference>"
)
DELIVERY = b"<cac:Delivery><cbc:ActualDeliveryDate>2026-10-%s</cbc:ActualDeliveryDate></cac:Delivery>"
TAX_TOTAL = b'<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">%s</cbc:TaxAmount></cac:TaxTotal>'
VAT = (
    b"<cac:PartyTaxScheme><cbc:CompanyID>%s</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"
    b"</cac:PartyTaxScheme>"
)
NOTE = b"<cbc:Note>%s</cbc:Note>"
ALLOWANCE = (
    b"<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator><cbc:AllowanceChargeReason>a</cbc:AllowanceChargeReason>"
    b"<cbc:AllowanceChargeReason>b</cbc:AllowanceChargeReason><cbc:Amount currencyID='EUR'>0</cbc:Amount></cac:AllowanceCharge>"
)
ABROAD = b"<cac:TaxTotal><cbc:TaxAmount currencyID='SEK'>9</cbc:TaxAmount><cac:TaxSubtotal/></cac:TaxTotal>"
TWICE = {
    "contract": (CONTRACT % b"a" + CONTRACT % b"b", b"<cac:AccountingSupplierParty>", "UBL-SR-01"),
    "object": (OBJECT % b"a" + OBJECT % b"b", b"<cac:AccountingSupplierParty>", "UBL-SR-04"),
    "terms": (TERMS % b"a" + TERMS % b"b", b"<cac:TaxTotal>", "UBL-SR-05"),
    "delivery": (DELIVERY % b"01" + DELIVERY % b"02", b"<cac:PaymentMeans>", "UBL-SR-24"),
    "line note": (NOTE % b"a" + NOTE % b"b", b"<cbc:InvoicedQuantity", "UBL-SR-34"),
    "seller's VAT": (VAT % b"BE0202239951", b"<cac:PartyLegalEntity>", "UBL-SR-12"),
    "total VAT": (TAX_TOTAL % b"4.10", b"<cac:LegalMonetaryTotal>", "BR-CO-15, PEPPOL-EN16931-R054"),
    "reason": (ALLOWANCE, b"<cac:Item>", "UBL-SR-30"),
    "breakdown": (b"", b"", "BR-S-08"),
    "breakdown in another currency": (ABROAD, b"<cac:LegalMonetaryTotal>", "PEPPOL-EN16931-R051"),
    "period": (b"<cac:InvoicePeriod/>", b"<cac:AccountingSupplierParty>", "BR-CO-19"),
    "period of a line": (b"<cac:InvoicePeriod/>", b"<cac:Item>", "BR-CO-20"),
}


@pytest.mark.parametrize("name", TWICE)
def test_what_may_stand_once_and_differs_is_refused_by_its_rule(documents, name):
    added, before, rule = TWICE[name]
    text = (documents / "0.xml").read_bytes()
    if name == "breakdown":
        part = text[text.index(b"<cac:TaxSubtotal>") : text.index(b"</cac:TaxTotal>")]
        text = text.replace(
            part, part + part.replace(b"TaxableAmount currencyID=", b"TaxableAmount  currencyID=")
        )
    else:
        assert before in text
        text = text.replace(before, added + before, 1)
    (documents / "0.xml").write_bytes(text)
    intake = read_ubl([documents])
    assert len(intake.frames["invoices"]) == 3
    assert intake.refused["file"].unique().tolist() == ["0.xml"]
    assert intake.refused["reason"].str.contains(f"({rule})", regex=False).any()


def test_the_same_twice_is_kept_once_with_a_doubt(documents):
    text = (documents / "0.xml").read_bytes()
    marked = text.replace(
        b"<cac:AccountingSupplierParty>",
        CONTRACT % b"a" + CONTRACT % b" a " + b"<cac:AccountingSupplierParty>",
    )
    (documents / "0.xml").write_bytes(marked)
    intake = read_ubl([documents / "0.xml"])
    assert intake.frames["invoices"]["contract_reference"].tolist() == ["a"]
    assert intake.doubted["reason"].tolist() == ["stands twice; it is kept once"]


def test_an_element_that_says_no_term_again_is_no_repetition_of_one(documents):
    discount = b"<cac:PaymentTerms><cbc:SettlementDiscountPercent>2</cbc:SettlementDiscountPercent></cac:PaymentTerms>"
    text = (
        (documents / "0.xml")
        .read_bytes()
        .replace(b"<cac:TaxTotal>", TERMS % b"a" + discount + b"<cac:TaxTotal>", 1)
    )
    (documents / "0.xml").write_bytes(text)
    intake = read_ubl([documents / "0.xml"])
    assert intake.refused.empty
    assert intake.doubted[["column", "value"]].values.tolist() == [["Invoice/cac:PaymentTerms", "2"]]


def test_what_has_no_place_is_taken_with_a_doubt(documents):
    local = VAT.replace(b"VAT", b"LOC") % b"123"
    text = (documents / "0.xml").read_bytes()
    at = text.index(b"<cac:PartyLegalEntity>", text.index(b"<cac:AccountingCustomerParty>"))
    text = text[:at] + local + text[at:]
    text = text.replace(b"<cbc:PriceAmount", b"<cbc:PriceAmount currencyCodeListVersionID='1'", 1)
    (documents / "0.xml").write_bytes(text)
    intake = read_ubl([documents / "0.xml"])
    assert len(intake.frames["invoices"]) == 1
    assert intake.doubted["column"].str.rpartition("/")[2].tolist() == [
        "cac:PartyTaxScheme",
        "cbc:PriceAmount@currencyCodeListVersionID",
    ]
    assert intake.doubted["value"].tolist() == ["123", "1"]


XRECHNUNG = b"urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
EXTENDED = XRECHNUNG + b"#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0"
SUB_LINE = b"<cac:SubInvoiceLine><cbc:ID>1.1</cbc:ID><cbc:Note>part</cbc:Note></cac:SubInvoiceLine>"
PAID_BY_OTHERS = b'<cac:PrepaidPayment><cbc:ID>P</cbc:ID><cbc:PaidAmount currencyID="EUR">9.00</cbc:PaidAmount></cac:PrepaidPayment>'


def extended(documents, added: bytes, before: bytes):
    text = (documents / "0.xml").read_bytes()
    start, end = text.index(b"<cbc:CustomizationID>") + 21, text.index(b"</cbc:CustomizationID>")
    text = (text[:start] + EXTENDED + text[end:]).replace(before, added + before, 1)
    (documents / "0.xml").write_bytes(text)
    return read_ubl([documents / "0.xml"])


def test_an_extension_that_is_not_kept_whole_is_left_by_name(documents):
    intake = extended(documents, SUB_LINE, b"</cac:InvoiceLine>")
    extra = json.loads(intake.frames["invoices"]["extra"][0])
    assert extra["BT-24"] == XRECHNUNG.decode()
    assert intake.doubted["column"].iloc[0].endswith("cac:SubInvoiceLine")
    assert "extension:xrechnung_3.0 is not kept" in intake.doubted["reason"].iloc[1]


def test_an_extension_of_which_nothing_is_used_stays(documents):
    intake = extended(documents, b"", b"</cac:InvoiceLine>")
    assert json.loads(intake.frames["invoices"]["extra"][0])["BT-24"] == EXTENDED.decode()
    assert intake.doubted.empty


def test_payments_of_others_change_what_is_due_and_are_refused(documents):
    assert "BR-CO-16" in extended(documents, PAID_BY_OTHERS, b"<cac:TaxTotal>").refused["reason"].iloc[0]


BAD = {
    "broken.xml": (b"<Invoice>", "not well-formed"),
    "bomb.xml": (b'<!DOCTYPE a [<!ENTITY x "y">]><Invoice>&x;</Invoice>', "DOCTYPE"),
    "other.xml": (b"<order/>", "no UBL 2.1 Invoice"),
    "cii.xml": (b'<CrossIndustryInvoice xmlns="urn:un"/>', "CII"),
    "empty.xml": (b"", "not well-formed|no root"),
}


def test_bad_documents_are_named_and_the_others_go_in(documents):
    for name, (data, _) in BAD.items():
        (documents / name).write_bytes(data)
    intake = read_ubl([documents])
    assert len(intake.frames["invoices"]) == 4
    refused = intake.refused.set_index("file")["reason"]
    assert set(refused.index) == set(BAD)
    for name, (_, reason) in BAD.items():
        assert any(part in refused[name] for part in reason.split("|")), refused[name]


@pytest.mark.parametrize(
    ("old", "new", "column", "reason"),
    [
        (b">24.20<", b">24.205<", "TotalWithVat (BT-112)", "more than 2 decimals (BR-DEC-14)"),
        (b"<cbc:IssueDate>2026-11-20", b"<cbc:IssueDate>20.11.2026", "IssueDate (BT-2)", "not a date"),
        (
            b'<cbc:PriceAmount currencyID="EUR"',
            b'<cbc:PriceAmount currencyID="USD"',
            "cac:Price/cbc:PriceAmount",
            "USD, but InvoiceCurrency (BT-5) is EUR (PEPPOL-EN16931-R051)",
        ),
        (b"TypeCode>380<", b"TypeCode>381<", "BT-3", "does not belong in a UBL Invoice (BR-CL-01)"),
        (b"<cbc:ID>F2026-000001</cbc:ID>", b"", "InvoiceNumber (BT-1)", "no number"),
    ],
)
def test_a_wrong_value_is_named_by_term_and_line(documents, old, new, column, reason):
    file = documents / "0.xml"
    text = file.read_bytes()
    assert old in text
    file.write_bytes(text.replace(old, new))
    refused = read_ubl([file]).refused.iloc[0]
    assert column in refused["column"]
    assert reason in refused["reason"]


def test_what_ubl_knows_beyond_the_standard_is_kept(documents):
    file = documents / "0.xml"
    file.write_bytes(
        file.read_bytes().replace(
            b"<cbc:CustomizationID>", b"<cbc:UBLVersionID>2.1</cbc:UBLVersionID><cbc:CustomizationID>"
        )
    )
    extra = read_ubl([file]).frames["invoices"]["extra"][0]
    assert '"other": [["Invoice/cbc:UBLVersionID", "2.1"]]' in extra


def test_an_archive_is_read_and_its_bombs_are_not(documents):
    archive = documents / "all.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.write(documents / "0.xml", "folder/0.xml")
        zipped.writestr("bomb.xml", b" " * (3 << 20))
        zipped.writestr("readme.txt", b"hello")
    intake = read_ubl([archive])
    assert len(intake.frames["invoices"]) == 1
    reasons = intake.refused.set_index("file")["reason"]
    assert "archive bomb" in reasons["all.zip/bomb.xml"]
    assert "Only XML" in reasons["all.zip/readme.txt"]


def test_the_same_document_twice_goes_in_once(documents):
    (documents / "copy.xml").write_bytes((documents / "0.xml").read_bytes())
    intake = read_ubl([documents])
    assert len(intake.frames["invoices"]) == 4
    assert intake.refused["reason"].tolist() == ["The same document was read already"]


def test_a_number_used_twice_is_doubted_and_both_go_in(documents):
    text = (documents / "0.xml").read_bytes()
    (documents / "other.xml").write_bytes(text.replace(b"REF-1", b"REF-X"))
    intake = read_ubl([documents])
    assert intake.frames["invoices"]["external_id"].is_unique
    assert len(intake.frames["invoices"]) == 5
    assert intake.doubted["file"].tolist() == ["other.xml"]
    assert intake.frames["lines"].groupby("external_id").size().eq(2).all()


def test_a_missing_path_is_an_error(tmp_path):
    with pytest.raises(InputFileError, match="There is no file"):
        read_ubl([tmp_path / "nowhere.xml"])
