"""The little language of rules: one condition as text → a typed tree; nothing else is accepted.

Python's parser reads the text, a whitelist turns it into nodes, and nothing is ever executed. A
comparison with a missing value is false (so `not` over it is true); a text of no characters counts
as missing; a timestamp is compared by its day (UTC).
"""

import ast
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from typing import Final

from invoicebatch.eligibility.nodes import (
    KINDS,
    SWITCHES,
    Both,
    Compare,
    Field,
    Flag,
    Member,
    Missing,
    Node,
    Not,
    Operator,
    Switch,
    Term,
    Today,
    Value,
)
from invoicebatch.model.schema import OVERVIEW, Column

MAX_LENGTH: Final = 1000
MAX_SHIFT: Final = 200_000

_OPERATORS: Final[Mapping[type[ast.cmpop], Operator]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_FLIPPED: Final[Mapping[Operator, Operator]] = {
    "==": "==",
    "!=": "!=",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
}


class ExpressionError(ValueError):
    """A condition that is not of the language; says what and what to write instead."""


def parse(text: str) -> Node:
    """The tree of a condition.

    Raises:
        ExpressionError: not of the language, an unknown column, category or type.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the condition is longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        return _condition(tree.body)
    except SyntaxError as error:
        raise ExpressionError(f"{text!r} is no condition: {error.msg}") from error
    except (RecursionError, MemoryError) as error:
        raise ExpressionError("the condition is nested too deeply") from error
    except ValueError as error:
        raise error if isinstance(error, ExpressionError) else ExpressionError(str(error)) from error


def _condition(tree: ast.expr) -> Node:
    match tree:
        case ast.BoolOp(op, values):
            return Both(tuple(_condition(value) for value in values), isinstance(op, ast.And))
        case ast.UnaryOp(ast.Not(), operand):
            return Not(_condition(operand))
        case ast.Name(name) if name in SWITCHES:
            return Switch(name)
        case ast.Name(name):
            return _flag(_field(name))
        case ast.Compare(first, operators, others):
            return _chain(first, operators, others)
    raise ExpressionError(f"{ast.unparse(tree)} is not allowed in a condition")


def _flag(field: Field) -> Flag:
    if field.kind != "flag":
        raise ExpressionError(f"{field.name} alone is no condition: compare it with something")
    return Flag(field)


def _chain(first: ast.expr, operators: list[ast.cmpop], others: list[ast.expr]) -> Node:
    pairs = zip([first, *others], operators, others, strict=False)
    links = tuple(_comparison(left, op, right) for left, op, right in pairs)
    return links[0] if len(links) == 1 else Both(links, every=True)


def _comparison(left: ast.expr, op: ast.cmpop, right: ast.expr) -> Node:
    match op:
        case ast.Is() | ast.IsNot():
            return _missing(left, right, negated=isinstance(op, ast.IsNot))
        case ast.In() | ast.NotIn():
            return _member(_term(left), right, negated=isinstance(op, ast.NotIn))
        case _:
            return _compare(_term(left), _OPERATORS[type(op)], _term(right))


def _missing(left: ast.expr, right: ast.expr, *, negated: bool) -> Missing:
    if not (isinstance(right, ast.Constant) and right.value is None):
        raise ExpressionError("`is` is for None only; use == instead")
    field = _term(left)
    if not isinstance(field, Field) or field.shift:
        raise ExpressionError(f"{ast.unparse(left)} is no column")
    return Missing(field, negated)


def _member(field: Term, right: ast.expr, *, negated: bool) -> Member:
    if not isinstance(field, Field) or not isinstance(right, ast.Tuple | ast.List) or not right.elts:
        raise ExpressionError("`in` needs a column and a list of constants, such as kind in ('invoice',)")
    if field.kind == "flag":
        raise ExpressionError(f"{field.name} is yes or no: write it alone, or with `not`")
    values = tuple(_fit(_term(element), field) for element in right.elts)
    return Member(field, values, negated)


def _compare(left: Term, op: Operator, right: Term) -> Compare:
    if not isinstance(left, Field):
        left, op, right = right, _FLIPPED[op], left
    if not isinstance(left, Field):
        raise ExpressionError("a comparison needs a column")
    if op not in {"==", "!="} and left.kind not in {"number", "date"}:
        raise ExpressionError(f"{left.name} has no order: use == or in")
    if isinstance(right, Field):
        _check_alike(left, right)
    elif isinstance(right, Today):
        if left.kind != "date":
            raise ExpressionError(f"{left.name} is no date and can't be compared with today")
    else:
        right = Value(_fit(right, left))
    return Compare(left, op, right)


def _check_alike(left: Field, right: Field) -> None:
    if left.kind != right.kind or left.kind in {"choice", "flag"}:
        raise ExpressionError(f"{left.name} ({left.kind}) can't be compared with {right.name} ({right.kind})")


def _fit(term: Term, field: Field) -> str | int | date:
    """The constant in the form the column has."""
    if not isinstance(term, Value):
        raise ExpressionError(f"{field.name} is compared with something that is no constant")
    value = term.value
    match field.kind:
        case "date" if isinstance(value, str):
            return _day(value, field)
        case "choice" if isinstance(value, str):
            return _category(value, field.column)
        case "text" if isinstance(value, str):
            return _text(value, field)
        case "number" if isinstance(value, int) and not isinstance(value, bool):
            return _whole(value)
        case "flag" if isinstance(value, bool):
            return value
    raise ExpressionError(f"{field.name} is a {field.kind}, {value!r} is not")


def _text(value: str, field: Field) -> str:
    if not value:
        raise ExpressionError(f"an empty text counts as missing: write {field.name} is None")
    return value


def _whole(value: int) -> int:
    if abs(value) >= 2**63:
        raise ExpressionError(f"{value} is too large")
    return value


def _day(value: str, field: Field) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ExpressionError(f"{field.name} is a date, {value!r} is not: write it as 2026-01-31") from error


def _category(value: str, column: Column) -> str:
    if value not in column.values:
        raise ExpressionError(f"{column.frame_name} has no value {value!r}: {', '.join(column.values)}")
    return value


def _term(tree: ast.expr) -> Term:
    match tree:
        case ast.Name("today"):
            return Today()
        case ast.Name(name):
            return _field(name)
        case ast.Constant(bool() | int() | str() as value):
            return Value(value)
        case ast.UnaryOp(ast.USub(), ast.Constant(int(value))) if not isinstance(value, bool):
            return Value(-value)
        case ast.BinOp(base, ast.Add() | ast.Sub() as op, ast.Constant(int(days))):
            return _shifted(_term(base), -days if isinstance(op, ast.Sub) else days)
        case ast.Constant(float()):
            raise ExpressionError(f"{ast.unparse(tree)}: amounts are whole cents, rates whole basis points")
    raise ExpressionError(f"{ast.unparse(tree)} is not allowed in a condition")


def _shifted(term: Term, days: int) -> Term:
    if isinstance(term, Value) or (isinstance(term, Field) and term.kind != "date"):
        raise ExpressionError("days can only be added to today or to a date column")
    if abs(term.shift + days) > MAX_SHIFT:
        raise ExpressionError(f"{days} days is too far away")
    return replace(term, shift=term.shift + days)


def _field(name: str) -> Field:
    derived = OVERVIEW.get(name)
    if derived is None or derived.column.type not in KINDS:
        near = get_close_matches(name, [*OVERVIEW, *SWITCHES, "today"], n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ExpressionError(f"there is no column {name}{hint}")
    return Field(derived.column)
