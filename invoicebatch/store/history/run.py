"""Prices and VAT rates of reviewed documents beside those of the billing run."""

from collections.abc import Collection
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from invoicebatch.store.frames import registered
from invoicebatch.store.history import sql
from invoicebatch.store.history.arrays import Array, Columns, arrays, placed

PRICES: Final = frozenset({"price_product", "price_share_bp", "price_lines"})
RATES: Final = frozenset(
    {"vat_product", "vat_rate_bp", "usual_vat_rate_bp", "usual_vat_share_bp", "vat_lines"}
)

_LINE: Final = ["place", "line_no", "name"]
"""What tells a line and the name of what it bills."""


def run_columns(con: Any, lines: Columns, size: int, wanted: Collection[str]) -> dict[str, pa.Array]:
    """The wanted of `PRICES` and `RATES`, by place; shares as they are, rates in hundredths of a percent.

    Args:
        con: an open connection, with `sql.IDS`: id and place.
        lines: `sql.RUN_LINES`.
        size: number of reviewed documents.
        wanted: names of history columns.
    """
    frame, found = pd.DataFrame(lines, copy=False), {}
    if not PRICES.isdisjoint(wanted):
        found["price"] = _prices(frame)
    if not RATES.isdisjoint(wanted):
        found["vat"] = _rates(frame)
    columns = {}
    for kind, rows in found.items():
        place = rows["place"].to_numpy()
        columns[f"{kind}_product"] = placed(size, place, _names(con, rows))
        columns |= {str(n): placed(size, place, rows[n].to_numpy()) for n in rows if n not in _LINE}
    return columns


def _names(con: Any, rows: pd.DataFrame) -> pa.ChunkedArray:
    """What some lines bill, by name: each name is read once."""
    codes, names = pd.factorize(rows["name"])
    each = rows.iloc[np.unique(codes, return_index=True)[1]]
    with registered(con, sql.ASIDE, pa.table({name: each[name].to_numpy() for name in ("place", "line_no")})):
        found = con.sql(sql.NAMES).to_arrow_table()
    texts = pd.Index(found["code"].to_numpy()).get_indexer(names)
    return found["name"].take(texts[codes])


def same_totals(con: Any, own: Array, size: int) -> pa.Array:
    """How many documents of the run that have readings have the total of each reviewed one.

    Args:
        con: an open connection, with `sql.IDS`: id and place.
        own: places of reviewed documents that have readings.
        size: number of reviewed documents.
    """
    run = arrays(con, sql.RUN_TOTALS)
    place, metered = run["place"], np.zeros(len(run["place"]), np.bool_)
    read = np.zeros(size, np.bool_)
    read[own] = True
    metered[place >= 0] = read[place[place >= 0]]
    with registered(con, sql.ASIDE, pa.table({"id": run["id"][place < 0]})):
        metered[place < 0] = np.isin(run["id"][place < 0], arrays(con, sql.WITH_READINGS)["id"])
    counts = pd.Series(run["total"][metered]).value_counts()
    at = counts.index.get_indexer(pd.Index(run["total"]))
    known = (at >= 0) & (place >= 0)
    return placed(size, place[known], counts.to_numpy()[at[known]])


def _prices(lines: pd.DataFrame) -> pd.DataFrame:
    """Of each document the line whose price is furthest off the median of its product."""
    lines = lines.loc[lines["price"] > 0, [*_LINE, "sold", "price"]]
    usual = lines.groupby("sold")["price"].agg(["median", "size"])
    of = usual.index.get_indexer(pd.Index(lines["sold"]))
    lines["price_share"] = lines["price"] / usual["median"].to_numpy()[of]
    lines["price_lines"] = usual["size"].to_numpy()[of]
    return _furthest(lines, np.log(lines["price_share"]).abs())[[*_LINE, "price_share", "price_lines"]]


def _rates(lines: pd.DataFrame) -> pd.DataFrame:
    """Of each document with a rate that is not the usual one of its product, the line whose product is surest of it."""
    counts = lines.groupby(["taxed", "rate"]).size().rename("lines").reset_index()
    usual = counts.loc[counts.groupby("taxed")["lines"].idxmax()].set_index("taxed")
    usual["vat_lines"] = counts.groupby("taxed")["lines"].sum()
    of = usual.index.get_indexer(pd.Index(lines["taxed"]))
    other = lines["rate"].to_numpy() != usual["rate"].to_numpy()[of]
    lines, usual = lines.loc[other, [*_LINE, "rate"]], usual.iloc[of[other]].set_index(lines.index[other])
    lines = lines.assign(
        vat_rate=lines["rate"],
        usual_vat_rate=usual["rate"],
        usual_vat_share=usual["lines"] / usual["vat_lines"],
        vat_lines=usual["vat_lines"],
    )
    return _furthest(lines, lines["usual_vat_share"]).drop(columns="rate")


def _furthest(lines: pd.DataFrame, off: "pd.Series[float]") -> pd.DataFrame:
    own = lines["place"] >= 0
    return lines.loc[off[own].groupby(lines.loc[own, "place"]).idxmax()]
