"""Frames to plain rows, and text made safe to print; shared by the modules that gather a document.

Nothing here knows what a document says.
"""

import re
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

Row = dict[str, Any]

_BIDI_CONTROLS: Final = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")
_LONG_WORD: Final = re.compile(r"(\S{20})(?=\S{5})")


def rows(frame: pd.DataFrame, columns: tuple[str, ...] | None = None) -> list[Row]:
    """Each row as a dict of plain Python values; every kind of missing becomes None.

    Args:
        frame: any of the schema's frames.
        columns: the columns wanted; one that the frame lacks is None throughout.
    """
    names = list(frame.columns) if columns is None else list(columns)
    empty = [None] * len(frame)
    lists = [plain(frame[name]) if name in frame else empty for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]


def plain(values: "pd.Series[Any]") -> list[Any]:
    """A column as Python values: date, int, Decimal, bool or str; None where missing."""
    if pd.api.types.is_datetime64_dtype(values.dtype):
        found = values.to_numpy().astype("datetime64[D]").astype(object).tolist()
        return [value if isinstance(value, date) else None for value in found]
    found = values.tolist()
    if isinstance(values.dtype, np.dtype) and values.dtype != object:
        return found
    # Nothing here is ever a float but the mark of a missing value.
    return [None if value is pd.NA or isinstance(value, float) else value for value in found]


def line(value: object) -> str:
    """One line of text: white space collapsed, long words given places to break.

    Invisible marks that turn the reading direction of what follows are dropped: a name can't
    reorder the amounts beside it.
    """
    if value is None:
        return ""
    text = _BIDI_CONTROLS.sub("", " ".join(str(value).split()))
    return _LONG_WORD.sub("\\1\u200b", text) if len(text) > 24 else text


def paragraph(value: object) -> str:
    """Text of several lines, each made safe by `line`."""
    return "\n".join(line(part) for part in str(value).splitlines()).strip() if value else ""


def grouped(code: str | None) -> str:
    """An account number in groups of four."""
    compact = re.sub(r"\s", "", code or "")
    return " ".join(compact[i : i + 4] for i in range(0, len(compact), 4))


def masked(iban: str | None) -> str:
    """An account number of which only the ends can be read."""
    compact = re.sub(r"\s", "", iban or "")
    return f"{compact[:4]} •••• {compact[-4:]}" if len(compact) > 8 else ""
