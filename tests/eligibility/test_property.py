"""The compiled conditions against a row-by-row interpreter written from the documentation alone."""

import ast
import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicebatch.eligibility import Rules, Tally
from invoicebatch.eligibility.ruleset import RULE_WORDS
from invoicebatch.expressions import FrameRows, compile_expression
from invoicebatch.model.schema import OVERVIEW, Type
from invoicebatch.settings import SWITCHES
from tests.examples import examples

TODAY = date(2026, 11, 22)
OPERATORS: Mapping[type, Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.In: lambda x, many: x in many, ast.NotIn: lambda x, many: x not in many,
}  # fmt: skip


def interpret(node: Any, row: Mapping[str, Any], switches: Mapping[str, bool]) -> bool:
    """One condition over one row of plain Python values, None where missing."""
    match node:
        case ast.Expression(body):
            return interpret(body, row, switches)
        case ast.BoolOp(op, values):
            return (all if isinstance(op, ast.And) else any)([interpret(v, row, switches) for v in values])
        case ast.UnaryOp(ast.Not(), operand):
            return not interpret(operand, row, switches)
        case ast.Name(name):
            return bool(switches[name] if name in switches else row[name])
        case ast.Compare(left, ops, rights):
            operands = [value_of(x, row) for x in (left, *rights)]
            return all(compare(a, op, b) for a, op, b in zip(operands, ops, operands[1:], strict=False))
    raise AssertionError(ast.dump(node))


def compare(left: Any, op: Any, right: Any) -> bool:
    if isinstance(op, ast.Is | ast.IsNot):
        return (left is None) == isinstance(op, ast.Is)
    if left is None or right is None:
        return False
    if isinstance(left, date) or isinstance(right, date):
        as_day = lambda v: date.fromisoformat(v) if isinstance(v, str) else v  # noqa: E731
        left, right = as_day(left), [as_day(v) for v in right] if isinstance(right, list) else as_day(right)
    return bool(OPERATORS[type(op)](left, right))


def value_of(node: Any, row: Mapping[str, Any]) -> Any:
    match node:
        case ast.Name("today"):
            return TODAY
        case ast.Name(name):
            return row[name]
        case ast.BinOp(base, op, ast.Constant(days)):
            day = value_of(base, row)
            sign = 1 if isinstance(op, ast.Add) else -1
            return None if day is None else day + timedelta(days=sign * days)
        case ast.Tuple(elements):
            return [value_of(element, row) for element in elements]
    value = ast.literal_eval(node)
    return Decimal(str(value)) if isinstance(value, float) else value


DAYS = st.dates(date(2023, 10, 1), date(2026, 12, 31))
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from(OVERVIEW["status"].column.values),
    "plan_status": st.sampled_from(OVERVIEW["plan_status"].column.values),
    "number": st.sampled_from(["A", "B", "", "'", "é"]),
    "currency": st.sampled_from(["EUR", "GBP"]),
    "account_currency": st.sampled_from(["EUR", "GBP"]),
    "outstanding_cents": st.integers(-3, 3),
    "total_cents": st.integers(-3, 3),
    "credited_by": st.integers(1, 3),
    "credit_of": st.integers(1, 3),
    "customer_is_business": st.booleans(),
    "due_date": DAYS,
    "invoice_date": DAYS,
    "sent_at": st.datetimes(datetime(2026, 11, 20), datetime(2026, 11, 25)),  # noqa: DTZ001 - UTC
}
NEVER_MISSING = {"status", "outstanding_cents", "total_cents", "currency"}
EQUAL, ORDER = ("==", "!="), ("==", "!=", "<", "<=", ">", ">=")
AMOUNTS, NUMBERS = ("outstanding", "total"), ("credited_by", "credit_of")


def _sentence(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(" ".join)


def _one(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


def _list(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3).map(lambda v: f"({', '.join(v)},)")


_DAY_TERMS = st.one_of(
    _one("today", "due_date", "invoice_date", "sent_at"),
    DAYS.map(lambda d: f"'{d.isoformat()}'"),
    st.tuples(_one("today", "due_date", "sent_at"), _one("+", "-"), st.integers(0, 1100)).map(
        lambda t: f"{t[0]} {t[1]} {t[2]}"
    ),
)
_INTEGERS = st.integers(-3, 3).map(str)
_CENTS = st.integers(-3, 3).map(lambda cents: str(Decimal(cents) / 100))
_PARTS = st.integers(-400, 400).map(lambda n: f"{Decimal(n) / 10_000:f}")
"""Amounts of up to four decimals: no cents, but more or less than some."""
_NAMES = [OVERVIEW[name].column.name for name in VALUES]
_STATUS = VALUES["status"].map(repr)
_TEXTS = _one("'A'", "'B'", '"\'"', "'é'", "'other'")
ATOMS = st.one_of(
    _sentence(_one(*_NAMES), _one("is None", "is not None")),
    _sentence(_one("status"), _one(*EQUAL), _STATUS),
    _sentence(_one("status"), _one("in", "not in"), _list(_STATUS)),
    _sentence(_one("plan_status"), _one(*EQUAL), VALUES["plan_status"].map(repr)),
    _sentence(_one("number"), _one(*EQUAL), _TEXTS),
    _sentence(_one("number"), _one("in", "not in"), _list(_TEXTS)),
    _sentence(_one("currency", "number"), _one(*EQUAL), _one("account_currency")),
    _sentence(_one(*NUMBERS), _one(*ORDER), st.one_of(_INTEGERS, _one(*NUMBERS))),
    _sentence(_one(*AMOUNTS), _one(*ORDER), st.one_of(_CENTS, _INTEGERS, _one(*AMOUNTS))),
    _sentence(_one(*AMOUNTS), _one(*ORDER[2:]), _PARTS),
    _sentence(_PARTS, _one("<", "<="), _one(*AMOUNTS), _one("<", "<="), _PARTS),
    _sentence(_one(*NUMBERS), _one("in", "not in"), _list(_INTEGERS)),
    _sentence(_one(*AMOUNTS), _one("in", "not in"), _list(_CENTS)),
    _sentence(_one("due_date", "sent_at"), _one(*ORDER), _DAY_TERMS),
    _sentence(_one("due_date"), _one("in", "not in"), _list(DAYS.map(lambda d: f"'{d}'"))),
    _sentence(_one("customer_is_business"), _one(*EQUAL), _one("True", "False")),
    _one("customer_is_business", "peppol", "collection"),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        _sentence(st.just("not ("), inner, st.just(")")),
        _sentence(st.just("("), inner, _one("and", "or"), inner, st.just(")")),
    ),
    max_leaves=6,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {n: v if n in NEVER_MISSING else st.one_of(st.none(), v) for n, v in VALUES.items()}
    ),
    max_size=12,
)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: pd.Series([row[name] for row in rows], dtype=object).astype(OVERVIEW[name].column.dtype)
            for name in VALUES
        }
    )


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """As people write it: an empty text is missing, a timestamp is its day, an amount a decimal."""
    return {OVERVIEW[name].column.name: _as_written(name, value) for name, value in row.items()}


