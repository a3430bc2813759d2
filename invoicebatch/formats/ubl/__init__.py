"""UBL 2.1 documents from terms; where a term stands is told by `model.en16931.ubl`."""

from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.formats.serializer import serialize_each
from invoicebatch.model.en16931.derive.profiles import EXTENDED_CTC_FR, UBL_BE
from invoicebatch.model.en16931.frames import Groups
from invoicebatch.model.en16931.terms import CREDIT_NOTE_CODES, DOCUMENT
from invoicebatch.model.en16931.ubl import BELGIAN, CREDIT_NOTE, FRENCH, INVOICE

_ROOTS: Final = (INVOICE, CREDIT_NOTE, *BELGIAN, *FRENCH)
_OWN: Final = {UBL_BE: 1, EXTENDED_CTC_FR: 2}
"""Specifications that are written in a way of their own, by their pair in `_ROOTS`."""


def write_ubl(groups: Groups) -> list[bytes]:
    """One UBL Invoice or CreditNote a document, in order.

    Args:
        groups: frames of terms, as `derive` gives them.

    Raises:
        RenderError: a text holds a character that XML can't hold.
    """
    credit = is_credit_note(groups).to_numpy()
    family = groups[DOCUMENT]["BT-24"].map(_OWN).fillna(0).to_numpy(np.int64)
    return serialize_each(_ROOTS, (2 * family + credit).astype(np.int64), groups)


def is_credit_note(groups: Groups) -> "pd.Series[bool]":
    """Documents that are written as a CreditNote."""
    return groups[DOCUMENT]["BT-3"].isin(CREDIT_NOTE_CODES)
