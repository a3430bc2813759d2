"""Parquet: typed columns given as text again, so that all readers hand over the same."""

import io
import math
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from invoicebatch.errors import InputFileError
from invoicebatch.ingest.cells import Cells, Mask
from invoicebatch.ingest.readers.clean import clean, too_long, unique_headers
from invoicebatch.ingest.readers.workbook_child import plain_number

MAX_ROWS: Final = 50_000_000
MAX_BYTES: Final = 16 << 30


def read_parquet(data: bytes, name: str) -> tuple[Cells, list[str]]:
    """The rows of a Parquet file, and the columns that hold no plain values.

    Raises:
        InputFileError: damaged, or absurdly large.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        _check_size(file.metadata, name)
        table = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputFileError(f"{name} can't be read as Parquet: {error}") from error
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


def _check_size(metadata: pq.FileMetaData, name: str) -> None:
    size = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    if metadata.num_rows > MAX_ROWS or size > MAX_BYTES:
        raise InputFileError(
            f"{name} says it holds {metadata.num_rows:,} rows and {size:,} bytes",
            "Split it into smaller files.",
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
