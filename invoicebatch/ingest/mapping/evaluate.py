"""Evaluates checked expressions over whole columns: texts, exact decimals, dates, booleans.

An empty cell makes arithmetic empty and a comparison false. A cell that is no number where one is
needed is a fault of that row only.
"""

import ast
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.errors import RulesError
from invoicebatch.ingest.cells import Cells, Mask
from invoicebatch.ingest.dates import to_dates
from invoicebatch.ingest.kinds import listed
from invoicebatch.ingest.mapping.expression import Expression
from invoicebatch.ingest.mapping.functions import (
    NARROW,
    TEXT_FUNCTIONS,
    arithmetic,
    join,
    round_half_up,
    same_type,
    text_of,
)
from invoicebatch.ingest.numbers import DecimalMark, to_decimals

_COMPARE: Final[dict[type[ast.cmpop], Callable[..., pa.Array]]] = {
    ast.Eq: pc.equal, ast.NotEq: pc.not_equal, ast.Lt: pc.less, ast.LtE: pc.less_equal,
    ast.Gt: pc.greater, ast.GtE: pc.greater_equal,
}  # fmt: skip


class Evaluator:
    """Evaluates expressions over the rows of one file.

    Attributes:
        faults: cells that could not be read as the number or date an expression needs:
            header, mask, reason.
    """

    def __init__(self, cells: Cells, mark: DecimalMark) -> None:
        self._cells = cells
        self._mark = mark
        self._numbers: dict[str, tuple[pa.Array, Mask]] = {}
        self.faults: list[tuple[str, Mask, str]] = []
        self._forms: dict[type[ast.AST], Callable[[Any, Mask], pa.Array]] = {
            ast.Name: self._name,
            ast.Constant: self._constant,
            ast.UnaryOp: self._unary,
            ast.BoolOp: self._both,
            ast.IfExp: self._choose,
            ast.Compare: self._compare,
            ast.BinOp: self._binary,
            ast.Call: self._call,
        }

    def value(self, expression: Expression) -> pa.Array:
        """The expression's values: string, decimal, date32 or boolean, one a row."""
        missing = [name for name in sorted(expression.columns) if name not in self._cells.columns]
        if missing:
            raise RulesError(
                f"{expression.where}: {self._cells.file} has no column {', '.join(missing)}",
                f"Columns found: {listed(self._cells.columns)}",
            )
        try:
            return self._value(expression.tree, np.ones(len(self._cells), dtype=bool))
        except pa.ArrowInvalid as error:
            raise RulesError(
                f"{expression.where}: {expression.text!r} leads to numbers too long to hold exactly",
                "Wrap a part in round(…, 6).",
            ) from error

    def condition(self, expression: Expression) -> Mask:
        """Where the expression holds."""
        values = self.value(expression)
        return np.asarray(self._truth(values))

    def _truth(self, values: pa.Array) -> pa.Array:
        if pa.types.is_boolean(values.type):
            return pc.fill_null(values, False)
        return pc.is_valid(values)

    def _value(self, node: ast.AST, active: Mask) -> pa.Array:
        """Values of a node; faults are named for `active` rows only."""
        return self._forms[type(node)](node, active)

    def _name(self, node: Any, active: Mask) -> pa.Array:  # noqa: ARG002
        return self._cells.columns[node.id]

    def _unary(self, node: Any, active: Mask) -> pa.Array:
        if isinstance(node.op, ast.Not):
            return pc.invert(self._truth(self._value(node.operand, active)))
        return pc.negate(self._number(node.operand, active))

    def _binary(self, node: Any, active: Mask) -> pa.Array:
        if isinstance(node.op, ast.BitAnd):
            return join(self._value(node.left, active), self._value(node.right, active))
        left, right = self._number(node.left, active), self._number(node.right, active)
        return arithmetic(node.op, left, right)

    def _constant(self, node: Any, active: Mask) -> pa.Array:  # noqa: ARG002
        size, value = len(self._cells), node.value
        if isinstance(value, int | float):
            return pa.repeat(pa.scalar(Decimal(str(value)), NARROW), size)
        return pa.repeat(pa.scalar(value, pa.string()), size)

    def _both(self, node: Any, active: Mask) -> pa.Array:
        is_and = isinstance(node.op, ast.And)
        result = self._truth(self._value(node.values[0], active))
        for part in node.values[1:]:
            undecided = np.asarray(result) if is_and else ~np.asarray(result)
            value = self._truth(self._value(part, active & undecided))
            result = pc.and_(result, value) if is_and else pc.or_(result, value)
        return result

    def _choose(self, node: Any, active: Mask) -> pa.Array:
        holds = self._truth(self._value(node.test, active))
        mask = np.asarray(holds)
        first, second = same_type(
            self._value(node.body, active & mask), self._value(node.orelse, active & ~mask)
        )
        return pc.if_else(holds, first, second)

    def _compare(self, node: Any, active: Mask) -> pa.Array:
        op, right = node.ops[0], node.comparators[0]
        first = self._value(node.left, active)
        if isinstance(op, ast.In | ast.NotIn):
            found = pc.is_in(text_of(first), value_set=pa.array([e.value for e in right.elts], pa.string()))
            return found if isinstance(op, ast.In) else pc.and_(pc.is_valid(first), pc.invert(found))
        second = self._value(right, active)
        if not (pa.types.is_date32(first.type) and pa.types.is_date32(second.type)):
            ordered = not isinstance(op, ast.Eq | ast.NotEq)
            if ordered or pa.types.is_decimal(first.type) or pa.types.is_decimal(second.type):
                first, second = self._number(node.left, active), self._number(right, active)
            else:
                first, second = text_of(first), text_of(second)
        return pc.fill_null(_COMPARE[type(op)](first, second), False)

    def _number(self, node: ast.AST, active: Mask) -> pa.Array:
        """A node as decimals; a text that is none becomes a fault of the active rows."""
        name = _column_name(node)
        values = self._cells.columns[name] if name else self._value(node, active)
        if pa.types.is_decimal(values.type):
            return values
        if name and name in self._numbers:
            numbers, bad = self._numbers[name]
        else:
            native = self._cells.native.get(name) if name else None
            numbers, bad = self._narrow(text_of(values), native)
            if name:
                self._numbers[name] = numbers, bad
        if (bad & active).any():
            self.faults.append((name or "", bad & active, "is not a number of at most 6 decimals"))
        return numbers

    def _narrow(self, text: pa.Array, native: Mask | None) -> tuple[pa.Array, Mask]:
        numbers, bad = to_decimals(text, self._mark, native)
        rounded = pc.round(numbers, 6)
        unfit = np.asarray(pc.fill_null(pc.not_equal(numbers, rounded), False))
        kept = pc.if_else(pa.array(unfit), pa.scalar(None, rounded.type), rounded)
        return kept.cast(NARROW), bad | unfit

    def _call(self, node: Any, active: Mask) -> pa.Array:
        name, nodes = node.func.id, node.args
        if name == "column":
            return self._cells.columns[nodes[0].value]
        literals: list[Any] = [part.value for part in nodes[1:] if isinstance(part, ast.Constant)]
        if name == "abs":
            return pc.abs(self._number(nodes[0], active))
        if name == "round":
            return round_half_up(self._number(nodes[0], active), literals[0])
        values = text_of(self._value(nodes[0], active))
        if name == "first":
            return pc.coalesce(values, *(text_of(self._value(part, active)) for part in nodes[1:]))
        if name == "date":
            return self._date(values, literals[0], _column_name(nodes[0]) or "", active)
        return TEXT_FUNCTIONS[name](values, *literals)

    def _date(self, text: pa.Array, date_format: str, name: str, active: Mask) -> pa.Array:
        dates, bad = to_dates(text, date_format)
        if (bad & active).any():
            self.faults.append((name, bad & active, f"is no date (expected {date_format})"))
        return dates


def _column_name(node: ast.AST) -> str | None:
    """The header that a node reads, if that is all it does."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Call(func=ast.Name(id="column"), args=[ast.Constant(value=str(name))]):
            return name
    return None
