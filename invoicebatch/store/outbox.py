"""Reading the outbox without the messages' contents, which may be large."""

from typing import Any, Final

import pandas as pd
import pyarrow as pa

from invoicebatch.model.schema import TABLES
from invoicebatch.store.checks import SOURCE
from invoicebatch.store.frames import fetch, registered

LIVE: Final = "run_id = $run_id AND status IN ('pending', 'connecting', 'handing_over')"
"""SQL: the messages of a run that are still to be handed over."""


def heads(con: Any, /, where: str, **params: Any) -> pd.DataFrame:
    """Outbox rows matching a fixed SQL condition, oldest first, those of one moment by invoice; no payload."""
    table = TABLES["outbox"]
    wanted = [column for column in table.columns if column.name != "payload"]
    select = ", ".join(column.select_sql(f'o."{column.name}"') for column in wanted)
    sql = f"SELECT {select} FROM outbox o WHERE {where} ORDER BY o.created_at, o.invoice_id, o.message_id"
    return fetch(con, sql, wanted, params)


def live(con: Any, run_id: str) -> pd.DataFrame:
    """The messages of a run that are still to be handed over; see `heads`."""
    return heads(con, LIVE, run_id=run_id)


def carrying(con: Any, /, ids: "pd.Series[int]") -> "pd.Series[str]":
    """Ids of the messages that carry any of some documents, as their first or further on."""
    each = "SELECT message_id, invoice_id FROM outbox UNION ALL"
    each += " SELECT message_id, unnest(CAST(also AS BIGINT[])) FROM outbox WHERE also IS NOT NULL"
    sql = f"SELECT DISTINCT message_id FROM ({each}) m SEMI JOIN {SOURCE} s ON m.invoice_id = s.key"
    with registered(con, SOURCE, pa.table({"key": pa.array(ids.dropna().unique(), from_pandas=True)})):
        found: pd.Series[str] = con.sql(sql).df()["message_id"].astype("str")
    return found
