"""What an import may change of number ranges: nothing that would give a number twice or leave a gap."""

from typing import Final

import pandas as pd

from invoicebatch.model.documents.number_patterns import given_by, has_year, number_of, share_a_number

KEY: Final = ["company_account_id", "series"]


def whole_ranges(wanted: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """The wanted ranges as they would stand: what they leave open is as stored.

    A new series starts again each year where its numbers tell the year.

    Args:
        wanted: company_account_id, series, pattern; yearly_reset, dates_ascend where they are said.
        stored: rows of `number_ranges`.
    """
    before = wanted[KEY].merge(stored, on=KEY, how="left").set_axis(wanted.index)
    rows = wanted.reindex(columns=[*KEY, "pattern", "yearly_reset", "dates_ascend"]).astype(object)
    rows = rows.where(rows.notna(), before.astype(object))
    resets = rows["pattern"].map(has_year)
    return rows.assign(
        yearly_reset=rows["yearly_reset"].where(rows["yearly_reset"].notna(), resets).astype("bool"),
        dates_ascend=rows["dates_ascend"].where(rows["dates_ascend"].notna(), False).astype("bool"),
    ).astype(dict.fromkeys([*KEY, "pattern"], "str"))


def range_faults(
    rows: pd.DataFrame, stored: pd.DataFrame, counters: pd.DataFrame, given: pd.DataFrame, since: int
) -> pd.DataFrame:
    """Why ranges can't come in: column, value and reason of each row, empty where nothing is against it.

    Args:
        rows: whole rows, see `whole_ranges`.
        stored: rows of `number_ranges`.
        counters: rows of `number_counters`; a series that has one is in use.
        given: company_account_id, number of every document that has one.
        since: the year from which documents are still to come.
    """
    others = pd.concat([rows, stored]).drop_duplicates(KEY)
    faults = [_fault(row, stored, others, counters, given, since) for _, row in rows.iterrows()]
    found = pd.DataFrame(faults, index=rows.index, columns=["column", "reason"], dtype="str")
    resets = rows["yearly_reset"].map({True: "yes", False: "no"})
    return found.assign(value=rows["pattern"].where(found["column"] == "pattern", resets))


def _fault(
    row: "pd.Series[str]",
    stored: pd.DataFrame,
    others: pd.DataFrame,
    counters: pd.DataFrame,
    given: pd.DataFrame,
    since: int,
) -> tuple[str, str]:
    account, pattern, resets = row["company_account_id"], row["pattern"], bool(row["yearly_reset"])
    before, own = _of_series(stored, row), _of_series(counters, row)
    changed = before.empty or pattern != before["pattern"].iloc[0]
    if len(before) and bool(before["yearly_reset"].iloc[0]) != resets:
        if len(own):
            return "yearly_reset", _FIXED
        changed = True
    if not changed:
        return "", ""
    if resets and not has_year(pattern):
        return "pattern", "has no {year}, but the series starts again each year: numbers would repeat"
    for _, other in others[others["company_account_id"] == account].iterrows():
        if other["series"] != row["series"] and share_a_number(pattern, other["pattern"], account):
            return "pattern", f"would give numbers of the series {other['series']} too, {other['pattern']}"
    numbers = given.loc[given["company_account_id"] == account, "number"]
    again = given_again(row, counters, numbers, since)
    if len(again):
        return "pattern", f"would give number {again.iloc[0]} again, which a document has already"
    return "", ""


_FIXED: Final = "can't change once the series has given numbers: they would repeat or leave a gap"


def given_again(
    row: "pd.Series[str]", counters: pd.DataFrame, numbers: "pd.Series[str]", since: int
) -> "pd.Series[str]":
    """Of the numbers those that a series has still to give.

    Args:
        row: a row of `number_ranges`.
        counters: rows of `number_counters`.
        numbers: numbers that documents of its account have.
        since: the year from which documents are still to come.
    """
    found = given_by(row["pattern"], row["company_account_id"], numbers)
    found = found[found["year"].isna() | (pd.to_numeric(found["year"]) >= since)]
    period = found["year"] if row["yearly_reset"] else pd.Series("", found.index)
    counters = _of_series(counters, row)
    following = pd.to_numeric(period.map(counters.set_index("period")["next_seq"].to_dict())).fillna(1)
    return found.loc[found["seq"] >= following, "number"]


def changed_patterns(rows: pd.DataFrame, stored: pd.DataFrame, counters: pd.DataFrame) -> "pd.Series[str]":
    """A sentence for each series in use whose pattern changes, with the number that follows; else empty."""
    return pd.Series([_change(row, stored, counters) for _, row in rows.iterrows()], rows.index, dtype="str")


def _change(row: "pd.Series[str]", stored: pd.DataFrame, counters: pd.DataFrame) -> str:
    before, own = _of_series(stored, row), _of_series(counters, row)
    if own.empty or before.empty or before["pattern"].iloc[0] == row["pattern"]:
        return ""
    last = own.sort_values("period").iloc[-1]
    year = int(last["period"] or last["last_date"].year)
    follows = number_of(row["pattern"], row["company_account_id"], year, int(last["next_seq"]))
    return f"replaces {before['pattern'].iloc[0]} in a series that has given numbers; {follows} follows"


def _of_series(table: pd.DataFrame, row: "pd.Series[str]") -> pd.DataFrame:
    same = (table["company_account_id"] == row["company_account_id"]) & (table["series"] == row["series"])
    return table[same]
