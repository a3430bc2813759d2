"""History columns of the meters of reviewed documents: which readings are looked up, and the worst of each document."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from invoicebatch.store.frames import registered
from invoicebatch.store.history import sql
from invoicebatch.store.history.arrays import (
    Array,
    Columns,
    Ints,
    arrays,
    in_order,
    numbers,
    placed,
    some,
    starts,
    together,
)
from invoicebatch.store.history.beside import beside
from invoicebatch.store.history.readings import Readings, by_document, in_time
from invoicebatch.store.history.run import same_totals

_PERIOD: Final = 40
"""Days: where no reading began so shortly before the first reviewed one, what is older is looked up too."""
_LEAST_USAGE: Final = 0.001
"""What a usage of nothing is compared as."""
_OWNED: Final = ("place", "document", "meter", "who", "start", "end")
_AT_ONCE: Final = 300_000
"""Readings."""
_COMPARED: Final = ("place", "row", "usage", "streak", "gap", "read_until", "before", "year_before")


def meter_columns(con: Any, known: Columns, lines: Columns, wanted: Collection[str]) -> dict[str, pa.Array]:
    """History columns of the readings, by place.

    Args:
        con: an open connection, with `sql.IDS`: id and place.
        known: the reviewed documents, `sql.DOCUMENTS` by place.
        lines: `sql.RUN_LINES`, for `lines_without_readings`.
        wanted: names of history columns.
    """
    table = con.sql(sql.OWN_READINGS).to_arrow_table()
    own, ids, size = numbers(table.drop_columns("meter_id")), table["meter_id"], len(known["id"])
    found = {}
    if "lines_without_readings" in wanted:
        found["lines_without_readings"] = _bare(lines, own, size)
    if "same_totals" in wanted:
        found["same_totals"] = same_totals(con, own["place"], size)
    own |= {name: known[name][own["place"]] for name in ("who", "metered")} | {"row": np.arange(len(ids))}
    own["place"] = np.where(known["counts"][own["place"]], own["place"], -1)
    own = some(own, own["metered"]) if not own["metered"].all() else own
    if not len(own["row"]):
        found["followed_by"] = pa.nulls(size, pa.string())
        return found | _by_place(beside(by_document(own)), ids, size)
    days = {"$first": int(own["date_from"].min()), "$last": int(own["date_from"].max())}
    with registered(con, sql.ASIDE, pa.table({"meter": pd.unique(own["meter"])})):
        near = arrays(con, sql.on_days(sql.NEAR, days))
    compared, later = _compared(con, own, near, days)
    if "followed_by" in wanted:
        found["followed_by"] = _followed(con, later, size)
    return found | _by_place(compared, ids, size)


def _compared(
    con: Any, own: Columns, near: Columns, days: Mapping[str, Any]
) -> tuple[Columns, list[pd.DataFrame]]:
    """The reviewed rows beside others, some meters at a time; beside all of their customer's where none is recent enough."""
    few = len(near["meter"]) < _AT_ONCE  # of many it is cheaper to read all documents
    with registered(con, sql.ASIDE, pa.table({"id": pd.unique(near["invoice_id"]) if few else []})):
        issued = arrays(con, sql.METERED + sql.THESE * few)
    issued = some(issued, in_order(issued["invoice_id"]))
    found, lacking, later = [], [], []
    for mine, others in _parts(own["meter"], near["meter"]):
        rows = by_document(together([some(own, mine), _others(near, issued, others)]))
        part = beside(rows)
        groups = np.zeros(rows.group.max() + 1, np.bool_)
        groups[part["group"][~(part["recent"] >= days["$first"] - _PERIOD)]] = True
        found.append(some(part, ~groups[part["group"]]))
        lacking.append(rows.take(groups[rows.group]))
        later.append(_later(rows))
    theirs = pd.unique(np.concatenate([rows.who for rows in lacking]))
    with registered(con, sql.ASIDE, pa.table({"who": theirs})):
        documents = arrays(con, sql.METERED + sql.THEIRS)
    with registered(con, sql.ASIDE, pa.table(documents)):
        older = arrays(con, sql.on_days(sql.OLDER, days))
    found.append(beside(in_time(*lacking, by_document(_unplaced(older)))))
    return together([{name: part[name] for name in _COMPARED} for part in found]), later


