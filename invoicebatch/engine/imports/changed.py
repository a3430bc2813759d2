"""What an import changed in rows that were there: each cell with what it was and is."""

from typing import Final

import pandas as pd

from invoicebatch.model.money import to_decimal
from invoicebatch.model.schema import TABLES

COLUMNS: Final = ["table", "key", "column", "before", "after"]


def changed_cells(table: str, rows: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """One row a changed cell, `COLUMNS`, all str.

    Args:
        table: the table.
        rows: key and changed columns as they become, with frame names.
        current: the stored rows, in the same order.
    """
    keys = rows[list(TABLES[table].frame_key)].astype("str").agg(" ".join, axis=1).to_numpy()
    found = []
    for name in rows.columns.difference([*TABLES[table].frame_key, "version"], sort=False):
        before, after = _texts(name, current[name]), _texts(name, rows[name])
        cells = pd.DataFrame({"key": keys, "before": before, "after": after})
        column = name.removesuffix("_cents")
        found.append(cells[cells["before"] != cells["after"]].assign(table=table, column=column))
    return pd.concat(found, ignore_index=True)[COLUMNS] if found else pd.DataFrame(columns=COLUMNS)


def _texts(name: str, values: pd.Series) -> "pd.Series[str]":
    if name.endswith("_cents"):
        values = values.map(lambda cents: str(to_decimal(int(cents))), na_action="ignore")
    return values.astype("str").fillna("").reset_index(drop=True)
