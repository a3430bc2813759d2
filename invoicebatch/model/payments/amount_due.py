"""What a document asks of its debtor or gives back, and how: PDF, payment code, mail and letter say this.

Frames in, frames out, int64 cents. Nothing is worded here, and the totals that the law asks for stay as they are.
"""

from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.model.status import Kind, MandateStatus, PaymentMethod


class Situation(StrEnum):
    """What the debtor is to do or to expect."""

    PAY = "pay"
    DEBIT = "debit"
    REFUND = "refund"
    SET_OFF = "set_off"
    SETTLED = "settled"


DEBIT_COLUMNS: Final = (
    "currency", "payment_method", "mandate_id", "mandate_status", "mandate_iban", "account_creditor_id",
)  # fmt: skip
"""Overview columns that `is_debited` reads."""

COLUMNS: Final = (
    "kind", "total_cents", "prepaid_cents", "rounding_cents", "credited_cents", "outstanding_cents",
    "due_at_issue_cents", *DEBIT_COLUMNS,
)  # fmt: skip
"""Overview columns that `amounts_due` reads."""


def due_cents(invoices: pd.DataFrame) -> "pd.Series[int]":
    """Amount due for payment (BT-115) of each document, whatever was paid or set off since."""
    return invoices["total_cents"] - invoices["prepaid_cents"] + invoices["rounding_cents"]


def due_at_issue_cents(invoices: pd.DataFrame) -> "pd.Series[int]":
    """What was open when the first PDF was made; what is open now where there is none yet."""
    return invoices["due_at_issue_cents"].fillna(invoices["outstanding_cents"]).astype("int64")


def is_debited(invoices: pd.DataFrame) -> "pd.Series[bool]":
    """Whether an open amount will be collected: a direct debit that can be made, not only one that is wished."""
    known = [
        invoices[name].fillna("").ne("") for name in ("mandate_id", "mandate_iban", "account_creditor_id")
    ]
    debited: pd.Series[bool] = (
        invoices["payment_method"].astype("str").eq(PaymentMethod.DIRECT_DEBIT.value)
        & invoices["mandate_status"].astype("str").eq(MandateStatus.ACTIVE.value)
        & invoices["currency"].eq("EUR")
        & np.logical_and.reduce(known)
    )
    return debited


def amounts_due(invoices: pd.DataFrame, open_cents: "pd.Series[int]") -> pd.DataFrame:
    """What each document asks or gives back.

    Args:
        invoices: overview rows with `COLUMNS`.
        open_cents: what is open of each: outstanding now, or `due_at_issue_cents`.

    Returns:
        Indexed as the rows: situation (str, of `Situation`), due_cents (as the document sums it up, negative:
        in the debtor's favour), asked_cents (to pay, to collect or to pay back), set_off_cents (the part of a
        credit note that goes against its original), settled_cents (paid or set off before); the last three
        are never negative.
    """
    due = due_cents(invoices)
    note = invoices["kind"].astype("str").eq(Kind.CREDIT_NOTE.value)
    set_off = invoices["credited_cents"].abs().where(note, 0)
    settled = (np.sign(due) * (due - open_cents) - set_off).clip(lower=0)
    situation = np.select(
        [open_cents.lt(0), open_cents.gt(0) & is_debited(invoices), open_cents.gt(0), set_off.gt(0)],
        [Situation.REFUND.value, Situation.DEBIT.value, Situation.PAY.value, Situation.SET_OFF.value],
        Situation.SETTLED.value,
    )
    return pd.DataFrame(
        {
            "situation": pd.Series(situation, index=invoices.index, dtype="str"),
            "due_cents": due.astype("int64"),
            "asked_cents": open_cents.abs().astype("int64"),
            "set_off_cents": set_off.astype("int64"),
            "settled_cents": settled.astype("int64"),
        }
    )
