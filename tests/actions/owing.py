"""A workspace with a few ledgers, for the tests of what is owed."""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from invoicebatch.interfaces.api import Workspace
from invoicebatch.model.schema import TABLES
from tests.conftest import fill
from tests.copies import made_once

ADDRESS = {"street": "Kade 1", "postcode": "1011 AA", "city": "Amsterdam", "country": "NL"}
ACCOUNTS = [
    {"company_account_id": name, "name": f"Stroom {name}", "legal_name": f"Stroom {name} BV", "iban": iban,
     "creditor_id": "NL98ZZZ123456780001", **ADDRESS}
    for name, iban in (("NL", "NL91ABNA0417164300"), ("BE", "BE68539007547034"))
]  # fmt: skip


def owing(
    root: Path, *documents: dict[str, Any], payments: Any = (), names: Any = None, **customer: Any
) -> Workspace:
    """A workspace of these documents (100.00 of customer K1 unless said) and payments (invoice_id, day, cents)."""
    paid = pd.DataFrame(payments, columns=["invoice_id", "booked_on", "amount_cents"])
    rows = [_document(at, values, paid) for at, values in enumerate(documents, 1)]
    customers = [
        {
            "customer_id": key,
            "name": (names or {}).get(key, f"Klant {key}"),
            "language": "nl",
            **ADDRESS,
            **customer,
        }
        for key in sorted({row["customer_id"] for row in rows})
    ]
    frames = {"company_accounts": ACCOUNTS, "customers": customers, "invoices": rows}
    ids = [f"P{at}" for at in range(len(paid))]
    tables = {table: pd.DataFrame(values) for table, values in frames.items()}
    tables["payments"] = paid.assign(payment_id=ids, source="test")
    whole = {table: TABLES[table].conform(frame) for table, frame in tables.items()}
    return made_once(
        root / "workspace", ("owing", frames, paid.to_dict("list")), lambda made: fill(made, whole)
    )


def _document(invoice_id: int, values: dict[str, Any], payments: pd.DataFrame) -> dict[str, Any]:
    moment = pd.Timestamp("2026-01-01")
    row = {
        "invoice_id": invoice_id, "external_id": f"X{invoice_id}", "status": "created", "kind": "invoice",
        "number": f"F{invoice_id:04d}", "company_account_id": "NL", "customer_id": "K1", "currency": "EUR",
        "invoice_date": date(2026, 1, 5), "due_date": date(2026, 1, 19), "total_cents": 10_000,
        "credited_cents": 0, "credit_of": None, "payment_bundle_id": None, "created_at": moment,
        "updated_at": moment,
    } | values  # fmt: skip
    row["paid_cents"] = int(payments.loc[payments["invoice_id"].eq(invoice_id), "amount_cents"].sum())
    row["outstanding_cents"] = row["total_cents"] - row["paid_cents"] - row["credited_cents"]
    return row
