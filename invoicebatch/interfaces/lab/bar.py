"""The action bar as data: for a selection, how many rows each action can take, and the totals.

Counts come from row profiles worked out once a frame, so a selection of a million is as quick as one.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.interfaces.lab.backend import BoolArray, Evaluation, IntArray
from invoicebatch.model.action import Action


class Counts:
    """Eligible rows by action for any selection of one frame.

    Rows that can take the same actions share a profile; a selection is a histogram of profiles.
    """

    def __init__(self, evaluation: Evaluation, actions: Mapping[str, Action], rows: int) -> None:
        waived = {
            name: {f for facts in action.waivable.values() for f in facts} for name, action in actions.items()
        }
        able = {name: evaluation.eligible(name) for name in actions}
        able |= {
            _waiving(name): evaluation.without(facts).eligible(name)
            for name, facts in waived.items()
            if facts
        }
        self.names = list(able)
        word = np.zeros(rows, dtype=np.uint64)
        for bit, rows_able in enumerate(able.values()):
            word |= rows_able.astype(np.uint64) << np.uint64(bit)
        codes, profiles = pd.factorize(word)
        self._codes = codes.astype(np.int32)
        bits = np.arange(len(self.names), dtype=np.uint64)
        self._table = ((np.asarray(profiles)[:, None] >> bits) & np.uint64(1)).astype(np.int64)

    def of(self, mask: BoolArray) -> dict[str, int]:
        """Rows of the selection that can take each action, and each with all that its parameters waive."""
        histogram = np.bincount(self._codes[mask], minlength=len(self._table))
        return dict(zip(self.names, (histogram @ self._table).tolist(), strict=True))

    def eligible(self, action: str) -> BoolArray:
        """Rows of the frame that can take the action."""
        table: IntArray = self._table[:, self.names.index(action)]
        return table.astype(bool)[self._codes]


def _waiving(name: str) -> str:
    return f"{name} waiving"


SUMMED: Final = ("net_total_cents", "vat_total_cents", "total_cents", "outstanding_cents")


class Totals:
    """Sums by currency for any selection of one frame: `SUMMED`."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._cents: list[IntArray] = [frame[name].to_numpy(np.int64, na_value=0) for name in SUMMED]
        codes, self.currencies = pd.factorize(frame["currency"].astype("str"), sort=True)
        self._codes = codes.astype(np.int16)

    def of(self, mask: BoolArray) -> list[list[Any]]:
        """Currency and the sums in cents, exact; currencies that do not occur are left out."""
        codes = self._codes[mask]
        present = np.bincount(codes[codes >= 0], minlength=len(self.currencies))
        amounts = [cents[mask] for cents in self._cents]
        return [
            [str(currency), *(int(cents[codes == code].sum()) for cents in amounts)]
            for code, currency in enumerate(self.currencies)
            if present[code]
        ]


def describe(
    actions: Mapping[str, Action],
    counts: Mapping[str, int],
    faults: Mapping[str, int],
    blocked: Mapping[str, str],
    selected: int,
) -> list[dict[str, Any]]:
    """The actions in the bar's order: how many of the selected rows each can take (`ok`), and how many more
    (`more`) with the parameter that waives what they are refused for (`waiver`); `faults` are those of the
    rules' rows that the actions' own checks refuse.
    """
    return [
        {
            "name": action.name,
            "label": action.label,
            "help": action.help,
            "group": action.group,
            "groupLabel": action.group_label,
            "ok": 0 if action.name in blocked else own - faults.get(action.name, 0),
            "more": 0 if action.name in blocked else counts.get(_waiving(action.name), own) - own,
            "waiver": ", ".join(action.waivable),
            "blocked": blocked.get(action.name, ""),
            "danger": action.careful,
        }
        for action in actions.values()
        for own in (counts[action.name],)
        if selected
    ]
