"""Between DuckDB and frames, in the declared dtypes and without a detour through float.

Reading goes through Arrow; a DECIMAL is turned into a scaled integer by the SELECT itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from invoicebatch.model.schema import Column, Table, Type

_TEXT = pd.StringDtype(na_value=np.nan)
_WIDE = 1 << 24
"""Rows of a batch of a result: as few pieces as there can be, since a frame puts them together."""
MANY = 1 << 17
"""Rows that are changed at once, since more would be held twice, as a frame and as Arrow; more are written by one thread."""
_DECIMAL = pa.decimal128(18, 6)


@contextmanager
def registered(con: Any, name: str, source: pa.Table) -> Iterator[None]:
    """The Arrow table as a view of that name for the length of the block."""
    con.register(name, source)
    try:
        yield
    except BaseException:
        with suppress(
            duckdb.Error
        ):  # an aborted transaction refuses this too; the first fault is the one to tell
            con.unregister(name)
        raise
    con.unregister(name)


@contextmanager
def one_thread(con: Any, *, when: bool = True) -> Iterator[None]:
    """Rows are read in one order, and with a part of the memory: each further thread holds as much again."""
    if not when:
        yield
        return
    con.execute("SET threads = 1")
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # an aborted transaction refuses this, and its engine is closed
            con.execute("RESET threads")
        raise
    con.execute("RESET threads")


def fetch(
    con: Any,
    sql: str,
    columns: Sequence[Column],
    params: Mapping[str, Any] | None = None,
    *,
    read_only: bool = False,
) -> pd.DataFrame:
    """Run a SELECT whose result has the given columns, under their frame names.

    Args:
        con: an open connection.
        sql: the SELECT.
        columns: of its result.
        params: its parameters by name.
        read_only: nothing will be set in the frame, so that it need not be copied.

    Returns:
        A frame with each column in its declared dtype.
    """
    relation = con.sql(sql, params=dict(params)) if params else con.sql(sql)
    return to_frame(relation.to_arrow_table(batch_size=_WIDE), columns, read_only=read_only)


def to_frame(table: pa.Table, columns: Sequence[Column], *, read_only: bool = False) -> pd.DataFrame:
    """An Arrow table as a frame in the declared dtypes; one to be read only shares the table's memory."""
    values = {c.frame_name: _values(table[c.frame_name], c) for c in columns}
    return pd.DataFrame(values, copy=not read_only)


def _values(values: pa.ChunkedArray, column: Column) -> Any:
    """One column, each type by its straight way: a frame of a few rows costs by its columns alone."""
    dtype = column.dtype
    if pa.types.is_dictionary(values.type):
        return _choices(values.combine_chunks(), dtype)
    if pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("s"))
    if isinstance(dtype, str) and dtype != "str" and not (column.required and values.null_count):
        return values.to_numpy().astype(dtype, copy=False)
    found: Any = dtype if dtype != "str" else _TEXT
    if hasattr(found, "__from_arrow__"):
        return found.__from_arrow__(values)
    return values.to_pandas().astype(dtype)


def _choices(values: Any, dtype: pd.CategoricalDtype) -> Any:
    found = values.dictionary.to_pylist()
    if found != list(dtype.categories):
        return values.to_pandas().astype(dtype)
    codes = values.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)


def to_arrow(frame: pd.DataFrame, table: Table) -> pa.Table:
    """A frame's known columns as an Arrow table in the declared types; texts of a category stay a dictionary.

    Args:
        frame: any of the table's frame columns.
        table: the table's description.
    """
    types = {c.frame_name: _plain(c) for c in table.columns}
    names = [name for name in types if name in frame.columns]
    return pa.table({name: _array(frame[name], types[name]) for name in names})


def arrow_pieces(frame: pd.DataFrame, table: Table, *, but_first: bool = False) -> Iterator[pa.Table]:
    """`to_arrow` of the rows in pieces, none where there are no rows; or all pieces but the first."""
    for start in range(MANY if but_first else 0, len(frame), MANY):
        yield to_arrow(frame.iloc[start : start + MANY], table)


def _plain(column: Column) -> pa.DataType:
    return pa.string() if column.type is Type.CHOICE else column.arrow_type


def _array(values: pd.Series, to: pa.DataType) -> Any:
    array = pa.Array.from_pandas(values)
    if array.type == to or (pa.types.is_string(to) and pa.types.is_dictionary(array.type)):
        return array  # the database takes a dictionary of texts for texts
    return array.cast(to)
