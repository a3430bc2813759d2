"""Between a query's columns and arrays: numbers out, and columns in the order of the reviewed documents back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Array = npt.NDArray[Any]
Ints = npt.NDArray[Any]
"""Whole numbers, of any width."""
Columns = Mapping[str, Array]

_DAY_ZERO: Final = 1 << 31
"""Added to a day, so that none is below zero."""
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
"""Makes one number of two."""
_LOW: Final = (1 << 32) - 1


def arrays(con: Any, sql: str) -> dict[str, Array]:
    """The columns of a SELECT, as `numbers`."""
    return numbers(con.sql(sql).to_arrow_table())


def numbers(table: pa.Table) -> dict[str, Array]:
    """Columns without missing values; days as whole numbers."""
    types = {field.name: pa.int32() if pa.types.is_date(field.type) else field.type for field in table.schema}
    return {name: table[name].cast(to).to_numpy() for name, to in types.items()}


def some(columns: Columns, rows: Array) -> dict[str, Array]:
    """Some rows of columns."""
    return {name: values[rows] for name, values in columns.items()}


def together(parts: Sequence[Columns]) -> dict[str, Array]:
    """The columns that all parts have, below each other."""
    names = set.intersection(*(set(part) for part in parts))
    return {name: np.concatenate([part[name] for part in parts]) for name in sorted(names)}


def day_in_group(group: Ints, day: Ints) -> Ints:
    """One number for a group and a day, in the order of both; `day_in_group(g, d) + n` is n days later."""
    return (group << 32) + (day.astype(np.int64) + _DAY_ZERO)


def start_of(group: Ints) -> Ints:
    """What is before every day of a group."""
    return group << 32


def mixed(first: Array, second: Array) -> Array:
    """One number of two: unsigned 64 bits, and equal where both are."""
    found: Array = first.astype(np.uint64) * _MIX + second.astype(np.uint64)
    return found


def in_order(numbers: Ints) -> Ints:
    """The rows in the order of whole numbers of at most 31 bits or, where they are in order already, of any size."""
    if (numbers[1:] >= numbers[:-1]).all():
        return np.arange(len(numbers))
    if numbers.max() >> 31:
        return np.argsort(numbers, kind="stable")
    return np.sort((numbers << 32) + np.arange(len(numbers))) & _LOW  # many times as fast as to sort rows


def starts(values: Array) -> Array:
    """Where another value begins."""
    changed = np.ones(len(values), dtype=np.bool_)
    changed[1:] = values[1:] != values[:-1]
    return changed


def placed(size: int, place: Ints, values: Any) -> pa.Array:
    """Values at their places, one a place at most; missing elsewhere."""
    at = np.full(size, -1)
    at[place] = np.arange(len(place))
    source = pa.array(values) if isinstance(values, np.ndarray) else values
    return source.take(pa.array(at, mask=at < 0))
