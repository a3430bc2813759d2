"""Who a payer is: the customers whose account it is, and whose name it bears."""

import re
import unicodedata
from typing import Final

import pandas as pd

_FORMS: Final = frozenset(
    [
        "ab",
        "ag",
        "as",
        "asbl",
        "bv",
        "bvba",
        "co",
        "cv",
        "cvba",
        "ebvba",
        "eurl",
        "gmbh",
        "inc",
        "kg",
        "ltd",
        "mbh",
        "nv",
        "ohg",
        "oy",
        "plc",
        "sa",
        "sas",
        "sarl",
        "sca",
        "scrl",
        "se",
        "snc",
        "spa",
        "sprl",
        "srl",
        "ug",
        "vof",
        "vzw",
        "de",
        "het",
        "van",
        "der",
        "den",
        "the",
        "la",
        "le",
        "les",
        "mr",
        "mrs",
        "dhr",
        "mevr",
        "hr",
        "fr",
        "herr",
        "frau",
        "m",
        "mme",
        "en",
        "und",
        "et",
        "and",
    ]
)
_PIECES: Final = re.compile(r"[a-z0-9]+")
_LEAST: Final = 4
_DAYS: Final = 20
"""Less than a month: who pays once a month is certain."""


def name_key(name: object) -> str:
    """A name without case, accents, legal form and order of its words; empty where too little is left.

    >>> name_key("Jansen Bouw B.V.") == name_key("BOUW JANSEN BV")
    True
    """
    if not isinstance(name, str):
        return ""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ß", "ss"))
    text = "".join(c for c in plain if not unicodedata.combining(c)).replace(".", "")
    pieces = sorted(set(_PIECES.findall(text)) - _FORMS)
    key = " ".join(pieces)
    return key if len(key) >= _LEAST else ""


def iban_key(ibans: "pd.Series[str]") -> "pd.Series[str]":
    """Account numbers as they compare: without blanks, in capitals; empty where missing."""
    return ibans.fillna("").astype("str").str.replace(r"\s", "", regex=True).str.upper()


def known_payers(customers: pd.DataFrame, mandates: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Whose account an IBAN is.

    Args:
        customers: customer_id, iban.
        mandates: customer_id, iban.
        earlier: customer_id, iban of earlier payments that were booked.

    Returns:
        iban, customer_id, each pair once.
    """
    rows = pd.concat(
        [part[["customer_id", "iban"]] for part in (customers, mandates, earlier)], ignore_index=True
    )
    rows = rows.assign(iban=iban_key(rows["iban"]))
    return rows[rows["iban"].ne("") & rows["customer_id"].notna()].drop_duplicates(ignore_index=True)


def repeated(payments: pd.DataFrame, known: pd.DataFrame) -> "pd.Series[bool]":
    """Whether the payer sent money another time within `_DAYS`: which of them is for what, is not certain.

    Args:
        payments: payment_id, payer_iban, booked_on.
        known: the same of all payments of these payers.
    """
    rows, others = (
        frame.assign(iban=iban_key(frame["payer_iban"]))[["payment_id", "booked_on", "iban"]]
        for frame in (payments, known)
    )
    days = pd.concat([rows, others]).drop_duplicates("payment_id").sort_values(["iban", "booked_on"])
    groups = days.groupby("iban")["booked_on"]
    near = [groups.diff(step).abs().le(pd.Timedelta(days=_DAYS)) for step in (1, -1)]
    again = days.loc[(near[0] | near[1]) & days["iban"].ne(""), "payment_id"]
    return payments["payment_id"].isin(again)
