"""Life-cycle messages come back as they were said, and pass the French rules."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from invoicebatch.errors import RenderError
from invoicebatch.formats.cdar import LifeCycle, write_life_cycle
from invoicebatch.formats.validation.schematron import run_schematron
from invoicebatch.ingest.buyer_answers import read_answers
from invoicebatch.model.status import BuyerAnswer

PAID = LifeCycle(
    "F2026-000001", "380", date(2026, 11, 20), BuyerAnswer.PAID, datetime(2026, 11, 26, 10, tzinfo=UTC), ("404833048", "Watt SA"),
    ("732829320", "Client SAS"), ("404833048", "732829320"),
    paid=((Decimal("120.00"), Decimal(20)), (Decimal("10.55"), Decimal("5.5"))),
)  # fmt: skip


def said(status: BuyerAnswer) -> LifeCycle:
    message = PAID if status is BuyerAnswer.PAID else replace(PAID, status=status, paid=())
    codes = {BuyerAnswer.UNDER_QUERY: "TX_TVA_ERR", BuyerAnswer.REJECTED: "TX_TVA_ERR"}
    return replace(
        message, reason_code=codes.get(status, ""), reason="Taux de TVA erroné" if status in codes else ""
    )


@pytest.mark.parametrize("status", BuyerAnswer)
def test_a_status_comes_back_and_breaks_no_rule(status, tmp_path, shared):
    written = write_life_cycle(said(status))
    (tmp_path / "m.xml").write_bytes(written)
    (answer,) = read_answers([tmp_path / "m.xml"]).found
    assert (answer.number, answer.status) == ("F2026-000001", status)
    assert "404833048" in answer.sellers
    assert answer.reason == said(status).reason
    rules = shared / "validation/france-ctc-1.4.0.03/BR-FR-CDV-Schematron-CDAR_V1.4.0.03.xslt"
    (failures,) = run_schematron([written], [rules])
    assert [f"{each.rule}: {each.text}" for each in failures if each.fatal] == []


def test_what_the_law_wants_said_is_asked_for():
    with pytest.raises(RenderError, match="how much"):
        write_life_cycle(replace(PAID, paid=()))
    with pytest.raises(RenderError, match="without a reason"):
        write_life_cycle(replace(PAID, status=BuyerAnswer.REJECTED))
