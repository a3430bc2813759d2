"""What can be done with the selected rows: counted by the rules at once, by the actions' own checks a moment later."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from invoicebatch.engine.plan.checks import COUNTED_ROWS
from invoicebatch.errors import InvoicebatchError
from invoicebatch.interfaces.lab import bar
from invoicebatch.interfaces.lab.backend import Backend, BoolArray, IntArray
from invoicebatch.interfaces.lab.latest import Latest
from invoicebatch.interfaces.lab.selection import Marks
from invoicebatch.interfaces.lab.view import View
from invoicebatch.model.reasons import by_kind, of_kind


class ActionBar:
    """The bar over one selection; `publish(value)` tells the browsers.

    Args:
        backend: the engine.
        publish: sets the state that every view of the grid shows.
        lock: held wherever the selection changes.
        quiet_seconds: a selection that stands so long is asked for by the actions' own checks.
    """

    def __init__(
        self,
        backend: Backend,
        publish: Callable[[dict[str, Any]], None],
        lock: threading.RLock,
        quiet_seconds: float,
    ) -> None:
        self._backend, self._publish, self._lock = backend, publish, lock
        self._faults: dict[str, pd.Series[str]] = {}
        self.checks = Latest(self._check, quiet_seconds)
        publish({"n": 0, "shown": 0, "serial": 0, "by": "", "actions": [], "totals": []})

    def seat(self, view: View, marks: Marks, counts: bar.Counts, totals: bar.Totals) -> None:
        """Rows that were loaded anew."""
        self._view, self._marks, self._counts, self._totals = view, marks, counts, totals

    def publish(self, by: str = "") -> None:
        """Another selection: tell of it, and look closer."""
        self._faults = {}
        self.tell(by)
        if self._marks.count:
            self.checks.ask()

    def tell(self, by: str = "") -> None:
        """What is selected, how much of it is shown, and what can be done with it."""
        marks = self._marks
        self._publish(
            {
                "n": marks.count,
                "shown": marks.shown,
                "all": not marks.picked,
                "totals": self._totals.of(marks.mask),
                "serial": marks.serial,
                "by": by,
                "actions": self.actions(),
            }
        )

    def actions(self) -> list[dict[str, Any]]:
        """One entry an action, in the bar's order; none without a selection."""
        marks = self._marks
        if not marks.count:
            return []
        blocked = self._backend.blocked(self._view.frame, marks.mask, marks.picked)
        faults = {name: len(found) for name, found in self._faults.items()}
        counts = self._counts.of(marks.mask)
        return bar.describe(self._backend.actions, counts, faults, blocked, marks.count)

    def able(self, action: str) -> BoolArray:
        """Rows of the frame that can take the action, by the rules."""
        return self._counts.eligible(action)

    def reasons(self, action: str) -> list[tuple[str, int]]:
        """Why selected rows can't take the action, and how many each, most first."""
        found = self._backend.reasons(action, self._refused(action), self._marks.picked)
        found += by_kind(self._found(action)).itertuples(index=False, name=None)
        return sorted(found, key=lambda reason: -reason[1])

    def refused(self, action: str, reason: str | None) -> IntArray:
        """The selected rows that can't take the action, for one reason or for any."""
        frame, found = self._refused(action), self._found(action)
        if reason is not None:
            frame = frame[self._backend.failing(action, frame, self._marks.picked, reason)]
            found = of_kind(found, reason)
        return np.concatenate([frame["invoice_id"].to_numpy(np.int64), found.index.to_numpy(np.int64)])

    def _refused(self, action: str) -> pd.DataFrame:
        """Those that the rules refuse."""
        mask = self._marks.mask & ~self._counts.eligible(action)
        return self._view.frame[mask].reset_index(drop=True)

    def _found(self, action: str) -> "pd.Series[str]":
        """What the action's own checks found, by invoice id."""
        return self._faults.get(action, pd.Series(dtype="str"))

    def _check(self) -> None:
        """Ask the actions' own checks; a selection that changed meanwhile asks anew."""
        with self._lock:
            marks, frame = self._marks, self._view.frame
            serial, picked = marks.serial, marks.picked
            masks = {name: marks.mask & self._counts.eligible(name) for name in self._checking()}
        try:
            found = {
                name: self._backend.faults(name, frame[mask].reset_index(drop=True), picked)
                for name, mask in masks.items()
            }
        except InvoicebatchError:  # the plan asks again, and has somebody to tell
            return
        with self._lock:
            if serial == self._marks.serial and any(map(len, found.values())):
                self._faults = found
                self.tell()

    def _checking(self) -> list[str]:
        counts = self._counts.of(self._marks.mask)
        actions = self._backend.actions.items()
        return [name for name, one in actions if one.refusing and 0 < counts[name] <= COUNTED_ROWS]
