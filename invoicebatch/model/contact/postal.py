"""Postal addresses: the lines in an envelope's window, and what is wrong with an address.

Sources: UPU S42 (line order), each country's postcode form as the UPU lists it. No look-up anywhere.
"""

import gettext
import re
from functools import cache
from typing import Final

import pandas as pd

MAX_LINES: Final = 6
MAX_LENGTH: Final = 42
"""Characters that fit an 85 mm window at 10 pt."""

_FORMS: Final = {
    "AT": r"\d{4}", "BE": r"\d{4}", "BG": r"\d{4}", "CH": r"\d{4}", "CY": r"\d{4}", "CZ": r"\d{3} ?\d{2}",
    "DE": r"\d{5}", "DK": r"\d{4}", "EE": r"\d{5}", "ES": r"\d{5}", "FI": r"\d{5}", "FR": r"\d{5}",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "GR": r"\d{3} ?\d{2}", "HR": r"\d{5}", "HU": r"\d{4}",
    "IE": r"[A-Z]\d[\dW] ?[A-Z\d]{4}", "IS": r"\d{3}", "IT": r"\d{5}", "LI": r"94\d{2}",
    "LT": r"(LT-)?\d{5}", "LU": r"(L-)?\d{4}", "LV": r"(LV-)?\d{4}", "MC": r"980\d{2}",
    "MT": r"[A-Z]{3} ?\d{4}", "NL": r"[1-9]\d{3} ?[A-Z]{2}", "NO": r"\d{4}", "PL": r"\d{2}-\d{3}",
    "PT": r"\d{4}-\d{3}", "RO": r"\d{6}", "SE": r"\d{3} ?\d{2}", "SI": r"\d{4}", "SK": r"\d{3} ?\d{2}",
    "US": r"\d{5}(-\d{4})?",
}  # fmt: skip
_POSTCODES: Final = {country: re.compile(form, re.IGNORECASE) for country, form in _FORMS.items()}
_TOWN_FIRST: Final = frozenset({"GB", "IE", "US", "CA", "AU", "NZ"})
_COUNTRY = re.compile(r"[A-Z]{2}")

ADDRESS: Final = ("name", "street", "street_extra", "postcode", "city", "country")
"""Fields of an address, in the order of this module's arguments."""


def postcode_fault(postcode: str, country: str) -> str:
    """What is wrong with a postcode's form, or an empty string; unknown countries are not judged.

    >>> postcode_fault("1011 AA", "NL"), postcode_fault("1011", "NL")
    ('', "postcode '1011' is not of the form used in NL")
    """
    form = _POSTCODES.get(country)
    if form is None or form.fullmatch(postcode):
        return ""
    return f"postcode {postcode!r} is not of the form used in {country}"


def address_lines(
    name: str,
    street: str,
    street_extra: str,
    postcode: str,
    city: str,
    country: str,
    *,
    home: str = "",
    language: str = "en",
) -> tuple[str, ...]:
    """The lines of an address from the top; the country only where it is not the sender's.

    >>> address_lines("Ada", "Kade 1", "", "1011 AA", "Amsterdam", "NL", home="NL")
    ('Ada', 'Kade 1', '1011 AA Amsterdam')
    """
    towns = (city, postcode) if country in _TOWN_FIRST else (f"{postcode} {city}",)
    abroad = "" if country == home else country_name(country, language)
    lines = (name, street_extra, street, *towns, abroad)
    return tuple(" ".join(line.split()) for line in lines if line.strip())


@cache
def _translations(language: str) -> gettext.NullTranslations:
    import pycountry

    return gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language], fallback=True)


@cache
def country_name(country: str, language: str) -> str:
    """A country (ISO 3166-1 alpha-2) in capitals, as the sender's post sorts it; an unknown code stays as it is."""
    import pycountry

    found = pycountry.countries.get(alpha_2=country.upper())
    if found is None:
        return country.upper()
    name = getattr(found, "common_name", found.name)
    return _translations(language).gettext(name).upper()


def address_fault(name: str, street: str, street_extra: str, postcode: str, city: str, country: str) -> str:
    """What is wrong with a postal address, or an empty string; every fault is named."""
    fields = {"name": name, "street": street, "postcode": postcode, "town": city, "country": country}
    missing = [field for field, value in fields.items() if not value.strip()]
    if missing:
        return f"postal address has no {', '.join(missing)}"
    if not _COUNTRY.fullmatch(country):
        return f"country {country!r} is not a two-letter code (ISO 3166-1)"
    faults = [fault for fault in (postcode_fault(postcode.strip(), country),) if fault]
    lines = address_lines(name, street, street_extra, postcode, city, country)
    faults += [
        f"address line {line!r} is longer than {MAX_LENGTH} characters"
        for line in lines
        if len(line) > MAX_LENGTH
    ]
    if len(lines) > MAX_LINES:
        faults.append(f"address has {len(lines)} lines, the window shows {MAX_LINES}")
    return "; ".join(faults)


def address_faults(addresses: pd.DataFrame) -> "pd.Series[str]":
    """`address_fault` of every row of a frame with the columns `ADDRESS`; same index, dtype str."""
    columns = [
        addresses[field].astype(object).where(addresses[field].notna(), "").tolist() for field in ADDRESS
    ]
    faults = [address_fault(*values) for values in zip(*columns, strict=True)]
    return pd.Series(faults, index=addresses.index, dtype="str")
