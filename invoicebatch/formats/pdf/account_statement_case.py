"""A made-up statement of account, for checking a template and for tests."""

from datetime import date, timedelta

from invoicebatch.formats.pdf.account_statement import Statement
from invoicebatch.formats.pdf.cases import ACCOUNT, CUSTOMER
from invoicebatch.formats.pdf.text import Row
from invoicebatch.model.payments.ledger import PAYMENT, RETURNED
from invoicebatch.model.schema import TABLES


def statement(language: str = "en", documents: int = 6) -> Statement:
    """A year of some documents, each paid but the last two; one payment came back."""
    entries = [row for number in range(1, documents + 1) for row in _entries(number, documents)]
    asked = [row for row in entries if row["kind"] == row["what"]][-2:]
    items = [row | {"remittance_reference": None, "in_payment": False} for row in asked]
    return Statement(
        buyer=dict.fromkeys(TABLES["customers"].frame_names) | CUSTOMER | {"language": language},
        account=dict.fromkeys(TABLES["company_accounts"].frame_names) | ACCOUNT,
        currency="EUR",
        start=date(2025, 12, 1),
        end=date(2026, 11, 22),
        today=date(2026, 11, 22),
        opening_cents=0,
        entries=tuple(entries),
        open_items=tuple(items),
        is_collected=False,
    )


def _entries(number: int, documents: int) -> list[Row]:
    day = date(2026, 1, 5) + timedelta(days=300 * number // documents)
    document: Row = {
        "day": day, "what": "invoice", "kind": "invoice", "number": f"2026-{number:06d}",
        "due": day + timedelta(days=14), "amount_cents": 8_000 + number,
    }  # fmt: skip
    rows = [document]
    if number <= documents - 2:
        paid = document | {"day": day + timedelta(days=9), "what": PAYMENT, "amount_cents": -8_000 - number}
        rows.append(paid)
        if number == 1:
            back = {"day": day + timedelta(days=12), "what": RETURNED, "amount_cents": 8_000 + number}
            rows += [paid | back, paid | {"day": day + timedelta(days=20)}]
    return rows
