"""UBL 2.1 documents from terms; where a term stands is told by `model.en16931.ubl`."""

from collections.abc import Iterator

import pandas as pd

from invoicebatch.formats.serializer import serialize
from invoicebatch.model.en16931.derive.profiles import UBL_BE
from invoicebatch.model.en16931.frames import Groups, only_documents
from invoicebatch.model.en16931.terms import CREDIT_NOTE_CODES, DOCUMENT
from invoicebatch.model.en16931.ubl import BELGIAN_CREDIT_NOTE, BELGIAN_INVOICE, CREDIT_NOTE, INVOICE


def write_ubl(groups: Groups) -> list[bytes]:
    """One UBL Invoice or CreditNote a document, in order.

    Args:
        groups: frames of terms, as `derive` gives them.

    Raises:
        RenderError: a text holds a character that XML can't hold.
    """
    credit = is_credit_note(groups).to_numpy()
    belgian = groups[DOCUMENT]["BT-24"].eq(UBL_BE).to_numpy(bool)
    kinds = {
        (False, False): INVOICE,
        (False, True): CREDIT_NOTE,
        (True, False): BELGIAN_INVOICE,
        (True, True): BELGIAN_CREDIT_NOTE,
    }
    written: dict[tuple[bool, bool], Iterator[bytes]] = {}
    for kind, root in kinds.items():
        mine = (belgian == kind[0]) & (credit == kind[1])
        if mine.all():
            return serialize(root, groups)
        written[kind] = iter(serialize(root, only_documents(groups, mine)) if mine.any() else ())
    return [next(written[kind]) for kind in zip(belgian.tolist(), credit.tolist(), strict=True)]


def is_credit_note(groups: Groups) -> "pd.Series[bool]":
    """Documents that are written as a CreditNote."""
    return groups[DOCUMENT]["BT-3"].isin(CREDIT_NOTE_CODES)
