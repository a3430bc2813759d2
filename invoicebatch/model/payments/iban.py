"""IBANs: form, checksum and SEPA area, checked for a whole column at once.

Structures come from schwifty's copy of the SWIFT registry; nothing is looked up on a network.
"""

from functools import cache, lru_cache
from typing import Final

import pandas as pd

from invoicebatch.model.distinct import of_distinct

EEA: Final = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI",
        "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU",
        "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
"""Countries of the European Economic Area: no BIC or address is needed there (EPC114-06)."""

_DIGITS = {ord(letter): str(ord(letter) - 55) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


@cache
def _form(country: str) -> tuple[int, str, bool] | None:
    """Length, BBAN structure and SEPA membership of a country's IBAN; None: no such country."""
    from schwifty import IBAN
    from schwifty.exceptions import SchwiftyException

    try:
        spec = IBAN(country + "00", allow_invalid=True).spec
    except SchwiftyException:
        return None
    return spec.iban_length, spec.regex.pattern, bool(spec.in_sepa_zone)


@lru_cache(maxsize=1 << 17)  # a plan and its run ask the same
def iban_fault(iban: str | None) -> str:
    """What is wrong with an IBAN, or an empty string.

    Sources: ISO 13616 (form and mod 97), EPC409-09 (countries of SEPA).

    >>> iban_fault("BE68539007547034"), iban_fault("BE68539007547035")
    ('', 'IBAN BE68539007547035 has a wrong checksum')
    """
    if not iban:
        return "no IBAN"
    if not (iban.isascii() and iban.isalnum() and iban == iban.upper() and iban[2:4].isdigit()):
        return f"IBAN {iban} may hold only capital letters and digits"
    form = _form(iban[:2])
    if form is None:
        return f"IBAN {iban}: {iban[:2]} is not a country of the IBAN registry"
    if len(iban) != form[0]:
        return f"IBAN {iban} has {len(iban)} characters, {iban[:2]} needs {form[0]}"
    if int((iban[4:] + iban[:4]).translate(_DIGITS)) % 97 != 1:
        return f"IBAN {iban} has a wrong checksum"
    return "" if form[2] else f"IBAN {iban} is outside SEPA"


def iban_faults(ibans: "pd.Series[str]") -> "pd.Series[str]":
    """`iban_fault` of every value; same index, dtype str."""
    return of_distinct(ibans, iban_fault)
