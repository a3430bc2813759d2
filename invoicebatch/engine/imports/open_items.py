"""Open items of an earlier system into the invoices: each once, under a number that nothing else has or gets.

What was outstanding there is their total here, so that the same file changes nothing once payments are booked.
"""

from collections.abc import Iterable
from typing import Final

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.imports.merge import Merge, with_outstanding
from invoicebatch.engine.imports.same import same
from invoicebatch.model.documents.number_ranges import given_again

TABLE: Final = "open_items"
_TELLS: Final = (
    "number", "company_account_id", "customer_id", "currency", "invoice_date", "due_date", "total_cents",
    "remittance_reference",
)  # fmt: skip
_SETS: Final = (*_TELLS, "kind", "outstanding_cents")
_MADE_HERE: Final = "is a document that was made here: give the open item an external_id of its own"


def merge_open_items(merge: Merge, frame: pd.DataFrame, sources: pd.DataFrame) -> None:
    """Add the open items that are new and correct those that nothing rests on; the others are refused by cell.

    Args:
        merge: the import at work.
        frame: rows of the kind `open_items`, as the intake gives them.
        sources: file and row of each.
    """
    accounts = merge.session.whole("company_accounts").set_index("company_account_id")["currency"]
    own = frame["company_account_id"].map(accounts)
    frame = frame.assign(currency=frame["currency"].where(frame["currency"].notna(), own))
    current = _stored(merge, frame)
    known = current["invoice_id"].notna()
    tells = [~same(frame[name], current[name]) for name in _TELLS if name in frame]
    differs = known & pd.DataFrame(tells).any().to_numpy(bool)
    faults = _first(frame, _checks(merge, frame, current, differs, accounts.index))
    good = faults["reason"] == ""
    merge.refused.append(sources.join(faults)[~good])
    merge.doubted.append(_of_past_years(merge, frame[good & (differs | ~known)], sources))
    _write(merge, frame[good & ~known], frame[good & differs], current)
    counts = {"added": int((good & ~known).sum()), "changed": int((good & differs).sum())}
    merge.counts[TABLE] = {**counts, "unchanged": int(good.sum()) - sum(counts.values())}


def _stored(merge: Merge, frame: pd.DataFrame) -> pd.DataFrame:
    """The stored document of each row's external id, in the frame's order; missing where there is none."""
    stored = merge.session.rows_of("invoices", "external_id", frame["external_id"])
    return frame[["external_id"]].merge(stored, on="external_id", how="left").set_axis(frame.index)


def _write(merge: Merge, new: pd.DataFrame, changed: pd.DataFrame, current: pd.DataFrame) -> None:
    fresh = new.assign(
        invoice_id=merge.session.reserve_ids(len(new)),
        imported_from=merge.imported_from,
        created_at=merge.now,
        updated_at=merge.now,
    )
    merge.session.insert("invoices", fresh)
    stored = current.loc[changed.index]
    keys = stored[["invoice_id", "version"]].astype("int64")
    changed = with_outstanding(changed, stored)
    merge.session.update("invoices", keys.join(changed[[c for c in _SETS if c in changed]]), merge.now)
    merge.touched += [fresh["invoice_id"], keys["invoice_id"]]


def _checks(
    merge: Merge, frame: pd.DataFrame, current: pd.DataFrame, differs: "pd.Series[bool]", accounts: pd.Index
) -> Iterable[tuple["pd.Series[bool]", str, "pd.Series[str] | str"]]:
    """Where a row can't come in, the column that says so, and why."""
    new = current["invoice_id"].isna()
    bound = current[["payment_bundle_id", "payment_plan_id"]].notna().any(axis=1)
    held = merge.session.holders(current["invoice_id"].dropna())["invoice_id"]
    series = _to_come(merge, frame, clock.today().year)
    yield (
        ~frame["company_account_id"].isin(accounts),
        "company_account_id",
        "there is no such company account",
    )
    yield ~new & ~current["is_open_item"].eq(True), "external_id", _MADE_HERE
    yield new & frame["outstanding_cents"].eq(0), "outstanding_cents", "nothing is outstanding"
    yield (
        differs & current["invoice_id"].isin(held),
        "external_id",
        "is busy in a run; import it again afterwards",
    )
    yield differs & bound, "external_id", "is in a payment bundle or plan: an import can't change it"
    yield (new | differs) & _given(merge, frame), "number", "another document of this company account has it"
    yield (
        (new | differs) & (series != ""),
        "number",
        series + " would give it again: change the pattern first",
    )


def _first(
    frame: pd.DataFrame, checks: Iterable[tuple["pd.Series[bool]", str, "pd.Series[str] | str"]]
) -> pd.DataFrame:
    """Column, value and reason of the first check that holds for each row; empty where none does."""
    found = pd.DataFrame("", index=frame.index, columns=["column", "value", "reason"], dtype="str")
    for failed, column, reason in checks:
        hit = failed & (found["reason"] == "")
        told = {"column": column, "value": frame[column].astype("str"), "reason": reason}
        found = found.assign(**{name: found[name].mask(hit, text) for name, text in told.items()})
    return found


def _of_past_years(merge: Merge, frame: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Doubts about numbers that a series would give, were a document dated in a past year."""
    series = _to_come(merge, frame, 0)
    said = series != ""
    doubts = sources.loc[said[said].index].assign(column="number", value=frame.loc[said, "number"])
    return doubts.assign(reason=series[said] + " would give it to a document dated in a past year")


def _given(merge: Merge, frame: pd.DataFrame) -> "pd.Series[bool]":
    """Whether another document of the account has the number."""
    key = ["company_account_id", "number"]
    columns = [*key, "external_id"]
    live = merge.session.rows_of("invoices", "number", frame["number"], columns)
    stored = pd.concat([live, merge.session.archived("number", frame["number"])[columns]])
    both = frame[[*key, "external_id"]].reset_index().merge(stored, on=key, suffixes=("", "_other"))
    others = both.loc[both["external_id"] != both["external_id_other"], "index"]
    return pd.Series(frame.index.isin(others), frame.index)


def _to_come(merge: Merge, frame: pd.DataFrame, since: int) -> "pd.Series[str]":
    """The series that would give a row's number to a document dated in that year or later; else empty."""
    counters = merge.session.whole("number_counters")
    found = pd.Series("", frame.index, dtype="str")
    for _, row in merge.session.whole("number_ranges").iterrows():
        numbers = frame.loc[frame["company_account_id"] == row["company_account_id"], "number"]
        again = given_again(row, counters, numbers, since)
        found = found.mask(found.index.isin(again.index), f"the series {row['series']}, {row['pattern']},")
    return found
