"""Instalments of payment plans: the schedule, and how payments and credits change it. Pure arithmetic.

Amounts are int64 cents; a plan's instalments always sum to its total, to the cent.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd
from dateutil.relativedelta import relativedelta

from invoicebatch.errors import ParameterError

Interval = Literal["weekly", "monthly"]


def split_evenly(total_cents: int, count: int, unit: int = 1) -> list[int]:
    """The amount in `count` equal parts, the remainder in the last one.

    >>> split_evenly(1000, 3), split_evenly(1000, 3, 100)
    ([333, 333, 334], [300, 300, 400])

    Args:
        total_cents: int cents.
        count: of parts.
        unit: smallest amount of the currency, cents.

    Raises:
        ParameterError: less than the smallest amount each.
    """
    each = total_cents // count // unit * unit
    if each < unit:
        raise ParameterError(f"{count} instalments are too many: each would be less than a cent")
    return [each] * (count - 1) + [total_cents - each * (count - 1)]


def split_by_amount(total_cents: int, amount_cents: int) -> list[int]:
    """Parts of the given amount, the remainder in the last one.

    >>> split_by_amount(1000, 400)
    [400, 400, 200]

    Raises:
        ParameterError: not a positive amount, or more than 1,000 instalments.
    """
    if amount_cents < 1:
        raise ParameterError("the amount of an instalment must be positive")
    whole, rest = divmod(total_cents, amount_cents)
    if whole > 1000:
        raise ParameterError("that makes more than 1,000 instalments", "Choose a larger amount.")
    return [amount_cents] * whole + ([rest] if rest else [])


def due_dates(first: date, interval: Interval, count: int, day: int | None = None) -> list[date]:
    """Due dates: every week from the first, or every month on a day (the last one of shorter months).

    >>> due_dates(date(2026, 1, 31), "monthly", 3)
    [datetime.date(2026, 1, 31), datetime.date(2026, 2, 28), datetime.date(2026, 3, 31)]
    """
    if interval == "weekly":
        return [first + timedelta(weeks=n) for n in range(count)]
    anchor = first.day if day is None else day
    return [first, *(first + relativedelta(months=n, day=anchor) for n in range(1, count))]


def schedule(
    total_cents: int, parts: list[int], first: date, interval: Interval, day: int | None = None
) -> pd.DataFrame:
    """The instalments: instalment_no int64, due_date datetime64[s], amount_cents int64, balance_cents."""
    amounts = np.asarray(parts, dtype=np.int64)
    frame = pd.DataFrame(
        {
            "instalment_no": np.arange(1, len(parts) + 1),
            "due_date": pd.to_datetime(due_dates(first, interval, len(parts), day)),
            "amount_cents": amounts,
            "balance_cents": total_cents - amounts.cumsum(),
        }
    )
    return frame.astype({"due_date": "datetime64[s]"})


def pay(instalments: pd.DataFrame, paid_by_plan: "pd.Series[int]") -> pd.DataFrame:
    """The instalments with payments applied, oldest first; a payment taken back, newest first.

    Args:
        instalments: plan_id, instalment_no, amount_cents, paid_cents; sorted by both ids.
        paid_by_plan: what is paid now, in cents, indexed by plan_id; may be negative. What goes beyond
            the plan is no instalment's.
    """
    frame = instalments.sort_values(["plan_id", "instalment_no"])
    by_plan = frame.groupby("plan_id")
    so_far = frame["plan_id"].map(by_plan["paid_cents"].sum()) + frame["plan_id"].map(paid_by_plan).fillna(0)
    before = by_plan["amount_cents"].cumsum() - frame["amount_cents"]
    return frame.assign(paid_cents=_within(so_far - before, frame["amount_cents"]))


def reduce(instalments: pd.DataFrame, credited_by_plan: "pd.Series[int]") -> pd.DataFrame:
    """The instalments with their sum lowered, the last ones first; payments applied anew.

    Args:
        instalments: plan_id, instalment_no, amount_cents, paid_cents.
        credited_by_plan: cents to take off, indexed by plan_id; an instalment may end at zero.
    """
    frame = instalments.sort_values(["plan_id", "instalment_no"])
    by_plan = frame.groupby("plan_id")["amount_cents"]
    left = frame["plan_id"].map(by_plan.sum()) - frame["plan_id"].map(credited_by_plan).fillna(0)
    before = by_plan.cumsum() - frame["amount_cents"]
    lowered = frame.assign(amount_cents=_within(left - before, frame["amount_cents"]))
    paid = frame.groupby("plan_id")["paid_cents"].sum()
    return pay(lowered.assign(paid_cents=0), paid)


def _within(amount: "pd.Series[int]", limit: "pd.Series[int]") -> "pd.Series[int]":
    return amount.clip(lower=0).where(amount < limit, limit).astype("int64")


def spread_early(instalments: pd.DataFrame, today: date) -> pd.DataFrame:
    """The instalments after an early payment: what was paid ahead shrinks all later ones alike.

    The part paid ahead is booked on the last instalment that was due (or the first one, before any
    was due), so that the sum stays the plan's total.

    Args:
        instalments: plan_id, instalment_no, due_date, amount_cents, paid_cents, payments applied.
        today: instalments due up to this day keep their amount.
    """
    frame = instalments.sort_values(["plan_id", "instalment_no"])
    parts = list(_spread(frame, pd.Timestamp(today)))
    return pd.concat(parts) if parts else frame


def _spread(frame: pd.DataFrame, today: pd.Timestamp) -> Iterator[pd.DataFrame]:
    for _, plan in frame.groupby("plan_id", sort=False):
        later = plan["due_date"] > today
        ahead = int(plan.loc[later, "paid_cents"].sum())
        left = int((plan["amount_cents"] - plan["paid_cents"]).sum())
        carrier = plan.index[~later][-1] if (~later).any() else plan.index[0]
        rest = plan.index[later & (plan.index != carrier)]
        if not ahead or len(rest) == 0 or left < len(rest):
            yield plan
            continue
        amounts = plan["amount_cents"].where(~later, 0)
        paid = plan["paid_cents"].where(~later, 0)
        amounts[carrier] += ahead
        paid[carrier] += ahead
        open_before = int((amounts - paid).sum())
        amounts[rest] = split_evenly(left - open_before, len(rest))
        yield plan.assign(amount_cents=amounts, paid_cents=paid)
