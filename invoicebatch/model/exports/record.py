"""Records for external systems: invoices under the other side's column names, every value exact.

Amounts are decimal text (`"123.45"`), dates ISO text; types tell a database or a Parquet file more.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from invoicebatch.errors import SettingsError
from invoicebatch.model.money import plain_amounts, to_decimal
from invoicebatch.model.schema import OVERVIEW, Column, Type
from invoicebatch.model.schema.invoices import LINES
from invoicebatch.settings import External

STANDARD: Final = (
    "invoice_id", "number", "kind", "status", "company_account_id", "customer_id", "customer_name", "currency",
    "invoice_date", "due_date", "net_total", "vat_total", "total", "outstanding", "remittance_reference",
    "document_sha256",
)  # fmt: skip
"""Columns of a target that names none."""

KEY: Final = "invoice_id"
_BY_NAME: Final = {d.column.name: d.column for d in OVERVIEW.values()} | {
    name: d.column for name, d in OVERVIEW.items()
}


def target_columns(system: External) -> dict[str, Column]:
    """The columns of a target: its own name → overview column; the invoice id is always among them.

    Raises:
        SettingsError: a column that the overview does not have.
    """
    wanted = system.columns or {name: name for name in STANDARD}
    if unknown := [name for name in wanted.values() if name not in _BY_NAME]:
        raise SettingsError(
            f"External column {unknown[0]!r} does not exist.",
            "List the columns with: invoicebatch list --columns all",
        )
    named = {there: _BY_NAME[here] for there, here in wanted.items()}
    has_key = any(column.name == KEY for column in named.values())
    return named if has_key else {KEY: _BY_NAME[KEY], **named}


def key_column(columns: Mapping[str, Column]) -> str:
    """The other side's name of the invoice id."""
    return next(there for there, column in columns.items() if column.name == KEY)


def records(frame: pd.DataFrame, columns: Mapping[str, Column]) -> list[dict[str, Any]]:
    """One mapping an invoice, JSON values only: text, whole numbers, yes or no, or nothing."""
    currencies = frame["currency"].astype("str") if "currency" in frame else pd.Series("", frame.index)
    values = {
        there: plain_amounts(frame[column.frame_name], currencies)
        if column.type is Type.MONEY
        else _plain(frame[column.frame_name], column)
        for there, column in columns.items()
    }
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def line_records(lines: pd.DataFrame) -> dict[int, list[dict[str, Any]]]:
    """The lines of each invoice as JSON values, by invoice id, in order."""
    known = {
        c.name: c for c in LINES.columns if c.frame_name in lines.columns and c.name not in ("extra", KEY)
    }
    found: dict[int, list[dict[str, Any]]] = {}
    for invoice_id, record in zip(lines[KEY].tolist(), records(lines, known), strict=True):
        found.setdefault(int(invoice_id), []).append(record)
    return found


def _plain(values: "pd.Series[Any]", column: Column) -> list[Any]:
    given = values.astype(object).where(values.notna(), None).tolist()
    convert = _CONVERT.get(column.type, str)
    return [None if value is None else convert(value) for value in given]


def _iso_day(value: pd.Timestamp) -> str:
    return value.strftime("%Y-%m-%d")


_CONVERT: Final[Mapping[Type, Callable[[Any], Any]]] = {
    Type.INTEGER: int,
    Type.BOOLEAN: bool,
    Type.PERCENT: lambda points: str(to_decimal(points)),
    Type.QUANTITY: lambda amount: format(Decimal(amount).normalize(), "f"),
    Type.DATE: _iso_day,
    Type.TIMESTAMP: lambda moment: moment.isoformat(timespec="seconds") + "Z",
}
