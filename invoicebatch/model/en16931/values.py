"""Values of terms between their text in a document and their column in a frame; exact, no float.

Amounts are int64 cents, percentages int64 ten-thousandths of a percent, quantities and unit prices
decimal128(28,10), dates datetime64[s]; everything else is text.
"""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.model.en16931.terms import Value

QUANTITY_TYPE: Final = pa.decimal128(28, 10)

DTYPES: Final[dict[Value, Any]] = {
    Value.AMOUNT: pd.Int64Dtype(),
    Value.PERCENT: pd.Int64Dtype(),
    Value.QUANTITY: pd.ArrowDtype(QUANTITY_TYPE),
    Value.DATE: "datetime64[s]",
}

_SCALE: Final = {Value.AMOUNT: 2, Value.PERCENT: 4}
_DECIMALS: Final = {Value.AMOUNT: 2, Value.PERCENT: 4, Value.QUANTITY: 10}
_DECIMAL: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:\d{2})?")
_LARGEST: Final = Decimal(10) ** 15

_FIRST_OF_FFFE: Final = 0xEF

ILLEGAL: Final = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
"""Characters that XML 1.0 can't hold (section 2.2)."""


def illegal_rows(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Texts with a character that XML can't hold."""
    if not holds_any(array, _SUSPECT):
        return np.zeros(len(array), bool)
    return np.asarray(pc.fill_null(pc.match_substring_regex(array, ILLEGAL), fill_value=False))


def byte_table(characters: Iterable[int]) -> npt.NDArray[np.bool_]:
    """A table of bytes for `holds_any`."""
    table = np.zeros(256, bool)
    table[list(characters)] = True
    return table


_SUSPECT: Final = byte_table([*(set(range(32)) - {9, 10, 13}), _FIRST_OF_FFFE])


def holds_any(array: pa.Array, table: npt.NDArray[np.bool_]) -> bool:
    """Whether one of the bytes stands in any text, by a look at the array's bytes as a whole."""
    data = array.buffers()[2] if not pa.types.is_null(array.type) else None
    return data is not None and bool(table[np.frombuffer(data, np.uint8)].any())


def dtype_of(value: Value) -> Any:
    """Pandas dtype of a column of such terms."""
    return DTYPES.get(value, "str")


def parse_value(text: str, value: Value) -> Any:
    """The frame value of a term's text.

    Raises:
        ValueError: says in words why the text is no such value.
    """
    if value in _DECIMALS:
        return _parse_decimal(text, value)
    if value is Value.DATE:
        return _parse_date(text)
    return text


def _parse_date(text: str) -> np.datetime64:
    match = _DATE.fullmatch(text)
    try:
        return np.datetime64(date.fromisoformat(match.group(1) if match else ""), "s")
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date of the form 2026-11-22") from error


def _parse_decimal(text: str, value: Value) -> Any:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text!r} is not a number")
    number = Decimal(text)
    if abs(number) >= _LARGEST:
        raise ValueError(f"{text} is beyond the largest number")
    scaled = number.scaleb(_DECIMALS[value])
    if scaled != int(scaled):
        raise ValueError(f"{text} has more than {_DECIMALS[value]} decimals")
    return int(scaled) if value in _SCALE else number


def column(values: list[Any], value: Value) -> pd.Series:
    """A column of frame values; None is missing."""
    if value is Value.QUANTITY:
        quantities: pd.Series = pd.Series(pd.array(pa.array(values, QUANTITY_TYPE), dtype=dtype_of(value)))
        return quantities
    if value is Value.DATE:
        filled = [np.datetime64("NaT") if item is None else item for item in values]
        return pd.Series(np.array(filled, dtype="datetime64[s]"))
    series: pd.Series = pd.Series(values, dtype=dtype_of(value))
    return series


def texts(values: pd.Series, value: Value) -> pa.Array:
    """The texts of a column of terms, as they stand in a document; missing where there is none.

    Text is stripped of white space at its ends; an empty one is missing (an empty element is refused
    by PEPPOL-EN16931-R008).
    """
    match value:
        case Value.AMOUNT | Value.PERCENT:
            return _scaled_texts(values, _SCALE[value], trim=value is Value.PERCENT)
        case Value.QUANTITY:
            return _trim(_plain(pc.cast(_array(pa.Array.from_pandas(values)), pa.string())))
        case Value.DATE:
            return pc.cast(
                pa.Array.from_pandas(values, type=pa.timestamp("s")).cast(pa.date32()), pa.string()
            )
        case _:
            return _stripped(values)


def _array(values: Any) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _scaled_texts(values: pd.Series, scale: int, trim: bool) -> pa.Array:
    """Decimal texts of scaled integers, by laying the 64-bit integers out as 128-bit decimals."""
    integers = values.fillna(0).to_numpy(np.int64)
    halves = np.empty((len(integers), 2), np.int64)
    halves[:, 0] = integers
    halves[:, 1] = integers >> 63
    decimals = pa.Array.from_buffers(
        pa.decimal128(19, scale), len(integers), [None, pa.py_buffer(halves.tobytes())]
    )
    written = pc.cast(decimals, pa.string())
    missing = pa.array(values.isna().to_numpy())
    return pc.if_else(missing, None, _trim(written) if trim else written)


def _plain(decimals: pa.Array) -> pa.Array:
    """Without exponents, which Arrow writes for zero and very small values."""
    exponents = pc.fill_null(pc.match_substring(decimals, "E"), fill_value=False)
    if not pc.any(exponents).as_py():
        return decimals
    plain = [format(Decimal(text), "f") for text in decimals.filter(exponents).to_pylist()]
    return pc.replace_with_mask(decimals, exponents, pa.array(plain, pa.string()))


def _trim(decimals: pa.Array) -> pa.Array:
    """Without the zeros at the end of the fraction."""
    return pc.utf8_rtrim(pc.utf8_rtrim(decimals, "0"), ".")


def _stripped(values: pd.Series) -> pa.Array:
    array = _array(pa.Array.from_pandas(values))
    if pa.types.is_null(array.type):
        return pc.cast(array, pa.string())
    stripped = pc.utf8_trim_whitespace(pc.cast(array, pa.string()))
    return pc.if_else(pc.equal(stripped, ""), None, stripped)
