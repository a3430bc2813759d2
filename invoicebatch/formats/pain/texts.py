"""XML text of many payments at once: a column in, a column of elements out.

Columns are joined by Arrow, without a loop over payments. The check reads the result back.
"""

from collections.abc import Iterator
from typing import Any, Final
from xml.sax.saxutils import escape

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.formats.pain.message import NOT_PROVIDED, Message
from invoicebatch.model.payments.address import COLUMNS

Texts = Any  # a pyarrow StringArray without missing values; pyarrow has no types of its own

_ROWS_A_WRITE: Final = 20_000
_TAGS: Final = dict(
    zip(COLUMNS, ("StrtNm", "BldgNb", "AdrLine", "AdrLine", "PstCd", "TwnNm", "Ctry"), strict=True)
)
_ADDRESS: Final = ("street", "building", "postcode", "city", "country", "free_line", "free_line_2")
"""The columns of an address in the order of the schema."""


def column(items: pd.DataFrame, name: str) -> Texts:
    """A text column escaped for XML; missing values are empty."""
    texts = pa.array(items[name].astype("str").fillna(""), pa.string())
    held = as_text(texts)
    for sign in "&<>":  # in this order
        if sign in held:
            texts = pc.replace_substring(texts, sign, escape(sign))
    return texts


def joined(*parts: Texts | str) -> Texts:
    """The parts one after the other, row by row; a text is the same in each row."""
    return pc.binary_join_element_wise(*parts, "")


def where_any(values: Texts, made: Texts | str, otherwise: Texts | str = "") -> Texts:
    """What was made of a value where there is one."""
    return pc.if_else(pc.equal(values, ""), otherwise, made)


def element(tag: str, values: Texts) -> Texts:
    """The values in their element; no element where there is no value."""
    return where_any(values, joined(f"<{tag}>", values, f"</{tag}>"))


def amounts(items: pd.DataFrame) -> Texts:
    """Decimal texts of positive amounts of cents."""
    cents = pa.array(items["amount_cents"], pa.int64())
    whole = pc.divide(cents, 100)
    rest = pc.subtract(cents, pc.multiply(whole, 100))
    return joined(whole.cast(pa.string()), ".", pc.utf8_lpad(rest.cast(pa.string()), 2, "0"))


def days(items: pd.DataFrame, name: str) -> Texts:
    """Dates as YYYY-MM-DD."""
    return pa.array(items[name]).cast(pa.date32()).cast(pa.string()).fill_null("")


def agents(message: Message, bics: Texts, otherwise: str = NOT_PROVIDED) -> Texts:
    """Banks by their BIC."""
    tag = message.bic_tag
    return where_any(bics, joined(f"<FinInstnId><{tag}>", bics, f"</{tag}></FinInstnId>"), otherwise)


def addresses(items: pd.DataFrame) -> Texts:
    """Structured addresses, or hybrid ones with at most two free lines (EPC153-22); empty where there is none."""
    texts = {name: column(items, name) for name in COLUMNS}
    parts = joined(*(element(_TAGS[name], texts[name]) for name in _ADDRESS))
    return where_any(texts["city"], where_any(texts["country"], joined("<PstlAdr>", parts, "</PstlAdr>")))


def remittances(items: pd.DataFrame) -> Texts:
    """The structured reference, else the text: one of both (EPC130-08).

    References are issued by ISO (ISO 11649), Belgian ones by the Belgian banks' association.
    """
    references, texts = column(items, "creditor_reference"), column(items, "remittance")
    issuers = pc.if_else(pc.starts_with(references, "RF"), "ISO", "BBA")
    structured = joined(
        "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry><Issr>", issuers, "</Issr></Tp><Ref>",
        references, "</Ref></CdtrRefInf></Strd>",
    )  # fmt: skip
    return where_any(references, structured, joined("<Ustrd>", texts, "</Ustrd>"))


def slices(items: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The payments, some at a time, so that memory stays flat."""
    for start in range(0, len(items), _ROWS_A_WRITE):
        yield items.iloc[start : start + _ROWS_A_WRITE]


def as_text(texts: Texts) -> str:
    """All rows one after the other."""
    return "".join(texts.to_pylist())
