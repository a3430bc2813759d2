"""Text cells to the declared type of a column; what can't be read becomes a reason for that cell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.expressions.functions import text_of
from invoicebatch.ingest.cells import Mask
from invoicebatch.ingest.dates import looks_like_date, to_dates
from invoicebatch.ingest.numbers import DecimalMark, to_decimals, to_scaled, too_large
from invoicebatch.model.schema import Column, Type

MAX_TEXT: Final = 4_000
SEVERAL_LINES: Final = frozenset({"note", "description", "payment_terms", "content_base64"})
_UNSEEN: Final = r"[\n\t\x{ad}\x{200b}\x{202a}-\x{202e}\x{2060}\x{2066}-\x{2069}\x{feff}]"
"""Line breaks, soft hyphens, zero-width blanks, marks that turn the direction of writing."""
MAX_LONG: Final = 10_000_000
YES: Final = frozenset({"true", "yes", "y", "1", "ja", "j", "oui", "o", "x", "wahr", "waar", "vrai"})
NO: Final = frozenset({"false", "no", "n", "0", "nee", "non", "nein", "falsch", "onwaar", "faux"})
"""Words of people, and what spreadsheets in English, German, Dutch and French write."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How the cells of a file are written."""

    mark: DecimalMark = DecimalMark.UNSURE
    date_format: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Cells of one column that can't be used, and why."""

    cells: Mask
    reason: str


Converted = tuple[pa.Array, list[Fault]]


def convert(
    values: pa.Array, column: Column, writing: Writing, native: Mask | None = None, *, scaled: bool = False
) -> Converted:
    """Cells as the Arrow type of `column`, faulty ones null, and the faults.

    Args:
        values: text, or what an expression gave (decimals, dates, booleans).
        column: what they are.
        writing: how the file writes numbers and dates.
        native: cells the file itself holds as numbers.
        scaled: the cells are cents or basis points already (`total_cents`).
    """
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.string())
    match column.type:
        case Type.MONEY | Type.PERCENT | Type.INTEGER | Type.QUANTITY:
            return _number(values, column, writing, native, scaled)
        case Type.DATE | Type.TIMESTAMP:
            return _date(values, writing)
        case Type.BOOLEAN:
            return _boolean(values)
        case Type.CHOICE:
            return _choice(values, column)
        case _:
            return _text(values, column)


def _number(
    values: pa.Array, column: Column, writing: Writing, native: Mask | None, scaled: bool
) -> Converted:
    faults = []
    bare = np.ones(len(values), dtype=bool)
    if pa.types.is_string(values.type):
        bare = ~np.asarray(pc.fill_null(pc.ends_with(values, "%"), False))
        if column.type is Type.PERCENT:
            values = pc.utf8_rtrim(values, characters="% \u00a0\u202f")
        values, bad = to_decimals(values, writing.mark, native)
        faults.append(Fault(bad, _NO_NUMBER[writing.mark]))
    if column.type is Type.QUANTITY:
        return _quantity(values, faults)
    digits = 2 if column.type in (Type.MONEY, Type.PERCENT) and not scaled else 0
    result, more = to_scaled(values, digits)
    faults.append(Fault(more, f"has more than {digits} decimals" if digits else "is not a whole number"))
    if column.type is Type.MONEY:
        faults.append(Fault(too_large(result), "is an absurd amount"))
    if column.type is Type.PERCENT:
        absurd = pc.or_(pc.less(result, 0), pc.greater(result, 10_000))
        faults.append(Fault(np.asarray(pc.fill_null(absurd, False)), "is no percentage between 0 and 100"))
    if column.name == "vat_rate" and not scaled:
        small = pc.and_(pc.greater(result, 0), pc.less(result, 100))
        faults.append(Fault(np.asarray(pc.fill_null(small, False)) & bare, _SHARE))
    return _blank(result, faults), faults


_SHARE: Final = (
    "is a share, or a rate below 1 %: write 21 or 21% for 21 %, and with its sign what is below 1 % (0.5%)"
)
_NO_NUMBER = {
    DecimalMark.POINT: "is not a number",
    DecimalMark.COMMA: "is not a number with a decimal comma",
    DecimalMark.UNSURE: "is not a number, or can be read in two ways; a mapping can say decimal = ',' or '.'",
}


def _quantity(values: pa.Array, faults: list[Fault]) -> Converted:
    rounded = pc.round(values, 6)
    more = np.asarray(pc.fill_null(pc.not_equal(rounded, values), False))
    absurd = np.asarray(pc.fill_null(pc.greater_equal(pc.abs(rounded), 10**12), False))
    faults = [*faults, Fault(more, "has more than 6 decimals"), Fault(absurd, "is an absurd number")]
    return _blank(rounded, faults).cast(pa.decimal128(18, 6)), faults


def _date(values: pa.Array, writing: Writing) -> Converted:
    if pa.types.is_date32(values.type):
        return values, []
    text = values if pa.types.is_string(values.type) else values.cast(pa.string())
    dates, bad = to_dates(text, writing.date_format)
    if not bad.any():
        return dates, []
    listed = text.filter(pa.array(bad)).to_pylist()
    ordered = np.zeros(len(bad), dtype=bool)
    ordered[np.flatnonzero(bad)] = [looks_like_date(cell) for cell in listed]
    expected = f" (expected {writing.date_format} or yyyy-mm-dd)" if writing.date_format else ""
    unsure = expected or "; only yyyy-mm-dd is sure: a mapping can say date_format = 'dd/mm/yyyy'"
    return dates, [
        Fault(bad & ~ordered, f"is no date{expected}"),
        Fault(bad & ordered, f"is no date{unsure}"),
    ]


def _boolean(values: pa.Array) -> Converted:
    return _words(
        text_of(values), {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}, pa.bool_(), "yes or no"
    )


def _choice(values: pa.Array, column: Column) -> Converted:
    known = {value.lower(): value for value in column.values}
    return _words(text_of(values), known, pa.string(), ", ".join(column.values))


def _words(values: pa.Array, known: Mapping[str, Any], kind: pa.DataType, expected: str) -> Converted:
    plain = pc.replace_substring_regex(pc.utf8_lower(values), "[ -]", "_")
    encoded = plain.dictionary_encode()
    words = [known.get(word) for word in encoded.dictionary.to_pylist()]
    result = pa.array(words, kind).take(encoded.indices)
    bad = np.asarray(pc.and_(pc.is_valid(values), pc.is_null(result)))
    return result, [Fault(bad, f"is not one of: {expected}")]


def _text(values: pa.Array, column: Column) -> Converted:
    values = text_of(values)
    limit = MAX_LONG if column.type is Type.JSON or column.name == "content_base64" else MAX_TEXT
    long = np.asarray(pc.fill_null(pc.greater(pc.utf8_length(values), limit), False))
    faults = [Fault(long, f"is longer than {limit:,} characters")]
    if column.type is not Type.JSON and column.name not in SEVERAL_LINES:
        values = _one_line(values)
    values = pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
    return _blank(values, faults), faults


def _one_line(values: pa.Array) -> pa.Array:
    """Ids, names and addresses hold no line breaks, and no signs that nobody sees."""
    if not pc.any(pc.match_substring_regex(values, _UNSEEN)).as_py():
        return values
    plain = pc.replace_substring_regex(values, r"[\n\t]+", " ")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(plain, _UNSEEN, ""))


def _blank(values: pa.Array, faults: list[Fault]) -> pa.Array:
    bad = np.zeros(len(values), dtype=bool)
    for fault in faults:
        bad |= fault.cells
    return pc.if_else(pa.array(bad), pa.scalar(None, values.type), values) if bad.any() else values
