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


def fetch(
    con: Any, sql: str, columns: Sequence[Column], params: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Run a SELECT whose result has the given columns, under their frame names.

    Returns:
        A frame with each column in its declared dtype.
    """
    relation = con.sql(sql, params=dict(params)) if params else con.sql(sql)
    return to_frame(relation.to_arrow_table(), columns)


def to_frame(table: pa.Table, columns: Sequence[Column]) -> pd.DataFrame:
    """An Arrow table as a frame in the declared dtypes."""
    whole = table.to_pandas(types_mapper=_mapper(nullable=False), date_as_object=False)
    nullable = [c.frame_name for c in columns if _is_nullable(c)]
    if nullable:
        part = table.select(nullable).to_pandas(types_mapper=_mapper(nullable=True))
        whole[nullable] = part
    for column in columns:
        name = column.frame_name
        if whole[name].dtype != column.dtype:
            whole[name] = whole[name].astype(column.dtype)
    ordered: pd.DataFrame = whole[[c.frame_name for c in columns]]
    return ordered


def _is_nullable(column: Column) -> bool:
    return not column.required and column.type in (
        Type.INTEGER,
        Type.MONEY,
        Type.PERCENT,
        Type.BOOLEAN,
    )


def _mapper(*, nullable: bool) -> Any:
    mapping: dict[pa.DataType, Any] = {pa.string(): _TEXT, _DECIMAL: pd.ArrowDtype(_DECIMAL)}
    if nullable:
        mapping |= {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    return mapping.get


def to_arrow(frame: pd.DataFrame, table: Table, extra: Mapping[str, pa.DataType] | None = None) -> pa.Table:
    """A frame's known columns as an Arrow table in the declared types.

    Args:
        frame: any of the table's frame columns.
        table: the table's description.
        extra: further columns and their Arrow types.
    """
    types = {c.frame_name: _plain(c) for c in table.columns} | dict(extra or {})
    names = [name for name in types if name in frame.columns]
    return pa.table({name: _array(frame[name], types[name]) for name in names})


def _plain(column: Column) -> pa.DataType:
    return pa.string() if column.type is Type.CHOICE else column.arrow_type


def _array(values: pd.Series, to: pa.DataType) -> Any:
    if pa.types.is_string(to) and isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(_TEXT)
    array = pa.Array.from_pandas(values)
    return array if array.type == to else array.cast(to)
