"""What the operators and functions of expressions do with whole columns of texts and exact decimals."""

import ast
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.expressions.vocabulary import ExpressionError, Function

NARROW: Final = pa.decimal128(18, 6)
_SIX: Final = Decimal("0.000001")


def text_of(values: pa.Array) -> pa.Array:
    """Values as text; a decimal without needless zeros."""
    if pa.types.is_string(values.type):
        return values
    text = values.cast(pa.string())
    if pa.types.is_decimal(values.type) and values.type.scale:
        return pc.replace_substring_regex(text, r"\.?0+$", "")
    return text


def join(left: pa.Array, right: pa.Array) -> pa.Array:
    """Texts put together; an empty one adds nothing, two empty ones stay empty."""
    joined = pc.binary_join_element_wise(left, right, "", null_handling="replace", null_replacement="")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)


def same_scale(first: pa.Array, second: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Decimals of one type."""
    if first.type == second.type:
        return first, second
    kind = pa.decimal256(60, max(first.type.scale, second.type.scale))
    return first.cast(kind), second.cast(kind)


def _exact(run: Callable[..., pa.Array]) -> Callable[..., pa.Array]:
    """+ - * of as many digits as it takes."""
    return lambda left, right: run(_wide(left), _wide(right))


def _wide(values: pa.Array) -> pa.Array:
    return values.cast(pa.decimal256(min(values.type.precision, 37), values.type.scale))


def _divide(left: pa.Array, right: pa.Array) -> pa.Array:
    """A quotient of six decimals, half up; nothing divided by zero is nothing."""
    pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
    quotients = [
        None if a is None or not b else (a / b).quantize(_SIX, rounding=ROUND_HALF_UP) for a, b in pairs
    ]
    return pa.array(quotients, pa.decimal128(38, 6)).cast(NARROW)


ARITHMETIC: Final[Mapping[type[ast.operator], Callable[..., pa.Array]]] = {
    ast.Add: _exact(pc.add), ast.Sub: _exact(pc.subtract), ast.Mult: _exact(pc.multiply), ast.Div: _divide,
}  # fmt: skip
"""Operators over exact decimals."""


def _round(values: pa.Array, digits: int) -> pa.Array:
    """Rounded half away from zero."""
    return pc.round(values, digits, round_mode="half_towards_infinity").cast(NARROW)


def _split(text: pa.Array, part: str, side: int) -> pa.Array:
    """Text before or after the first `part`; without one, all of it is before."""
    pieces = [None if word is None else word.partition(part)[side] for word in text.to_pylist()]
    return pa.array(pieces, pa.string())


def _check_part(part: str) -> None:
    if not part:
        raise ExpressionError("an empty text is not allowed here")


def _check_digits(digits: int) -> None:
    if not 0 <= digits <= 6:
        raise ExpressionError("round keeps 0 to 6 decimals")


def _of(run: Callable[..., Any], *literals: type, **options: Any) -> Function:
    """A function that needs neither the rows nor the header."""
    return Function(lambda _rows, _header, *values: run(*values), literals=literals, **options)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "starts_with": _of(pc.starts_with, str, gives="flag", check=_check_part),
    "ends_with": _of(pc.ends_with, str, gives="flag", check=_check_part),
    "contains": _of(pc.match_substring, str, gives="flag", check=_check_part),
    "upper": _of(pc.utf8_upper),
    "lower": _of(pc.utf8_lower),
    "trim": _of(pc.utf8_trim_whitespace),
    "replace": _of(pc.replace_substring, str, str, check=_check_part),
    "before": _of(lambda text, part: _split(text, part, 0), str, check=_check_part),
    "after": _of(lambda text, part: _split(text, part, 2), str, check=_check_part),
    "abs": _of(pc.abs, gives="decimal", takes="decimal"),
    "round": _of(_round, int, gives="decimal", takes="decimal", check=_check_digits),
    "first": _of(pc.coalesce, more=True),
}
"""Functions of texts and numbers; a user adds those that need to know where the values come from."""
