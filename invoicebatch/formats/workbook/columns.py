"""Which columns an export holds, in which order, and where each comes from; no cells, no layout.

A column is named as it is stored (`total`); a frame calls it by its frame name (`total_cents`).
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.errors import ParameterError
from invoicebatch.formats.workbook.titles import title
from invoicebatch.model.schema import OVERVIEW, TABLES, Column

DEFAULT_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "invoices": (
        "number", "kind", "status", "invoice_date", "due_date", "company_account_id", "customer_id",
        "customer_name", "currency", "net_total", "vat_total", "total", "paid", "outstanding",
        "payment_status", "shipping_status", "export_status", "order_reference",
    ),
    "lines": (
        "number", "invoice_date", "customer_id", "customer_name", "currency", "line_no", "name",
        "description", "quantity", "unit", "price", "net", "vat_rate", "period_start", "period_end",
    ),
    "measurements": (
        "number", "invoice_date", "customer_id", "customer_name", "line_no", "name", "connection_id",
        "meter_id", "register", "date_from", "date_to", "value_from", "value_to", "usage", "unit", "method",
    ),
}  # fmt: skip
"""Columns of each export where settings and parameters name none."""

_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "invoices": (),
    "lines": ("lines",),
    "measurements": ("measurements", "lines"),
}


def known_columns(export: str) -> Mapping[str, Column]:
    """Every column an export can hold by its stored name; the rows' own before their invoice's."""
    known: dict[str, Column] = {}
    for table in _SOURCES[export]:
        for column in TABLES[table].columns:
            known.setdefault(column.name, column)
    for derived in OVERVIEW.values():
        known.setdefault(derived.column.name, derived.column)
    return known


def column_choices(export: str) -> dict[str, str]:
    """Every column an export can hold and its title; those it holds by itself first."""
    names = dict.fromkeys([*DEFAULT_COLUMNS[export], *known_columns(export)])
    return {name: title(name) for name in names}


def choose_columns(export: str, names: Sequence[str]) -> list[Column]:
    """The named columns, in that order; the default ones where no name is given.

    Raises:
        ParameterError: a name that the export does not know, or one named twice.
    """
    known = known_columns(export)
    chosen = []
    for name in names or DEFAULT_COLUMNS[export]:
        stored = name if name in known else name.removesuffix("_cents").removesuffix("_bp")
        if stored not in known:
            near = difflib.get_close_matches(stored, known, 3)
            hint = f"Did you mean {', '.join(near)}?" if near else "`list --json` shows the columns."
            raise ParameterError(f"The export of {export} has no column {name!r}", hint)
        if known[stored] in chosen:
            raise ParameterError(f"The column {name!r} is named twice")
        chosen.append(known[stored])
    return chosen


def export_rows(
    export: str,
    columns: Sequence[Column],
    invoices: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """One row an invoice, line or reading, with the columns of what it belongs to.

    Args:
        export: `invoices`, `lines` or `measurements`.
        columns: the columns wanted, besides keys, currency and unit.
        invoices: overview columns, in the order wanted.
        tables: `lines` and `measurements`, as the export needs.

    Returns:
        The rows in the invoices' order, then by line and reading; overview columns that a line
        or reading has itself are the line's or reading's.
    """
    keys = list(TABLES[export].key)
    wanted = _wanted(export, columns)
    if export == "invoices":
        return _pick(invoices, wanted)
    rows = _in_order(_pick(tables[export], wanted), invoices, keys[1:])
    if export == "measurements":
        rows = _join(rows, _pick(tables["lines"], wanted), ["invoice_id", "line_no"])
    return _join(rows, _pick(invoices, wanted), ["invoice_id"])


def columns_read(export: str, columns: Sequence[Column]) -> tuple[list[str], dict[str, list[str]]]:
    """What `export_rows` needs for these columns: of the overview, and of each table; frame names."""
    wanted = _wanted(export, columns)
    tables = {name: [one for one in wanted if one in TABLES[name].frame_names] for name in _SOURCES[export]}
    own = {one for names in tables.values() for one in names}
    return [one for one in wanted if one in OVERVIEW and one not in own], tables


def _wanted(export: str, columns: Sequence[Column]) -> list[str]:
    return list(dict.fromkeys([*TABLES[export].key, "currency", "unit", *(c.frame_name for c in columns)]))


def _pick(frame: pd.DataFrame, wanted: Sequence[str]) -> pd.DataFrame:
    return frame[[name for name in wanted if name in frame.columns]]


def _in_order(rows: pd.DataFrame, invoices: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Rows in the order of their invoices, then by key; rows of other invoices left out."""
    place = pd.Index(invoices["invoice_id"]).get_indexer(rows["invoice_id"])
    order = np.lexsort([*(rows[key].to_numpy() for key in reversed(keys)), place])
    return rows.take(order[place[order] >= 0])


def _join(rows: pd.DataFrame, parents: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Each row with the further columns of its one parent."""
    parent = pd.MultiIndex.from_frame(parents[keys]) if len(keys) > 1 else pd.Index(parents[keys[0]])
    child = pd.MultiIndex.from_frame(rows[keys]) if len(keys) > 1 else pd.Index(rows[keys[0]])
    places = parent.get_indexer(child)
    rows = rows[places >= 0].reset_index(drop=True)
    taken = parents[[c for c in parents.columns if c not in rows.columns]].take(places[places >= 0])
    return pd.concat([rows, taken.reset_index(drop=True)], axis=1)


def values_of(frame: pd.DataFrame, column: Column) -> "pd.Series[Any]":
    """The frame's values of a column; all missing, of the right dtype, where the frame lacks it."""
    if column.frame_name in frame:
        return frame[column.frame_name]
    dtype = "Int64" if column.dtype == "int64" else column.dtype
    return pd.Series([None] * len(frame), index=frame.index, dtype=dtype)
