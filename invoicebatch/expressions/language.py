"""The forms of the language: each node of a syntax tree becomes a checked term over whole columns.

A comparison with a missing value is false, so `not` over it is true. A header of a file is a text; where a
number is needed it is read as one, and a cell that is none is a fault of its row alone.
"""

import ast
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.expressions.functions import ARITHMETIC, join, same_scale
from invoicebatch.expressions.syntax import number_of
from invoicebatch.expressions.terms import (
    DAY,
    Run,
    Term,
    as_text,
    bools,
    chosen,
    fitted,
    joined,
    loose,
    valid,
)
from invoicebatch.expressions.vocabulary import ExpressionError, Field, Vocabulary

MAX_DAYS: Final = 200_000
MAX_COLUMNS: Final = 9

_COMPARE: Final[Mapping[type[ast.cmpop], Callable[..., Any]]] = {
    ast.Eq: pc.equal, ast.NotEq: pc.not_equal, ast.Lt: pc.less, ast.LtE: pc.less_equal,
    ast.Gt: pc.greater, ast.GtE: pc.greater_equal,
}  # fmt: skip


class Language:
    """Turns the nodes of one expression into terms, and gathers what it reads (see `Expression`).

    With `number` the whole will be read as a number; `asked` are columns that need only be there.
    """

    def __init__(self, text: str, vocabulary: Vocabulary, *, number: bool) -> None:
        self.text, self.vocabulary, self.number = text, vocabulary, number
        self.valued: set[Field] = set()
        self.asked: set[Field] = set()
        self.numbers: set[str] = set()
        self.switches = False
        self._forms: dict[type[ast.AST], Callable[[Any], Term]] = {
            ast.Name: self._name, ast.Constant: self._constant, ast.UnaryOp: self._unary,
            ast.BoolOp: self._both, ast.Compare: self._chain, ast.BinOp: self._binary,
        }  # fmt: skip
        if vocabulary.headers:
            self._forms |= {ast.IfExp: self._choose, ast.Call: self._call}

    def value(self, node: ast.expr) -> Run:
        """A node as an Arrow array, one value a row."""
        term = self._term(node)
        return lambda rows: pa.array(term.run(rows))

    def condition(self, node: ast.expr) -> Run:
        """A node as yes or no; a value of a file holds where it is not empty."""
        term = self._term(node)
        if term.kind == "flag":
            return lambda rows: bools(term.run(rows))
        if not self.vocabulary.headers:
            raise ExpressionError(f"{term.says} alone is no condition: compare it with something")
        return lambda rows: valid(term.run(rows))

    def _term(self, node: ast.expr) -> Term:
        return self._forms.get(type(node), self._refused)(node)

    def _refused(self, node: ast.expr) -> Term:
        raise ExpressionError(f"{ast.unparse(node)} is not allowed")

    def _name(self, node: ast.Name) -> Term:
        if node.id in self.vocabulary.switches:
            self.switches = True
            return Term("flag", lambda rows: np.full(rows.size, rows.on(node.id)), node, fixed=True)
        if node.id == "today" and not self.vocabulary.headers:
            return Term("date", lambda rows: rows.today, node, fixed=True)
        return self._column(node.id, node)

    def _column(self, name: str, node: ast.expr) -> Term:
        field = self.vocabulary.field(name)
        self.valued.add(field)
        return Term(field.kind, lambda rows: rows.values(field), node, field)

    def _constant(self, node: ast.Constant) -> Term:
        if not isinstance(node.value, str | int | float | None):
            return self._refused(node)
        is_number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        return self._fixed(number_of(node, self.text) if is_number else node.value, node)

    def _fixed(self, value: Any, node: ast.expr) -> Term:
        if self.vocabulary.headers:
            return loose(value, node)
        return Term("constant", lambda _: None, node, fixed=True, value=value)

    def _unary(self, node: ast.UnaryOp) -> Term:
        if isinstance(node.op, ast.Not):
            inner = self.condition(node.operand)
            return Term("flag", lambda rows: ~inner(rows), node)
        term = self._term(node.operand)
        if not isinstance(node.op, ast.USub):
            return self._refused(node)
        if type(term.value) in {int, Decimal}:
            return self._fixed(-term.value, node)
        run = self._decimal(term).run
        return Term("decimal", lambda rows: pc.negate(run(rows)), node)

    def _both(self, node: ast.BoolOp) -> Term:
        parts = [self.condition(value) for value in node.values]
        return Term("flag", joined(parts, every=isinstance(node.op, ast.And)), node)

    def _chain(self, node: ast.Compare) -> Term:
        pairs = zip([node.left, *node.comparators], node.ops, node.comparators, strict=False)
        links = [self._link(left, op, right) for left, op, right in pairs]
        return Term("flag", joined(links, every=True), node)

    def _link(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Run:
        match op:
            case ast.Is() | ast.IsNot():
                return self._missing(left, right, negated=isinstance(op, ast.IsNot))
            case ast.In() | ast.NotIn():
                return self._member(self._term(left), right, negated=isinstance(op, ast.NotIn))
        return self._compare(self._term(left), op, self._term(right))

    def _missing(self, left: ast.expr, right: ast.expr, *, negated: bool) -> Run:
        if not (isinstance(right, ast.Constant) and right.value is None):
            raise ExpressionError("`is` is for None only; use == instead")
        if not isinstance(left, ast.Name) or left.id in {"today", *self.vocabulary.switches}:
            raise ExpressionError(f"{ast.unparse(left)} is no column")
        field = self.vocabulary.field(left.id)
        self.asked.add(field)
        return (lambda rows: rows.present(field)) if negated else (lambda rows: ~rows.present(field))

    def _member(self, column: Term, right: ast.expr, *, negated: bool) -> Run:
        terms = [self._term(each) for each in right.elts] if isinstance(right, ast.Tuple | ast.List) else []
        if column.fixed or not terms or any(term.value is ... for term in terms):
            raise ExpressionError("`in` needs a column and a list of constants, such as kind in ('invoice',)")
        if column.kind == "flag":
            raise ExpressionError(f"{column.says} is yes or no: write it alone, or with `not`")
        wanted = [fitted(term, column) for term in terms]
        if column.field and column.kind == "choice":
            return chosen(column.field, {term.value for term in wanted}, negated=negated)
        if len({term.kind for term in wanted}) > 1:
            raise ExpressionError(f"{ast.unparse(right)} mixes texts and numbers")
        column = as_text(column) if wanted[0].kind == "cell" else column
        run, _ = self._alike(column, wanted[0], ordered=False)
        among = pa.array([term.value for term in wanted])

        def find(rows: Any) -> Any:
            values = run(rows)
            found = bools(pc.is_in(values, value_set=among.cast(values.type)))
            return ~found & valid(values) if negated else found

        return find

    def _compare(self, left: Term, op: ast.cmpop, right: Term) -> Run:
        ordered = not isinstance(op, ast.Eq | ast.NotEq)
        column, other = (right, left) if left.fixed else (left, right)
        if column.fixed:
            raise ExpressionError("a comparison needs a column")
        if ordered and column.kind in {"text", "choice", "flag"}:
            raise ExpressionError(f"{column.says} has no order: use == or in")
        if other.value is not ...:
            other = fitted(other, column, ordered=ordered)
            if column.field and column.kind == "choice":
                return chosen(column.field, {other.value}, negated=isinstance(op, ast.NotEq))
        first, second = self._alike(*((other, column) if left.fixed else (column, other)), ordered=ordered)
        compare = _COMPARE[type(op)]
        return lambda rows: bools(compare(first(rows), second(rows)))

    def _alike(self, left: Term, right: Term, *, ordered: bool) -> tuple[Run, Run]:
        """Terms of one kind; texts of a file are numbers where the other is, or where order is asked."""
        kinds = {left.kind, right.kind}
        if kinds == {"cell", "decimal"} or (ordered and kinds == {"cell"}):
            return self._decimal(left).run, self._decimal(right).run
        flags = kinds == {"flag"} and left.value is right.value is ...
        if len(kinds) > 1 or kinds == {"choice"} or flags:
            raise ExpressionError(f"{left} can't be compared with {right}")
        return left.run, right.run

    def _decimal(self, term: Term) -> Term:
        """A term as exact decimals, read from the texts of a file where need be."""
        if term.kind == "decimal":
            return term
        if term.kind != "cell":
            raise ExpressionError(f"{term.says} is not allowed where a number of a file is needed")
        header = term.field.name if term.field else ""
        self.numbers |= {header} - {""}
        return Term("decimal", lambda rows: rows.decimals(term.run(rows), header), term.node)

    def _binary(self, node: ast.BinOp) -> Term:
        left, right = self._term(node.left), self._term(node.right)
        days = isinstance(node.op, ast.Add | ast.Sub) and left.kind == "date"
        if days or not self.vocabulary.headers:
            return self._shifted(left, node, right.value)
        if isinstance(node.op, ast.BitAnd):
            before, after = as_text(left).run, as_text(right).run
            return Term("cell", lambda rows: join(before(rows), after(rows)), node)
        if type(node.op) not in ARITHMETIC:
            return self._refused(node)
        run, first, second = ARITHMETIC[type(node.op)], self._decimal(left).run, self._decimal(right).run
        return Term("decimal", lambda rows: run(first(rows), second(rows)), node)

    def _shifted(self, base: Term, node: ast.BinOp, days: Any) -> Term:
        """A date some days earlier or later."""
        if not isinstance(node.op, ast.Add | ast.Sub) or type(days) not in {int, Decimal}:
            return self._refused(node)
        if base.kind != "date" or days != int(days):
            raise ExpressionError("whole days can be added to today or to a date column, nothing else")
        if abs(days) > MAX_DAYS:
            raise ExpressionError(f"{days} days is too far away")
        shift = pa.scalar(timedelta(int(-days if isinstance(node.op, ast.Sub) else days)), pa.duration("s"))
        day = pa.date32() if self.vocabulary.headers else DAY
        return Term("date", lambda rows: pc.add(base.run(rows), shift).cast(day), node, fixed=base.fixed)

    def _choose(self, node: ast.IfExp) -> Term:
        test, first, second = self.condition(node.test), self._term(node.body), self._term(node.orelse)
        if {first.kind, second.kind} == {"cell", "decimal"} and self.number:
            first, second = self._decimal(first), self._decimal(second)
        elif first.kind != second.kind:
            first, second = as_text(first), as_text(second)

        def run(rows: Any) -> Any:
            holds = test(rows)
            values = first.run(rows.where(holds)), second.run(rows.where(~holds))
            return pc.if_else(holds, *(same_scale(*values) if first.kind == "decimal" else values))

        return Term(first.kind, run, node)

    def _call(self, node: ast.Call) -> Term:
        name = ast.unparse(node.func)
        if name == "column" and len(node.args) == 1:
            return self._column(_literal(node, 0, str), node)
        function = self.vocabulary.functions.get(name)
        if function is None:
            raise ExpressionError(f"there is no function {name}")
        low, high = (2, MAX_COLUMNS) if function.more else (1 + len(function.literals),) * 2
        if node.keywords or not low <= len(node.args) <= high:
            raise ExpressionError(f"{name} takes {low if low == high else f'{low} to {high}'} arguments")
        literals = [_literal(node, 1 + at, kind) for at, kind in enumerate(function.literals)]
        if function.check:
            function.check(literals[0])
        given = [self._term(arg) for arg in (node.args if function.more else node.args[:1])]
        runs = [(self._decimal(term) if function.takes == "decimal" else as_text(term)).run for term in given]
        header = given[0].field.name if given[0].field else ""

        def run(rows: Any) -> Any:
            return function.run(rows, header, *(one(rows) for one in runs), *literals)

        return Term(function.gives, run, node)


def _literal(node: ast.Call, at: int, kind: type) -> Any:
    given = node.args[at]
    if not isinstance(given, ast.Constant) or type(given.value) is not kind:
        raise ExpressionError(f"argument {at + 1} of {ast.unparse(node.func)} must be written out")
    return given.value
