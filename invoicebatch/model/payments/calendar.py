"""TARGET banking days and the rules that name a date, such as `+5 banking days`.

Only calendar arithmetic lives here; which date an action asks for is the action's.
"""

import re
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from dateutil.easter import easter

from invoicebatch.errors import ParameterError

DUE_DATE: Final = "due date"
"""The rule that names no day: each payment on the due date of its document."""

FIRST_YEAR: Final = 1999
LAST_YEAR: Final = 2120

_RULE = re.compile(r"\+\s*(\d{1,3})\s*(banking\s+days?|days?|weeks?)", re.IGNORECASE)


def target_closing_days(year: int) -> tuple[date, ...]:
    """Weekday and weekend dates on which TARGET is closed besides Saturdays and Sundays.

    Source: ECB, long-term calendar for TARGET closing days (since 2002): New Year's Day, Good
    Friday, Easter Monday, 1 May, 25 and 26 December.
    """
    sunday = easter(year)
    return (
        date(year, 1, 1),
        sunday - timedelta(days=2),
        sunday + timedelta(days=1),
        date(year, 5, 1),
        date(year, 12, 25),
        date(year, 12, 26),
    )


@cache
def target_calendar() -> np.busdaycalendar:
    """The TARGET calendar from `FIRST_YEAR` to `LAST_YEAR` for numpy's busday functions."""
    days = [day for year in range(FIRST_YEAR, LAST_YEAR + 1) for day in target_closing_days(year)]
    return np.busdaycalendar("1111100", [np.datetime64(day) for day in days])


def is_banking_day(day: date) -> bool:
    """Whether TARGET is open on that day."""
    return bool(np.is_busday(np.datetime64(day), busdaycal=target_calendar()))


def next_banking_day(day: date) -> date:
    """That day, or the first banking day after it."""
    return add_banking_days(day, 0)


def next_banking_days(days: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """`next_banking_day` of every value; missing stays missing, dtype datetime64[s]."""
    known = days.dropna()
    moved = np.busday_offset(known.to_numpy("datetime64[D]"), 0, roll="forward", busdaycal=target_calendar())
    return (
        pd.Series(moved.astype("datetime64[s]"), index=known.index)
        .reindex(days.index)
        .astype("datetime64[s]")
    )


def add_banking_days(day: date, count: int) -> date:
    """The banking day `count` banking days after `day` (after its next banking day, if closed).

    >>> add_banking_days(date(2026, 12, 23), 2)
    datetime.date(2026, 12, 28)
    """
    moved = np.busday_offset(np.datetime64(day), count, roll="forward", busdaycal=target_calendar())
    result: date = moved.astype(object)
    return result


def resolve_date(rule: str, today: date) -> date:
    """The date a rule means today.

    Args:
        rule: `+5 banking days`, `+10 days`, `+2 weeks` or an ISO date.
        today: the day the rule counts from.

    Raises:
        ParameterError: neither a rule nor a date.
    """
    text = rule.strip()
    if found := _RULE.fullmatch(text):
        count, unit = int(found[1]), found[2].lower()
        if unit.startswith("banking"):
            return add_banking_days(today, count)
        return today + timedelta(days=count * (7 if unit.startswith("week") else 1))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ParameterError(
            f"{rule!r} is neither a date nor a rule",
            "Write a date such as 2026-12-01, or a rule such as +5 banking days.",
        ) from None


def earliest_date(now: datetime, lead_days: int, cut_off: time | None, zone: str) -> date:
    """The first banking day for which the bank still takes a file now.

    Args:
        now: the moment, aware or in UTC.
        lead_days: banking days the bank needs before that date.
        cut_off: local time after which the bank counts a file as the next day's.
        zone: IANA time zone of the cut-off.
    """
    local = (now if now.tzinfo else now.replace(tzinfo=ZoneInfo("UTC"))).astimezone(ZoneInfo(zone))
    day = local.date()
    late = cut_off is not None and is_banking_day(day) and local.time() >= cut_off
    received = next_banking_day(day + timedelta(days=1) if late else day)
    return add_banking_days(received, lead_days)
