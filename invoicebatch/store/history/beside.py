"""A reading beside the one before and the one a year ago: neighbours in rows that are in the order of time."""

from typing import Final

import numpy as np

from invoicebatch.store.history.arrays import Array, Ints, start_of
from invoicebatch.store.history.readings import Readings

_YEAR: Final = 365
_ABOUT: Final = 30
"""Days that a reading may be off a year ago."""


def beside(rows: Readings) -> dict[str, Array]:
    """The reviewed ones of some rows.

    Returns:
        place, row, who, group, usage as in `Readings`;
        before, year_before: usage of as many days as in the reading that ended before, and as about a year ago;
        read_until, gap: last day of the reading that began before, and days between; missing: there is none;
        streak: readings estimated in a row, this one included;
        recent: first day of the one before it, where not both were estimated; missing: there is none.
    """
    own = np.flatnonzero(rows.place >= 0)
    first = np.searchsorted(rows.key, start_of(rows.group[own]))
    upto = np.searchsorted(rows.key, rows.key[own], "right") - 1
    last = np.where(upto == own, own - 1, upto)
    read = _last_read(rows, first, last)
    start, days, guessed = rows.start[own], rows.end[own] - rows.start[own] + 1, rows.estimated[own]
    compared = np.where(guessed, read, np.where(last >= first, last, -1))
    since = np.searchsorted(rows.key, rows.key[read], "right") - 1
    until = _at(rows.end, np.where(last >= first, last, -1))
    return {
        **{name: getattr(rows, name)[own] for name in ("place", "row", "who", "group", "usage")},
        "before": _daily(rows, _ended_before(rows, own, first, last)) * days,
        "year_before": _daily(rows, _year_ago(rows.key, rows.key[own])) * days,
        "read_until": until,
        "gap": start - until - 1,
        "streak": np.where(guessed, upto - np.where(read >= 0, since, first - 1), 0),
        "recent": _at(rows.start, compared),
    }


def _at(values: Array, at: Ints) -> Array:
    """Values at positions; nan where there is none (-1)."""
    found: Array = np.where(at >= 0, values[at], np.nan)
    return found


def _daily(rows: Readings, at: Ints) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return _at(rows.usage / (rows.end - rows.start + 1), at)


def _last_read(rows: Readings, first: Ints, last: Ints) -> Ints:
    """The last one that was not estimated; -1: none was."""
    known = np.maximum.accumulate(np.where(rows.estimated, -1, np.arange(len(rows.key))))
    found: Ints = np.where((last >= first) & (known[last] >= first), known[last], -1)
    return found


def _ended_before(rows: Readings, own: Ints, first: Ints, last: Ints) -> Ints:
    """The last one that ended before another began, most often the last one; -1: none did."""
    at = last.copy()
    while (over := (at >= first) & (rows.end[at] >= rows.start[own])).any():
        at[over] -= 1
    return np.where(at >= first, at, -1)


def _year_ago(key: Ints, own: Ints) -> Ints:
    """The one that began nearest to a year before; -1: none did within `_ABOUT` days."""
    ago = own - _YEAR
    after = np.searchsorted(key, ago)
    before, after = np.maximum(after - 1, 0), np.minimum(after, len(key) - 1)
    nearest = np.where(np.abs(ago - key[before]) <= np.abs(key[after] - ago), before, after)
    return np.where(np.abs(key[nearest] - ago) <= _ABOUT, nearest, -1)
