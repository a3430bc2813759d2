"""The language by itself: a vocabulary of one's own, exact constants, and what is told where it is wrong."""

import operator
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicebatch.errors import UnknownNameError
from invoicebatch.expressions import (
    OVERVIEW_WORDS,
    ExpressionError,
    FrameRows,
    Vocabulary,
    compile_expression,
)
from invoicebatch.model.schema.types import (
    boolean,
    choice,
    day,
    integer,
    json,
    money,
    percent,
    text,
    timestamp,
)
from invoicebatch.model.status import Kind
from tests.examples import examples

COLUMNS = (
    choice("kind", Kind, ""), text("name", ""), text("other_name", ""), money("usual_total", ""), money("total", ""),
    percent("vat_rate", ""), integer("copies", ""), day("last_seen_on", ""), timestamp("seen_at", ""),
    boolean("known", ""), json("extra", ""),
)  # fmt: skip
WORDS = Vocabulary().extended(COLUMNS, switches=["strict"])
TODAY = date(2026, 11, 22)
ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def frame(**columns: list[object]) -> pd.DataFrame:
    """A frame of the columns, by frame name, with their declared dtypes."""
    dtypes = {column.frame_name: column.dtype for column in COLUMNS}
    return pd.DataFrame(
        {name: pd.Series(v, dtype=object).astype(dtypes[name]) for name, v in columns.items()}
    )


def holds(text: str, **columns: list[object]) -> list[bool]:
    """Which rows a condition holds for."""
    found = compile_expression(text, WORDS).run(FrameRows(frame(**columns), TODAY, {"strict": True}))
    return list(found)


def test_a_vocabulary_is_put_together_from_columns() -> None:
    wider = OVERVIEW_WORDS.extended([money("median_total", "What the customer usually pays")])
    rows = pd.DataFrame({"total_cents": [10_000, 10_001], "median_total_cents": [10_000, 10_000]})
    assert compile_expression("total > median_total", wider).run(FrameRows(rows, TODAY)).tolist() == [
        False,
        True,
    ]
    with pytest.raises(ExpressionError, match="no column median_total"):
        compile_expression("total > median_total", OVERVIEW_WORDS)


def test_rates_are_percentages_and_amounts_decimals() -> None:
    rates = [2100, 900, 550, None]
    assert holds("vat_rate == 21", vat_rate_bp=rates) == [True, False, False, False]
    assert holds("vat_rate in (5.5, 9)", vat_rate_bp=rates) == [False, True, True, False]
    assert holds("vat_rate < 20.999", vat_rate_bp=rates) == [False, True, True, False]
    assert holds("total == -12.3", total_cents=[-1230, -1229]) == [True, False]
    assert holds("92233720368547758.07 <= total", total_cents=[2**63 - 1, 2**63 - 2]) == [True, False]
    assert holds("total < 12345678901234567.89", total_cents=[1234567890123456788, 1234567890123456789]) == [
        True,
        False,
    ]
    for old, new in (
        ("vat_rate_bp == 2100", "write vat_rate; rates are percentages"),
        ("total_cents > 0", "write total;"),
    ):
        with pytest.raises(ExpressionError, match=new):
            compile_expression(old, WORDS)


@given(
    cents=st.lists(st.integers(-1000, 1000), min_size=1),
    constant=st.decimals(-10, 10, places=4),
    op=st.sampled_from(list(ORDER)),
    turned=st.booleans(),
)
def test_a_constant_between_two_cents_is_compared_exactly(
    cents: list[int], constant: Decimal, op: str, turned: bool
) -> None:
    text = f"{constant:f} {op} total" if turned else f"total {op} {constant:f}"
    amounts = [Decimal(cent) / 100 for cent in cents]
    expected = [ORDER[op](*((constant, amount) if turned else (amount, constant))) for amount in amounts]
    assert holds(text, total_cents=cents) == expected


def test_dates_are_dates() -> None:
    days = ["2026-11-21", "2026-11-22", "2026-11-23", None]
    assert holds("last_seen_on >= today", last_seen_on=days) == [False, True, True, False]
    assert holds("last_seen_on - 1 < today - 1 + 1", last_seen_on=days) == [True, True, False, False]
    assert holds("last_seen_on == '2026-11-22'", last_seen_on=days) == [False, True, False, False]
    assert holds("seen_at in ('2026-11-22',)", seen_at=["2026-11-22 23:59", "2026-11-23 00:00"]) == [
        True,
        False,
    ]
    assert holds("seen_at == last_seen_on", seen_at=["2026-11-22 23:59"], last_seen_on=["2026-11-22"]) == [
        True
    ]


def test_what_is_missing_is_neither_equal_nor_different() -> None:
    names, others = ["a", "", None, "b"], ["a", "a", "a", None]
    assert holds("name == other_name", name=names, other_name=others) == [True, False, False, False]
    assert holds("name != other_name", name=names, other_name=others) == [False] * 4
    assert holds("not name == 'a'", name=names) == [False, True, True, True]
    assert holds("name not in ('a',)", name=names) == [False, False, False, True]
    assert holds("kind not in ('invoice',)", kind=["invoice", None, "statement"]) == [False, False, True]
    assert holds("extra is None", extra=["{}", "", None]) == [False, True, True]
    assert holds("strict and known == False", known=[True, False]) == [False, True]


