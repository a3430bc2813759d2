"""Reasons of refused and failed rows, counted by kind: texts that differ by their values only are one kind."""

from typing import Final

import pandas as pd

_VALUE: Final = r"'[^']*'|\"[^\"]*\"|\S+@\S+\w|[\w.+/-]*\d(?:[\w.,:+/-]*\w)?"
"""What differs from row to row: quoted texts, addresses, and words with a digit (ids, dates, amounts)."""


def reason_kind(reasons: "pd.Series[str]") -> "pd.Series[str]":
    """Each reason with ``…`` for its values: ``customer … has no street``."""
    distinct = pd.Series(reasons.unique(), dtype="str")
    kinds = distinct.str.replace(_VALUE, "…", regex=True)
    return reasons.map(dict(zip(distinct, kinds, strict=True))).astype("str")


def by_kind(reasons: "pd.Series[str]") -> pd.DataFrame:
    """The kinds of reason, most frequent first: reason str, rows int64.

    A kind that has one text alone is shown by it, with its values. The reasons may be a category.
    """
    groups = reasons.groupby(reason_kind(reasons), sort=False)
    found = groups.agg(["first", "nunique", "size"])
    text = found["first"].astype("str").where(found["nunique"] == 1, found.index.to_series())
    counts = pd.DataFrame({"reason": text.to_numpy(), "rows": found["size"].astype("int64").to_numpy()})
    return counts.sort_values("rows", ascending=False, kind="stable", ignore_index=True)


def of_kind(reasons: "pd.Series[str]", text: str) -> "pd.Series[str]":
    """Those of a text of `by_kind`."""
    return reasons[(reasons == text) | (reason_kind(reasons) == text)]
