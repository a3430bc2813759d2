"""What SEPA lets a payment message hold: characters, lengths, amounts and identifiers.

Sources: EPC130-08 and EPC114-06 (implementation guidelines), EPC217-08 (conversion table). No XML.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

import pandas as pd
from anyascii import anyascii
from stdnum.eu import at_02

from invoicebatch.model.distinct import of_distinct

MAX_NAME: Final = 70
MAX_REMITTANCE: Final = 140
MAX_ID: Final = 35
MAX_TOWN: Final = 35
MAX_POSTCODE: Final = 16
MAX_CENTS: Final = 99_999_999_999
"""EUR 999,999,999.99, the largest amount of a SEPA transaction."""

MANDATE_LIFE_MONTHS: Final = 36
"""A mandate lapses this long after its last collection (EPC016-06, section 4.1)."""

_LEGAL = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*")
_ILLEGAL = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]+")
_LEGAL_ID = re.compile(r"[A-Za-z0-9\-?:().,'+]+(?:[ /][A-Za-z0-9\-?:().,'+]+)*")
_CREDITOR_ID = re.compile(r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{3}[A-Za-z0-9+?/\-:().,']{1,28}")

_BEST_PRACTICE = str.maketrans(
    {
        "&": "+", "_": "-", "~": "-", "{": "(", "[": "(", "}": ")", "]": ")", "<": "(", ">": ")",
        "\\": "/", "|": "/", "`": "'", '"': "'", ";": ",", "@": ".", "!": ".", "#": ".", "$": ".",
        "%": ".", "*": ".", "=": ".", "^": ".", "€": "E", "–": "-", "—": "-", "’": "'", "‘": "'",
        "ß": "s", "“": "'", "”": "'", "„": "'", "«": "'", "»": "'", "…": "...", "¿": "?",
    }
)  # fmt: skip


@lru_cache(maxsize=1 << 17)  # a plan and its run ask the same
def sepa_text(text: str, length: int) -> str:
    """The text in SEPA's Latin characters, at most `length` of them, spaces tidied.

    Accents are dropped, other scripts romanised, signs replaced as EPC217-08 advises; what has no
    equivalent is left out. May be empty.

    >>> sepa_text("Küche & Söhne_GmbH", 70)
    'Kuche + Sohne-GmbH'
    """
    if not _LEGAL.fullmatch(text):
        text = text.translate(_CHARACTERS)
    return _tidy(" ".join(text.split()), length)


class _Characters(dict[int, str]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if category in ("Cc", "Zs", "Zl", "Zp"):
            plain = " "
        elif category in ("So", "Cf", "Cs", "Co", "Cn"):
            plain = ""
        else:
            plain = anyascii(character.translate(_BEST_PRACTICE)).translate(_BEST_PRACTICE)
        return self.setdefault(code, _ILLEGAL.sub("", plain))


_CHARACTERS: Final = _Characters()


def _tidy(text: str, length: int) -> str:
    """Cut to length; no leading or trailing slash and no double one (EPC130-08, 1.4)."""
    text = re.sub(r"/{2,}", "/", text)[:length]
    return text.strip(" /")


def sepa_texts(texts: "pd.Series[str]", length: int) -> "pd.Series[str]":
    """`sepa_text` of every value (missing: empty); same index, dtype str."""
    clean = texts.fillna("").astype("str")
    tidy = clean.str.len().le(length) & clean.str.fullmatch(_LEGAL_ID)  # as it stands
    rest = of_distinct(clean[~tidy], lambda text: sepa_text(text or "", length))
    return clean.where(tidy, rest.reindex(clean.index)).astype("str")


def is_sepa_id(text: str) -> bool:
    """Whether the text may be a reference: 1 to 35 legal characters, no slash at an end, none doubled."""
    return len(text) <= MAX_ID and bool(_LEGAL_ID.fullmatch(text))


def are_sepa_ids(texts: "pd.Series[str]") -> "pd.Series[bool]":
    """`is_sepa_id` of every value; missing ones are none to complain of."""
    legal = texts.str.len().le(MAX_ID) & texts.str.fullmatch(_LEGAL_ID)
    return legal | texts.isna()


def creditor_id_fault(creditor_id: str | None) -> str:
    """What is wrong with the form of a SEPA creditor identifier, or an empty string (EPC262-08)."""
    if not creditor_id:
        return "the company account has no creditor identifier"
    if len(creditor_id) > MAX_ID or not _CREDITOR_ID.fullmatch(creditor_id):
        return f"creditor identifier {creditor_id} is not of the form CC00ZZZ…"
    return ""


def creditor_id_warning(creditor_id: str) -> str:
    """A warning where the check digits of a creditor identifier are wrong, else an empty string.

    >>> creditor_id_warning("DE98ZZZ09999999999")
    ''
    """
    if at_02.is_valid(creditor_id):
        return ""
    return (
        f"the check digits of creditor identifier {creditor_id} are wrong: correct it in the company account"
    )


def message_id(bundle_id: str, message_no: int = 1) -> str:
    """MsgId of a bundle's file: derived, so that a file written twice is the same file.

    A message that replaces a written one has an id of its own: the bank may know the old one.

    >>> message_id("6f1f2c0e-9f0b-5c3e-8a53-0d3a8ff3c9a1")
    'IB6F1F2C0E9F0B5C3E8A530D3A8FF3C9A1'
    >>> message_id("6f1f2c0e-9f0b-5c3e-8a53-0d3a8ff3c9a1", 2)
    'IB6F1F2C0E9F0B5C3E8A530D3A8FF3-M02'
    """
    plain = bundle_id.replace("-", "").upper()
    return f"IB{plain}" if message_no == 1 else f"IB{plain[:28]}-M{message_no:02d}"


def payment_information_id(bundle_id: str, group_no: int, message_no: int = 1) -> str:
    """PmtInfId of the n-th group of a bundle's file.

    >>> payment_information_id("6f1f2c0e-9f0b-5c3e-8a53-0d3a8ff3c9a1", 2)
    'IB6F1F2C0E9F0B5C3E8A530D3A-G02'
    >>> payment_information_id("6f1f2c0e-9f0b-5c3e-8a53-0d3a8ff3c9a1", 2, 3)
    'IB6F1F2C0E9F0B5C3E8A530D3A-M03G02'
    """
    message = "" if message_no == 1 else f"M{message_no:02d}"
    return f"IB{bundle_id.replace('-', '').upper()[:24]}-{message}G{group_no:02d}"
