"""A batch some documents at a time, each slice with just the rows of the tables that are its own."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.model.changes import Batch

_PARTIES: Final[Mapping[str, str]] = {"customers": "customer_id", "company_accounts": "company_account_id"}


def slices(batch: Batch, size: int) -> Iterator[Batch]:
    """The rows, `size` at a time, in their order.

    Tables with an `invoice_id` are restricted to each slice's rows and party tables to its parties; others
    come whole. Linear in all rows, and a slice pickles as what it holds.
    """
    if not len(batch):
        return
    groups = -(-len(batch) // size)
    of_invoices = {
        name: _positions(batch, frame, size, groups)
        for name, frame in batch.tables.items()
        if "invoice_id" in frame
    }
    parties = {
        name: pd.Index(frame[_PARTIES[name]]) for name, frame in batch.tables.items() if name in _PARTIES
    }
    for group in range(groups):
        rows = np.arange(group * size, min((group + 1) * size, len(batch)))
        invoices = batch.invoices.take(rows).reset_index(drop=True)
        tables = dict(batch.tables)
        for name, positions in of_invoices.items():
            tables[name] = batch[name].take(positions[group])
        for name, keys in parties.items():
            tables[name] = belonging(batch[name], keys, invoices[_PARTIES[name]])
        yield Batch(invoices, tables)


def belonging(frame: pd.DataFrame, keys: "pd.Index[Any]", wanted: "pd.Series[Any]") -> pd.DataFrame:
    """The rows of a table whose key is wanted, in its order; `keys` is its column, looked up once for many calls."""
    found = keys.get_indexer_for(pd.Index(wanted.dropna().unique()))
    return frame.take(np.sort(found[found >= 0]))


def _positions(batch: Batch, frame: pd.DataFrame, size: int, groups: int) -> list[npt.NDArray[np.intp]]:
    """The rows of a table by slice, each in the table's order."""
    ids = batch.invoices["invoice_id"].to_numpy()
    order = np.argsort(ids)
    rows = frame["invoice_id"].to_numpy()
    slot = np.minimum(np.searchsorted(ids, rows, sorter=order), len(ids) - 1)
    group = np.where(ids[order[slot]] == rows, order[slot] // size, groups)
    by_group = np.argsort(group, kind="stable")
    edges = np.searchsorted(group[by_group], np.arange(groups + 1))
    return [by_group[start:end] for start, end in pairwise(edges)]
