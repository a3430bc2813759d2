"""VAT categories and rates of lines and document allowances; a row without VAT data is refused."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.errors import InputFileError
from invoicebatch.ingest.cells import Mask, Refusals
from invoicebatch.ingest.draft import Typed

CATEGORIES: Final = ("S", "Z", "E", "AE", "K", "G", "O")
"""UNCL 5305 codes of EN 16931 (BT-151)."""
ALLOWANCES: Final = "allowance_charges"


def check_vat(typed: Typed, refused: Refusals) -> None:
    """Fill the category of rows that have a rate only, and refuse what contradicts EN 16931, in place.

    A rate above zero needs category S (BR-S-05), a rate of zero another one (BR-Z-05, BR-E-05,
    BR-AE-05, BR-IC-05, BR-G-05, BR-O-05): which one is the seller's to say, so it is never guessed.
    An allowance on a document is taxed like a line (BR-32, BR-37); one on a line has its line's VAT.

    Raises:
        InputFileError: a file of lines, or of a VAT breakdown, has neither rates nor categories.
    """
    frame = typed.frame
    if frame.empty:
        return
    if not {"vat_rate_bp", "vat_category"} & set(frame) and typed.kind.name != ALLOWANCES:
        file = typed.source["file"].iloc[0]
        raise InputFileError(
            f"{file} ({typed.kind.name}) has no column vat_rate", "Add it, or map a constant."
        )
    for column, kind in (("vat_category", "str"), ("vat_rate_bp", "Int64")):
        if column not in frame:
            frame[column] = pd.Series(pd.NA, index=frame.index, dtype=kind)
    frame["vat_category"] = frame["vat_category"].str.upper()
    typed.refuse(
        frame["vat_category"].notna() & ~frame["vat_category"].isin(CATEGORIES),
        "vat_category",
        f"is not one of: {', '.join(CATEGORIES)}",
        refused,
    )
    _fill(typed.frame)
    for column, reason, wrong in _CONTRADICTIONS:
        frame = typed.frame
        typed.refuse(
            _taxed(typed) & wrong(frame["vat_category"], frame["vat_rate_bp"]), column, reason, refused
        )


def _taxed(typed: Typed) -> Mask:
    """The rows that need VAT of their own."""
    if typed.kind.name == ALLOWANCES and "line_no" in typed.frame:
        return typed.frame["line_no"].isna().to_numpy()
    return np.ones(len(typed.frame), dtype=bool)


def _fill(frame: pd.DataFrame) -> None:
    standard = frame["vat_category"].isna() & (frame["vat_rate_bp"] > 0).fillna(value=False)
    frame["vat_category"] = frame["vat_category"].mask(standard, "S")
    exempt = frame["vat_rate_bp"].isna() & frame["vat_category"].notna() & (frame["vat_category"] != "S")
    frame["vat_rate_bp"] = frame["vat_rate_bp"].mask(exempt, 0)


_CONTRADICTIONS: Final[
    Sequence[tuple[str, str, Callable[["pd.Series[Any]", "pd.Series[Any]"], "pd.Series[bool]"]]]
] = (
    ("vat_rate_bp", "vat_rate is empty", lambda _, rate: rate.isna()),
    (
        "vat_category",
        f"a rate of zero needs a vat_category: one of {', '.join(CATEGORIES[1:])}",
        lambda category, _: category.isna(),
    ),
    (
        "vat_rate_bp",
        "category S needs a rate above zero (BR-S-05)",
        lambda category, rate: (category == "S") & (rate == 0),
    ),
    (
        "vat_rate_bp",
        "only category S has a rate above zero",
        lambda category, rate: (category != "S") & (rate != 0),
    ),
)
"""Column, reason, and which categories and rates it befalls; each is asked of what the others left."""
