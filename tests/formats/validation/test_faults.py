"""What official rules are asked of one document of each structure: which documents are of one."""

import pytest

from invoicebatch.formats.validation.faults import shape_of

DOCUMENT = (
    b"<Invoice><cbc:ID>F2026-000001</cbc:ID><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>"
    b'<cac:PaymentMeans><cbc:PaymentMeansCode name="Direct debit">59</cbc:PaymentMeansCode></cac:PaymentMeans>'
    b'<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">21.00</cbc:TaxAmount><cac:TaxCategory><cbc:ID>S</cbc:ID>'
    b"<cbc:Percent>21</cbc:Percent></cac:TaxCategory></cac:TaxTotal>"
    b"<cac:Country><cbc:IdentificationCode>NL</cbc:IdentificationCode></cac:Country></Invoice>"
)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (b"F2026-000001", b"F2026-000002", True),
        (b">21.00<", b">42.00<", True),
        (b">21</cbc:Percent", b">9</cbc:Percent", True),
        (b">380<", b">384<", False),
        (b">59<", b">30<", False),
        (b"<cbc:ID>S<", b"<cbc:ID>E<", False),
        (b">NL<", b">BE<", False),
        (b"<cbc:Percent>21</cbc:Percent>", b"", False),
    ],
)
def test_documents_of_one_structure_have_the_same_elements_codes_and_vat_categories(
    old: bytes, new: bytes, same: bool
) -> None:
    assert old in DOCUMENT
    assert (shape_of(DOCUMENT.replace(old, new)) == shape_of(DOCUMENT)) is same
