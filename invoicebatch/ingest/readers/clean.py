"""Raw cell text made plain: blanks trimmed, control characters gone, empty cells null."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.ingest.cells import Mask

CONTROL: Final = r"[\x00-\x08\x0b-\x1f\x7f]+"
"""Control characters but tab and line feed; they would break XML and PDF."""


def clean(values: pa.Array, *, control: bool = True) -> pa.Array:
    """Text without surrounding blanks; a control character becomes a blank; '' becomes null.

    Args:
        values: strings.
        control: False where the source is known to hold no control characters.
    """
    if control and pc.any(pc.match_substring_regex(values, CONTROL)).as_py():
        values = pc.replace_substring_regex(values, CONTROL, " ")
    values = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)


def too_long(numbers: pa.Array) -> Mask:
    """Which plain numbers have more digits than a spreadsheet keeps: the last ones are lost."""
    return np.asarray(pc.fill_null(pc.match_substring_regex(numbers, r"^-?\d{16,}"), False))


def unique_headers(names: list[str]) -> list[str]:
    """Header names, trimmed; a repeated or empty one is told apart by its position."""
    seen: set[str] = set()
    result = []
    for position, raw in enumerate(names, start=1):
        plain = " ".join(raw.replace("\ufeff", "").split())
        name = plain if plain and plain not in seen else f"{plain or 'column'} #{position}"
        seen.add(name)
        result.append(name)
    return result
