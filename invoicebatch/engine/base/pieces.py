"""Rows in pieces: cut as a run commits them, and kept of those that the database gives."""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from invoicebatch.engine.base import clock
from invoicebatch.model.action import Action, Params
from invoicebatch.store import Store


def pieces_of(
    store: Store, action: Action, params: Params, rows: pd.DataFrame, size: int
) -> Iterator[pd.DataFrame]:
    """The rows of an action in pieces of about `size`, with those in one piece that it does together."""
    column = action.together(params) if action.together else ""
    if not column or len(rows) <= size:
        return pieces(rows, rows["invoice_id"], size)
    with store.read() as session:
        values = session.overview([column], clock.today(), rows["invoice_id"].to_numpy(np.int64))
    return pieces(rows, rows["invoice_id"].map(values.set_index("invoice_id")[column]), size)


def detached(piece: pd.DataFrame) -> pd.DataFrame:
    """The piece in memory of its own: one column of a piece that was read holds on to all that was read with it.

    Texts share their memory even with a copy, and so does a frame of which all rows are taken.
    """
    places = np.arange(len(piece))
    columns = {name: column.array.take(places) for name, column in piece.items()}
    return pd.DataFrame(columns, index=piece.index, copy=False)


def joined(parts: list[pd.DataFrame], coded: Collection[str]) -> pd.DataFrame:
    """All parts in one frame, by the index they had; each text of the columns that are categories is held once.

    The parts are left without these columns, and the list without the parts: nothing is held twice.
    """
    texts = {
        name: union_categoricals([part.pop(name) for part in parts], sort_categories=True) for name in coded
    }
    rows = pd.concat(parts)
    parts.clear()
    return rows.assign(**texts)


def pieces(rows: pd.DataFrame, key: "pd.Series[Any]", size: int) -> Iterator[pd.DataFrame]:
    """Rows in pieces of about `size`, those of one key in one piece, in the order the keys come.

    Args:
        rows: by an index that ascends; so do those of a piece.
        key: of each row; equal ones stay together, so a piece may grow past `size`.
        size: rows a piece.
    """
    if 0 < len(rows) <= size:
        yield rows
        return
    codes = pd.factorize(key, use_na_sentinel=False)[0]
    counts = np.bincount(codes)
    piece = (np.cumsum(counts) - counts)[codes] // size
    order = np.argsort(codes, kind="stable")
    for _, group in rows.iloc[order].groupby(piece[order]):
        yield group.sort_index()
