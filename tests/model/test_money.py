"""Money is exact: cents in, cents out, half a cent away from zero."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.model.money import (
    MAX_CENTS,
    amount_text,
    format_cents,
    round_half_up,
    tax_cents,
    to_cents,
    to_decimal,
    unit_cents,
)

CENTS = st.integers(-MAX_CENTS, MAX_CENTS)


@given(CENTS)
def test_cents_and_decimals_are_the_same_amount(cents: int) -> None:
    assert to_cents(to_decimal(cents)) == cents
    assert to_cents(str(to_decimal(cents))) == cents
    assert Decimal(format_cents(cents).replace(",", "")) == to_decimal(cents)


@pytest.mark.parametrize("wrong", ["0.001", "nan", "inf", "1e30", "12,30", ""])
def test_what_is_no_amount_is_refused(wrong: str) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        to_cents(wrong)


@given(st.lists(st.tuples(st.integers(-(10**13), 10**13), st.integers(0, 10_000)), min_size=1))
def test_tax_is_rounded_half_away_from_zero(rows: list[tuple[int, int]]) -> None:
    bases, rates = zip(*rows, strict=True)
    expected = [
        int((Decimal(base) * rate / 10_000).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        for base, rate in rows
    ]
    assert tax_cents(bases, rates).tolist() == expected


@given(st.decimals(-(10**12), 10**12, allow_nan=False, places=4))
def test_rounding_takes_the_nearest_cent(value: Decimal) -> None:
    assert abs(Decimal(round_half_up(value)).scaleb(-2) - value) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("currency", "text"), [("JPY", "-1,382"), ("EUR", "-1,382.00"), ("XOF", "-1,382"), ("RSD", "-1,382.00")]
)
def test_amounts_are_written_with_the_decimals_of_their_currency(currency: str, text: str) -> None:
    assert format_cents(-138200, currency) == f"{currency} {text}"
    assert amount_text(-138200, currency) == text.replace(",", "")


def test_tax_is_rounded_to_the_smallest_amount_of_each_currency() -> None:
    units = unit_cents(["JPY", "EUR", "JPY", "JPY"])
    assert tax_cents([125600, 125600, 500, -500], [1000] * 4, units).tolist() == [12600, 12560, 100, -100]
