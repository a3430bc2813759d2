"""Reading the invoice overview: by ids, whole or piece by piece, by numbers, and the columns that a filter names."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from invoicebatch.model.schema import OVERVIEW, Column, needs_today, overview_sql
from invoicebatch.store.frames import fetch, one_thread, registered, to_frame

_IDS = "wanted_ids"
_OF_IDS = f"JOIN {_IDS} w ON w.id = i.invoice_id"
_PIECE = 1 << 15
"""Rows of a piece: enough that what a frame costs by its columns is little beside its rows."""
_SLICE = 1 << 18
"""Rows that are sorted and handed over at once: they are held three times then."""

Ids = npt.NDArray[np.int64]


def overview(
    con: Any,
    columns: Iterable[str],
    today: date,
    ids: Ids | None = None,
) -> pd.DataFrame:
    """Overview rows with the named columns (frame names); `invoice_id` comes first.

    Args:
        con: an open connection.
        columns: frame names in `OVERVIEW`.
        today: the date that `overdue` is judged by.
        ids: int64 invoice ids; the rows come in this order, unknown ids are left out.
            None: all rows by invoice id.
    """
    names, described, params = _asked(columns, today)
    if ids is None:
        return fetch(con, overview_sql(names) + " ORDER BY i.invoice_id", described, params)
    sql = overview_sql(names, _OF_IDS) + " ORDER BY w.place"
    found = []
    with one_thread(con, when=len(ids) > _PIECE):
        for start in range(0, max(len(ids), 1), _SLICE):
            with _wanted(con, ids[start : start + _SLICE]):
                found.append(fetch(con, sql, described, params))
    return found[0] if len(found) == 1 else pd.concat(found, ignore_index=True)


def overview_pieces(
    con: Any, columns: Iterable[str], today: date, ids: Ids, presence: Collection[str] = ()
) -> Iterator[pd.DataFrame]:
    """The same rows in pieces as the database comes to them, for reading only: nothing holds all of them.

    The connection is not to be used for anything else until the last piece was taken.

    Args:
        con: an open connection.
        columns: frame names in `OVERVIEW`.
        today: the date that `overdue` is judged by.
        ids: int64 invoice ids; unknown ones are left out.
        presence: text columns of which only matters whether there is one; they hold `*` then.

    Yields:
        Rows, by an index that says at which places their ids stand in `ids`; one piece at least, which may be empty.
    """
    names, described, params = _asked(columns, today)
    sql = overview_sql(names, _OF_IDS, presence=presence, further="w.place")
    with (
        _wanted(con, ids),
        one_thread(con),
        # closed before the connection is asked again
        con.sql(sql, params=params).to_arrow_reader(_PIECE) as reader,
    ):
        empty = reader.schema.empty_table()
        batches = (pa.Table.from_batches([batch]) for batch in reader)
        for table in chain([next(batches, empty)], batches):
            # copied: they outlive the piece, and would keep all that was read with them
            places = table["place"].to_numpy().copy()
            yield to_frame(table, described, read_only=True).set_axis(places)


def _asked(columns: Iterable[str], today: date) -> tuple[list[str], list[Column], dict[str, date] | None]:
    """The columns by name, `invoice_id` first, as described, and the parameters of their SELECT."""
    names = list(dict.fromkeys(["invoice_id", *columns]))
    described = [OVERVIEW[name].column for name in names]
    return names, described, {"today": today} if needs_today(names) else None


@contextmanager
def _wanted(con: Any, ids: Ids) -> Iterator[None]:
    """The ids with their places, as a view to join."""
    source = pa.table({"id": pa.array(ids, pa.int64()), "place": pa.array(np.arange(len(ids)), pa.int64())})
    with registered(con, _IDS, source):
        yield


def ids_of(con: Any, column: str, values: Sequence[str]) -> pd.DataFrame:
    """Which invoices carry the given texts in a column of `invoices`.

    Returns:
        One row a value and match, in the order of the values: value str, invoice_id Int64
        (missing: no invoice has it).
    """
    source = pa.table(
        {"value": pa.array(list(values), pa.string()), "place": pa.array(range(len(values)), pa.int64())}
    )
    with registered(con, _IDS, source):
        table = con.sql(
            f'SELECT w.value, i.invoice_id FROM {_IDS} w LEFT JOIN invoices i ON i."{column}" = w.value'
            " ORDER BY w.place, i.invoice_id"
        ).to_arrow_table()
    return pd.DataFrame(
        {"value": table["value"].to_pandas(), "invoice_id": table["invoice_id"].to_pandas()}
    ).astype({"value": "str", "invoice_id": "Int64"})
