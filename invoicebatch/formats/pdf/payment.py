"""How a document is settled: transfer with reference and code, direct debit, refund, set off, or nothing.

Only words and the payment code are made here; no payment is. What is asked is decided in `amount_due`.
"""

from typing import Any, Final

import pandas as pd

from invoicebatch.formats.pdf import qr
from invoicebatch.formats.pdf.text import Row, grouped, line, masked, paragraph, rows
from invoicebatch.formats.pdf.wording import Wording
from invoicebatch.model.payments.amount_due import Situation, amounts_due, due_at_issue_cents
from invoicebatch.model.payments.reference import printed, structured_reference

AMOUNTS_DUE: Final = ("situation", "due_cents", "asked_cents", "set_off_cents", "settled_cents")
"""Columns that `with_amounts_due` adds."""


def with_amounts_due(invoices: pd.DataFrame) -> pd.DataFrame:
    """The rows with `AMOUNTS_DUE`: what their documents say at issue, whatever was paid since."""
    return invoices.join(amounts_due(invoices, due_at_issue_cents(invoices)))


def payment_reference(invoice: Row, account: Row) -> str:
    """The reference to pay with: the stored one, else one derived from the number."""
    if invoice["remittance_reference"]:
        return str(invoice["remittance_reference"])
    return structured_reference(account["country"], str(invoice["number"]))


def missing_account(invoice: Row, account: Row) -> bool:
    """Whether a transfer is asked for while the seller has no account (EN 16931 BR-61)."""
    return invoice["situation"] == Situation.PAY and invoice["kind"] != "statement" and not account["iban"]


def payment_block(invoice: Row, buyer: Row, account: Row, wording: Wording) -> dict[str, Any]:
    """`sentence`, `label` and `amount` of what is asked, `details` (label and value), `terms`, and the
    payment code's text and label.
    """
    block: dict[str, Any] = {"details": [], "code": "", "qr": "", "qr_alt": ""}
    block["terms"] = paragraph(invoice["payment_terms"])
    block["label"], block["amount"] = _asked(invoice, wording)
    situation = invoice["situation"]
    if situation == Situation.PAY:
        block |= _transfer(invoice, account, wording)
    elif situation == Situation.DEBIT:
        block |= _collection(invoice, account, wording)
    elif situation == Situation.REFUND:
        block["sentence"] = _refund(invoice, buyer, wording)
    else:
        block["sentence"] = wording.say(
            "payment.even" if situation == Situation.SET_OFF else "payment.nothing"
        )
    block["sentence"] = " ".join([*_before(invoice, wording), block["sentence"]])
    return block


def settlement_rows(invoice: Row, wording: Wording) -> list[tuple[str, int, bool]]:
    """From the amount due to what is asked: label, cents, whether it is the last; none where they are the same."""
    found = []
    if invoice["set_off_cents"]:
        found.append((_set_off("totals", invoice, wording), -invoice["set_off_cents"], False))
    if invoice["settled_cents"]:
        found.append((wording.say("totals.settled"), -invoice["settled_cents"], False))
    return [*found, (_asked_label(invoice, wording), invoice["asked_cents"], True)] if found else []


def _set_off(section: str, invoice: Row, wording: Wording, **values: str) -> str:
    preceding = line(invoice["preceding_number"])
    key = f"{section}.set_off" if preceding else f"{section}.set_off_open"
    return wording.say(key, preceding=preceding, **values)


def _before(invoice: Row, wording: Wording) -> list[str]:
    """Sentences on what is set off, and on what was settled before."""
    set_off, settled = (
        wording.money(invoice[name], invoice["currency"]) for name in ("set_off_cents", "settled_cents")
    )
    found = [_set_off("payment", invoice, wording, amount=set_off)] if invoice["set_off_cents"] else []
    return [*found, wording.say("payment.settled", amount=settled)] if invoice["settled_cents"] else found


def _asked(invoice: Row, wording: Wording) -> tuple[str, str]:
    """Label and amount of what the reader looks for first."""
    if invoice["situation"] == Situation.SET_OFF:
        return wording.say("totals.set_off_open"), wording.money(
            invoice["set_off_cents"], invoice["currency"]
        )
    return _asked_label(invoice, wording), _amount(invoice, wording)


def _asked_label(invoice: Row, wording: Wording) -> str:
    back = invoice["situation"] == Situation.REFUND or (
        not invoice["asked_cents"] and invoice["due_cents"] < 0
    )
    if not (invoice["set_off_cents"] or invoice["settled_cents"]):
        return wording.say("totals.credit" if back else "totals.due")
    return wording.say("totals.to_refund" if back else "totals.to_pay")


def _amount(invoice: Row, wording: Wording) -> str:
    return wording.money(invoice["asked_cents"], invoice["currency"])


def _refund(invoice: Row, buyer: Row, wording: Wording) -> str:
    iban = masked(buyer["iban"])
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
    wanted = invoice["asked_cents"], invoice["currency"]
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
    columns = ("number", "remittance_reference", "account_country", "account_iban", "situation")
    found = [_reference(row) for row in rows(with_amounts_due(invoices), columns)]
    return pd.Series(found, index=invoices.index, dtype="str")


def _reference(row: Row) -> str | None:
    if row["remittance_reference"]:
        return str(row["remittance_reference"])
    if row["situation"] != Situation.PAY or not (row["account_iban"] and row["number"]):
        return None
    return payment_reference(row, {"country": row["account_country"]})
