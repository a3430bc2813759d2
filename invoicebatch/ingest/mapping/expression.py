"""The expression language of mappings: checked once, then evaluated over whole columns.

An expression is read by Python's parser but never run by Python: only the few forms named in
`FORMS` are taken, each with a column-wise meaning of its own. Numbers are exact decimals.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from invoicebatch.errors import RulesError
from invoicebatch.ingest.dates import pattern

MAX_LENGTH: Final = 1_000
MAX_DEPTH: Final = 40
MAX_NUMBER: Final = 10**12

FUNCTIONS: Final = {
    "starts_with": (2, 2), "ends_with": (2, 2), "contains": (2, 2), "upper": (1, 1), "lower": (1, 1),
    "trim": (1, 1), "replace": (3, 3), "before": (2, 2), "after": (2, 2), "abs": (1, 1),
    "round": (2, 2), "date": (2, 2), "first": (2, 9), "column": (1, 1),
}  # fmt: skip
"""Functions and how many arguments each takes."""

_COMPARE = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)
_BINARY = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.BitAnd)


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.

    Attributes:
        text: as written.
        where: file and key, for messages.
        tree: its syntax tree; holds the allowed forms only.
        columns: headers it reads.
    """

    text: str
    where: str
    tree: ast.expr
    columns: frozenset[str]


def compile_expression(text: str, where: str) -> Expression:
    """Check an expression.

    Args:
        text: such as `Quantity * UnitPrice` or `'credit_note' if starts_with(No, 'C') else 'invoice'`;
            `&` joins texts, `not X` asks whether X is empty, `column('Unit price')` reads any header.
        where: file and key, for the message.

    Raises:
        RulesError: not an expression, or a form that is not allowed.
    """
    if len(text) > MAX_LENGTH:
        raise RulesError(f"{where}: the expression is longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise RulesError(f"{where}: {text!r} is no expression: {error}") from error
    columns: set[str] = set()
    _check(tree, lambda problem: RulesError(f"{where}: {problem} in {text!r}", _HINT), columns, 0)
    return Expression(text, where, tree, frozenset(columns))


_HINT = (
    "Allowed: column names, texts in quotes, numbers, + - * /, & to join texts, comparisons, in, and, or, "
    f"not, … if … else …, and {', '.join(FUNCTIONS)}."
)
_Error = Callable[[str], RulesError]


def _check(node: ast.AST, error: _Error, columns: set[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise error("too many levels")
    match node:
        case ast.Name():
            columns.add(node.id)
            return
        case ast.Constant(value=value):
            if isinstance(value, bool) or not isinstance(value, str | int | float | None):
                raise error(f"{value!r} is not allowed")
            if isinstance(value, int | float) and not abs(value) < MAX_NUMBER:
                raise error(f"{value!r} is too large")
            return
        case ast.Call(func=ast.Name(id=name)):
            _check_call(node, name, error, columns)
            children: list[ast.AST] = [] if name == "column" else list(node.args)
        case _:
            children = _children(node, error)
    for child in children:
        _check(child, error, columns, depth + 1)


def _children(node: ast.AST, error: _Error) -> list[ast.AST]:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _BINARY):
            return [left, right]
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            return [operand]
        case ast.BoolOp(values=values):
            return list(values)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return [test, body, orelse]
        case ast.Compare(left=left, ops=[op], comparators=[right]) if isinstance(op, _COMPARE):
            if isinstance(op, ast.In | ast.NotIn):
                _check_list(right, error)
                return [left]
            return [left, right]
        case _:
            raise error(f"{type(node).__name__} is not allowed")


def _check_list(node: ast.AST, error: _Error) -> None:
    listed = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    if not listed or not all(isinstance(e, ast.Constant) and isinstance(e.value, str) for e in listed):
        raise error("`in` needs a list of texts such as ['A', 'B']")


def _check_call(node: ast.Call, name: str, error: _Error, columns: set[str]) -> None:
    if name not in FUNCTIONS:
        raise error(f"there is no function {name}")
    low, high = FUNCTIONS[name]
    if node.keywords or not low <= len(node.args) <= high:
        raise error(
            f"{name} takes {low} arguments" if low == high else f"{name} takes {low} to {high} arguments"
        )
    literal = {"column": [0], "date": [1], "round": [1], "starts_with": [1], "ends_with": [1], "contains": [1],
               "replace": [1], "before": [1], "after": [1]}  # fmt: skip
    for position in literal.get(name, []):
        argument = node.args[position]
        wanted = int if name == "round" else str
        if not isinstance(argument, ast.Constant) or type(argument.value) is not wanted:
            raise error(f"argument {position + 1} of {name} must be written out")
        if name == "round" and not 0 <= int(str(argument.value)) <= 6:
            raise error("round keeps 0 to 6 decimals")
        if argument.value == "":
            raise error(f"argument {position + 1} of {name} is empty")
        if name == "date":
            pattern(str(argument.value))
        if name == "column":
            columns.add(str(argument.value))
