"""How a document is settled: transfer with reference and code, direct debit, refund, or nothing.

Only words and the payment code are made here; no payment is.
"""

from typing import Any

import pandas as pd

from invoicebatch.formats.pdf import qr
from invoicebatch.formats.pdf.amounts import due_cents
from invoicebatch.formats.pdf.reference import printed, structured_reference
from invoicebatch.formats.pdf.text import Row, grouped, line, masked, paragraph, rows
from invoicebatch.formats.pdf.wording import Wording


def is_collected(invoice: Row, account: Row) -> bool:
    """Whether the amount will be debited: a debt of a debtor on direct debit."""
    return due_cents(invoice) > 0 and is_debited(invoice, account)


def is_debited(invoice: Row, account: Row) -> bool:
    """Whether what the debtor owes is debited: an active mandate, and a creditor identifier."""
    return bool(
        invoice["payment_method"] == "direct_debit"
        and invoice["mandate_id"]
        and invoice["mandate_status"] == "active"
        and account["creditor_id"]
    )


def payment_reference(invoice: Row, account: Row) -> str:
    """The reference to pay with: the stored one, else one derived from the number."""
    if invoice["remittance_reference"]:
        return str(invoice["remittance_reference"])
    return structured_reference(account["country"], str(invoice["number"]))


def missing_account(invoice: Row, account: Row) -> bool:
    """Whether a transfer is asked for while the seller has no account (EN 16931 BR-61)."""
    wanted = due_cents(invoice) > 0 and not is_collected(invoice, account)
    return wanted and invoice["kind"] != "statement" and not account["iban"]


def payment_block(invoice: Row, buyer: Row, account: Row, wording: Wording) -> dict[str, Any]:
    """`sentence`, `details` (label and value), `terms`, and the payment code's text and label."""
    due = due_cents(invoice)
    block: dict[str, Any] = {"details": [], "code": "", "qr": "", "qr_alt": ""}
    block["terms"] = paragraph(invoice["payment_terms"])
    if due == 0:
        block["sentence"] = wording.say("payment.nothing")
    elif due < 0:
        block["sentence"] = _refund(invoice, buyer, wording)
    elif is_collected(invoice, account):
        block |= _collection(invoice, account, wording)
    else:
        block |= _transfer(invoice, account, wording)
    return block


def _amount(invoice: Row, wording: Wording) -> str:
    return wording.money(abs(due_cents(invoice)), invoice["currency"])


def _refund(invoice: Row, buyer: Row, wording: Wording) -> str:
    iban = masked(buyer["iban"] or invoice["mandate_iban"])
    key = "payment.refund" if iban else "payment.refund_open"
    return wording.say(key, amount=_amount(invoice, wording), iban=iban)


def _collection(invoice: Row, account: Row, wording: Wording) -> dict[str, Any]:
    day = wording.day(invoice["due_date"] or invoice["invoice_date"], "date_long")
    iban = masked(invoice["mandate_iban"])
    amount = _amount(invoice, wording)
    return {
        "sentence": wording.say("payment.direct_debit", amount=amount, iban=iban, date=day),
        "details": [
            [wording.say("payment.mandate"), line(invoice["mandate_id"])],
            [wording.say("payment.creditor_id"), line(account["creditor_id"])],
        ],
    }


def _transfer(invoice: Row, account: Row, wording: Wording) -> dict[str, Any]:
    amount, due_date = _amount(invoice, wording), invoice["due_date"]
    if due_date:
        day = wording.day(due_date, "date_long")
        sentence = wording.say("payment.transfer", amount=amount, date=day)
    else:
        sentence = wording.say("payment.transfer_open", amount=amount)
    reference = printed(payment_reference(invoice, account), account["country"])
    wanted = due_cents(invoice), invoice["currency"]
    return {"sentence": sentence, **transfer_details(account, reference, *wanted, wording)}


def transfer_details(
    account: Row, reference: str, cents: int, currency: str, wording: Wording
) -> dict[str, Any]:
    """`details`, and the payment code's text and label; nothing where the seller has no account.

    Args:
        account: row of company_accounts.
        reference: what to pay with, as it is printed.
        cents: amount to transfer.
        currency: of that amount; only euros have a code.
        wording: of the document.
    """
    if not account["iban"]:
        return {}
    name = line(account["legal_name"] or account["name"])
    details = {
        "beneficiary": name,
        "iban": grouped(account["iban"]),
        "bic": line(account["bic"]),
        "bank": line(account["bank_name"]),
        "reference": line(reference),
    }
    code = ""
    if currency == "EUR":
        iban = account["iban"].replace(" ", "")
        code = qr.epc_text(qr.Transfer(name, iban, account["bic"] or "", cents, reference))
    amount = wording.money(cents, currency)
    return {
        "details": [[wording.say(f"payment.{k}"), v] for k, v in details.items() if v],
        "code": code,
        "qr_alt": wording.say("payment.qr_alt", amount=amount, iban=details["iban"]),
    }


def references(invoices: pd.DataFrame) -> "pd.Series[str]":
    """The payment reference each document carries: the stored one, or the one that was printed.

    Args:
        invoices: overview columns.

    Returns:
        str, missing where no transfer is asked for.
    """
    columns = (
        "number", "remittance_reference", "total_cents", "prepaid_cents", "rounding_cents", "currency",
        "payment_method", "mandate_id", "mandate_status", "account_creditor_id", "account_country",
        "account_iban",
    )  # fmt: skip
    found = [_reference(row) for row in rows(invoices, columns)]
    return pd.Series(found, index=invoices.index, dtype="str")


def _reference(row: Row) -> str | None:
    if row["remittance_reference"]:
        return str(row["remittance_reference"])
    account = {"creditor_id": row["account_creditor_id"], "country": row["account_country"]}
    if due_cents(row) <= 0 or is_collected(row, account) or not (row["account_iban"] and row["number"]):
        return None
    return payment_reference(row, account)
