"""A recall (camt.055) by ISO's own schema, of which ours holds the part that is written."""

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from lxml import etree

from invoicebatch.formats.pain.camt055 import VERSION, Recall, recall_file


@pytest.mark.parametrize("message", ["pain.008.001.08", "pain.001.001.09"])
@pytest.mark.parametrize("bic", ["ABNANL2A", ""])
def test_a_recall_is_valid_by_the_whole_schema(shared: Path, message: str, bic: str) -> None:
    schema = shared / "validation" / "iso20022" / f"{VERSION}.xsd"
    if not schema.is_file():
        pytest.skip("conformance case not run: ISO's schema of camt.055 is not beside this clone")
    recall = Recall(
        request_id="IBR1", created_at=datetime(2026, 11, 26, tzinfo=UTC), account_name="Stroom & Co BV", bic=bic,
        message_id="IB1", message=message, day=date(2026, 12, 3), reason="CUST",
        items=pd.DataFrame({"end_to_end_id": ["E1", "E2"], "payment_information_id": ["G1", "G2"], "amount_cents": [1, 2]}),
    )  # fmt: skip
    etree.fromstring(recall_file(recall), etree.XMLParser(schema=etree.XMLSchema(file=str(schema))))
