"""The address of a payment's other party, structured or hybrid, and what is wrong with one.

Source: EPC guidance on addresses (EPC153-22) and the 2025 implementation guidelines: town and country are their
own elements; in the hybrid form at most two free lines of 70 characters hold the rest. Since November 2026
addresses of free lines alone are refused. Frames in, frames out; no XML.
"""

import re
from typing import Final

import pandas as pd

from invoicebatch.model.payments.sepa import MAX_NAME, MAX_POSTCODE, MAX_TOWN, sepa_text, sepa_texts

MAX_NUMBER: Final = 16
_NUMBER_LAST: Final = re.compile(
    r"(?P<street>.*[^\W\d_][.)]?),?\s+(?P<number>\d+\s?[A-Za-z]?(?:\s?[-/+]\s?\w{1,5})?)"
)
_NUMBER_FIRST: Final = re.compile(
    r"(?P<number>\d+(?:\s?(?:bis|ter|quater|[A-Za-z](?=,)))?),?\s+(?P<street>.*[^\W\d_].*)"
)

COLUMNS: Final = ("street", "building", "free_line", "free_line_2", "postcode", "city", "country")
"""What an address is made of; `street` and `building`, or the free lines of the hybrid form."""


def addresses(invoices: pd.DataFrame) -> pd.DataFrame:
    """The customers' addresses as `COLUMNS` in SEPA's characters; empty where there is none.

    Args:
        invoices: overview rows: customer_street, _street_extra, _postcode, _city, _country.
    """
    parts = {name: invoices[f"customer_{name}"].fillna("").astype("str") for name in _FIELDS}
    lines, firsts = pd.factorize(parts["street"] + "\n" + parts["street_extra"])
    known = pd.DataFrame(
        [_street(*line.split("\n", 1)) for line in firsts], columns=list(COLUMNS[:4]), dtype="str"
    )
    split = known.take(lines).set_axis(invoices.index)
    whole = split.assign(
        postcode=sepa_texts(parts["postcode"], MAX_POSTCODE),
        city=sepa_texts(parts["city"], MAX_TOWN),
        country=parts["country"].str.strip(),
    )
    return whole.where(_filled(whole.drop(columns="country")), "")


_FIELDS: Final = ("street", "street_extra", "postcode", "city", "country")


def _filled(parts: pd.DataFrame) -> "pd.Series[bool]":
    return (parts != "").any(axis=1)


def _street(street: str, extra: str) -> tuple[str, str, str, str]:
    """Street and number where they can be told apart and there is no more; else as free lines."""
    text, more = sepa_text(street, MAX_NAME), sepa_text(extra, MAX_NAME)
    found = _NUMBER_LAST.fullmatch(text) or _NUMBER_FIRST.fullmatch(text)
    if found and not more and len(found["number"]) <= MAX_NUMBER:
        return found["street"].strip(" ,"), found["number"], "", ""
    return ("", "", text, more) if text else ("", "", more, "")


def address_faults(addresses: pd.DataFrame) -> "pd.Series[str]":
    """Why banks refuse an address (`addresses`), or an empty string; none at all is none to refuse."""
    there = _filled(addresses)
    reason = pd.Series("", index=addresses.index, dtype="str")
    reason = reason.mask(
        there & addresses["city"].eq(""), "the customer's address has no town: banks refuse it"
    )
    country = addresses["country"].str.fullmatch("[A-Z]{2}").fillna(False).astype(bool)
    return reason.mask(
        there & ~country, "the customer's address has no country (two letters): banks refuse it"
    )
