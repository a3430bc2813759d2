"""A judgement of texts, made once for each that differs."""

from collections.abc import Callable

import pandas as pd


def of_distinct(values: pd.Series, judge: Callable[[str | None], str]) -> "pd.Series[str]":
    """What `judge` says of every value, None where it is missing; same index, dtype str."""
    codes, distinct = pd.factorize(values)
    last = judge(None)  # a missing value has code -1
    said = pd.array([*map(judge, distinct.to_numpy(object)), last], dtype="str")
    return pd.Series(said.take(codes), index=values.index)