def test_texts_of_part_of_a_frame_and_of_several_chunks() -> None:
    """Empty texts are told from the offsets of the text array, which a part of a frame shares with the whole."""
    names = pd.Series(["", "x", "a", "", None, "a", "b", "a", ""], dtype="str")
    parts = pd.concat([names.iloc[2:6], names.iloc[6:]])
    for series in (names.iloc[2:], parts):
        rows = FrameRows(pd.DataFrame({"name": series, "other_name": series}), TODAY)
        equal = compile_expression("name == other_name", WORDS).run(rows)
        assert equal.tolist() == compile_expression("name is not None", WORDS).run(rows).tolist()
        assert equal.tolist() == [True, False, False, True, True, True, False]
        assert compile_expression("name != 'a'", WORDS).run(rows.part(3, 6)).tolist() == [False, True, False]


def test_what_an_expression_reads_is_known_before_there_are_rows() -> None:
    condition = compile_expression("total > 0 and (name is None or kind == 'invoice') and strict", WORDS)
    assert condition.columns == {"total_cents", "name", "kind"}
    assert {field.name for field in condition.valued} == {"total", "kind"}
    assert condition.switches
    assert not compile_expression("name is None", WORDS).valued
    with pytest.raises(UnknownNameError, match="column name"):
        compile_expression("name is None", WORDS).run(FrameRows(frame(total_cents=[1]), TODAY))


def test_blanks_and_brackets_make_no_other_condition() -> None:
    assert compile_expression("(total>1.0)", WORDS).plain == compile_expression("total > 1.0", WORDS).plain
    assert compile_expression("total > 1", WORDS).plain != compile_expression("total > 2", WORDS).plain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 'a = b'", "write ==, not ="),
        ("name <> 'a' AND known", "write !=, not <>, write and, not AND"),
        (
            "name = '' OR name IS NULL",
            "write ==, not =, write or, not OR, write is, not IS, write None, not NULL",
        ),
        ("name is null", "`is` is for None only"),
        ("name == 'x = 1", "unterminated string"),
        ("strict == True", "a comparison needs a column"),
        ("known == strict", "known (flag) can't be compared with strict (flag)"),
        ("known in (True,)", "is yes or no"),
        ("total > vat_rate", "total (amount) can't be compared with vat_rate (rate)"),
        ("copies in (1, 1.5)", "copies is never 1.5: it is a whole number"),
        ("last_seen_on + 1.5 > today", "whole days"),
        ("nam == 'x'", "did you mean name?"),
        ("strict is None", "strict is no column"),
        ("name.upper() == 'A'", "name.upper() is not allowed"),
        ("a" * 1001, "longer than 1000 characters"),
        ("not " * 41 + "known", "too many levels"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, WORDS)
    assert message in str(caught.value)


def test_rows_that_are_no_categories_or_plain_objects() -> None:
    rows = pd.DataFrame({"kind": pd.Series(["invoice", None], dtype=object), "known": pd.Series([True, None], dtype=object),
                         "total_cents": pd.Series([5, None], dtype="Int64")})  # fmt: skip
    both = compile_expression("kind == 'invoice' and known and total > 0.04", WORDS)
    assert both.run(FrameRows(rows, TODAY)).tolist() == [True, False]
    assert both.run(FrameRows(rows.iloc[:0], TODAY)).dtype == np.bool_


_ATOMS = st.one_of(
    st.sampled_from([*WORDS.fields, "today", "strict", "None", "True", "'invoice'", "'a'", "''", "'2026-01-01'", "()",
                     "(1, 2)", "['a', 'b']", "0.01", "1e30", "nobody", "name.x", "f'{name}'", "1j", "..."]),
    st.integers(-(10**22), 10**22).map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.text(max_size=5).map(repr),
)  # fmt: skip
_SOUP = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["==", "<", "!=", ">=", "in", "not in", "is", "is not", "and", "or", "+", "-",
                                          "*", "&", "if strict else", "="]), inner).map(" ".join),
        inner.map("not {}".format), inner.map("-({})".format), inner.map("upper({})".format),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=examples(500), deadline=None)
@given(text=st.one_of(_SOUP, st.text(max_size=40)))
def test_whatever_is_accepted_can_be_evaluated(text: str) -> None:
    rows = frame(
        kind=["invoice", None], name=["a", ""], other_name=[None, "b"], usual_total_cents=[1, 2], total_cents=[5, -7],
        vat_rate_bp=[2100, None], copies=[1, None], last_seen_on=["2026-01-01", None], seen_at=[None, "2026-05-05 10:00"],
        known=[True, False], extra=["{}", None],
    )  # fmt: skip
    try:
        condition = compile_expression(text, WORDS)
    except ExpressionError:
        return
    found = condition.run(FrameRows(rows, TODAY))
    assert found.dtype == np.bool_
    assert len(found) == len(rows)
