"""The last documents before each reviewed one: how many, their median total, and products that all of them have."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from invoicebatch.store.frames import registered
from invoicebatch.store.history import sql
from invoicebatch.store.history.arrays import (
    Array,
    Columns,
    Ints,
    arrays,
    day_in_group,
    mixed,
    placed,
    some,
    start_of,
    starts,
)

_AT_ONCE: Final = 100_000
_MOST: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Earlier:
    """Issued documents by group and day, and of each reviewed one how many are before it.

    Attributes:
        cents: totals.
        ids: their invoice ids; -1: billed by an earlier system.
        end: position after the last one before each reviewed document.
        count: how many of those before it count.
    """

    cents: Ints
    ids: Ints
    end: Ints
    count: Ints

    @property
    def last(self) -> Ints:
        """The document before each reviewed one; -1: there is none."""
        found: Ints = (
            np.where(self.count > 0, self.ids[self.end - 1], -1) if len(self.ids) else self.count - 1
        )
        return found

    def columns(self) -> dict[str, pa.Array]:
        """How many there are, and the median of their totals."""
        starts, totals = range(0, len(self.count), _AT_ONCE), np.append(self.cents, _MOST)
        median = np.concatenate([self._medians(totals, slice(n, n + _AT_ONCE)) for n in starts])
        none = self.count == 0
        return {
            "earlier_documents": pa.array(self.count, mask=none),
            "usual_total_cents": pa.array(median, mask=none),
        }

    def _medians(self, totals: Ints, rows: slice) -> Ints:
        """Of an even number the middle between both in the middle, to the cent towards zero."""
        count = self.count[rows]
        there = self.there(rows)
        at = np.where(there, self.end[rows, None] - 1 - np.arange(there.shape[1]), -1)
        totals = np.sort(totals[at], axis=1)
        every = np.arange(len(count))
        both = totals[every, (count - 1) // 2] + totals[every, count // 2]
        median: Ints = np.where(count > 0, np.sign(both) * (np.abs(both) // 2), 0)
        return median

    def there(self, rows: Ints | slice) -> npt.NDArray[np.bool_]:
        """Whether there is a document so many before some reviewed ones: a row each, the last one first."""
        ago = np.arange(max(1, self.count.max(initial=0)))
        found: npt.NDArray[np.bool_] = ago < self.count[rows, None]
        return found


def earlier_columns(
    con: Any, known: Columns, lines: Columns, most: int, wanted: Collection[str]
) -> dict[str, pa.Array]:
    """How many documents are before each reviewed one, the median of their totals, and `missing_products` if wanted.

    Args:
        con: an open connection, with `sql.IDS`: id and place.
        known: the reviewed documents, `sql.DOCUMENTS` by place.
        lines: `sql.RUN_LINES`, for `missing_products`.
        most: count no more than so many.
        wanted: names of history columns.
    """
    before = _earlier(con, known, most)
    missing = {"missing_products": _missing(con, before, lines)} if "missing_products" in wanted else {}
    return before.columns() | missing


def _earlier(con: Any, known: Columns, most: int) -> Earlier:
    own, groups = pd.factorize(known["alike"])
    with registered(con, sql.ASIDE, pa.table({"alike": groups, "code": np.arange(len(groups))})):
        found = arrays(con, sql.EARLIER)
    key = day_in_group(found["code"], found["moment"])
    # Of one day in one order, whatever the database's is.
    order = np.lexsort((found["cents"], found["id"], key))
    key = key[order]
    end = np.searchsorted(key, day_in_group(own, known["moment"]))
    count = np.minimum(end - np.searchsorted(key, start_of(own)), most)
    return Earlier(found["cents"][order], found["id"][order], end, count)


def _missing(con: Any, before: Earlier, lines: Columns) -> pa.Array:
    """Names of products that all documents before a reviewed one charge for and it has not."""
    size, own = len(before.count), (lines["place"] >= 0) & lines["charged"]
    now = _sums(lines["place"][own], lines["product"][own], size)
    last = {"place": np.arange(size), "id": before.last}
    with registered(con, sql.ASIDE, pa.table(last)):
        then = _sums(**arrays(con, sql.LAST_CHARGED), size=size)
    differ = np.flatnonzero((now != then) & (before.last >= 0))  # the sums of equal products are equal
    with registered(con, sql.ASIDE, pa.table(some(last, differ))):
        gone = con.sql(sql.GONE).to_arrow_table()
    row, ago = np.nonzero(before.there(place := gone["place"].to_numpy()))
    documents = before.ids[before.end[place[row]] - 1 - ago]
    with registered(con, sql.ASIDE, pa.table({"id": pd.unique(documents)})):
        charged = arrays(con, sql.CHARGED)
    asked = pd.Series(mixed(gone["product"].to_numpy()[row], documents))
    has = asked.isin(mixed(charged["product"], charged["id"])).to_numpy()
    first = np.flatnonzero(starts(row))
    always = row[first][np.logical_and.reduceat(has, first)]
    with registered(con, sql.ASIDE, gone.take(pa.array(always))):
        found = con.sql(sql.MISSING).to_arrow_table()
    return placed(size, found["place"].to_numpy(), found["names"])


def _sums(place: Ints, product: Array, size: int) -> Array:
    """The products of each document as one number."""
    sums = np.zeros(size, np.uint64)
    np.add.at(sums, place, product)
    return sums


def billed_twice(con: Any, size: int) -> pa.Array:
    """How another document is named that bills the same: customer, account, kind, contract, period and meters.

    Where there are no meters, the total is the same.
    """
    billed = pd.DataFrame(arrays(con, sql.PERIODS), copy=False)
    alike = _alike(billed, billed["period"])
    with registered(con, sql.ASIDE, pa.table({"id": alike["id"].to_numpy()})):
        meters = pd.DataFrame(arrays(con, sql.BILLED_METERS), copy=False).groupby("id")["meter"].sum()
    at = meters.index.get_indexer(pd.Index(alike["id"]))
    same = np.where(at >= 0, np.append(meters.to_numpy(), np.uint64(0))[at], alike["total"])
    alike = alike.assign(billed=mixed(mixed(alike["period"].to_numpy(), same), at >= 0))
    alike = _alike(alike, alike["billed"])
    with registered(con, sql.ASIDE, pa.table({name: alike[name].to_numpy() for name in ("id", "billed")})):
        found = con.sql(sql.TWICE).to_arrow_table()
    return placed(size, found["place"].to_numpy(), found["billed_as"])


def _alike(billed: pd.DataFrame, key: "pd.Series[Any]") -> pd.DataFrame:
    """The rows whose key several have, a reviewed one among them."""
    several = key.duplicated(keep=False)
    return billed[several & key.isin(key[several & billed["reviewed"]])]
