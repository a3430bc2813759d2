"""The columns of one frame as plain arrays, each looked up once; pandas and Arrow end here."""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.eligibility.nodes import Field
from invoicebatch.errors import UnknownNameError
from invoicebatch.model.schema import Type

Bools = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]


class Columns:
    """Arrays of one frame with overview frame names; the frame must not change meanwhile."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.rows = len(frame)
        self._known: dict[tuple[str, str], Any] = {}

    def _once(self, what: str, name: str, make: Callable[[pd.Series], Any]) -> Any:
        key = (what, name)
        if key not in self._known:
            if name not in self.frame.columns:
                raise UnknownNameError(f"The rules need column {name}, which the rows do not have")
            self._known[key] = make(self.frame[name])
        return self._known[key]

    def choices(self, field: Field) -> tuple[npt.NDArray[np.int8], tuple[str, ...]]:
        """Codes (-1: missing) and the categories they point to."""
        declared = tuple(choice.value for choice in field.column.choices or ())
        found: tuple[npt.NDArray[np.int8], tuple[str, ...]] = self._once(
            "choices", field.name, lambda series: _choices(series, declared)
        )
        return found

    def present(self, field: Field) -> Bools:
        """Where the column has a value; an empty text is none."""
        how = {"text": _text_present, "choice": _choice_present}.get(field.kind, _value_present)
        found: Bools = self._once("present", field.name, how)
        return found

    def holes(self, field: Field) -> bool:
        """Whether any value is missing."""
        return bool(self._once("holes", field.name, lambda _: not self.present(field).all()))

    def numbers(self, field: Field) -> npt.NDArray[np.int64]:
        """int64 values, 0 where missing."""
        found: npt.NDArray[np.int64] = self._once("numbers", field.name, _numbers)
        return found

    def days(self, field: Field) -> Array:
        """datetime64[s] values at midnight, NaT where missing."""
        by_day = field.column.type is Type.TIMESTAMP
        found: Array = self._once("days", field.name, lambda series: _days(series, by_day=by_day))
        return found

    def flags(self, field: Field) -> Bools:
        """Yes/no values, no where missing."""
        found: Bools = self._once("flags", field.name, _flags)
        return found

    def texts(self, field: Field) -> pa.ChunkedArray:
        """Arrow strings."""
        return self._once("texts", field.name, _texts)


def seconds(day: date) -> "np.datetime64[date]":
    """A day as the datetime64[s] that date columns hold."""
    return np.datetime64(day, "s")


def as_bools(values: pa.ChunkedArray) -> Bools:
    """An Arrow yes/no array; missing is no."""
    filled = pc.fill_null(values, fill_value=False) if values.null_count else values
    return np.asarray(filled.to_numpy())


def _choices(series: pd.Series, declared: tuple[str, ...]) -> tuple[npt.NDArray[np.int8], tuple[str, ...]]:
    if not isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(pd.CategoricalDtype(list(declared)))
    values: Any = series.array
    return np.asarray(values.codes), tuple(values.categories)


def _texts(series: pd.Series) -> pa.ChunkedArray:
    found: Any = series.array
    values = (
        found.__arrow_array__() if hasattr(found, "__arrow_array__") else pa.array(series, from_pandas=True)
    )
    if isinstance(values, pa.Array):
        values = pa.chunked_array([values])
    return values if pa.types.is_large_string(values.type) else values.cast(pa.large_string())


def _text_present(series: pd.Series) -> Bools:
    chunks = [_lengths_above_zero(chunk) for chunk in _texts(series).chunks]
    return chunks[0] if len(chunks) == 1 else np.concatenate([np.zeros(0, dtype=bool), *chunks])


def _lengths_above_zero(chunk: pa.Array) -> Bools:
    """From the offsets of a large_string array: ten times faster than comparing with ''."""
    if not len(chunk):
        return np.zeros(0, dtype=bool)
    offsets = np.frombuffer(chunk.buffers()[1], dtype=np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
    present: Bools = offsets[1:] > offsets[:-1]
    if chunk.null_count:
        present &= chunk.is_valid().to_numpy(zero_copy_only=False)
    return present


def _choice_present(series: pd.Series) -> Bools:
    return np.asarray(series.notna())


def _value_present(series: pd.Series) -> Bools:
    if series.dtype.kind == "M" and isinstance(series.dtype, np.dtype):
        return np.asarray(~np.isnat(series.to_numpy()))
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iub":
        return np.ones(len(series), dtype=bool)
    return np.asarray(series.notna())


def _numbers(series: pd.Series) -> npt.NDArray[np.int64]:
    if series.dtype == np.int64:
        return series.to_numpy()
    return np.asarray(series.astype("Int64").to_numpy(dtype="int64", na_value=0))


def _flags(series: pd.Series) -> Bools:
    if series.dtype == np.bool_:
        return np.asarray(series)
    return np.asarray(series.astype("boolean").to_numpy(dtype=bool, na_value=False))


def _days(series: pd.Series, *, by_day: bool) -> Array:
    values = series.to_numpy().astype("datetime64[D]" if by_day else "datetime64[s]", copy=False)
    return values.astype("datetime64[s]", copy=False)
