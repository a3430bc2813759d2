"""Decimals of amounts: they belong to the currency of the document."""

from collections.abc import Mapping

import pandas as pd

from invoicebatch.ingest.cells import Refusals
from invoicebatch.ingest.checks.identifiers import holds, is_currency
from invoicebatch.ingest.draft import DOCUMENT_PARTS, Typed
from invoicebatch.model.money import decimals_of, unit_cents

TOO_FINE = "has more than two decimals, and an amount has at most two (EN 16931, BR-DEC)"


def check_currency(typed: Typed, refused: Refusals) -> None:
    """Refuse documents and accounts in a currency that is none, or that no amount of ours can hold."""
    if "currency" not in typed.frame:
        return
    unknown = holds(typed.frame["currency"], is_currency)
    typed.refuse(unknown, "currency", "is no ISO 4217 currency", refused)
    fine = holds(typed.frame["currency"], lambda word: decimals_of(word) <= 2)
    typed.refuse(fine, "currency", TOO_FINE, refused)


def currencies_of(kinds: Mapping[str, Typed]) -> "pd.Series[str]":
    """Currencies of the documents of an import, by external id."""
    frame = kinds["invoices"].frame if "invoices" in kinds else pd.DataFrame()
    if "currency" not in frame:
        return pd.Series(dtype="str")
    return frame.drop_duplicates("external_id").set_index("external_id")["currency"]


def check_decimals(kinds: Mapping[str, Typed], refused: Refusals) -> None:
    """Refuse amounts with decimals in a currency that has none, in place."""
    currencies = currencies_of(kinds)
    if all(decimals_of(currency) for currency in currencies.dropna().unique()):
        return
    for name in DOCUMENT_PARTS & kinds.keys():
        typed = kinds[name]
        for column in [name for name in map(str, typed.frame) if name.endswith("_cents")]:
            currency = typed.frame["external_id"].map(currencies).astype("str")
            broken = (typed.frame[column] % unit_cents(currency)).fillna(0) != 0
            typed.refuse(broken, column, currency + " has no decimals", refused)
