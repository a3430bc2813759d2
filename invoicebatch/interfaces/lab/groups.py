"""The rows shown in groups: how many, how much, how many of them selected; a group is selected or shown as one."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.errors import UsageError
from invoicebatch.interfaces.lab.backend import IntArray
from invoicebatch.interfaces.lab.session import Session
from invoicebatch.interfaces.lab.view import Arrangement
from invoicebatch.model.counted import counted
from invoicebatch.model.words import words

MOST: Final = 200
"""Groups sent to the browser; those of the largest sums."""

_AGES: Final = ("Not overdue", "1–30 days", "31–60 days", "61–90 days", "Over 90 days")


def _by_value(column: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: frame[column].map(words, na_action="ignore").astype("str")


def _by_customer(frame: pd.DataFrame) -> pd.Series:
    return frame["customer_name"].astype("str").fillna("?") + " (" + frame["customer_id"].astype("str") + ")"


def _by_month(frame: pd.DataFrame) -> pd.Series:
    months = frame["due_date"].to_numpy("datetime64[M]")
    return pd.Series(months.astype(str), frame.index, dtype="str").mask(np.isnat(months))


def _by_age(frame: pd.DataFrame) -> pd.Series:
    days = frame["days_overdue"].to_numpy(np.int64, na_value=0)
    return pd.Series(
        np.array(_AGES, dtype=object)[np.digitize(days, [1, 31, 61, 91])], frame.index, dtype="str"
    )


BY: Final[Mapping[str, tuple[str, Callable[[pd.DataFrame], pd.Series]]]] = {
    "status": ("Status", _by_value("status")),
    "payment": ("Payment", _by_value("payment_status")),
    "customer": ("Customer", _by_customer),
    "account": ("Company account", _by_value("account_name")),
    "month": ("Month due", _by_month),
    "age": ("Days overdue", _by_age),
}
"""What rows may be grouped by: its title, and the group of each row of a frame (missing: of none)."""

_ORDERED: Final = {"month": None, "age": _AGES}
"""Groups in an order of their own, not by sum."""


class Groups:
    """The groups of one grid."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._serial = 0
        self._members: list[IntArray] = []
        self._labels: list[str] = []
        session.extend({"groups": self._ask, "group_select": self._select, "group_show": self._show})

    def _ask(self, message: Mapping[str, Any]) -> None:
        by = str(message["by"])
        if by not in BY:
            raise UsageError(f"Rows can't be grouped by {by}.")
        view, marks = self._session.view, self._session.marks
        shown = view.frame.take(view.order)
        codes, labels = pd.factorize(BY[by][1](shown).fillna("–"))
        sums = _sums(codes, shown)
        selected = np.bincount(codes, marks.mask[view.order], len(labels)).astype(np.int64).tolist()
        rows = np.bincount(codes, minlength=len(labels)).tolist()
        told = [(str(label), at, rows[at], selected[at], sums[at]) for at, label in enumerate(labels)]
        told = sorted(told, key=_place(by))[:MOST]
        self._keep(
            [f"{BY[by][0]}: {label}" for label, *_ in told],
            [view.ids[view.order[codes == at]] for _, at, *_ in told],
        )
        groups = [[label, count, marked, of] for label, _, count, marked, of in told]
        titles = [[key, title] for key, (title, _) in BY.items()]
        answer = {"kind": "groups", "serial": self._serial, "by": by, "titles": titles}
        self._session.send({**answer, "groups": groups, "all": len(labels)}, [])

    def _keep(self, labels: list[str], members: list[IntArray]) -> None:
        """What a click is about from now on; a serial of its own, unless these are the groups there were."""
        if labels != self._labels or not all(map(np.array_equal, members, self._members)):
            self._serial += 1
            self._labels, self._members = labels, members

    def _of(self, message: Mapping[str, Any]) -> IntArray:
        at = int(message["at"])
        if message["serial"] != self._serial or at >= len(self._members):
            raise UsageError("These groups are others by now.", "Look at the groups again.")
        return self._members[at]

    def _select(self, message: Mapping[str, Any]) -> None:
        self._session.marks.mark(self._of(message), on=bool(message["on"]))
        self._session.bar.publish()

    def _show(self, message: Mapping[str, Any]) -> None:
        ids = self._of(message)
        label = f"{self._labels[int(message['at'])]} · {counted(len(ids), 'invoice')}"
        self._session.arrange(Arrangement(only=ids, only_label=label))


def _place(by: str) -> Callable[[Any], Any]:
    order = _ORDERED.get(by, ())
    if order is None:
        return lambda group: group[0]
    if order:
        return lambda group: order.index(group[0]) if group[0] in order else len(order)
    return lambda group: (-max((abs(total) for _, total, _ in group[4]), default=0), group[0])


def _sums(codes: IntArray, frame: pd.DataFrame) -> dict[int, list[list[Any]]]:
    """Currency, total and what is open (cents) of each group, by its code."""
    amounts = {
        name: frame[name].to_numpy(np.int64, na_value=0) for name in ("total_cents", "outstanding_cents")
    }
    rows = pd.DataFrame({"group": codes, "currency": frame["currency"].astype("str").to_numpy(), **amounts})
    found: dict[int, list[list[Any]]] = {}
    for group, currency, total, left in (
        rows.groupby(["group", "currency"]).sum().reset_index().itertuples(index=False)
    ):
        found.setdefault(int(group), []).append([currency, int(total), int(left)])
    return found
