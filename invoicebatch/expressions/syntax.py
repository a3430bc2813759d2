"""Texts → Python syntax trees that are only read, never run; numbers stay as exact as they were written."""

import ast
import re
from decimal import Decimal
from typing import Final

from invoicebatch.expressions.vocabulary import ExpressionError

MAX_LENGTH: Final = 1000
MAX_LEVELS: Final = 40
MAX_DECIMALS: Final = 6
_WORDS: Final = re.compile(r"'[^']*'?|\"[^\"]*\"?|<>|[<>!=:]?=+|\w+")
_SQL: Final = {
    "=": "==", "<>": "!=", "AND": "and", "OR": "or", "NOT": "not", "IN": "in", "IS": "is", "NULL": "None",
}  # fmt: skip
"""What a filter says otherwise, and how it is said here."""


def parse(text: str) -> ast.expr:
    """The syntax tree of an expression, of whatever form.

    Raises:
        ExpressionError: too long, too deep, or no expression; says what SQL would have meant.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        words = _WORDS.findall(text)
        told = ", ".join(f"write {ours}, not {sql}" for sql, ours in _SQL.items() if sql in words)
        raise ExpressionError(f"{text!r} is no expression: {told or getattr(error, 'msg', error)}") from error
    if _levels(tree) > MAX_LEVELS:
        raise ExpressionError("the expression has too many levels")
    return tree


def _levels(tree: ast.AST) -> int:
    return 1 + max(map(_levels, ast.iter_child_nodes(tree)), default=0)


def number_of(node: ast.Constant, text: str) -> int | Decimal:
    """A number as written in the text: whole, or an exact decimal; too many decimals are an error."""
    if isinstance(node.value, int):
        return node.value
    written = ast.get_source_segment(text.strip(), node) or str(node.value)
    value = Decimal(written)
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MAX_DECIMALS:
        raise ExpressionError(f"{written} has more than {MAX_DECIMALS} decimals")
    return value
