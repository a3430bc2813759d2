"""The time, from one place, so that a run can be repeated at a given moment."""

import os
from datetime import UTC, date, datetime

from invoicebatch.errors import SettingsError

VARIABLE = "INVOICEBATCH_NOW"


def now() -> datetime:
    """The moment in UTC, without zone as the store keeps it; INVOICEBATCH_NOW (ISO) overrides it."""
    moment = _fixed() or datetime.now(UTC)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment


def today() -> date:
    """The local calendar date; INVOICEBATCH_NOW overrides it."""
    return (_fixed() or datetime.now().astimezone()).date()


def _fixed() -> datetime | None:
    """The moment that the variable names.

    Raises:
        SettingsError: it names none.
    """
    text = os.environ.get(VARIABLE)
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise SettingsError(
            f"{VARIABLE} is no moment: '{text}'.", "Write it as 2026-11-22T09:30:00, or leave it out."
        ) from error
