from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.errors import ParameterError
from invoicebatch.model.payments.calendar import (
    add_banking_days,
    earliest_date,
    is_banking_day,
    next_banking_day,
    resolve_date,
)

DAYS = st.dates(date(2002, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    "closed",
    ["2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25", "2026-11-22",
     "2027-03-26", "2027-03-29", "2000-04-21", "2038-04-26", "2100-03-26", "2100-03-29"],
)  # fmt: skip
def test_target_is_closed(closed: str) -> None:
    assert not is_banking_day(date.fromisoformat(closed))


@pytest.mark.parametrize("open_day", ["2026-04-02", "2026-04-07", "2026-05-14", "2026-12-24", "2026-12-28"])
def test_target_is_open(open_day: str) -> None:
    assert is_banking_day(date.fromisoformat(open_day))


@given(DAYS, st.integers(0, 40))
def test_counting_banking_days_equals_walking_day_by_day(day: date, count: int) -> None:
    walked = day
    while not is_banking_day(walked):
        walked += timedelta(days=1)
    for _ in range(count):
        walked += timedelta(days=1)
        while not is_banking_day(walked):
            walked += timedelta(days=1)
    assert add_banking_days(day, count) == walked


@given(DAYS)
def test_the_next_banking_day_is_open_and_within_six_days(day: date) -> None:
    moved = next_banking_day(day)
    assert is_banking_day(moved)
    assert timedelta(0) <= moved - day <= timedelta(days=6)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("+5 banking days", date(2026, 11, 30)), ("+ 1 banking day", date(2026, 11, 24)),
     ("+10 days", date(2026, 12, 2)), ("+2 weeks", date(2026, 12, 6)), ("2026-12-25", date(2026, 12, 25))],
)  # fmt: skip
def test_a_rule_names_a_date(rule: str, expected: date) -> None:
    assert resolve_date(rule, date(2026, 11, 22)) == expected


@pytest.mark.parametrize("rule", ["", "tomorrow", "5 banking days", "+x days", "2026-13-01"])
def test_what_is_no_rule_is_refused_with_an_example(rule: str) -> None:
    with pytest.raises(ParameterError, match="neither a date nor a rule") as error:
        resolve_date(rule, date(2026, 11, 22))
    assert "+5 banking days" in error.value.hint


@pytest.mark.parametrize(
    ("now", "cut_off", "expected"),
    [
        (datetime(2026, 11, 20, 9, tzinfo=UTC), time(15), date(2026, 11, 23)),
        (datetime(2026, 11, 20, 13, 59, tzinfo=UTC), time(15), date(2026, 11, 23)),
        (datetime(2026, 11, 20, 14, 0, tzinfo=UTC), time(15), date(2026, 11, 24)),
        (datetime(2026, 11, 20, 20, tzinfo=UTC), None, date(2026, 11, 23)),
        (datetime(2026, 11, 22, 20, tzinfo=UTC), time(15), date(2026, 11, 24)),
        (datetime(2026, 11, 20, 14, tzinfo=UTC).replace(tzinfo=None), time(15), date(2026, 11, 24)),
    ],
)
def test_the_bank_takes_a_file_until_its_cut_off(now: datetime, cut_off: time | None, expected: date) -> None:
    assert earliest_date(now, 1, cut_off, "Europe/Brussels") == expected
