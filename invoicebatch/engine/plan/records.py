"""Frames as JSON: exact amounts as decimal text, dates as ISO text, missing values as null."""

from typing import Any, Final

import pandas as pd

from invoicebatch.model.money import plain_amounts
from invoicebatch.model.reasons import by_kind, reason_kind

LISTED: Final = 20
"""Rows that are told one by one."""


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A frame's rows as JSON values.

    Args:
        frame: a column `total_cents` becomes the amount `total` as decimal text, with the decimals of the
            row's `currency` where there is such a column.
    """
    currencies = frame.get("currency")
    plain: dict[str, Any] = {}
    for name in map(str, frame.columns):
        values = frame[name]
        if name.endswith("_cents"):
            plain[name.removesuffix("_cents")] = pd.Series(
                plain_amounts(values, currencies), index=frame.index, dtype=object
            )
        elif values.dtype.kind == "M":
            days = bool((values.dropna() == values.dropna().dt.normalize()).all())
            plain[name] = values.dt.strftime("%Y-%m-%d" if days else "%Y-%m-%dT%H:%M:%S").astype(object)
        else:
            plain[name] = values.astype(object)
    table = pd.DataFrame(plain)
    return [
        {str(k): v for k, v in row.items()} for row in table.where(table.notna(), None).to_dict("records")
    ]


def refusals(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows refused or failed as JSON values: their columns, and `kind`, the reason without its values."""
    return records(rows.assign(kind=reason_kind(rows["reason"])))


def told(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows refused or failed for a reader: a few one by one, of many their kinds of reason."""
    return rows if len(rows) <= LISTED else by_kind(rows["reason"])[["rows", "reason"]]
