"""The preview of an action that brings none of its own: counts and totals by currency, and refusals."""

import pandas as pd

from invoicebatch.model.action import Preview
from invoicebatch.model.reasons import by_kind


def before_and_after(rows: pd.DataFrame, before: "pd.Series[str]", after: str) -> pd.DataFrame:
    """How many rows go from which value to which: before, after, currency, invoices, total_cents.

    Args:
        rows: the eligible rows of a plan.
        before: their values now, in the same order.
        after: the value where a row succeeds.
    """
    keys = [
        pd.Series(before.astype("str").to_numpy(), rows.index, name="before"),
        rows["currency"].astype("str"),
    ]
    sums = rows.groupby(keys, dropna=False)["total_cents"].agg(["size", "sum"]).reset_index()
    sums.columns = pd.Index(["before", "currency", "invoices", "total_cents"])
    sums.insert(1, "after", after)
    return sums


def will_fail(failing: pd.DataFrame) -> Preview:
    """Table `will_fail` (reason, invoices), where any row will."""
    if failing.empty:
        return {}
    return {"will_fail": by_kind(failing["reason"]).rename(columns={"rows": "invoices"})}


def to_look_at(warnings: "pd.Series[str]") -> Preview:
    """Table `to_look_at` (reason, invoices), where there is anything."""
    if warnings.empty:
        return {}
    return {"to_look_at": by_kind(warnings).rename(columns={"rows": "invoices"})}


def default_preview(rows: pd.DataFrame) -> Preview:
    """Tables `eligible` (currency, rows, total_cents; without those that will fail) and `refused` (reason, rows).

    Args:
        rows: the rows of a plan.
    """
    eligible = rows[rows["eligible"] & (rows["reason"] == "")].assign(
        currency=lambda f: f["currency"].astype("str")
    )
    sums = eligible.groupby("currency", as_index=False).agg(
        rows=("invoice_id", "size"), total_cents=("total_cents", "sum")
    )
    return {"eligible": sums, "refused": by_kind(rows.loc[~rows["eligible"], "reason"])}
