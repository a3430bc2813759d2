"""Parquet: typed columns given as text again, so that all readers hand over the same."""

import io
import math
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from invoicebatch.errors import InputFileError
from invoicebatch.files.limits import check_table, check_unpacked
from invoicebatch.ingest.cells import Cells, Mask
from invoicebatch.ingest.readers.clean import clean, too_long, unique_headers
from invoicebatch.ingest.readers.workbook_child import plain_number

_LEAST_CELL: Final = 4
"""Bytes that a cell takes at least once it is read."""


def read_parquet(data: bytes, name: str) -> tuple[Cells, list[str]]:
    """The rows of a Parquet file, and the columns that hold no plain values.

    Raises:
        InputFileError: damaged, or absurdly large.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        _check_size(file.metadata, name, len(data))
        table = _texts_apart(data, file.schema_arrow)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputFileError(f"{name} can't be read as Parquet: {error}") from error
    _check_texts(table, name, len(data))
    columns, native, nested = {}, {}, []
    numbers, untold = {}, {}
    for title, chunked in zip(unique_headers(table.column_names), table.columns, strict=True):
        values = chunked.combine_chunks()
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if pa.types.is_nested(values.type) or pa.types.is_null(values.type):
            nested.append(title)
            continue
        columns[title], cells = _text(values, name, title)
        if cells is not None:
            native[title] = cells
        if pa.types.is_floating(values.type):
            numbers[title], untold[title] = columns[title], too_long(columns[title])
    rows = np.arange(2, table.num_rows + 2, dtype=np.int64)
    return Cells(name, rows, columns, native, numbers=numbers, untold=untold), nested


def _check_size(metadata: pq.FileMetaData, name: str, packed: int) -> None:
    """What the file says of itself, before anything of it is unpacked."""
    check_table(name, metadata.num_rows, metadata.num_columns)
    size = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    check_unpacked(name, packed, max(size, metadata.num_rows * metadata.num_columns * _LEAST_CELL))


def _texts_apart(data: bytes, schema: pa.Schema) -> pa.Table:
    """The table, each different text held once: what they would take in full is looked at before."""
    texts = [column.name for column in schema if pa.types.is_string(column.type)]
    return pq.ParquetFile(io.BytesIO(data), read_dictionary=texts).read()


def _check_texts(table: pa.Table, name: str, packed: int) -> None:
    chunks = (chunk for column in table.columns for chunk in column.chunks)
    apart = [chunk for chunk in chunks if pa.types.is_dictionary(chunk.type)]
    lengths = (pc.binary_length(c.dictionary).take(c.indices) for c in apart if _is_text(c.type.value_type))
    check_unpacked(name, packed, sum(pc.sum(length).as_py() or 0 for length in lengths))


def _is_text(kind: pa.DataType) -> bool:
    return any(
        is_kind(kind)
        for is_kind in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
        )
    )


def _text(values: pa.Array, name: str, title: str) -> tuple[pa.Array, Mask | None]:
    """A column as text; the mask says which cells are numbers, None: it is no number column."""
    kind = values.type
    if pa.types.is_floating(kind):
        numbers = values.to_pandas()
        text = pa.array([None if math.isnan(x) else plain_number(x) for x in numbers.tolist()], pa.string())
        return text, np.asarray(pc.is_valid(text))
    try:
        text = clean(values.cast(pa.string()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputFileError(f"{name}, column {title}: values of type {kind} can't be read") from error
    number = pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    return text, np.asarray(pc.is_valid(text)) if number else None
