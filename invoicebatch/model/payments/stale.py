"""Payments that changed between their bundling and their writing, and may no longer go. Frames in, frames out."""

from typing import Final

import pandas as pd

from invoicebatch.model.payments.candidates import first_reason
from invoicebatch.model.status import MandateStatus

COLUMNS: Final = frozenset(
    {
        "outstanding_cents",
        "customer_iban",
        "mandate_id",
        "mandate_iban",
        "mandate_status",
        "payment_bundle_id",
    }
)
"""Overview columns that tell it."""


def stale_items(items: pd.DataFrame, invoices: pd.DataFrame, *, collecting: bool) -> pd.DataFrame:
    """The items that may no longer go, each with `reason`.

    Args:
        items: rows of `bundle_items`, RangeIndex.
        invoices: overview rows of their invoices.
        collecting: whether they are collections.
    """
    known = [*COLUMNS - {"payment_bundle_id"}]
    rows = invoices.set_index("invoice_id")[known].reindex(items["invoice_id"]).reset_index()
    due = rows["outstanding_cents"] * (1 if collecting else -1)
    own = rows["customer_iban"].where(rows["customer_iban"].fillna("") != "", rows["mandate_iban"])
    reason = first_reason(
        items.index,
        [
            (
                (
                    rows["mandate_id"].ne(items["mandate_id"])
                    | rows["mandate_status"].astype("str").ne(MandateStatus.ACTIVE)
                )
                & collecting,
                "its mandate was replaced, suspended or cancelled since it was bundled; bundle it again",
            ),
            (
                (rows["mandate_iban"] if collecting else own).ne(items["iban"]),
                "the account changed since it was bundled; bundle it again",
            ),
            (
                due.ne(items["amount_cents"]),
                "the outstanding amount changed since it was bundled; bundle it again",
            ),
        ],
    )
    return items.assign(reason=reason)[reason != ""]
