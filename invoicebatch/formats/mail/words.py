"""Amounts, dates and account numbers as people of a language write them: in a mail as in our documents."""

from datetime import date
from functools import cache, lru_cache

from invoicebatch.formats.pdf.template import load_template
from invoicebatch.formats.pdf.wording import NO_BREAK, Wording


@cache
def _wording(language: str) -> Wording:
    return load_template().wording(language)


@lru_cache(maxsize=4096)
def money_text(cents: int, currency: str, language: str) -> str:
    """An amount with its currency: `€1,234.56` in English.

    Args:
        cents: int cents.
        currency: ISO 4217.
        language: en, nl, fr or de.
    """
    return _wording(language).money(cents, currency)


@lru_cache(maxsize=4096)
def date_text(day: date | None, language: str) -> str:
    """A date in words, `22 November 2026` in English; empty where there is none."""
    return _wording(language).day(day, "date_long").replace(NO_BREAK, " ") if day else ""


@lru_cache(maxsize=4096)
def short_date_text(day: date | None, language: str) -> str:
    """A date for a table, `22 Nov 2026` in English; empty where there is none."""
    return _wording(language).day(day).replace(NO_BREAK, " ") if day else ""


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
