"""Rows of the overview for the rules to judge."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from invoicebatch.eligibility import Evaluation, Rules, load_rules
from invoicebatch.model.schema import OVERVIEW

SHIPPED = Path(__file__).resolve().parents[2] / "rules"
TODAY = date(2026, 11, 22)
SWITCHES = {"collection": True, "peppol": True, "chorus_pro": True}

CREATED: Mapping[str, Any] = {
    "invoice_id": 1,
    "kind": "invoice",
    "status": "created",
    "number": "2026-000001",
    "company_account_id": "NL",
    "customer_id": "00050",
    "currency": "EUR",
    "outstanding_cents": 12100,
    "shipping_status": "to_send",
    "export_status": "unexported",
    "document_sha256": "ab" * 32,
    "customer_name": "De Vries",
    "customer_is_business": False,
    "customer_street": "Kade 1",
    "customer_postcode": "1011 AB",
    "customer_city": "Amsterdam",
    "customer_country": "NL",
    "customer_email": "a@example.com",
    "customer_endpoint_id": "12345678",
    "customer_endpoint_scheme": "0106",
    "customer_iban": "NL91ABNA0417164300",
    "payment_method": "direct_debit",
    "mandate_id": "M1",
    "mandate_status": "active",
    "mandate_scheme": "CORE",
    "mandate_iban": "NL91ABNA0417164300",
    "mandate_signed_on": "2026-01-01",
    "account_iban": "NL20INGB0001234567",
    "account_creditor_id": "NL98ZZZ999999990000",
}
"""A created invoice of a customer on direct debit; nothing is missing."""


def build(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> pd.DataFrame:
    """A frame of overview columns with their declared dtypes; what a row lacks is missing."""
    rows = list(rows)
    frame = {}
    for name in columns:
        column = OVERVIEW[name].column
        values = [row.get(name) for row in rows]
        if column.required and str(column.dtype) in ("int64", "bool"):
            values = [value or 0 for value in values]
        frame[name] = pd.Series(values, dtype=object).astype(column.dtype)
    return pd.DataFrame(frame)


@pytest.fixture(scope="session")
def shipped() -> Path:
    """Folder of the shipped rules."""
    return SHIPPED


@pytest.fixture(scope="session")
def rules() -> Rules:
    """The shipped rules."""
    return load_rules(None, SHIPPED)


@pytest.fixture(scope="session")
def frame_of(rules: Rules) -> Callable[..., pd.DataFrame]:
    """A frame with one row per given change of `CREATED`."""

    def make(*changes: Mapping[str, Any]) -> pd.DataFrame:
        return build([{**CREATED, **change} for change in changes], sorted(rules.columns))

    return make


@pytest.fixture(scope="session")
def judge(rules: Rules, frame_of: Callable[..., pd.DataFrame]) -> Callable[..., Evaluation]:
    """The shipped rules over rows that differ from `CREATED` in these values."""

    def run(*changes: Mapping[str, Any], picked_by_hand: bool = True, **switches: bool) -> Evaluation:
        return rules.evaluate(
            frame_of(*changes),
            today=TODAY,
            switches={**SWITCHES, **switches},
            picked_by_hand=picked_by_hand,
        )

    return run
