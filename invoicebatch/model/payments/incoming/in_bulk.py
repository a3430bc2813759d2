"""Bookings in bulk of which one report gives the sum alone, and another the payments. Pure frames.

A statement (camt.053) often books the sum, a notification (camt.054) tells the payments, in either order.
"""

from typing import Final

import pandas as pd

_DAY: Final = ["account_iban", "booked_on", "currency", "amount_cents"]
_OF_PAYER: Final = ["payer", "payer_iban", "end_to_end_id", "reference"]
_BOOKING: Final = ["account_iban", "booked_on", "currency", "message", "booking"]

SINGLE: Final = [*_BOOKING, "amount_cents"]
"""What is to be known of payments that may be parts of a sum."""


def single_payments(entries: pd.DataFrame, message: str) -> pd.DataFrame:
    """`SINGLE` of what a statement says came in, payment by payment, whose ever it is.

    Args:
        entries: of the report, see `BankReport`.
        message: message and version of the report.
    """
    came = (
        entries["level"].eq("transaction") & entries["direction"].eq("credit") & entries["status"].eq("BOOK")
    )
    rows = entries[came & entries["amount_cents"].notna()].assign(message=message)
    return rows[SINGLE].astype({"amount_cents": "int64"})


def sums_of(sums: pd.DataFrame, singles: pd.DataFrame) -> pd.DataFrame:
    """Which payments are no more than the sum of others that one booking of another report holds.

    It must name no payer, be of the same account and day, and have the sum's amount; the bank's reference tells,
    or, between messages of two kinds, that nothing speaks against it.

    Args:
        sums: rows of `incoming_payments`.
        singles: `SINGLE` of payments.

    Returns:
        payment_id (of the sum), message and booking (of its payments), number int64 (of them).
    """
    named = [sums[name].fillna("").ne("") for name in _OF_PAYER]
    nameless = sums[~pd.concat(named, axis=1).any(axis=1)]
    texts = {name: nameless[name].fillna("").astype("str") for name in ("bank_reference", "text")}
    nameless = nameless.assign(**texts)[["payment_id", *_DAY, "message", *texts]]
    totals = singles.groupby(_BOOKING, as_index=False).agg(
        amount_cents=("amount_cents", "sum"), number=("amount_cents", "size")
    )
    whole = totals[totals["number"].gt(1)]
    sure = _pairs(nameless, whole, [*_DAY, "bank_reference"])
    rest = nameless[~nameless["payment_id"].isin(sure["payment_id"])]
    left = whole.merge(sure[["message", "booking"]].drop_duplicates(), how="left", indicator=True)
    others = _pairs(rest, left[left["_merge"].eq("left_only")].drop(columns="_merge"), _DAY)
    elsewhere = others["message_sum"].str[:8].ne(others["message"].str[:8])
    silent = others["text"].eq("") | others["bank_reference"].eq("")
    return pd.concat([sure, others[elsewhere & silent]], ignore_index=True)[
        ["payment_id", "message", "booking", "number"]
    ]


def _pairs(sums: pd.DataFrame, whole: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """The n-th sum with the n-th booking of the same key; a booking's name is its reference."""
    left, right = (
        rows.assign(nth=rows.groupby(key).cumcount())
        for rows in (sums, whole.assign(bank_reference=whole["booking"]))
    )
    right = right.drop(columns=[name for name in ("bank_reference",) if name not in key])
    return left.merge(right, on=[*key, "nth"], suffixes=("_sum", ""))
