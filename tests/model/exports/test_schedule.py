"""When a schedule is due: in the hours of the machine, told in UTC."""

import time
from datetime import datetime, timedelta

import pytest

from invoicebatch.model.exports.schedule import next_time, schedule_fault


@pytest.fixture
def in_amsterdam(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_amsterdam")
@pytest.mark.parametrize(
    ("after", "due"),
    [
        ("2026-01-05T04:59", "2026-01-05T05:00"),  # a Monday in winter: six o'clock is five in UTC
        ("2026-01-05T05:00", "2026-01-12T05:00"),
        ("2026-07-06T03:00", "2026-07-06T04:00"),  # in summer it is four
        ("2026-03-28T12:00", "2026-03-30T04:00"),  # the clocks change in between
        ("2026-10-24T12:00", "2026-10-26T05:00"),
    ],
)
def test_a_schedule_is_due_by_the_clock_on_the_wall(after: str, due: str) -> None:
    assert next_time("0 6 * * 1", datetime.fromisoformat(after)) == datetime.fromisoformat(due)


@pytest.mark.usefixtures("in_amsterdam")
@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
def test_time_goes_on_while_the_clocks_change(night: str) -> None:
    moment = datetime.fromisoformat(f"{night}T00:00")
    for _ in range(12):
        due = next_time("*/15 * * * *", moment)
        assert moment < due <= moment + timedelta(hours=2)
        moment = due


@pytest.mark.parametrize("schedule", ["daily", "0 6 * *", "61 * * * *", "0 6 * * 1 2026", ""])
def test_what_is_no_schedule_is_said(schedule: str) -> None:
    assert "five fields" in schedule_fault(schedule)
    assert not schedule_fault("*/5 8-18 1,15 * 1-5")
