"""UN/CEFACT CII documents from terms, as Factur-X and ZUGFeRD embed them in a PDF (profile EN 16931, EXTENDED or XRechnung)."""

import re
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.formats.serializer import serialize_each
from invoicebatch.model.en16931.cii import CROSS_INDUSTRY_INVOICE, EXTENDED, TAX_POINTS
from invoicebatch.model.en16931.derive.profiles import EN16931, EXTENDED_CTC_FR, FACTURX_EXTENDED, PEPPOL
from invoicebatch.model.en16931.frames import PARENT, Groups
from invoicebatch.model.en16931.terms import DOCUMENT, LINE


def write_cii(groups: Groups) -> list[bytes]:
    """One CII document a document, in order; credit notes positive, type code 381.

    What UBL says by EXTENDED-CTC-FR is said in a PDF by the profile EXTENDED (XP Z12-012, annex A).
    CII has no empty delivery: a document without one names its place by the element alone.

    Args:
        groups: frames of terms, as `derive` gives them with profile `en16931`.

    Raises:
        RenderError: a text holds a character that XML can't hold.
    """
    documents = groups[DOCUMENT].copy()
    peppol = documents["BT-24"].eq(PEPPOL)
    documents["BT-24"] = documents["BT-24"].mask(peppol, EN16931)
    documents["BT-23"] = documents["BT-23"].mask(peppol)
    extended = documents["BT-24"].eq(EXTENDED_CTC_FR)
    documents["BT-24"] = documents["BT-24"].mask(extended, FACTURX_EXTENDED)
    if "BT-8" in documents:
        documents["BT-8"] = documents["BT-8"].replace(to_replace=TAX_POINTS)
    means = groups["BG-16"].drop_duplicates(PARENT).set_index(PARENT)
    for term in ("BT-83", "BT-89"):
        documents[term] = _once(means, term, len(documents))
    own = {DOCUMENT: documents, "BG-1": _by_subject(groups["BG-1"]), "BT-29": _global_last(groups["BT-29"])}
    if "BT-7" in documents:
        breakdown = groups["BG-23"]
        tax_point = documents["BT-7"].iloc[breakdown[PARENT].to_numpy(np.int64)].array
        own["BG-23"] = breakdown.assign(**{"BT-7": tax_point})
    if "FR-LINE" in groups:
        first = groups["FR-LINE"].drop_duplicates(PARENT).set_index(PARENT)
        of_line = {term: _once(first, term, len(groups[LINE])) for term in ("FR-162", "FR-163")}
        own[LINE] = groups[LINE].assign(**of_line)
    kinds = extended.to_numpy(bool).astype(np.int64)
    written = serialize_each((CROSS_INDUSTRY_INVOICE, EXTENDED), kinds, {**groups, **own})
    return [_PLAIN.sub(rb"<ram:ID>\1</ram:ID>", _with_delivery(document)) for document in written]


def _global_last(identifiers: pd.DataFrame) -> pd.DataFrame:
    """The schema wants identifiers without a scheme first."""
    if "BT-29-1" not in identifiers:
        return identifiers
    schemed = identifiers["BT-29-1"].notna()
    return identifiers.assign(schemed=schemed).sort_values(
        [PARENT, "schemed"], kind="stable", ignore_index=True
    )


def _by_subject(notes: pd.DataFrame) -> pd.DataFrame:
    """Notes with the subject code apart, which UBL writes in front of the text: `#PMT#text`."""
    parts = notes["BT-22"].astype("str").str.extract(r"(?s)^(?:#([A-Z]{3})#)?(.*)$")
    return notes.assign(**{"BT-21": parts[0], "BT-22": parts[1]})


def _once(first: pd.DataFrame, term: str, count: int) -> pd.Series:
    """A term that a document or line holds once, of the first that holds it."""
    values = first[term] if term in first else pd.Series(dtype="str")
    return values.reindex(np.arange(count)).astype("str").reset_index(drop=True)


_PLAIN: Final = re.compile(rb"<ram:GlobalID>([^<]*)</ram:GlobalID>")
_SETTLEMENT = b"<ram:ApplicableHeaderTradeSettlement>"
_DELIVERY = b"ram:ApplicableHeaderTradeDelivery"


def _with_delivery(document: bytes) -> bytes:
    """The schema wants the delivery's element even where nothing is known of it."""
    if b"<" + _DELIVERY + b">" in document:
        return document
    return document.replace(_SETTLEMENT, b"<" + _DELIVERY + b"/>" + _SETTLEMENT, 1)
