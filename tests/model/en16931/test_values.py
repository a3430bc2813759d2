from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.model.en16931.terms import Value
from invoicebatch.model.en16931.values import column, parse_value, texts


@given(st.lists(st.none() | st.integers(-(10**15), 10**15), min_size=1))
def test_amounts_are_exact_both_ways(cents):
    written = texts(column(cents, Value.AMOUNT), Value.AMOUNT).to_pylist()
    assert [None if text is None else parse_value(text, Value.AMOUNT) for text in written] == cents
    assert all(text is None or (text[-3] == "." and text != "-0.00") for text in written)


@given(st.lists(st.decimals(-(10**12), 10**12, places=10), min_size=1))
def test_quantities_are_exact_both_ways_and_plain(values):
    written = texts(column(values, Value.QUANTITY), Value.QUANTITY).to_pylist()
    assert [parse_value(text, Value.QUANTITY) for text in written] == values
    assert all("E" not in text for text in written)


def test_percentages_lose_their_empty_decimals():
    values = column([210_000, 55_000, 0, None], Value.PERCENT)
    assert texts(values, Value.PERCENT).to_pylist() == ["21", "5.5", "0", None]


def test_empty_text_is_missing_and_ends_are_stripped():
    assert texts(column([" a b ", "", " ", None], Value.TEXT), Value.TEXT).to_pylist() == [
        "a b",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [("1.234", Value.AMOUNT, "more than 2 decimals"), ("1e3", Value.AMOUNT, "not a number"),
     ("2026-2-1", Value.DATE, "not a date"), ("2026-02-30", Value.DATE, "not a date"), ("9" * 20, Value.AMOUNT, "beyond")],
)  # fmt: skip
def test_what_is_no_value_is_refused_in_words(text, value, reason):
    with pytest.raises(ValueError, match=reason):
        parse_value(text, value)


def test_numbers_and_dates_are_read():
    assert parse_value("-12.5", Value.AMOUNT) == -1250
    assert parse_value("0.00000001", Value.QUANTITY) == Decimal("1E-8")
    assert parse_value("2026-11-22", Value.DATE) == np.datetime64("2026-11-22", "s")
