"""Reading the outbox without the messages' contents, which may be large."""

from typing import Any

import pandas as pd

from invoicebatch.model.schema import TABLES
from invoicebatch.store.frames import fetch


def heads(con: Any, /, where: str, **params: Any) -> pd.DataFrame:
    """Outbox rows matching a fixed SQL condition, oldest first, those of one moment by invoice; no payload."""
    table = TABLES["outbox"]
    wanted = [column for column in table.columns if column.name != "payload"]
    select = ", ".join(column.select_sql(f'o."{column.name}"') for column in wanted)
    sql = f"SELECT {select} FROM outbox o WHERE {where} ORDER BY o.created_at, o.invoice_id, o.message_id"
    return fetch(con, sql, wanted, params)
