"""Rows as JSON: exact amounts as decimal text, dates as ISO text, missing values as null."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final

from invoicebatch.model.money import plain_amounts

if TYPE_CHECKING:
    import pandas as pd

Columns = Mapping[str, Sequence[Any]]
"""Rows as plain values by column; a missing value is None."""

LISTED: Final = 20
"""Rows that are told one by one."""


def columns_of(rows: "pd.DataFrame | Columns") -> Columns:
    """Rows as plain values by column, however they come; moments that are all midnight are dates."""
    if isinstance(rows, Mapping):
        return {name: _as_dates(values) for name, values in rows.items()}
    plain = {str(name): values.astype(object).where(values.notna(), None) for name, values in rows.items()}
    return {name: _as_dates(values.tolist()) for name, values in plain.items()}


def records(rows: "pd.DataFrame | Columns") -> list[dict[str, Any]]:
    """Rows as JSON values.

    Args:
        rows: a column `total_cents` becomes the amount `total` as decimal text, with the decimals of the
            row's `currency` where there is such a column.
    """
    columns = columns_of(rows)
    plain = {
        name.removesuffix("_cents"): plain_amounts(values, columns.get("currency"))
        if name.endswith("_cents")
        else [_iso(value) if isinstance(value, date) else value for value in values]
        for name, values in columns.items()
    }
    return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]


def refusals(rows: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows refused or failed as JSON values: their columns, and `kind`, the reason without its values."""
    from invoicebatch.model.reasons import reason_kind

    return records(rows.assign(kind=reason_kind(rows["reason"])))


def told(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Rows refused or failed for a reader: a few one by one, of many their kinds of reason."""
    from invoicebatch.model.reasons import by_kind

    return rows if len(rows) <= LISTED else by_kind(rows["reason"])[["rows", "reason"]]


def _as_dates(values: Sequence[Any]) -> Sequence[Any]:
    given = [value for value in values if value is not None]
    moments = bool(given) and all(isinstance(value, datetime) for value in given)
    if not moments or any(value.time() != time.min for value in given):
        return values
    return [None if value is None else value.date() for value in values]


def _iso(value: date) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%S}" if isinstance(value, datetime) else value.isoformat()
