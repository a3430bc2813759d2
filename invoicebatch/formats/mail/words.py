"""Amounts, dates and account numbers as people of a language write them. No template is read here."""

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from invoicebatch.model.money import decimals_of, to_decimal

if TYPE_CHECKING:
    from babel.core import Locale

_LOCALES: Final = {"en": "en_GB", "nl": "nl_NL", "fr": "fr_FR", "de": "de_DE"}


@lru_cache
def _locale(language: str) -> "Locale":
    from babel.core import Locale

    return Locale.parse(_LOCALES.get(language, "en_GB"))


@lru_cache(maxsize=4096)
def money_text(cents: int, currency: str, language: str) -> str:
    """An amount with its currency: `€1,234.56` in English.

    Args:
        cents: int cents.
        currency: ISO 4217.
        language: en, nl, fr or de.
    """
    from babel.numbers import format_currency

    whole = decimals_of(currency) == 0 and cents % 100 == 0  # CLDR also drops decimals that ISO 4217 has
    text = format_currency(to_decimal(cents), currency, locale=_locale(language), currency_digits=whole)
    return str(text)


@lru_cache(maxsize=4096)
def date_text(day: date | None, language: str) -> str:
    """A date in words, `22 November 2026` in English; empty where there is none."""
    from babel.dates import format_date

    return str(format_date(day, format="long", locale=_locale(language))) if day else ""


@lru_cache(maxsize=4096)
def short_date_text(day: date | None, language: str) -> str:
    """A date for a table, `22 Nov 2026` in English; empty where there is none."""
    from babel.dates import format_date

    return str(format_date(day, format="medium", locale=_locale(language))) if day else ""


def iban_text(iban: str) -> str:
    """An IBAN in groups of four.

    >>> iban_text("BE68539007547034")
    'BE68 5390 0754 7034'
    """
    clean = iban.replace(" ", "")
    return " ".join(clean[at : at + 4] for at in range(0, len(clean), 4))


def iban_ending(iban: str) -> str:
    """The country and last four characters of an IBAN, enough for its holder to know it.

    >>> iban_ending("BE68539007547034")
    'BE•• •••• 7034'
    """
    clean = iban.replace(" ", "")
    return f"{clean[:2]}•• •••• {clean[-4:]}" if clean else ""
