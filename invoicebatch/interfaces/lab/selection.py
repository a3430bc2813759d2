"""The selected rows: a mask in the kernel, so that counts are right for rows never loaded.

How it was made is kept too: rows picked by hand, or "all that match", frozen when chosen.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.interfaces.lab.backend import BoolArray, IntArray
from invoicebatch.interfaces.lab.view import View
from invoicebatch.model.counted import counted


class Marks:
    """Which rows of a view's frame are selected; `serial` grows with every change."""

    def __init__(self, view: View) -> None:
        self.mask: BoolArray = np.zeros(len(view.frame), dtype=bool)
        self.picked = True
        self.where = ""
        self.serial = 0
        self._view = view

    @property
    def ids(self) -> IntArray:
        """Selected ids, ascending."""
        return self._view.ids[self.mask]

    @property
    def count(self) -> int:
        """How many rows are selected."""
        return int(self.mask.sum())

    def clear(self) -> None:
        """Select nothing."""
        self._change(np.zeros(len(self.mask), dtype=bool), picked=True)

    def only(self, ids: npt.ArrayLike) -> None:
        """Select these ids and no others."""
        self.clear()
        self.mask[self._view.positions(ids)] = True

    def toggle(self, ids: npt.ArrayLike) -> None:
        """Select what was not, and the other way round."""
        self.mask[self._view.positions(ids)] ^= True
        self._change(self.mask, picked=self.picked or not self.mask.any())

    def mark(self, ids: npt.ArrayLike, *, on: bool) -> None:
        """Select these ids besides, or let go of them."""
        mask = self.mask.copy()
        mask[self._view.positions(ids)] = on
        self._change(mask, picked=self.picked or not on)

    def span(self, first: int, last: int, add: bool) -> None:
        """Select the rows shown from one place to another, those never loaded too."""
        low, high = sorted((max(first, 0), max(last, 0)))
        mask = self.mask.copy() if add else np.zeros(len(self.mask), dtype=bool)
        mask[self._view.order[low : high + 1]] = True
        self._change(mask, picked=self.picked or not add)

    def everything(self, where: str) -> None:
        """Select all rows shown now; rows that come to match later are not in it."""
        mask = np.zeros(len(self.mask), dtype=bool)
        mask[self._view.order] = True
        self._change(mask, picked=False)
        self.where = where

    def keep_shown(self) -> None:
        """Let go of the rows that are not shown now."""
        shown = np.zeros(len(self.mask), dtype=bool)
        shown[self._view.order] = True
        self._change(self.mask & shown, picked=self.picked)

    @property
    def shown(self) -> int:
        """How many of the selected rows are shown now."""
        return int(self.mask[self._view.order].sum())

    def move(self, view: View) -> None:
        """Keep the selected ids over a newly loaded frame."""
        ids = self.ids
        self._view = view
        self.mask = np.zeros(len(view.frame), dtype=bool)
        self.mask[view.positions(ids)] = True
        self.serial += 1

    def _change(self, mask: BoolArray, picked: bool) -> None:
        self.mask, self.picked, self.where = mask, picked, ""
        self.serial += 1


class Selection:
    """What is selected now, for code: `ids`, `frame`, `where`."""

    def __init__(self, ids: IntArray, frame: pd.DataFrame, where: str) -> None:
        self.ids = ids
        self.frame = frame
        self.where = where

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        how = f", all where {self.where}" if self.where else ""
        return f"Selection({counted(len(self.ids), 'invoice')}{how})"


def ids_of(wanted: Any) -> IntArray:
    """Invoice ids of ids, a frame with `invoice_id`, or a selection."""
    if wanted is None:
        return np.empty(0, dtype=np.int64)
    if isinstance(wanted, Selection):
        return wanted.ids
    if isinstance(wanted, pd.DataFrame):
        return wanted["invoice_id"].to_numpy(dtype=np.int64)
    return np.fromiter((int(one) for one in wanted), dtype=np.int64)
