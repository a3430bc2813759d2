"""The tables a document is derived from, lined up with its row; small helpers on their columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.model.en16931.frames import PARENT, Rows
from invoicebatch.model.en16931.terms import TERMS, Value
from invoicebatch.model.en16931.values import QUANTITY_TYPE, dtype_of
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import Kind

_LINE_STEP = 1 << 24


@dataclass(frozen=True, slots=True)
class Source:
    """Invoices and the rows of the other tables that belong to them, in document order.

    Attributes:
        invoices: one row a document, RangeIndex.
        accounts: the seller's row of each document.
        customers: the buyer's row of each document.
        tables: rows of the documents' tables with `parent` (the document's row), sorted by key.
        credit: whether the document is a credit note, whose amounts turn positive.
    """

    invoices: pd.DataFrame
    accounts: pd.DataFrame
    customers: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]
    credit: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, invoices: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> Self:
        """Line the tables up with the documents."""
        invoices = invoices.reset_index(drop=True)
        position = pd.Index(invoices["invoice_id"].to_numpy(np.int64))
        rows = {
            name: _of_documents(tables[name], position, _order(name))
            for name in ("lines", "allowance_charges", "vat_breakdown", "attachments", "measurements")
            if name in tables
        }
        return cls(
            invoices,
            _parties(tables, "company_accounts", "company_account_id", invoices),
            _parties(tables, "customers", "customer_id", invoices),
            rows,
            (invoices["kind"].astype("str") == Kind.CREDIT_NOTE.value).to_numpy(),
        )

    def table(self, name: str) -> pd.DataFrame:
        """Rows of a table with `parent`; of no rows where it was not given."""
        if name in self.tables:
            return self.tables[name]
        return TABLES[name].empty().assign(**{PARENT: pd.Series(dtype="int64")})

    def sign(self, parent: Rows) -> npt.NDArray[np.int64]:
        """−1 for rows of credit notes, else 1."""
        return np.where(self.credit[parent], -1, 1) if len(parent) else np.zeros(0, np.int64)

    def cents(self, frame: pd.DataFrame, column: str, parent: Rows) -> pd.Series:
        """An amount of our tables with the document's sign."""
        if column not in frame:
            return pd.Series(pd.NA, index=frame.index, dtype="Int64")
        return frame[column].astype("Int64") * self.sign(parent)


def _order(table: str) -> tuple[str, ...]:
    """Frame names of the key behind `invoice_id`."""
    names = {column.name: column.frame_name for column in TABLES[table].columns}
    return tuple(names[key] for key in TABLES[table].key[1:])


def _of_documents(frame: pd.DataFrame, position: pd.Index, key: tuple[str, ...]) -> pd.DataFrame:
    parent = position.get_indexer(pd.Index(frame["invoice_id"].to_numpy(np.int64)))
    frame = frame.assign(**{PARENT: parent})
    if (parent < 0).any():
        frame = frame[parent >= 0]
    ordered = frame[[PARENT, key[0]]]
    steps = ordered[PARENT].diff().fillna(0)
    inside = (ordered[key[0]].diff() <= 0) & (steps == 0) if ordered[key[0]].dtype == "int64" else steps == 0
    if (steps < 0).any() or inside.any():
        frame = frame.sort_values([PARENT, *key], kind="stable")
    return frame.reset_index(drop=True)


def _parties(tables: Mapping[str, pd.DataFrame], name: str, key: str, invoices: pd.DataFrame) -> pd.DataFrame:
    frame = tables.get(name)
    frame = TABLES[name].empty() if frame is None else frame
    rows = pd.Index(frame[key]).get_indexer(pd.Index(invoices[key]))
    known = {column.frame_name: column for column in TABLES[name].columns}
    result = {
        column: _taken(frame[column], rows) for column in frame.columns if column in known and column != key
    }
    return pd.DataFrame({key: invoices[key], **result}, index=invoices.index)


def _taken(values: pd.Series, rows: npt.NDArray[np.intp]) -> pd.Series:
    array = pa.Array.from_pandas(values)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_dictionary(array.type):
        array = array.cast(pa.string())
    taken = array.take(pa.array(rows, mask=rows < 0))
    series: pd.Series = taken.to_pandas()
    is_text = pa.types.is_string(array.type) or pa.types.is_large_string(array.type)
    result: pd.Series = series.astype("str") if is_text else series
    return result


def text(frame: pd.DataFrame, column: str) -> pd.Series:
    """A text column; missing where the frame does not have it."""
    if column in frame:
        return frame[column].astype("str")
    return pd.Series(None, index=frame.index, dtype="str")


def filled(values: pd.Series) -> pd.Series:
    """Text with empty strings as missing."""
    return values.where(values.str.strip() != "")


def rate(values: pd.Series, category: pd.Series) -> pd.Series:
    """Basis points as ten-thousandths of a percent; none for category O (EN 16931 BR-O-05)."""
    return (values.astype("Int64") * 100).mask(category.eq("O").fillna(value=False))


def quantity(values: pd.Series) -> pa.Array:
    """A decimal column as an Arrow array of quantities."""
    array = pa.Array.from_pandas(values)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return pc.cast(array, QUANTITY_TYPE)


def quantity_series(array: pa.Array) -> pd.Series:
    """An Arrow array of quantities as a column."""
    return pd.Series(pd.array(array, dtype=dtype_of(Value.QUANTITY)))


def frame_of(parent: Rows, columns: Mapping[str, Any]) -> pd.DataFrame:
    """A group's frame: `parent` and the given terms, RangeIndex."""
    frame = pd.DataFrame({PARENT: parent})
    for term, values in columns.items():
        series = values.reset_index(drop=True) if isinstance(values, pd.Series) else pd.Series(values)
        kind = dtype_of(TERMS[term].value) if term in TERMS else None
        frame[term] = series.astype(kind) if kind is not None and series.dtype != kind else series
    return frame


def line_rows(lines: pd.DataFrame, parent: Rows, line_no: pd.Series) -> Rows:
    """The row in `lines` for each document row and line number; −1 where there is no such line."""
    keys = lines[PARENT].to_numpy(np.int64) * _LINE_STEP + lines["line_no"].to_numpy(np.int64)
    wanted = parent * _LINE_STEP + line_no.to_numpy(np.int64)
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[found] == wanted, found, -1)
