"""What a customer wants of us: another channel, no document where a direct debit says it all, or none by itself."""

from typing import Final

import pandas as pd

PREFERENCE: Final = frozenset({"customer_skip_if_direct_debit", "payment_method", "delivery_preference"})
"""Overview columns that say it."""

AGAINST: Final = "anyway: "
"""Before what the history keeps of a row that the customer wants otherwise."""

ANYWAY: Final = "sent_anyway"
"""Name of the preview's table of such rows."""

_WANTS: Final = {"email": "mail", "post": "letters", "einvoice": "e-invoices"}


def preference_faults(rows: pd.DataFrame, channel: str = "") -> "pd.Series[str]":
    """Why a customer wants nothing sent, or not this way; empty: nothing speaks against it.

    Args:
        rows: the columns of `PREFERENCE`.
        channel: the way it would go; empty: any.
    """
    reason = pd.Series("", index=rows.index, dtype="str")
    debited = rows["customer_skip_if_direct_debit"].fillna(False) & (rows["payment_method"] == "direct_debit")
    reason = reason.mask(debited, "customer is on direct debit and wants nothing sent then (anyway)")
    wish = rows["delivery_preference"].astype("str")
    reason = reason.mask(wish == "manual", "customer's delivery preference is manual (anyway)")
    wants = wish.map(_WANTS).where(wish != channel) if channel else pd.Series(None, rows.index, dtype="str")
    other = "customer wants " + wants.astype("str") + ": send_via.preferred, or anyway = true"
    return reason.mask((reason == "") & wants.notna(), other).astype("str")


def against_preference(rows: pd.DataFrame, channel: str) -> pd.DataFrame:
    """What the history keeps of rows that are sent all the same: invoice_id int64, reason str."""
    said = preference_faults(rows, channel).str.replace(r"(: send_via\.preferred, or| \().*", "", regex=True)
    kept = said != ""
    return pd.DataFrame({"invoice_id": rows["invoice_id"][kept], "reason": AGAINST + said[kept]})


def anyway_preview(rows: pd.DataFrame, channel: str) -> dict[str, pd.DataFrame]:
    """A table for a preview: how many rows are sent although the customer wants it otherwise."""
    said = against_preference(rows, channel)["reason"]
    if said.empty:
        return {}
    counts = said.str.removeprefix(AGAINST).value_counts()
    return {ANYWAY: pd.DataFrame({"although": counts.index, "rows": counts.to_numpy()})}
