"""Identifiers of parties, checked for a whole column at once: each distinct value once, offline."""

import re
from collections.abc import Callable
from functools import cache
from typing import Final

import pandas as pd

Words = "pd.Series[str]"
_BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
_EMAIL: Final = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[^\s@<>()\[\],;:\"\\.]+(\.[^\s@<>()\[\],;:\"\\.]+)+")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")

COUNTRY_WORDS: Final = {
    "eire": "IE", "uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "usa": "US", "u.s.a.": "US", "holland": "NL", "nederland": "NL",
    "the netherlands": "NL", "pays-bas": "NL", "niederlande": "NL", "belgië": "BE", "belgie": "BE",
    "belgique": "BE", "belgien": "BE", "frankrijk": "FR", "frankreich": "FR", "deutschland": "DE",
    "duitsland": "DE", "allemagne": "DE", "luxemburg": "LU", "spanje": "ES", "espagne": "ES",
    "italië": "IT", "italie": "IT", "oostenrijk": "AT", "österreich": "AT", "autriche": "AT",
    "zwitserland": "CH", "schweiz": "CH", "suisse": "CH", "el": "GR", "rsa": "ZA", "russia": "RU",
    "verenigd koninkrijk": "GB", "royaume-uni": "GB", "czech republic": "CZ", "turkey": "TR",
}  # fmt: skip
"""Names that people write and ISO 3166 does not list."""


def by_word(values: "pd.Series[str]", function: Callable[[str], str | None]) -> "pd.Series[str]":
    """`function` of every value, called once a distinct one; missing stays missing."""
    words = {word: function(word) for word in values.dropna().unique()}
    return values.map(words).astype("str")


def holds(values: "pd.Series[str]", test: Callable[[str], bool]) -> "pd.Series[bool]":
    """Where a value is given and fails `test`: True is a fault."""
    words = {word for word in values.dropna().unique() if not test(word)}
    return values.isin(words)


def compact(values: "pd.Series[str]") -> "pd.Series[str]":
    """An IBAN, BIC or VAT id as it is stored: capitals, no blanks."""
    return by_word(values, lambda word: re.sub(r"\s+", "", word).upper() or None)


def is_bic(word: str) -> bool:
    """Form of a BIC (ISO 9362)."""
    return bool(_BIC.fullmatch(word))


def is_email(word: str) -> bool:
    """One bare address with a domain; no more is promised."""
    return len(word) <= 254 and bool(_EMAIL.fullmatch(word))


@cache
def _currencies() -> frozenset[str]:
    import pycountry

    return frozenset(currency.alpha_3 for currency in pycountry.currencies)


def is_currency(word: str) -> bool:
    """An ISO 4217 code."""
    return word in _currencies()


@cache
def _countries() -> dict[str, str]:
    import pycountry

    words = dict(COUNTRY_WORDS)
    for country in pycountry.countries:
        for key in ("alpha_2", "alpha_3", "name", "common_name", "official_name"):
            word = getattr(country, key, None)
            if word:
                words[str(word).lower()] = country.alpha_2
    return words


def country_code(word: str) -> str | None:
    """ISO 3166-1 alpha-2 of a code or a name, None where it is not known.

    >>> country_code("EIRE"), country_code("nl"), country_code("Atlantis")
    ('IE', 'NL', None)
    """
    return _countries().get(word.strip().lower())


def is_vat_id(word: str) -> bool:
    """Form and checksum of a VAT id of the EU, Northern Ireland, Great Britain, Norway, Switzerland.

    A prefix that is not checked here counts as right.
    """
    from stdnum.ch import vat as swiss
    from stdnum.eu import vat as european
    from stdnum.gb import vat as british
    from stdnum.no import mva as norwegian

    prefix = word[:2].lower()
    if word.upper().startswith("CHE"):
        return bool(swiss.is_valid(word))
    if prefix == "gb":
        return bool(british.is_valid(word))
    if prefix == "no":
        return bool(norwegian.is_valid(word))
    if prefix in {*european.MEMBER_STATES, "el", "xi"}:
        return bool(european.is_valid(word))
    return prefix.isalpha()


def is_siret(word: str) -> bool:
    """A French establishment number with its checksum."""
    from stdnum.fr import siret

    return bool(siret.is_valid(word))
