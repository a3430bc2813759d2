"""BG-16 and BT-90 say the same as the PDF: a direct debit only where one can be made."""

import pytest

from invoicebatch.model.en16931.derive import derive
from invoicebatch.model.en16931.terms import DOCUMENT


@pytest.mark.parametrize(("status", "code"), [("active", "59"), ("cancelled", "58")])
def test_a_mandate_that_cannot_be_used_makes_it_a_transfer(make_documents, status: str, code: str) -> None:
    invoices, tables = make_documents(2)
    groups, _ = derive(invoices.assign(mandate_status=status), tables)
    means = groups["BG-16"]
    assert means["BT-81"].tolist() == ["58", code]
    assert means["BT-84"].notna().tolist() == [True, code == "58"]
    assert groups[DOCUMENT]["BT-90"].notna().tolist() == [False, code == "59"]
