from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.errors import ParameterError
from invoicebatch.model.payments.instalments import (
    due_dates,
    pay,
    reduce,
    schedule,
    split_by_amount,
    split_evenly,
    spread_early,
)

TOTALS = st.integers(1, 10**11)


@given(TOTALS, st.integers(1, 120))
def test_even_parts_sum_to_the_cent_with_the_remainder_in_the_last(total: int, count: int) -> None:
    if total < count:
        with pytest.raises(ParameterError, match="less than a cent"):
            split_evenly(total, count)
        return
    parts = split_evenly(total, count)
    assert sum(parts) == total
    assert len(parts) == count
    assert len(set(parts[:-1])) <= 1
    assert 0 <= parts[-1] - parts[0] < count


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_parts_of_an_amount_sum_to_the_cent(total: int, amount: int) -> None:
    if total // amount > 1000:
        with pytest.raises(ParameterError, match="1,000"):
            split_by_amount(total, amount)
        return
    parts = split_by_amount(total, amount)
    assert sum(parts) == total
    assert all(part == amount for part in parts[:-1])
    assert 0 < parts[-1] <= amount


def test_an_amount_of_nothing_is_refused() -> None:
    with pytest.raises(ParameterError, match="positive"):
        split_by_amount(100, 0)


@given(st.dates(date(2020, 1, 1), date(2090, 1, 1)), st.integers(1, 60), st.integers(1, 31))
def test_monthly_dates_fall_on_the_day_or_the_end_of_the_month(first: date, count: int, day: int) -> None:
    dates = due_dates(first, "monthly", count, day)
    assert dates[0] == first
    months = [d.year * 12 + d.month for d in dates]
    assert months == list(range(months[0], months[0] + count))
    for due in dates[1:]:
        assert due.day == min(day, pd.Timestamp(due).days_in_month)


def test_weekly_dates_are_seven_days_apart() -> None:
    assert due_dates(date(2026, 12, 28), "weekly", 3) == [
        date(2026, 12, 28), date(2027, 1, 4), date(2027, 1, 11),
    ]  # fmt: skip


def test_a_schedule_shows_what_is_left() -> None:
    plan = schedule(1000, split_evenly(1000, 3), date(2026, 12, 1), "monthly")
    assert plan["amount_cents"].tolist() == [333, 333, 334]
    assert plan["balance_cents"].tolist() == [667, 334, 0]
    assert plan["due_date"].dt.strftime("%Y-%m-%d").tolist() == ["2026-12-01", "2027-01-01", "2027-02-01"]


def plans(*amounts: list[int]) -> pd.DataFrame:
    rows = [
        {"plan_id": f"P{p}", "instalment_no": n + 1, "amount_cents": cents, "paid_cents": 0,
         "due_date": pd.Timestamp(2026, 1 + n, 1)}
        for p, plan in enumerate(amounts) for n, cents in enumerate(plan)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def paid(**cents: int) -> "pd.Series[int]":
    return pd.Series(cents, dtype="int64")


def test_payments_go_to_the_oldest_instalment_first() -> None:
    frame = pay(plans([300, 300, 400], [50, 50]), paid(P0=350))
    assert frame["paid_cents"].tolist() == [300, 50, 0, 0, 0]


AMOUNTS = st.lists(st.integers(1, 10**6), min_size=1, max_size=8)


@given(AMOUNTS, st.lists(st.integers(-(10**6), 10**6), max_size=6))
def test_paying_in_steps_equals_paying_at_once(amounts: list[int], payments: list[int]) -> None:
    frame, total, most = plans(amounts), 0, sum(amounts)
    for cents in payments:
        frame = pay(frame, paid(P0=cents))
        total = min(max(total + cents, 0), most)
        assert frame["paid_cents"].sum() == total
        assert (frame["paid_cents"] <= frame["amount_cents"]).all()
        open_before = (frame["amount_cents"] - frame["paid_cents"]).cumsum().shift(fill_value=0)
        assert not ((frame["paid_cents"] > 0) & (open_before > 0)).any()


@given(AMOUNTS, st.integers(0, 10**7), st.integers(0, 10**7))
def test_a_credit_lowers_the_sum_from_the_end(amounts: list[int], already: int, credit: int) -> None:
    before = pay(plans(amounts), paid(P0=already))
    after = reduce(before, paid(P0=min(credit, sum(amounts))))
    assert after["amount_cents"].sum() == sum(amounts) - min(credit, sum(amounts))
    assert (after["amount_cents"] <= before["amount_cents"]).all()
    assert after["paid_cents"].sum() == min(before["paid_cents"].sum(), after["amount_cents"].sum())


@given(AMOUNTS, st.integers(0, 10**7), st.integers(1, 9))
def test_an_early_payment_shrinks_later_instalments_alike(amounts: list[int], cents: int, month: int) -> None:
    before = pay(plans(amounts), paid(P0=cents))
    after = spread_early(before, date(2026, month, 15))
    assert after["amount_cents"].sum() == before["amount_cents"].sum()
    assert after["paid_cents"].sum() == before["paid_cents"].sum()
    assert (after["paid_cents"] <= after["amount_cents"]).all()
    assert (after["amount_cents"] >= 0).all()


def test_an_early_payment_by_example() -> None:
    before = pay(plans([100, 100, 100, 100]), paid(P0=160))
    after = spread_early(before, date(2026, 1, 15))
    assert after["amount_cents"].tolist() == [160, 80, 80, 80]
    assert after["paid_cents"].tolist() == [160, 0, 0, 0]
