"""Text to dates: ISO always, another order only where it was named."""

import re
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.errors import InputFileError, RulesError
from invoicebatch.ingest.cells import Mask

ISO: Final = "yyyy-mm-dd"
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
_TIME: Final = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_PARTS: Final = {
    "yyyy": r"(?P<y>\d{4})",
    "yy": r"(?P<y>\d{2})",
    "mm": r"(?P<m>\d{1,2})",
    "dd": r"(?P<d>\d{1,2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
}


@cache
def pattern(date_format: str) -> str:
    """Regular expression of a date format such as `dd/mm/yyyy`; a time of day may follow.

    Raises:
        RulesError: day, month or year is missing.
    """
    letters = re.split(r"(yyyy|yy|mm|dd|m|d)", date_format.strip().lower())
    text = "".join(_PARTS.get(part, re.escape(part)) for part in letters)
    if sorted(re.findall(r"\?P<(.)>", text)) != ["d", "m", "y"]:
        raise RulesError(
            f"{date_format!r} is no date format",
            "Write it with dd, mm and yyyy, such as dd-mm-yyyy or mm/dd/yyyy.",
        )
    return f"^{text}{_TIME}$"


def to_dates(values: pa.Array, date_format: str | None = None) -> tuple[pa.Array, Mask]:
    """Dates (date32) and which cells are none; a date in ISO form is always taken.

    Args:
        values: text.
        date_format: the order of day, month and year of all other dates.
    """
    encoded = values.dictionary_encode()
    words = encoded.dictionary
    dates = _parse(words, ISO)
    if date_format and dates.null_count:
        dates = pc.coalesce(dates, _parse(words, date_format))
    result = dates.take(encoded.indices)
    return result, np.asarray(pc.and_(pc.is_valid(values), pc.is_null(result)))


def better_format(values: pa.Array, date_format: str) -> tuple[str, int, int] | None:
    """Another date format that more cells of a column are written in, and how many fit each.

    A format that fits a part only has read the rest with day and month swapped: `03/04/2026` fits two.
    Dates in ISO form are read in any case and speak for none.

    Args:
        values: text.
        date_format: the format that was named.

    Returns:
        The other format, the cells that fit the named one, and those that fit the other; None: the
        named format fits most.
    """
    counts = pc.value_counts(values.drop_null())
    words, times = counts.field("values"), np.asarray(counts.field("counts"))
    foreign = np.asarray(pc.is_null(_parse(words, ISO)))
    words, times = words.filter(pa.array(foreign)), times[foreign]
    marks = {mark for word in words.to_pylist() for mark in re.findall(r"^\d{1,4}([-/. ])", word)}
    orders = (
        "dd{0}mm{0}yyyy",
        "mm{0}dd{0}yyyy",
        "yyyy{0}mm{0}dd",
        "dd{0}mm{0}yy",
        "mm{0}dd{0}yy",
        "yy{0}mm{0}dd",
    )
    fits = {
        name: int(times[np.asarray(pc.is_valid(_parse(words, name)))].sum())
        for name in (date_format, *(order.format(mark) for mark in sorted(marks) for order in orders))
    }
    best = max(fits, key=lambda name: fits[name])
    return (best, fits[date_format], fits[best]) if fits[best] > fits[date_format] else None


def check_format(values: pa.Array, date_format: str, place: str) -> None:
    """Stop where a column is written in another format than was named: nothing may be taken then.

    Raises:
        InputFileError: another format fits more cells; `place` names file and column.
    """
    found = better_format(values, date_format) if pa.types.is_string(values.type) else None
    if found is None:
        return
    other, fitting, more = found
    raise InputFileError(
        f"{place}: {fitting:,} of its dates fit {date_format}, but {more:,} fit {other}. Nothing was taken",
        f"If they are meant so, say date_format = '{other}' in the mapping.",
    )


def _parse(words: pa.Array, date_format: str) -> pa.Array:
    parts = pc.extract_regex(words, pattern(date_format))
    year, month, day = (_whole(parts, name) for name in "ymd")
    year = np.where((year >= 0) & (year < 100), year + 2000, year)
    ok = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(ok, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    dates = months.astype("datetime64[D]") + np.where(ok, day - 1, 0)
    ok &= dates.astype("datetime64[M]") == months
    return pa.array(dates, pa.date32(), mask=~ok)


def _whole(parts: pa.Array, name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    cells = pc.struct_field(parts, name) if len(parts) else pa.array([], pa.string())
    return np.asarray(pc.fill_null(cells.cast(pa.int64()), -1))


def looks_like_date(text: str) -> bool:
    """Whether a refused cell is a date in another order than ISO."""
    return bool(re.match(r"^\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}\b", text))
