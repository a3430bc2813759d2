"""Frames as people read them: amounts with decimals, days as days, what comes first first, no ids beside numbers.

Texts only; the frames stay what they are, and HTML is made of them in `markup`.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
from pandas.api import types

from invoicebatch.model.money import amount_texts, format_cents

FIRST: Final = (
    "number", "customer_name", "status", "payment_status", "total_cents", "outstanding_cents",
    "due_date", "days_overdue", "shipping_status", "export_status", "review", "invoice_date",
)  # fmt: skip
"""Columns of the overview that people ask for first, in order."""

_MOST: Final = 400
"""Characters of a cell; more is a document, not a value."""
_ID: Final = re.compile(r"\b([0-9a-f]{8})(?:-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{56})\b")
"""An id or a hash: its first characters tell it apart."""
_WIDE: Final = 8
"""Columns of which a frame has more: those that are empty throughout are left out."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column as texts: its name, its title in words, a cell a row, and whether these are numbers."""

    name: str
    title: str
    cells: list[str]
    numbers: bool


def columns_of(frame: pd.DataFrame, most: int) -> list[Column]:
    """The columns of a frame as texts, at most so many; an index that says something goes before them.

    Of a wide frame, columns without any value are left out.
    """
    index = frame.index
    names = [name for name in _ordered(frame, most) if isinstance(name, str)]
    others = [frame.iloc[:, at] for at, name in enumerate(frame.columns) if not isinstance(name, str)]
    levels = []
    if index.nlevels > 1 or index.name is not None or not types.is_integer_dtype(index.dtype):
        levels = [index.get_level_values(at).to_series() for at in range(index.nlevels)]
    found = [*levels, *(_values(frame, name) for name in names), *others]
    wide = len(found) > _WIDE and len(frame) > 0
    found = [values for values in found if not (wide and values.isna().all())]
    return [_column(values, frame.get("currency")) for values in found[:most]]


def _ordered(frame: pd.DataFrame, most: int) -> list[Any]:
    """Names of the columns in the order of the frame; of more than are shown, those asked for first."""
    names = list(frame.columns)
    if _named(frame):
        names = ["number", *(name for name in names if name not in ("invoice_id", "number"))]
    if len(names) <= most:
        return names
    first = [name for name in FIRST if name in names]
    return [*first, *(name for name in names if name not in first)]


def _named(frame: pd.DataFrame) -> bool:
    """Whether its rows are invoices that are called by their numbers."""
    return "invoice_id" in frame and "number" in frame and frame.columns.is_unique


def _values(frame: pd.DataFrame, name: str) -> "pd.Series[Any]":
    """A column; an invoice without a number is called by its reference, else its id."""
    values: pd.Series[Any] = frame.iloc[:, list(frame.columns).index(name)]
    if name != "number" or not _named(frame):
        return values
    ids = "invoice " + frame["invoice_id"].astype("str")
    called = frame["external_id"].astype("str").fillna(ids) if "external_id" in frame else ids
    return values.astype("str").fillna(called)


def _column(values: "pd.Series[Any]", currencies: "pd.Series[Any] | None") -> Column:
    name = "" if values.name is None else str(values.name)
    whole = types.is_integer_dtype(values.dtype)
    numbers = types.is_numeric_dtype(values.dtype) and not types.is_bool_dtype(values.dtype)
    plain = name
    if whole and name.endswith("_cents"):
        plain, cells = name.removesuffix("_cents"), amount_texts(values, currencies)
    elif whole and name.endswith("_bp"):
        plain, cells = name.removesuffix("_bp"), _texts(values, lambda rate: f"{rate / 100:g} %")
    elif types.is_datetime64_any_dtype(values.dtype):
        cells = _moments(values)
    elif whole:
        cells = _texts(values, str if name.endswith("_id") else "{:,}".format)
    else:
        cells = _texts(values, in_words)
    return Column(name, plain.replace("_", " "), [_cut(cell) for cell in cells], numbers)


def _texts(values: "pd.Series[Any]", text: Callable[[Any], str]) -> list[str]:
    return ["" if _missing(value) else text(value) for value in values]


def _moments(values: "pd.Series[Any]") -> list[str]:
    known = values.dropna()
    form = "%Y-%m-%d" if (known == known.dt.normalize()).all() else "%Y-%m-%d %H:%M"
    return list(values.dt.strftime(form).astype("str").fillna(""))


def in_words(value: Any) -> str:
    """One value: yes and no, numbers without needless digits, ids short, what is nested in words.

    >>> in_words({"paid_cents": 1250, "booked": True, "status": {"before": "open", "after": None}})
    'paid: 12.50, booked: yes, status: open → –'
    """
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, float):
        return np.format_float_positional(round(value, 6), trim="-")
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, dict):
        return ", ".join(_pairs(value)) if set(value) != {"before", "after"} else _change(**value)
    if isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
        return "; ".join(_item(one) for one in value)
    text = str(value)
    if text.startswith("{") and text.endswith("}"):
        return _of_json(text)
    return short_ids(text)


def short_ids(text: str) -> str:
    """A text with its ids and hashes cut to what tells them apart.

    >>> short_ids("in bundle 5eeda48d-a0db-560f-a2f1-3bf9369ec0e0")
    'in bundle 5eeda48d'
    """
    return _ID.sub(r"\1", text)


def _item(value: Any) -> str:
    """Of a list of like things, what each is: the names of its parts say nothing new."""
    return " · ".join(map(in_words, value.values())) if isinstance(value, dict) else in_words(value)


def _pairs(value: dict[str, Any]) -> Iterator[str]:
    for name, one in value.items():
        if not _missing(one) and one != "":
            cents = name.endswith("_cents") and isinstance(one, int)
            text = format_cents(one) if cents else in_words(one)
            yield f"{name.removesuffix('_cents').replace('_', ' ')}: {text}"


def _change(before: Any, after: Any) -> str:
    return " → ".join("–" if _missing(one) or one == "" else in_words(one) for one in (before, after))


def _of_json(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return ", ".join(_pairs(value)) if isinstance(value, dict) else text


def _missing(value: Any) -> bool:
    return value is None or bool(types.is_scalar(value) and pd.isna(value))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"
