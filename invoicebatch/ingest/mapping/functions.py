"""What the operators and functions of mapping expressions do with whole columns."""

import ast
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.ingest import convert

NARROW: Final = pa.decimal128(18, 6)
_SIX: Final = Decimal("0.000001")
_ARITHMETIC: Final[dict[type[ast.operator], Callable[..., pa.Array]]] = {
    ast.Add: pc.add,
    ast.Sub: pc.subtract,
    ast.Mult: pc.multiply,
}


def text_of(values: pa.Array) -> pa.Array:
    """Values as text."""
    return values if pa.types.is_string(values.type) else convert.text_of(values)


def join(left: pa.Array, right: pa.Array) -> pa.Array:
    """Texts put together; an empty one adds nothing, two empty ones stay empty."""
    parts = (text_of(left), text_of(right))
    joined = pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)


def arithmetic(operator: ast.operator, left: pa.Array, right: pa.Array) -> pa.Array:
    """Exact + - *; a quotient has six decimals, half up."""
    if isinstance(operator, ast.Div):
        return _divide(left, right)
    if left.type.precision + right.type.precision + 1 > 38:
        left, right = _wide(left), _wide(right)
    return _ARITHMETIC[type(operator)](left, right)


def same_type(first: pa.Array, second: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Both as decimals of one scale, if both are decimals; else both as text, if they differ."""
    if first.type == second.type:
        return first, second
    if pa.types.is_decimal(first.type) and pa.types.is_decimal(second.type):
        kind = pa.decimal256(60, max(first.type.scale, second.type.scale))
        return first.cast(kind), second.cast(kind)
    return text_of(first), text_of(second)


def round_half_up(values: pa.Array, digits: int) -> pa.Array:
    """Rounded half away from zero."""
    return pc.round(values, digits, round_mode="half_towards_infinity").cast(NARROW)


def _wide(values: pa.Array) -> pa.Array:
    return values.cast(pa.decimal256(min(values.type.precision, 37), values.type.scale))


def _divide(left: pa.Array, right: pa.Array) -> pa.Array:
    """Nothing divided by zero is nothing."""
    pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
    quotients = [
        None if a is None or not b else (a / b).quantize(_SIX, rounding=ROUND_HALF_UP) for a, b in pairs
    ]
    return pa.array(quotients, pa.decimal128(38, 6)).cast(NARROW)


def _split(text: pa.Array, part: str, side: int) -> pa.Array:
    """Text before or after the first `part`; without one, all of it is before."""
    pieces = [None if word is None else word.partition(part)[side] for word in text.to_pylist()]
    return pa.array(pieces, pa.string())


TEXT_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "starts_with": pc.starts_with,
    "ends_with": pc.ends_with,
    "contains": pc.match_substring,
    "upper": pc.utf8_upper,
    "lower": pc.utf8_lower,
    "trim": pc.utf8_trim_whitespace,
    "replace": pc.replace_substring,
    "before": lambda text, part: _split(text, part, 0),
    "after": lambda text, part: _split(text, part, 2),
}
