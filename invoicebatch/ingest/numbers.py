"""Text to exact numbers: which separators a file uses, decimals, cents and basis points.

No value passes through a float; what can't be read exactly is a fault of that cell.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.ingest.cells import Mask

WIDE: Final = pa.decimal128(28, 10)
MAX_CENTS: Final = 10**13
"""Amounts of 100 billion and more are refused as mistakes; sums of a million lines stay in int64."""

_BLANK = "[ '\u2019\u00a0\u2009\u202f]"
"""Blanks and apostrophes that group thousands, thin and non-breaking ones too: never a decimal mark."""
_GROUPED = rf"^[+-]?\d{{1,3}}({_BLANK}\d{{3}}){{1,3}}([.,]\d{{1,10}})?$"
_POINT = r"^[+-]?(\d{1,12}|\d{1,3}(,\d{3}){1,3})(\.\d{1,10})?$"
_COMMA = r"^[+-]?(\d{1,12}|\d{1,3}(\.\d{3}){1,3})(,\d{1,10})?$"
_STRICT = r"^[+-]?\d{1,12}(\.\d{1,10})?$"
_TWO_WAYS = r"^[+-]?[1-9]\d{0,2}\.\d{3}$"
"""1.000 is one, or a thousand."""
_SURE_POINT = (
    rf"\.\d{{1,2}}$|\.\d{{4,}}$|,\d{{3}}\.\d|,\d{{3}},\d{{3}}|^[+-]?(0|\d{{4,}})\.\d|{_BLANK}\d{{3}}\.\d"
)
_SURE_COMMA = (
    rf",\d{{1,2}}$|,\d{{4,}}$|\.\d{{3}},\d|\.\d{{3}}\.\d{{3}}|^[+-]?(0|\d{{4,}}),\d|{_BLANK}\d{{3}},\d"
)


class DecimalMark(StrEnum):
    """How numbers are written; `unsure` takes a point where it can only be the decimal mark."""

    POINT = "."
    COMMA = ","
    UNSURE = ""


_FORMS = {DecimalMark.POINT: _POINT, DecimalMark.COMMA: _COMMA, DecimalMark.UNSURE: _STRICT}


def detect_mark(columns: Iterable[pa.Array]) -> DecimalMark:
    """The decimal mark of a file, where its number columns leave no doubt.

    One cell such as `12,50` or `1.234,56` speaks for the comma, `12.50` for the point; where both
    or neither are found, it stays unsure and each doubtful cell is refused.
    """
    comma = point = False
    for values in columns:
        comma = comma or bool(pc.any(pc.match_substring_regex(values, _SURE_COMMA)).as_py())
        point = point or bool(pc.any(pc.match_substring_regex(values, _SURE_POINT)).as_py())
    if comma == point:
        return DecimalMark.UNSURE
    return DecimalMark.COMMA if comma else DecimalMark.POINT


def to_decimals(values: pa.Array, mark: DecimalMark, native: Mask | None = None) -> tuple[pa.Array, Mask]:
    """Exact decimals (28 digits, 10 after the point) and which cells are no number.

    Args:
        values: text.
        mark: how numbers are written.
        native: cells that the file itself holds as numbers: always with a point.
    """
    ok, plain = _plain(values, mark)
    if native is not None:
        cells = pa.array(native)
        ok = pc.if_else(cells, pc.match_substring_regex(values, _STRICT), ok)
        plain = pc.if_else(cells, values, plain)
    ok = pc.fill_null(ok, True)
    bad = ~np.asarray(ok)
    if bad.any():
        plain = pc.if_else(ok, plain, pa.scalar(None, pa.string()))
    return plain.cast(WIDE), bad


def _plain(values: pa.Array, mark: DecimalMark) -> tuple[pa.Array, pa.Array]:
    grouped = pc.match_substring_regex(values, _GROUPED)
    if pc.any(grouped).as_py():
        values = pc.if_else(grouped, pc.replace_substring_regex(values, _BLANK, ""), values)
    ok = pc.match_substring_regex(values, _FORMS[mark])
    if mark is DecimalMark.COMMA:
        return ok, pc.replace_substring(pc.replace_substring(values, ".", ""), ",", ".")
    if mark is DecimalMark.POINT:
        return ok, pc.replace_substring(values, ",", "")
    return pc.and_not(ok, pc.match_substring_regex(values, _TWO_WAYS)), values


def to_scaled(decimals: pa.Array, digits: int) -> tuple[pa.Array, Mask]:
    """Integers of the last of `digits` decimals (cents: 2), and which values have more decimals."""
    rounded = pc.round(decimals, digits)
    more = np.asarray(pc.fill_null(pc.not_equal(rounded, decimals), False))
    return _shift(rounded, digits), more


def _shift(rounded: pa.Array, digits: int) -> pa.Array:
    narrow = rounded.cast(pa.decimal128(28, digits))
    return pc.multiply(narrow, pa.scalar(Decimal(10**digits))).cast(pa.int64())


def too_large(cents: pa.Array) -> Mask:
    """Which amounts are absurd."""
    return np.asarray(pc.fill_null(pc.greater_equal(pc.abs(cents), MAX_CENTS), False))
