"""Column filters: from what a person chose to a mask over the frame, and to a `where` text.

A filter is a small dict by column: `{"contains": "x"}`, `{"in": [...]}`, `{"from": a, "to": b}`;
money bounds are cents, date bounds ISO dates.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.errors import FilterError
from invoicebatch.interfaces.lab.backend import BoolArray
from invoicebatch.model.money import to_decimal

Filter = Mapping[str, Any]
EXACT = ("number", "external_id", "customer_id")
"""What is searched for by it alone, where a row has it exactly; `*text*` asks for every row that holds it."""

SEARCHED = ("number", "external_id", "customer_name", "customer_id", "customer_email")


def contains(values: "pd.Series[Any]", text: str) -> BoolArray:
    """Rows whose text holds `text`, letter case aside."""
    array = pa.array(values.astype("str"), from_pandas=True)
    found = pc.match_substring(array, text, ignore_case=text.lower() != text.upper())
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), dtype=bool)


def exactly(frame: pd.DataFrame, text: str) -> BoolArray:
    """Rows whose number, reference or customer number is `text`, letter case aside."""
    mask = np.zeros(len(frame), dtype=bool)
    for key in EXACT:
        if key in frame:
            array = pc.utf8_lower(pa.array(frame[key].astype("str"), from_pandas=True))
            found = pc.fill_null(pc.equal(array, text.strip().lower()), False)
            mask |= np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)
    return mask


def holding(frame: pd.DataFrame, text: str) -> BoolArray:
    """Rows whose number, reference or customer holds `text`; stars around it are not searched for."""
    columns = [frame[key] for key in SEARCHED if key in frame]
    with ThreadPoolExecutor() as pool:  # Arrow lets go of the interpreter as it looks through a column
        masks = list(pool.map(lambda values: contains(values, text.strip("*")), columns))
    return np.asarray(np.any([np.zeros(len(frame), dtype=bool), *masks], axis=0))


def _bounds(values: "pd.Series[Any]", low: Any, high: Any) -> BoolArray:
    mask = np.array(values.notna(), dtype=bool)
    if low not in (None, ""):
        mask &= np.asarray(values.ge(_bound(values, low)).fillna(False), dtype=bool)
    if high not in (None, ""):
        mask &= np.asarray(values.le(_bound(values, high, last=True)).fillna(False), dtype=bool)
    return mask


def _bound(values: "pd.Series[Any]", bound: Any, last: bool = False) -> Any:
    """A bound in the column's type; a day as an upper bound means its last second."""
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        return int(bound)
    whole_day = pd.Timedelta(days=1) - pd.Timedelta(seconds=1)
    return pd.Timestamp(bound) + (whole_day if last and len(str(bound)) == 10 else pd.Timedelta(0))


def _among(values: "pd.Series[Any]", wanted: list[Any]) -> BoolArray:
    some = [value for value in wanted if value is not None]
    mask = np.asarray(values.isin(some), dtype=bool)
    return mask | np.asarray(values.isna(), dtype=bool) if None in wanted else mask


def matches(values: "pd.Series[Any]", chosen: Filter) -> BoolArray:
    """Rows of one column that a filter lets through.

    Raises:
        FilterError: not one of the three forms.
    """
    if chosen.get("contains"):
        return contains(values, str(chosen["contains"]))
    if "in" in chosen:
        return _among(values, list(chosen["in"]))
    if "from" in chosen or "to" in chosen:
        try:
            return _bounds(values, chosen.get("from"), chosen.get("to"))
        except (ValueError, TypeError) as error:
            raise FilterError(f"{values.name}: {chosen} is not a range of this column") from error
    raise FilterError(f"{values.name}: {dict(chosen)} is not a filter")


def _quote(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def _like(key: str, text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    escape = " escape '\\'" if escaped != text else ""
    return f"{key} ilike {_quote('%' + escaped + '%')}{escape}"


def _clause(key: str, chosen: Filter) -> str:
    name = key.removesuffix("_cents")
    if chosen.get("contains"):
        return _like(name, str(chosen["contains"]))
    if "in" in chosen:
        some = ", ".join(_quote(value) for value in chosen["in"] if value is not None)
        parts = [f"{name} in ({some})"] if some else []
        parts += [f"{name} is null"] if None in chosen["in"] else []
        return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})" if parts else "false"
    bounds = []
    for bound, sign in ((chosen.get("from"), ">="), (chosen.get("to"), "<=")):
        if bound is not None and bound != "":
            value = to_decimal(int(bound)) if key.endswith("_cents") else _quote(bound)
            bounds.append(f"{name} {sign} {value}")
    return " and ".join(bounds)


def where(filters: Mapping[str, Filter], text: str = "", base: str = "", *, exact: bool = False) -> str:
    """The same filters as a `where` text for the API and the command line; empty: no filter.

    `exact`: rows have the searched text exactly.
    """
    clauses = [f"({base})"] if base else []
    clauses += [clause for key, chosen in filters.items() if (clause := _clause(key, chosen))]
    if text and exact:
        wanted = _quote(text.strip().lower())
        clauses.append("(" + " or ".join(f"lower({key}) = {wanted}" for key in EXACT) + ")")
    elif text:
        clauses.append("(" + " or ".join(_like(key, text.strip("*")) for key in SEARCHED) + ")")
    return clauses[0].strip() if len(clauses) == 1 and not base else " and ".join(clauses)
