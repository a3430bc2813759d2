"""A judgement of texts, made once for each that differs."""

from collections.abc import Callable

import pandas as pd


def of_distinct(values: pd.Series, judge: Callable[[str | None], str]) -> "pd.Series[str]":
    """What `judge` says of every value, None where it is missing; same index, dtype str."""
    codes, distinct = pd.factorize(values)
    said = pd.array(
        [*map(judge, distinct.to_numpy(object)), judge(None)], dtype="str"
    )  # a missing value has code -1
    return pd.Series(said.take(codes), index=values.index)
