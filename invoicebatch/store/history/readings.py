"""What single readings say of a meter, as one row a document and meter in the order of time."""

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.store.history.arrays import Array, Columns, Ints, day_in_group, in_order, mixed, starts

SINGLE: Final = ("invoice_id", "meter", "who", "date_from", "date_to", "usage", "estimated")
"""What a single reading says."""


@dataclass(frozen=True)
class Readings:
    """One row a document and meter, by meter and customer, then by first day.

    Attributes:
        place: of a reviewed document that is compared; -1: another.
        row: of a single reading of it; of the reviewed ones only.
        document: its id.
        meter: which one; uint64.
        who: customer and kind of document; uint64.
        key: the first day within meter and customer (`day_in_group`).
        start, end: first and last day.
        usage: of all its readings.
        estimated: any of them was.
    """

    place: Ints
    row: Ints
    document: Ints
    meter: Array
    who: Array
    key: Ints
    start: Ints
    end: Ints
    usage: Array
    estimated: Array

    @property
    def group(self) -> Ints:
        """Meter and customer, counted up."""
        found: Ints = self.key >> 32
        return found

    def take(self, rows: Any) -> "Readings":
        """Some rows."""
        return Readings(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def by_document(read: Columns) -> Readings:
    """Single readings as rows of a document and meter.

    Args:
        read: `SINGLE`, usage in millionths; place and row.
    """
    pair = pd.factorize(mixed(read["meter"], read["who"]))[0]
    order = in_order(read["invoice_id"])
    order = order[in_order(pair[order])]
    pair = pair[order]
    at = np.flatnonzero(starts(pair) | starts(read["invoice_id"][order]))
    first = order[at]
    start = np.minimum.reduceat(read["date_from"][order], at)
    found = Readings(
        place=read["place"][first],
        row=read["row"][first],
        document=read["invoice_id"][first],
        meter=read["meter"][first],
        who=read["who"][first],
        key=day_in_group(pair[at], start),
        start=start,
        end=np.maximum.reduceat(read["date_to"][order], at),
        usage=np.add.reduceat(read["usage"][order], at) / 1_000_000,
        estimated=np.logical_or.reduceat(read["estimated"][order], at),
    )
    return found.take(np.argsort(found.key, kind="stable"))


def in_time(*parts: Readings) -> Readings:
    """Rows of several, each in its place."""
    of = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Readings)
    }
    of["key"] = day_in_group(pd.factorize(mixed(of["meter"], of["who"]))[0], of["start"])
    return Readings(**of).take(np.argsort(of["key"], kind="stable"))
