"""Invoice ids, and number series: the next numbers of each, given in the transaction that stores them.

No gap and no duplicate, whatever process dies: the counter row moves with the invoices or not at all,
and every number given is a row under a primary key.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.model.documents.number_patterns import number_of
from invoicebatch.model.documents.number_series import SERIES_KEY, in_series
from invoicebatch.store import tables
from invoicebatch.store.migrations import whole_meta


def reserve_ids(con: Any, count: int) -> npt.NDArray[np.int64]:
    """The next invoice ids; they are never given again."""
    first = whole_meta(con, "next_invoice_id")
    con.execute("UPDATE meta SET value = ? WHERE key = 'next_invoice_id'", [str(first + count)])
    return np.arange(first, first + count, dtype=np.int64)


def allocate(con: Any, requests: pd.DataFrame, run_id: str) -> pd.DataFrame:
    """Give each request the next number of its series, in the order of the rows.

    Args:
        con: an open connection inside a transaction.
        requests: invoice_id int64, company_account_id str, series str, invoice_date datetime64.
        run_id: the run that asks.

    Returns:
        The requests with `number` str added, and `reason` str: empty, or why none was given
        (no such series; a pattern too wide; a date before the last one of an ascending series).
    """
    rows = in_series(requests, tables.whole(con, "number_ranges"), tables.whole(con, "number_counters"))
    good = _numbered(rows[rows["reason"] == ""].copy())
    _refuse_given_numbers(con, rows, good)
    good = good[rows.loc[good.index, "reason"] == ""]
    _store(con, good, run_id)
    rows["number"] = good["number"].reindex(rows.index)
    return rows[[*requests.columns, "number", "reason"]]


def _numbered(good: pd.DataFrame) -> pd.DataFrame:
    good["seq"] = good["next_seq"] + good.groupby(SERIES_KEY).cumcount()
    good["number"] = [
        number_of(pattern, account, moment.year, seq)
        for pattern, moment, seq, account in zip(
            good["pattern"], good["invoice_date"], good["seq"], good["company_account_id"], strict=True
        )
    ]
    return good


def _refuse_given_numbers(con: Any, rows: pd.DataFrame, good: pd.DataFrame) -> None:
    """A number that its account has given before, or would give twice now, stops its whole series.

    It comes from a pattern: two series share one, or one starts again each year without the year.
    """
    key = ["company_account_id", "number"]
    used = [
        tables.rows_of(con, table, "number", good["number"], key)[key]
        for table in ("issued_numbers", "invoices", "archived_invoices")
    ]
    taken = pd.MultiIndex.from_frame(pd.concat(used))
    again = good.duplicated(key, keep=False) | pd.MultiIndex.from_frame(good[key]).isin(taken)
    first = good[again].groupby(SERIES_KEY)["number"].first().rename("given").reset_index()
    given = rows[SERIES_KEY].merge(first, on=SERIES_KEY, how="left")["given"].set_axis(rows.index)
    stopped = given.notna() & (rows["reason"] == "")
    # Only the stopped rows: without any, the column has no text to join.
    rows.loc[stopped, "reason"] = (
        "number " + given[stopped].astype("str") + " is given already; the pattern of series '"
        + rows.loc[stopped, "series"] + "' must tell its numbers from those of other series and years"
    )  # fmt: skip


def _store(con: Any, good: pd.DataFrame, run_id: str) -> None:
    if good.empty:
        return
    issued = good.assign(run_id=run_id)
    tables.insert(con, "issued_numbers", issued)
    last = good.groupby(SERIES_KEY, as_index=False).agg(
        next_seq=("seq", "max"),
        last_date=("invoice_date", "max"),
        before=("last_date", "max"),
        is_new=("is_new", "first"),
    )
    last["next_seq"] += 1
    last["last_date"] = last[["last_date", "before"]].max(axis=1)
    is_new = last.pop("is_new").astype(bool)
    last = last.drop(columns="before")
    tables.insert(con, "number_counters", last[is_new])
    tables.update(con, "number_counters", last[~is_new], pd.Timestamp(0).to_pydatetime())
