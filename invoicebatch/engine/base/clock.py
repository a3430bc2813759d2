"""The time, from one place, so that a run can be repeated at a given moment."""

import os
from datetime import UTC, date, datetime

VARIABLE = "INVOICEBATCH_NOW"


def now() -> datetime:
    """The moment in UTC, without zone as the store keeps it; INVOICEBATCH_NOW (ISO) overrides it."""
    fixed = os.environ.get(VARIABLE)
    moment = datetime.fromisoformat(fixed) if fixed else datetime.now(UTC)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment


def today() -> date:
    """The local calendar date; INVOICEBATCH_NOW overrides it."""
    fixed = os.environ.get(VARIABLE)
    return datetime.fromisoformat(fixed).date() if fixed else datetime.now().astimezone().date()
