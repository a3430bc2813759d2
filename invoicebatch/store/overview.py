"""Reading the invoice overview: by ids, by numbers, and the columns that a filter names."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from invoicebatch.model.schema import OVERVIEW, needs_today, overview_sql
from invoicebatch.store.frames import fetch, registered

_IDS = "wanted_ids"


def overview(
    con: Any,
    columns: Iterable[str],
    today: date,
    ids: npt.NDArray[np.int64] | None = None,
    presence: Collection[str] = (),
) -> pd.DataFrame:
    """Overview rows with the named columns (frame names); `invoice_id` comes first.

    Args:
        con: an open connection.
        columns: frame names in `OVERVIEW`.
        today: the date that `overdue` is judged by.
        ids: int64 invoice ids; the rows come in this order, unknown ids are left out.
            None: all rows by invoice id.
        presence: text columns of which only matters whether there is one; they hold `*` then, and the frame is
            for reading only.
    """
    names = list(dict.fromkeys(["invoice_id", *columns]))
    described = [OVERVIEW[name].column for name in names]
    params = {"today": today} if needs_today(names) else None
    if ids is None:
        return fetch(
            con,
            overview_sql(names, presence=presence) + " ORDER BY i.invoice_id",
            described,
            params,
            read_only=bool(presence),
        )
    source = pa.table({"id": pa.array(ids, pa.int64()), "place": pa.array(np.arange(len(ids)), pa.int64())})
    sql = (
        overview_sql(names, f"JOIN {_IDS} w ON w.id = i.invoice_id", presence=presence) + " ORDER BY w.place"
    )
    with registered(con, _IDS, source):
        return fetch(con, sql, described, params, read_only=bool(presence))


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
