"""When an export job is due: cron expressions of five fields, in the hours of this machine."""

from datetime import UTC, datetime


def schedule_fault(schedule: str) -> str:
    """What is wrong with a cron expression; empty: nothing.

    >>> schedule_fault("0 6 * * 1"), schedule_fault("daily")
    ('', 'not a cron expression of five fields, such as 0 6 * * 1')
    """
    from croniter import croniter

    good = len(schedule.split()) == 5 and croniter.is_valid(schedule)
    return "" if good else "not a cron expression of five fields, such as 0 6 * * 1"


def next_time(schedule: str, after: datetime) -> datetime:
    """When a cron expression is due next.

    Args:
        schedule: five cron fields.
        after: the moment to look from, UTC without zone; so is what is returned.
    """
    from croniter import croniter

    local = after.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)  # the clock on the wall
    due: datetime = croniter(schedule, local).get_next(datetime)
    moment = due.astimezone(UTC).replace(tzinfo=None)
    if moment <= after:  # in the hour that comes twice when summer ends, it is the second one
        moment = due.replace(fold=1).astimezone(UTC).replace(tzinfo=None)
    return moment
