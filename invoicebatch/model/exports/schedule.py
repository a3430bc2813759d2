"""When an export job is due: cron expressions of five fields, in the hours of this machine."""

from datetime import UTC, datetime

from croniter import croniter


def schedule_fault(schedule: str) -> str:
    """What is wrong with a cron expression; empty: nothing.

    >>> schedule_fault("0 6 * * 1"), schedule_fault("daily")
    ('', 'not a cron expression of five fields, such as 0 6 * * 1')
    """
    good = len(schedule.split()) == 5 and croniter.is_valid(schedule)
    return "" if good else "not a cron expression of five fields, such as 0 6 * * 1"


def next_time(schedule: str, after: datetime) -> datetime:
    """When a cron expression is due next.

    Args:
        schedule: five cron fields.
        after: the moment to look from, UTC without zone; so is what is returned.
    """
    due: datetime = croniter(schedule, after.replace(tzinfo=UTC).astimezone()).get_next(datetime)
    return due.astimezone(UTC).replace(tzinfo=None)
