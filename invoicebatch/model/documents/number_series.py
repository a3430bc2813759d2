"""Number series: from which one a document takes its number, and the dates that a series still takes."""

from typing import Any

import pandas as pd

from invoicebatch.model.documents.number_patterns import is_too_wide
from invoicebatch.model.status import Kind

SERIES_KEY = ["company_account_id", "series", "period"]


def requests(invoices: pd.DataFrame, ranges: pd.DataFrame) -> pd.DataFrame:
    """A number for each row that has none, in order, as `Changes.numbers` asks for it.

    Credit notes take the account's series for credit notes, where it has one.

    Args:
        invoices: invoice_id, number, kind, company_account_id, invoice_date of the overview.
        ranges: number_ranges.

    Returns:
        invoice_id int64, company_account_id, series str, invoice_date datetime64.
    """
    unnumbered = invoices[invoices["number"].isna()]
    own = ranges.loc[ranges["series"] == "credit_note", "company_account_id"]
    of_credits = (unnumbered["kind"] == Kind.CREDIT_NOTE.value) & unnumbered["company_account_id"].isin(own)
    series = of_credits.map({True: "credit_note", False: "invoice"}).astype("str")
    rows = unnumbered[["invoice_id", "company_account_id", "invoice_date"]].assign(series=series)
    return rows[["invoice_id", "company_account_id", "series", "invoice_date"]].reset_index(drop=True)


def in_series(rows: pd.DataFrame, ranges: pd.DataFrame, counters: pd.DataFrame) -> pd.DataFrame:
    """The requests beside their series and its counter.

    Args:
        rows: as `requests` returns them.
        ranges: number_ranges.
        counters: number_counters.

    Returns:
        The rows in their order with the columns of their range (missing where there is none), `period`
        (str, the year of a series that resets), next_seq int64, last_date, is_new bool (no counter
        yet), and `reason` str: empty, or why the series gives no number.
    """
    judged = ranges.assign(wide=ranges["pattern"].map(is_too_wide))
    rows = rows.merge(judged, on=["company_account_id", "series"], how="left")
    year = rows["invoice_date"].dt.year.astype("Int64").astype("str")
    rows["period"] = year.where(rows["yearly_reset"].fillna(value=False).astype(bool), "")
    rows = rows.merge(counters, on=SERIES_KEY, how="left")
    rows["is_new"] = rows["next_seq"].isna()
    rows["next_seq"] = rows["next_seq"].fillna(1).astype("int64")
    return rows.assign(reason=_reasons(rows, rows.pop("wide").eq(True)))


def _reasons(rows: pd.DataFrame, wide: "pd.Series[bool]") -> "pd.Series[str]":
    """Why a series gives no number; the text is made for such rows alone."""
    reason = pd.Series("", index=rows.index, dtype="str")
    early, floor = _early(rows)
    reason[early] = (
        "invoice date " + rows["invoice_date"][early].dt.strftime("%Y-%m-%d")
        + " lies before the last date of its number series, " + floor[early].dt.strftime("%Y-%m-%d")
        + ": withdraw its approval and approve it with a later date"
    )  # fmt: skip
    unknown = rows["pattern"].isna()
    series = "series '" + rows["series"][wide | unknown] + "'"
    reason[wide] = "the pattern of " + series[wide] + " is wider than any number"
    account = rows["company_account_id"][unknown]
    reason[unknown] = "company account " + account + " has no number " + series[unknown]
    return reason


def _early(rows: pd.DataFrame) -> "tuple[pd.Series[bool], pd.Series[Any]]":
    """Rows of an ascending series that lie before its last date, or before an earlier row; and that date of each row."""
    floor = rows.groupby(SERIES_KEY)["invoice_date"].cummax()
    floor = floor.where(rows["last_date"].isna() | (floor > rows["last_date"]), rows["last_date"])
    ascend = rows["dates_ascend"].fillna(value=False).astype(bool)
    return ascend & (rows["invoice_date"] < floor), floor
