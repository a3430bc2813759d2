"""The preview of an action that brings none of its own: counts and totals by currency, and refusals."""

import pandas as pd

from invoicebatch.model.action import Preview


def default_preview(rows: pd.DataFrame) -> Preview:
    """Tables `eligible` (currency, rows, total_cents) and `refused` (reason, rows).

    Args:
        rows: the rows of a plan.
    """
    eligible = rows[rows["eligible"]].assign(currency=lambda f: f["currency"].astype("str"))
    sums = eligible.groupby("currency", as_index=False).agg(
        rows=("invoice_id", "size"), total_cents=("total_cents", "sum")
    )
    refused = rows[~rows["eligible"]].groupby("reason", as_index=False).agg(rows=("invoice_id", "size"))
    return {"eligible": sums, "refused": refused.sort_values("rows", ascending=False, ignore_index=True)}
