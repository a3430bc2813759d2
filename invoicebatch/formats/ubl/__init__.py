"""UBL 2.1 documents from terms; where a term stands is told by `model.en16931.ubl`."""

import pandas as pd

from invoicebatch.formats.serializer import serialize
from invoicebatch.model.en16931.frames import Groups, only_documents
from invoicebatch.model.en16931.terms import CREDIT_NOTE_CODES, DOCUMENT
from invoicebatch.model.en16931.ubl import CREDIT_NOTE, INVOICE


def write_ubl(groups: Groups) -> list[bytes]:
    """One UBL Invoice or CreditNote a document, in order.

    Args:
        groups: frames of terms, as `derive` gives them.

    Raises:
        RenderError: a text holds a character that XML can't hold.
    """
    credit = is_credit_note(groups).to_numpy()
    if not credit.any():
        return serialize(INVOICE, groups)
    invoices = iter(serialize(INVOICE, only_documents(groups, ~credit)))
    credit_notes = iter(serialize(CREDIT_NOTE, only_documents(groups, credit)))
    return [next(credit_notes if is_credit else invoices) for is_credit in credit]


def is_credit_note(groups: Groups) -> "pd.Series[bool]":
    """Documents that are written as a CreditNote."""
    return groups[DOCUMENT]["BT-3"].isin(CREDIT_NOTE_CODES)
