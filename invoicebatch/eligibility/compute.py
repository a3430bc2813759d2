"""Conditions over arrays: a node bound to the columns of a frame gives yes/no for any slice of rows.

Only the meaning of the nodes lives here; how facts are packed and used is in `evaluate`.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.eligibility.columns import Array, Bools, Columns, as_bools, seconds
from invoicebatch.eligibility.nodes import (
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
    Today,
    Value,
)

Bound = Callable[[slice], Bools]
"""Yes/no for a slice of rows; callers may not write into the result."""

_FUNCTIONS: Final[Mapping[Operator, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a condition may know besides the row."""

    today: date
    switches: Mapping[str, bool]


def bind(node: Node, columns: Columns, setting: Setting) -> Bound:
    """The condition over this frame."""
    match node:
        case Both(items, every):
            bound = [bind(item, columns, setting) for item in items]
            combine = operator.and_ if every else operator.or_
            return lambda rows: reduce(combine, [part(rows) for part in bound])
        case Not(item):
            inner = bind(item, columns, setting)
            return lambda rows: ~inner(rows)
        case Switch(name):
            value = bool(setting.switches.get(name, False))
            return lambda rows: np.full(rows.stop - rows.start, value)
        case Flag(field):
            return columns.flags(field).__getitem__
        case Missing(field, negated):
            present = columns.present(field)
            return present.__getitem__ if negated else lambda rows: ~present[rows]
        case Member():
            return _member(node, columns)
        case Compare():
            return _compare(node, columns, setting)


def _member(node: Member, columns: Columns) -> Bound:
    field = node.field
    if field.kind == "choice":
        return _choice(field, set(node.values), columns, negated=node.negated)
    if field.kind == "text":
        found = as_bools(pc.is_in(columns.texts(field), value_set=pa.array(node.values, pa.large_string())))
    else:
        values = columns.numbers(field) if field.kind == "number" else _days(field, columns)
        wanted = [seconds(v) if isinstance(v, date) else v for v in node.values]
        found = np.isin(values, np.asarray(wanted)) & columns.present(field)
    return (~found & columns.present(field) if node.negated else found).__getitem__


def _choice(field: Field, wanted: set[Any], columns: Columns, *, negated: bool) -> Bound:
    codes, categories = columns.choices(field)
    table = np.array([*((c in wanted) != negated for c in categories), False])
    return lambda rows: np.take(table, codes[rows], mode="wrap")


def _compare(node: Compare, columns: Columns, setting: Setting) -> Bound:
    field = node.left
    match field.kind:
        case "choice":
            assert isinstance(node.right, Value)  # noqa: S101 - the parser allows nothing else
            return _choice(field, {node.right.value}, columns, negated=node.op == "!=")
        case "text":
            return _texts(node, columns)
        case "flag":
            return _flags(node, columns)
        case "number":
            return _ordered(node, columns, columns.numbers, _number)
        case "date":
            return _ordered(node, columns, lambda f: _days(f, columns), lambda term: _day(term, setting))


def _texts(node: Compare, columns: Columns) -> Bound:
    left, present = columns.texts(node.left), columns.present(node.left)
    right = node.right
    if isinstance(right, Field):
        present = present & columns.present(right)
        equal = as_bools(pc.equal(left, columns.texts(right)))
    else:
        assert isinstance(right, Value)  # noqa: S101
        equal = as_bools(pc.equal(left, str(right.value)))
    return ((equal if node.op == "==" else ~equal) & present).__getitem__


def _flags(node: Compare, columns: Columns) -> Bound:
    assert isinstance(node.right, Value)  # noqa: S101
    wanted = bool(node.right.value) == (node.op == "==")
    flags, present = columns.flags(node.left), columns.present(node.left)
    return flags.__getitem__ if wanted else lambda rows: ~flags[rows] & present[rows]


def _ordered(
    node: Compare,
    columns: Columns,
    values: Callable[[Field], Array],
    constant: Callable[[Any], Any],
) -> Bound:
    """Numbers and dates: compare, then take the missing ones out where there are any."""
    function, left, right = _FUNCTIONS[node.op], values(node.left), node.right
    masks = [columns.present(f) for f in (node.left, right) if isinstance(f, Field) and columns.holes(f)]
    if isinstance(right, Field):
        other = values(right)
        found: Bound = lambda rows: function(left[rows], other[rows])  # noqa: E731
    else:
        fixed = constant(right)
        found = lambda rows: function(left[rows], fixed)  # noqa: E731
    return found if not masks else lambda rows: reduce(operator.and_, [m[rows] for m in masks], found(rows))


def _number(term: Value) -> Any:
    assert isinstance(term.value, int)  # noqa: S101
    return np.int64(term.value)


def _day(term: Value | Today, setting: Setting) -> Any:
    if isinstance(term, Today):
        return seconds(setting.today + timedelta(days=term.shift))
    assert isinstance(term.value, date)  # noqa: S101
    return seconds(term.value)


def _days(field: Field, columns: Columns) -> Array:
    days = columns.days(field)
    return days + np.timedelta64(field.shift * 86400, "s") if field.shift else days
