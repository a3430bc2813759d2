"""Text to dates: ISO always, another order only where it was named."""

import re
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.errors import RulesError
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
