"""The preview of an action that brings none of its own: counts and totals by currency, and refusals."""

import pandas as pd

from invoicebatch.model.action import Preview


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
    return {"will_fail": _by_reason(failing, "invoices")}


def _by_reason(rows: pd.DataFrame, count: str) -> pd.DataFrame:
    """How many rows have each reason, most first."""
    groups = rows.groupby("reason", as_index=False).agg(**{count: ("invoice_id", "size")})
    return groups.sort_values(count, ascending=False, ignore_index=True)


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
    return {"eligible": sums, "refused": _by_reason(rows[~rows["eligible"]], "rows")}
