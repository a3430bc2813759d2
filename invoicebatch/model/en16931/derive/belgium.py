"""What UBL.BE asks beyond EN 16931: the Belgian name of each VAT category, its reason in UBL.BE's words, VAT by line."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.model.en16931.frames import document_of
from invoicebatch.model.en16931.terms import LINE

_OF_RATE: Final = {210_000: "03", 120_000: "02", 60_000: "01"}
_OF_CATEGORY: Final = {"Z": "00", "E": "NA", "AE": "45", "K": "46/GO", "G": "47/EX", "O": "NS"}
_REASONS: Final = {
    "E": "Exempt",
    "AE": "Reverse charge - Contractor",
    "K": "Intra-community supply - Goods",
    "G": "Export non E.U.",
    "O": "Not subject to VAT",
}


def complete(groups: dict[str, pd.DataFrame], rows: npt.NDArray[np.bool_]) -> None:
    """Complete the documents that follow UBL.BE; frames are changed in place.

    Args:
        groups: the documents' terms.
        rows: documents that follow it.
    """
    if not rows.any():
        return
    lines, breakdown = groups[LINE], groups["BG-23"]
    mine = pd.Series(rows[document_of(groups, LINE)], index=lines.index)
    lines["BE-1"] = _names(lines["BT-151"], lines["BT-152"]).where(mine)
    rate = lines["BT-152"].fillna(0)
    tax = (
        (lines["BT-131"].abs() * rate + 500_000)
        // 1_000_000
        * np.sign(lines["BT-131"].fillna(0).astype("int64"))
    )
    lines["BE-2"] = tax.astype("Int64").where(mine)
    mine = pd.Series(rows[document_of(groups, "BG-23")], index=breakdown.index)
    breakdown["BE-3"] = _names(breakdown["BT-118"], breakdown["BT-119"]).where(mine)
    reasons = breakdown["BT-118"].map(_REASONS).astype("str")
    for term, said in (("BT-120", reasons), ("BT-121", pd.Series(None, index=breakdown.index, dtype="str"))):
        if term in breakdown:
            breakdown[term] = breakdown[term].mask(mine, said)


def _names(category: pd.Series, rate: pd.Series) -> pd.Series:
    standard = rate.map(_OF_RATE).astype("str").where(category.eq("S"))
    named: pd.Series = standard.fillna(category.map(_OF_CATEGORY)).astype("str")
    return named
