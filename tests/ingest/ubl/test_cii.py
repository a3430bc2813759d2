"""CII documents come in by the same terms as UBL documents, or are refused and doubted by name."""

import pytest

from invoicebatch.files.xml import parse_xml
from invoicebatch.formats.cii import write_cii
from invoicebatch.formats.ubl import write_ubl
from invoicebatch.ingest.ubl import read_ubl
from invoicebatch.ingest.ubl.reader import read_document
from invoicebatch.model.en16931.derive import derive

AS_ISSUED = ["imported_from", "extra"]


@pytest.fixture
def both(make_documents, tmp_path):
    """Folders of the same four documents, one a credit note, in either syntax."""
    groups, _ = derive(*make_documents(4, 2), "en16931")
    for syntax, write in (("ubl", write_ubl), ("cii", write_cii)):
        (tmp_path / syntax).mkdir()
        for number, document in enumerate(write(groups)):
            (tmp_path / syntax / f"{number}.xml").write_bytes(document)
    return tmp_path


def test_either_syntax_makes_the_same_rows(both):
    ubl, cii = (read_ubl([both / syntax]) for syntax in ("ubl", "cii"))
    assert cii.refused.empty
    assert cii.doubted.empty
    for name, frame in ubl.frames.items():
        assert frame.drop(columns=AS_ISSUED, errors="ignore").equals(
            cii.frames[name].drop(columns=AS_ISSUED, errors="ignore")
        ), name


def changed(both, old: bytes, new: bytes):
    text = (both / "cii" / "0.xml").read_bytes()
    assert old in text
    return read_document(parse_xml(text.replace(old, new, 1)))


SELLER = b"<ram:SellerTradeParty>"
BUYER = b"<ram:BuyerTradeParty>"
SETTLEMENT = b"<ram:ApplicableHeaderTradeSettlement>"
PROJECT = b"<ram:SpecifiedProcuringProject><ram:ID>P-1</ram:ID><ram:Name>%s</ram:Name></ram:SpecifiedProcuringProject>"
DELIVERY = b"<ram:ApplicableHeaderTradeDelivery"


def test_what_cii_leaves_open_is_one_term(both):
    terms = changed(both, BUYER, BUYER + b"<ram:ID>4711</ram:ID>").record.terms
    assert (terms["BT-46"], terms.get("BT-46-1")) == ("4711", None)
    seller = changed(
        both, SELLER, SELLER + b"<ram:ID>1</ram:ID><ram:GlobalID schemeID='0088'>2</ram:GlobalID>"
    )
    assert [row.terms for row in seller.record.groups["BT-29"][-2:]] == [
        {"BT-29": "1"},
        {"BT-29": "2", "BT-29-1": "0088"},
    ]
    named = changed(
        both,
        b"</ram:ApplicableHeaderTradeAgreement>",
        PROJECT % b"Project reference" + b"</ram:ApplicableHeaderTradeAgreement>",
    )
    assert named.record.terms["BT-11"] == "P-1"
    assert named.doubts == []
    for lax in (b"<ram:GrandTotalAmount currencyID='EUR'>", b"<ram:GrandTotalAmount >"):
        assert changed(both, b"<ram:GrandTotalAmount>", lax).record.terms["BT-112"] == 2420


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"<ram:GrandTotalAmount>", b"<ram:GrandTotalAmount>1</ram:GrandTotalAmount><ram:GrandTotalAmount>", "may stand once (EN 16931-3-3)"),
        (b"<ram:TaxTotalAmount ", b'<ram:TaxTotalAmount currencyID="EUR">9</ram:TaxTotalAmount><ram:TaxTotalAmount ', "may stand once (BR-CO-15)"),
        (b">24.20</ram:GrandTotalAmount>", b">24.205</ram:GrandTotalAmount>", "more than 2 decimals (BR-DEC-14)"),
        (b"<ram:GrandTotalAmount>", b"<ram:GrandTotalAmount currencyID='USD'>", "in another currency than the document"),
        (b">24.20</ram:GrandTotalAmount>", b">a</ram:GrandTotalAmount>", "not a number (EN 16931-3-3)"),
    ],
)  # fmt: skip
def test_what_differs_or_is_no_value_is_refused(both, old, new, reason):
    assert reason in changed(both, old, new).faults[0].reason


def test_what_has_no_place_is_doubted(both):
    doubts = changed(both, b"<ram:TypeCode>380<", b"<ram:Name>RECHNUNG</ram:Name><ram:TypeCode>380<").doubts
    assert [doubt.column for doubt in doubts] == ["rsm:CrossIndustryInvoice/rsm:ExchangedDocument/ram:Name"]
    total = changed(
        both,
        b"<ram:TaxTotalAmount ",
        b'<ram:TaxTotalAmount currencyID="SEK">9</ram:TaxTotalAmount><ram:TaxTotalAmount ',
    )
    assert total.faults == []
    assert [doubt.value for doubt in total.doubts] == ["9"]