def _parts(own: Array, near: Array) -> Iterator[tuple[Ints, Ints]]:
    """Rows of some meters each, so that what is worked out of them stays small."""
    parts = np.uint64((len(own) + len(near)) // _AT_ONCE + 1)
    codes = [(meters % parts).astype(np.uint16) for meters in (own, near)]
    for part in range(int(parts)):
        mine, others = (np.flatnonzero(code == part) for code in codes)
        if len(mine):
            yield mine, others


def _others(near: Columns, issued: Columns, rows: Ints) -> Columns:
    """Some readings, of issued documents only, with whose they are."""
    found = some(near, rows)
    at = np.searchsorted(issued["invoice_id"], found["invoice_id"])
    inside = at < len(issued["invoice_id"])
    at, found = at[inside], some(found, inside)
    known = issued["invoice_id"][at] == found["invoice_id"]
    return _unplaced(some(found, known) | {"who": issued["who"][at[known]]})


def _unplaced(others: Columns) -> Columns:
    nothing = np.full(len(others["meter"]), -1)
    return {**others, "row": nothing, "place": nothing}


def _bare(lines: Columns, own: Columns, size: int) -> pa.Array:
    """Lines of each document that no reading stands behind."""
    width = max(lines["line_no"].max(initial=0), own["line_no"].max(initial=0)) + 1
    keys, read = (of["place"] * width + of["line_no"] for of in (lines, own))
    bare = (lines["place"] >= 0) & ~np.isin(keys, read)
    return pa.array(np.bincount(lines["place"][bare], minlength=size))


def _later(rows: Readings) -> pd.DataFrame:
    """Readings of the same meters of others, that begin after a reviewed one: place, document, document_later."""
    owners = rows.meter[starts(rows.group)]
    shared = np.unique(owners[pd.Series(owners).duplicated()])
    at = np.flatnonzero(pd.Series(rows.meter).isin(shared))
    of = pd.DataFrame({name: getattr(rows, name)[at] for name in _OWNED})
    both = of[of["place"] >= 0].merge(of, on="meter", suffixes=("", "_later"))
    both = both[(both["start_later"] > both["end"]) & (both["who_later"] != both["who"])]
    return both[["place", "document", "document_later"]]


def _followed(con: Any, later: Sequence[pd.DataFrame], size: int) -> pa.Array:
    """Customers whose readings of a meter begin after a reviewed document's of another one."""
    with registered(con, sql.ASIDE, pa.Table.from_pandas(pd.concat(later), preserve_index=False)):
        found = con.sql(sql.FOLLOWED).to_arrow_table()
    return placed(size, found["place"].to_numpy(), found["customer"])


def _by_place(compared: Columns, ids: pa.ChunkedArray, size: int) -> dict[str, pa.Array]:
    """The meter of each document that is furthest off, in each way that it may be."""
    order = in_order(compared["place"])
    of = {name: compared[name][order] for name in _COMPARED}
    at = np.flatnonzero(starts(of["place"]))
    place = of["place"][at]
    found = {
        "least_usage": placed(
            size, place, np.minimum.reduceat(np.sign(of["usage"]) * np.ceil(np.abs(of["usage"])), at)
        ),
        "estimated_in_a_row": placed(size, place, np.maximum.reduceat(of["streak"], at)),
    }
    gap = _furthest(np.abs(of["gap"]), at)
    found["gap_days"] = placed(size, of["place"][gap], of["gap"][gap])
    found["read_until"] = placed(size, of["place"][gap], of["read_until"][gap].astype("datetime64[D]"))
    for name, expected in (("previous", of["before"]), ("yearly", of["year_before"])):
        usage = np.maximum(of["usage"], _LEAST_USAGE)
        rows = _furthest(np.abs(np.log(usage / np.where(expected > 0, expected, np.nan))), at)
        where = of["place"][rows]
        found[f"{name}_meter"] = placed(size, where, ids.take(of["row"][rows]))
        found[f"{name}_usage"] = placed(size, where, of["usage"][rows])
        found[f"{name}_expected"] = placed(size, where, expected[rows])
    return found


def _furthest(off: Array, at: Ints) -> Ints:
    """The first row of each document that is as far off as any; nan is none."""
    off = np.where(np.isnan(off), -1, off)
    top = np.repeat(np.maximum.reduceat(off, at), np.diff(at, append=len(off)))
    document = np.repeat(np.arange(len(at)), np.diff(at, append=len(off)))
    rows = np.flatnonzero((off == top) & (off >= 0))
    found: Ints = rows[starts(document[rows])]
    return found
