"""From overview rows to the plain values that a letter's templates may name; one mapping a document."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import pandas as pd

from invoicebatch.formats.mail.letter import pick_language
from invoicebatch.model.payments import amount_due
from invoicebatch.model.payments.amount_due import Situation

COLUMNS: Final = tuple(dict.fromkeys((
    "invoice_id", "number", "company_account_id", "invoice_date", "due_date", "period_start", "period_end",
    "remittance_reference", "preceding_number", "customer_name", "customer_language", "customer_iban",
    "account_language", *amount_due.COLUMNS,
)))  # fmt: skip
"""Overview columns that `letter_values` reads."""


def letter_values(
    invoices: pd.DataFrame,
    accounts: pd.DataFrame,
    language: str,
    *,
    today: date | None = None,
    note: str = "",
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Language and template values of each document, in the frame's order; amounts are those of now.

    Args:
        invoices: overview rows with `COLUMNS`.
        accounts: rows of company_accounts.
        language: where neither customer nor account has one.
        today: a direct debit that was due before this day is announced without a date.
        note: a line of the sender's own.
    """
    sellers = {row["company_account_id"]: _seller(row) for row in _records(accounts)}
    due = amount_due.amounts_due(invoices, invoices["outstanding_cents"])
    for row in _records(invoices[list(COLUMNS)].join(due)):
        chosen = pick_language(row["customer_language"], row["account_language"], language)
        yield chosen, _values(row, sellers[row["company_account_id"]], today, note)


def _values(
    row: Mapping[str, Any], seller: Mapping[str, Any], today: date | None, note: str
) -> dict[str, Any]:
    situation, due = row["situation"], row["due_date"]
    debit = situation == Situation.DEBIT
    return {
        "situation": situation,
        "amount_cents": _amount_cents(row),
        "set_off_cents": row["set_off_cents"],
        "settled_cents": row["settled_cents"],
        "note": " ".join(note.split()),
        "account": seller,
        "customer": {"name": row["customer_name"]},
        "payer": {
            "iban": row["mandate_iban"] if debit else row["customer_iban"],
            "mandate_id": row["mandate_id"],
        },
        "invoice": {
            "number": row["number"],
            "kind": row["kind"],
            "date": row["invoice_date"],
            "due_date": None if debit and due and today and due < today else due,
            "period_start": row["period_start"],
            "period_end": row["period_end"],
            "currency": row["currency"],
            "reference": row["remittance_reference"] or row["number"],
            "preceding_number": row["preceding_number"],
            "total_cents": row["total_cents"],
            "outstanding_cents": row["outstanding_cents"],
        },
    }


def _amount_cents(row: Mapping[str, Any]) -> int:
    """What the letter shows first: what is asked, else what is set off, else the total."""
    by_situation = {Situation.SET_OFF: row["set_off_cents"], Situation.SETTLED: abs(row["total_cents"])}
    return int(by_situation.get(row["situation"], row["asked_cents"]))


def _seller(row: Mapping[str, Any]) -> dict[str, Any]:
    legal = row["legal_name"] or row["name"]
    town = " ".join(part for part in (row["postcode"], row["city"]) if part)
    address = ", ".join(part for part in (row["street"], town, row["country"]) if part)
    lines = [legal, address, row["phone"], row["email"], row["website"], row["vat_id"]]
    return {
        "name": row["name"],
        "holder": legal,
        "iban": row["iban"],
        "bic": row["bic"],
        "creditor_id": row["creditor_id"],
        "email": row["email"],
        "phone": row["phone"],
        "website": row["website"],
        "lines": [line for line in lines if line],
    }


def _records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows as plain Python values; missing text is empty, a missing date None."""
    columns = {str(name): _plain(frame[name]) for name in frame.columns}
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _plain(values: "pd.Series[Any]") -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(values):
        return [_day(value) for value in values]
    missing: Any = None if pd.api.types.is_numeric_dtype(values) else ""
    return values.astype(object).where(values.notna(), missing).tolist()


def _day(value: pd.Timestamp) -> date | None:
    return None if pd.isna(value) else value.date()
