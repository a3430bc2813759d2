"""Mail addresses that servers said can't be reached: named, until they are changed or a person accepts them."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from invoicebatch.model.contact.mailbox import addresses_in, recipients_faults

MARKS: Final = "bounced_addresses"
"""The table they are kept in. A mark is of the address: a customer who gets another has none."""


def mail_faults(fields: "pd.Series[str]", marks: pd.DataFrame) -> "pd.Series[str]":
    """Why nothing can be mailed to each field: what is wrong with it, else which of its addresses bounced."""
    wrong = recipients_faults(fields)
    return wrong.where(wrong != "", bounced_faults(fields, marks))


def bounced_faults(fields: "pd.Series[str]", marks: pd.DataFrame) -> "pd.Series[str]":
    """Which address of each field bounced, when and why; empty: none did. Same index, dtype str.

    Args:
        fields: mail fields of customers, of one or several addresses.
        marks: the table `bounced_addresses`.
    """
    days = marks["bounced_on"].dt.strftime("%Y-%m-%d")
    said = dict(zip(marks["address"], "bounced on " + days + ": " + marks["words"], strict=True))
    known = fields.dropna().unique() if said else ()
    faults = {field: _fault(field, said) for field in known}
    return fields.map(faults).astype("str").fillna("")


def _fault(field: str, said: Mapping[str, str]) -> str:
    found = [address for address in addresses_in(field) if address.lower() in said]
    words = "; ".join(f"{address!r} {said[address.lower()]}" for address in found)
    return f"{words} (lifted by: outbox accept-address)" if words else ""
