"""Frames as small JSON tables and as static HTML, for previews, reports and saved notebooks."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from invoicebatch.interfaces.lab.columns import GridColumn
from invoicebatch.interfaces.lab.view import json_values
from invoicebatch.model.markup import joined
from invoicebatch.model.money import format_cents
from invoicebatch.model.words import words

ROWS: Final = 200
"""Rows of a table sent to the browser; the number left out is said."""


def _kind(name: str, values: "pd.Series[Any]") -> str:
    if name.endswith("_cents"):
        return "money"
    if name in ("before", "after") or name.endswith("status") or values.dtype == "category":
        return "choice"
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return "date" if values.dtype == "datetime64[s]" else "timestamp"
    if pd.api.types.is_bool_dtype(values.dtype):
        return "boolean"
    if pd.api.types.is_integer_dtype(values.dtype):
        return "integer"
    return "number" if pd.api.types.is_numeric_dtype(values.dtype) else "text"


def _column(key: str, values: "pd.Series[Any]") -> dict[str, Any]:
    kind = _kind(key, values)
    named: list[Any] = list(values.dropna().unique()) if kind == "choice" else []
    choices = {str(value): words(str(value)) for value in named}
    return {"key": key, "label": words(key), "kind": kind, "choices": choices}


def table(name: str, frame: pd.DataFrame, rows: int = ROWS) -> dict[str, Any]:
    """One frame: its columns with kinds, its first rows, and how many there are in all."""
    shown = frame.head(rows)
    columns = [_column(key, shown[key]) for key in shown.columns]
    cells = [json_values(shown[key]) for key in shown.columns]
    return {
        "name": name,
        "label": words(name),
        "columns": columns,
        "rows": [list(row) for row in zip(*cells, strict=True)],
        "total": len(frame),
    }


def _text(value: Any, column: GridColumn, currency: str) -> str:
    if value is None:
        return ""
    if column.kind == "money":
        return format_cents(int(value), currency).rpartition(" ")[2]
    return column.choices.get(str(value), str(value))


def _cell(value: Any, column: GridColumn, currency: str) -> Markup:
    align = "right" if column.kind == "money" else "left"
    return Markup('<td style="text-align:{}">{}</td>').format(align, _text(value, column, currency))


def static(rows: Sequence[Sequence[Any]], columns: Sequence[GridColumn], caption: str) -> Markup:
    """A plain HTML table for a saved notebook; `rows` hold the cells of `columns` in order."""
    head = joined([Markup("<th>{}</th>").format(column.label) for column in columns])
    place = next((at for at, column in enumerate(columns) if column.key == "currency"), None)
    codes = ("" if place is None else str(row[place] or "") for row in rows)
    lines = (
        joined([_cell(value, column, code) for value, column in zip(row, columns, strict=True)])
        for row, code in zip(rows, codes, strict=True)
    )
    body = joined([Markup("<tr>{}</tr>").format(line) for line in lines])
    return Markup("<table><caption>{}</caption><tr>{}</tr>{}</table>").format(caption, head, body)
