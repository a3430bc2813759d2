"""The columns of one frame as Arrow arrays, each looked up once; pandas ends here."""

from collections.abc import Callable, Mapping
from copy import copy
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from invoicebatch.errors import UnknownNameError
from invoicebatch.expressions.terms import DAY, Bools, valid
from invoicebatch.expressions.vocabulary import Field

Codes = npt.NDArray[np.int8]


class FrameRows:
    """Rows of a frame; the frame must not change meanwhile.

    Args:
        frame: the columns that conditions read; one that lacks is an error when it is read.
        today: the day that `today` stands for.
        switches: what is on; a name that is not there is off.
    """

    def __init__(self, frame: pd.DataFrame, today: date, switches: Mapping[str, bool] | None = None) -> None:
        self.frame = frame
        self.today = pa.scalar(today, pa.date32()).cast(DAY)
        self.size = len(frame)
        self._switches = switches or {}
        self.start = 0
        self._known: dict[tuple[str, str], Any] = {}

    def part(self, start: int, stop: int) -> "FrameRows":
        """The rows from `start` to `stop`; what was looked up is shared."""
        some = copy(self)
        some.start, some.size = start, stop - start
        return some

    def where(self, mask: Bools) -> "FrameRows":  # noqa: ARG002
        """The same rows: every value of a frame can be read."""
        return self

    def on(self, switch: str) -> bool:
        """Whether a switch is on."""
        return bool(self._switches.get(switch, False))

    def values(self, field: Field) -> Any:
        """A column as an Arrow array, dates as seconds at midnight; null where missing or an empty text."""
        return self._once("values", field, self._values).slice(self.start, self.size)

    def present(self, field: Field) -> Bools:
        """Where a column has a value; an empty text is none."""
        found: Bools = self._once("present", field, self._present)
        return found[self.start : self.start + self.size]

    def codes(self, field: Field) -> tuple[Codes, tuple[str, ...]]:
        """Codes (-1: missing) and the categories they point to."""
        codes, categories = self._once("codes", field, _codes)
        return codes[self.start : self.start + self.size], categories

    def _once(self, what: str, field: Field, make: Callable[[pd.Series, Field], Any]) -> Any:
        key = (what, field.column)
        if key not in self._known:
            if field.column not in self.frame.columns:
                raise UnknownNameError(f"A condition reads column {field.column}, which the rows do not have")
            self._known[key] = make(self.frame[field.column], field)
        return self._known[key]

    def _values(self, series: pd.Series, field: Field) -> Any:
        match field.kind:
            case "text":
                return _without_empty(_texts(series), self._once("present", field, self._present))
            case "date":
                return pa.array(_days(series))
            case "flag":
                return pa.array(series.astype("boolean").array)
        return pa.array(series.to_numpy() if series.dtype == np.int64 else series.astype("Int64").array)

    def _present(self, series: pd.Series, field: Field) -> Bools:
        if field.kind == "text":
            return _long_enough(_texts(series))
        if field.kind == "choice":
            return np.asarray(series.notna())
        return valid(self._once("values", field, self._values))


def _codes(series: pd.Series, field: Field) -> tuple[Codes, tuple[str, ...]]:
    if not isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(pd.CategoricalDtype(list(field.choices)))
    values: Any = series.array
    return np.asarray(values.codes), tuple(values.categories)


def _days(series: pd.Series) -> npt.NDArray[Any]:
    values = series.to_numpy()
    if values.dtype != "datetime64[s]":
        values = values.astype("datetime64[D]").astype("datetime64[s]")
    return values


def _texts(series: pd.Series) -> Any:
    """One large_string array."""
    values: Any = pa.array(series.array, from_pandas=True)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values if pa.types.is_large_string(values.type) else values.cast(pa.large_string())


def _long_enough(texts: Any) -> Bools:
    """Where a text has a character, from its offsets: ten times faster than comparing with ''."""
    if not len(texts):
        return np.zeros(0, dtype=bool)
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    present: Bools = offsets[1:] > offsets[:-1]
    return present & valid(texts) if texts.null_count else present


def _without_empty(texts: Any, present: Bools) -> Any:
    """The same texts, not copied, with null where there is no character."""
    if present.all():
        return texts
    offsets, data = texts.buffers()[1:]
    validity = pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.LargeStringArray.from_buffers(len(texts), offsets.slice(8 * texts.offset), data, validity)
