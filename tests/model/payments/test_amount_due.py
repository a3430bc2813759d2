"""What a document asks or gives back: each situation, and when a debit is promised."""

from typing import Any

import pandas as pd
import pytest

from invoicebatch.model.payments.amount_due import amounts_due, due_at_issue_cents, is_debited

DEBIT: dict[str, Any] = {
    "payment_method": "direct_debit", "mandate_id": "M-1", "mandate_status": "active",
    "mandate_iban": "NL91ABNA0417164300", "account_creditor_id": "NL98ZZZ123456780001",
}  # fmt: skip


def rows(*found: dict[str, Any]) -> pd.DataFrame:
    plain: dict[str, Any] = {
        "kind": "invoice", "currency": "EUR", "total_cents": 12_100, "prepaid_cents": 0, "rounding_cents": 0,
        "credited_cents": 0, "outstanding_cents": 12_100, "due_at_issue_cents": None,
        "payment_method": "credit_transfer", "mandate_id": None, "mandate_status": None, "mandate_iban": None,
        "account_creditor_id": None,
    }  # fmt: skip
    return pd.DataFrame([plain | row for row in found]).astype({"due_at_issue_cents": "Int64"})


NOTE: dict[str, Any] = {"kind": "credit_note", "total_cents": -31_017}


@pytest.mark.parametrize(
    ("row", "situation", "asked", "set_off", "settled"),
    [
        ({}, "pay", 12_100, 0, 0),
        ({"prepaid_cents": 2_000, "rounding_cents": -5, "outstanding_cents": 10_095}, "pay", 10_095, 0, 0),
        ({"outstanding_cents": 10_000}, "pay", 10_000, 0, 2_100),
        ({"credited_cents": 6_050, "outstanding_cents": 6_050} | DEBIT, "debit", 6_050, 0, 6_050),
        ({"outstanding_cents": 0}, "settled", 0, 0, 12_100),
        ({"total_cents": 0, "outstanding_cents": 0}, "settled", 0, 0, 0),
        ({"outstanding_cents": -2_000}, "refund", 2_000, 0, 14_100),
        ({"kind": "final_note", "total_cents": -5_000, "outstanding_cents": -5_000}, "refund", 5_000, 0, 0),
        (NOTE | {"outstanding_cents": -31_017}, "refund", 31_017, 0, 0),
        (NOTE | {"credited_cents": -31_017, "outstanding_cents": 0}, "set_off", 0, 31_017, 0),
        (NOTE | {"credited_cents": -20_000, "outstanding_cents": -11_017}, "refund", 11_017, 20_000, 0),
        (NOTE | {"credited_cents": -20_000, "outstanding_cents": 0}, "set_off", 0, 20_000, 11_017),
        (NOTE | {"total_cents": 5_000, "credited_cents": 5_000, "outstanding_cents": 0}, "set_off", 0, 5_000, 0),
        (NOTE | {"total_cents": 5_000, "outstanding_cents": 5_000}, "pay", 5_000, 0, 0),
    ],
)  # fmt: skip
def test_what_is_asked_set_off_and_settled_adds_up_to_what_is_due(
    row: dict[str, Any], situation: str, asked: int, set_off: int, settled: int
) -> None:
    frame = rows(row)
    [found] = amounts_due(frame, frame["outstanding_cents"]).to_dict("records")
    shown = (found["situation"], found["asked_cents"], found["set_off_cents"], found["settled_cents"])
    assert shown == (situation, asked, set_off, settled)


def test_a_document_asks_what_was_open_at_issue_and_a_new_one_what_is_open() -> None:
    frame = rows({"outstanding_cents": 0, "due_at_issue_cents": 12_100}, {"outstanding_cents": 4_000})
    assert due_at_issue_cents(frame).tolist() == [12_100, 4_000]


@pytest.mark.parametrize(
    "lacking",
    [
        {"payment_method": "credit_transfer"}, {"mandate_status": "cancelled"}, {"mandate_iban": None},
        {"mandate_id": ""}, {"account_creditor_id": None}, {"currency": "GBP"},
    ],
)  # fmt: skip
def test_a_debit_is_promised_only_where_it_can_be_made(lacking: dict[str, Any]) -> None:
    assert is_debited(rows(DEBIT, DEBIT | lacking)).tolist() == [True, False]
