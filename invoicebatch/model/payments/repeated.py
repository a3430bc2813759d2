"""Which entries of a report were reported before, by whatever message. Pure frames."""

from typing import Final

import pandas as pd

_SAME: Final = ["bundle_id", "item_no", "kind", "amount_cents"]


def fresh(entries: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """The entries that are not stored yet, with `again` (bool): a booking that was reported before.

    The bank's reference tells. Without one, or where another kind of message has another, it is told by the
    same amount on the same day: the n-th of one kind of message is the n-th of the other.

    Args:
        entries: see `Matches`.
        stored: rows of `bank_entries` of the same items.
    """
    new = entries[~entries["entry_id"].isin(stored["entry_id"])]
    new = new.assign(family=new["message"].str[:8])
    old = stored[stored["bundle_id"].notna()]
    texts = {name: old[name].fillna("").astype("str") for name in ("kind", "reference", "message")}
    old = old.assign(**texts, family=texts["message"].str[:8], item_no=old["item_no"].astype("int64"))
    referred = [*_SAME, "reference"]
    by_reference = new["reference"].ne("") & _nth(new, referred).isin(_nth(old, referred))
    days = [*_SAME, "booked_on"]
    place = new.groupby(days).cumcount()
    own = _count(new, old, [*days, "family"])
    blank = [*days, "family", "blank"]
    unnamed = _count(new.assign(blank=True), old.assign(blank=old["reference"].eq("")), blank)
    alike = own.where(new["reference"].eq(""), unnamed)
    counts = old.groupby([*days, "family"], as_index=False).size()
    others = new[[*days, "family"]].reset_index(names="row").merge(counts, on=days, suffixes=("", "_other"))
    most = others[others["family"].ne(others["family_other"])].groupby("row")["size"].max()
    elsewhere = most.reindex(new.index).fillna(0)
    again = by_reference | place.lt(alike) | (own + place).lt(elsewhere)
    return new.drop(columns="family").assign(again=again)


def _count(rows: pd.DataFrame, others: pd.DataFrame, keys: list[str]) -> "pd.Series[int]":
    """How many of the others have the keys of each row."""
    counts = others.groupby(keys).size()
    index = pd.MultiIndex.from_frame(rows[keys])
    found = counts.reindex(index).fillna(0) if len(counts) else pd.Series(0, index=index)
    return found.set_axis(rows.index).astype("int64")


def _nth(rows: pd.DataFrame, keys: list[str]) -> "pd.Series[str]":
    """A text that is the same for the n-th row of the same keys."""
    text = rows.groupby(keys).cumcount().astype("str")
    for key in keys:
        text = text + "|" + rows[key].astype("str")
    return text
