"""Rows that claim the same key: told apart from mere repetitions, and named together."""

import pandas as pd

from invoicebatch.ingest.cells import Refusals
from invoicebatch.ingest.draft import Typed


def check_keys(typed: Typed, refused: Refusals) -> None:
    """Refuse rows with an empty or a doubled key, in place.

    Of rows that are the same in every column the first is taken and the others are named; rows
    that differ are all refused, each naming the other.
    """
    key = [column for column in typed.kind.key if column in typed.frame]
    if not key or typed.frame.empty:
        return
    for column in key:
        typed.refuse(typed.frame[column].isna(), column, f"{column} is empty", refused)
    doubled = typed.frame.duplicated(key, keep=False)
    if not doubled.any():
        return
    rows = typed.frame[doubled]
    codes = rows.groupby(key, sort=False, dropna=False).ngroup()
    place = typed.source.loc[doubled, "file"] + " row " + typed.source.loc[doubled, "row"].astype("str")
    first = place.groupby(codes).transform("first")
    second = place.groupby(codes).transform(_second)
    same = rows.astype("str").groupby(codes).transform("nunique").max(axis=1) <= 1
    other = first.where(first != place, second)
    differing = (~same).reindex(typed.frame.index, fill_value=False)
    repeated = (same & codes.duplicated()).reindex(typed.frame.index, fill_value=False)
    where = other.reindex(typed.frame.index)
    typed.refuse(differing, key[-1], f"the same {' and '.join(key)} as " + where, refused)
    kept = ~differing.to_numpy()
    repeated, where = repeated[kept].reset_index(drop=True), where[kept].reset_index(drop=True)
    typed.refuse(repeated, key[-1], "repeats " + where + ", which was taken", refused, spoils=False)


def _second(places: "pd.Series[str]") -> str:
    return str(places.iloc[min(1, len(places) - 1)])
