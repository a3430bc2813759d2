"""Frames of terms: one a group, its columns named by term id, its rows in document order.

The `INVOICE` frame has `invoice_id` and one row a document. Every other frame has `parent`, the row of
its parent in the parent's frame, ascending; groups inside a line have the line as their parent.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.model.en16931.terms import DOCUMENT, GROUPS

PARENT: Final = "parent"
"""Column of a group's frame: row of the parent in its own frame; ascending."""

Groups = Mapping[str, pd.DataFrame]

Rows = npt.NDArray[np.int64]


def no_rows() -> pd.DataFrame:
    """A group's frame without rows."""
    return pd.DataFrame({PARENT: pd.Series(dtype="int64")})


def document_of(groups: Groups, group: str) -> Rows:
    """The document's row for each row of a group."""
    if group == DOCUMENT:
        return np.arange(len(groups[DOCUMENT]))
    parent = groups[group][PARENT].to_numpy(np.int64)
    above = GROUPS[group].parent
    return parent if above == DOCUMENT else document_of(groups, above)[parent]


def only_documents(groups: Groups, keep: npt.NDArray[np.bool_]) -> dict[str, pd.DataFrame]:
    """The groups of the documents that `keep` marks, parents renumbered."""
    kept = {DOCUMENT: keep}
    result = {DOCUMENT: groups[DOCUMENT][keep].reset_index(drop=True)}
    for name, group in GROUPS.items():
        if name == DOCUMENT or name not in groups:
            continue
        above = kept[group.parent] if group.parent in kept else np.zeros(0, bool)
        parent = groups[name][PARENT].to_numpy(np.int64)
        kept[name] = above[parent] if len(parent) else np.zeros(0, bool)
        renumbered = np.cumsum(above) - 1
        frame = groups[name][kept[name]].reset_index(drop=True)
        if len(frame):
            frame[PARENT] = renumbered[parent[kept[name]]]
        result[name] = frame
    return result
