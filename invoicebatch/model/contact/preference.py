"""What a customer wants of us: no document where a direct debit says it all, or none by itself."""

from typing import Final

import pandas as pd

PREFERENCE: Final = frozenset({"customer_skip_if_direct_debit", "payment_method", "delivery_preference"})
"""Overview columns that say it."""


def preference_faults(rows: pd.DataFrame) -> "pd.Series[str]":
    """Why a customer wants nothing sent; empty: nothing speaks against it.

    Args:
        rows: the columns of `PREFERENCE`.
    """
    reason = pd.Series("", index=rows.index, dtype="str")
    debited = rows["customer_skip_if_direct_debit"].fillna(False) & (rows["payment_method"] == "direct_debit")
    reason = reason.mask(
        debited, "customer is on direct debit and wants nothing sent then (override_preference)"
    )
    manual = rows["delivery_preference"] == "manual"
    return reason.mask(manual, "customer's delivery preference is manual (override_preference)")