def _as_written(name: str, value: Any) -> Any:
    if value is None or value == "":
        return None
    if OVERVIEW[name].column.type is Type.MONEY:
        return Decimal(value) / 100
    return value.date() if isinstance(value, datetime) else value


@settings(max_examples=examples(300), deadline=None)
@given(text=CONDITIONS, rows=ROWS, collection=st.booleans(), peppol=st.booleans())
def test_compiled_equals_interpreted(
    text: str, rows: list[dict[str, Any]], collection: bool, peppol: bool
) -> None:
    switches = {"collection": collection, "peppol": peppol, "chorus_pro": False}
    expected = [interpret(ast.parse(text, mode="eval"), _plain(row), switches) for row in rows]
    condition, whole = compile_expression(text, RULE_WORDS), FrameRows(_frame(rows), TODAY, switches)
    assert condition.run(whole).tolist() == expected
    assert [condition.run(whole.part(i, i + 1)).tolist() for i in range(len(rows))] == [[e] for e in expected]


@settings(max_examples=examples(15), deadline=None)
@given(data=st.data())
def test_words_and_verdicts_are_those_of_the_facts(rules: Rules, data: st.DataObject) -> None:
    """Every action over random rows: eligible exactly where a row-by-row reading of the rules says so."""
    rows = data.draw(st.lists(st.fixed_dictionaries({n: _any(n) for n in sorted(rules.columns)}), max_size=8))
    frame = pd.DataFrame(
        {
            name: pd.Series([row[name] for row in rows], dtype=object).astype(OVERVIEW[name].column.dtype)
            for name in sorted(rules.columns)
        }
    )
    switches = {name: data.draw(st.booleans()) for name in SWITCHES}
    evaluation = rules.evaluate(frame, today=TODAY, switches=switches, picked_by_hand=True)
    cut, tally = data.draw(st.integers(0, len(rows))), Tally(rules)
    for piece in (frame.iloc[:cut], frame.iloc[cut:]):
        tally.add(rules.evaluate(piece, today=TODAY, switches=switches, picked_by_hand=True))
    facts = [
        {n: interpret(ast.parse(f.when, mode="eval"), _plain(row), switches) for n, f in rules.facts.items()}
        for row in rows
    ]
    whole = {
        "picked_by_hand": True,
        "one_customer": len({row["customer_id"] for row in rows} | {None}) <= 2
        and all(row["customer_id"] is not None for row in rows),
        "one_account": len({row["company_account_id"] for row in rows}) <= 1,
    }
    for action, rule in rules.by_action.items():
        expected = [
            all(row[need] for need in rule.needs)
            and all(whole[need] for need in rule.selection)
            and (not rule.parts or any(all(row[n] for n in needs) for needs in rule.parts.values()))
            for row in facts
        ]
        assert evaluation.eligible(action).tolist() == expected
        assert [reason == "" for reason in evaluation.reasons(action)] == expected
        assert [reason == "" for reason in evaluation.all_reasons(action)] == expected
        assert evaluation.count(action) == sum(expected)
        summary = evaluation.summary(action)
        assert sum(entry["rows"] for entry in summary) == len(rows) - sum(expected)
        for entry in summary:
            assert evaluation.rows_failing(action, entry["reason"]).sum() == entry["rows"]
        assert tally.count(action) == sum(expected)
        by_text = [
            sorted((one["reason"], one["rows"]) for one in each) for each in (tally.summary(action), summary)
        ]
        assert by_text[0] == by_text[1]


def _any(name: str) -> st.SearchStrategy[Any]:
    column = OVERVIEW[name].column
    values: st.SearchStrategy[Any]
    match column.type.value:
        case "choice":
            values = st.sampled_from(column.values)
        case "integer" | "money":
            values = st.integers(-2, 2)
        case "boolean":
            values = st.booleans()
        case "date":
            values = DAYS
        case "timestamp":
            values = VALUES["sent_at"]
        case _:
            values = st.sampled_from(["", "EUR", "x"] if not column.required else ["EUR", "x"])
    return values if column.required else st.one_of(st.none(), values)
