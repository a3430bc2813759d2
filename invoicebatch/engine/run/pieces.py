"""Cutting a run's rows into pieces, each a commit of its own. Nothing is read or written here."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd


def pieces(rows: pd.DataFrame, key: "pd.Series[Any]", size: int) -> Iterator[pd.DataFrame]:
    """Rows in pieces of about `size`, those of one key in one piece, in the order the keys come.

    Args:
        rows: rows of a run.
        key: of each row; equal ones stay together, so a piece may grow past `size`.
        size: rows a piece.
    """
    codes = pd.factorize(key, use_na_sentinel=False)[0]
    counts = np.bincount(codes)
    piece = (np.cumsum(counts) - counts)[codes] // size
    order = np.argsort(codes, kind="stable")
    for _, group in rows.iloc[order].groupby(piece[order]):
        yield group
