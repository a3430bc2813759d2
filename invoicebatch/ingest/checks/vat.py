"""VAT categories and rates of lines and document allowances; a line without VAT data is refused."""

from typing import Final

import pandas as pd

from invoicebatch.errors import InputFileError
from invoicebatch.ingest.cells import Refusals
from invoicebatch.ingest.draft import Typed

CATEGORIES: Final = ("S", "Z", "E", "AE", "K", "G", "O")
"""UNCL 5305 codes of EN 16931 (BT-151)."""


def check_vat(typed: Typed, refused: Refusals) -> None:
    """Fill the category of rows that have a rate only, and refuse what contradicts EN 16931, in place.

    A rate above zero needs category S (BR-S-05), a rate of zero another one (BR-Z-05, BR-E-05,
    BR-AE-05, BR-IC-05, BR-G-05, BR-O-05): which one is the seller's to say, so it is never guessed.

    Raises:
        InputFileError: the file has neither rates nor categories.
    """
    frame = typed.frame
    if frame.empty:
        return
    if not {"vat_rate_bp", "vat_category"} & set(frame):
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
    _refuse_contradictions(typed, refused)


def _fill(frame: pd.DataFrame) -> None:
    standard = frame["vat_category"].isna() & (frame["vat_rate_bp"] > 0).fillna(value=False)
    frame["vat_category"] = frame["vat_category"].mask(standard, "S")
    exempt = frame["vat_rate_bp"].isna() & frame["vat_category"].notna() & (frame["vat_category"] != "S")
    frame["vat_rate_bp"] = frame["vat_rate_bp"].mask(exempt, 0)


def _refuse_contradictions(typed: Typed, refused: Refusals) -> None:
    typed.refuse(typed.frame["vat_rate_bp"].isna(), "vat_rate_bp", "vat_rate is empty", refused)
    reason = f"a rate of zero needs a vat_category: one of {', '.join(CATEGORIES[1:])}"
    typed.refuse(typed.frame["vat_category"].isna(), "vat_category", reason, refused)
    standard = typed.frame["vat_category"] == "S"
    zero = typed.frame["vat_rate_bp"] == 0
    typed.refuse(standard & zero, "vat_rate_bp", "category S needs a rate above zero (BR-S-05)", refused)
    standard, zero = typed.frame["vat_category"] == "S", typed.frame["vat_rate_bp"] == 0
    typed.refuse(~standard & ~zero, "vat_rate_bp", "only category S has a rate above zero", refused)
