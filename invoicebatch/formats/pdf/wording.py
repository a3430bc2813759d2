"""Words, numbers and dates of a document in its language, from a template's texts/<language>.toml.

Only formatting lives here; what is said is decided in `data`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from invoicebatch.model.contact.postal import country_name
from invoicebatch.model.money import amount_text

NO_BREAK = "\u00a0"
MINUS = "\u2212"
SYMBOLS: Mapping[str, str] = {"EUR": "€", "GBP": "£", "USD": "$"}


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one language and the way it writes amounts and dates, in the document's currency."""

    language: str
    texts: Mapping[str, Any]
    currency: str = ""

    def say(self, key: str, **values: str) -> str:
        """The text `section.name` with its braces filled in."""
        section, _, name = key.partition(".")
        text = str(self.texts[section][name])
        for brace, value in values.items():
            text = text.replace("{" + brace + "}", value)
        return text

    def _group(self, whole: int) -> str:
        return f"{whole:,}".replace(",", self.texts["format"]["thousands"])

    def amount(self, cents: int) -> str:
        """Cents with the decimals of the currency: ``1.234,50``."""
        whole, _, rest = amount_text(abs(int(cents)), self.currency).partition(".")
        text = self._group(int(whole)) + (self.texts["format"]["decimal"] + rest if rest else "")
        return MINUS + text if cents < 0 else text

    def money(self, cents: int, currency: str) -> str:
        """Cents with their currency, held together: ``€ 1.234,50``."""
        sign = MINUS if cents < 0 else ""
        text = str(self.texts["format"]["money"])
        symbol = SYMBOLS.get(currency, currency)
        if symbol == currency:
            text = "{currency} {amount}" if text == "{currency}{amount}" else text
        text = text.replace("{currency}", symbol).replace(
            "{amount}", replace(self, currency=currency).amount(abs(cents))
        )
        return sign + text.replace(" ", NO_BREAK)

    def decimal(self, value: Decimal, places: int = 0) -> str:
        """An exact number without trailing zeros, at least `places` decimals."""
        sign, digits, exponent = value.as_tuple()
        text = "".join(map(str, digits)).rjust(1 - min(int(exponent), 0), "0")
        split = len(text) + min(int(exponent), 0)
        fraction = text[split:].rstrip("0").ljust(places, "0")
        whole = self._group(int(text[:split]) * 10 ** max(int(exponent), 0))
        number = f"{whole}{self.texts['format']['decimal']}{fraction}" if fraction else whole
        return MINUS + number if sign and value else number

    def percent(self, basis_points: int) -> str:
        """A rate: ``21 %``."""
        return self.decimal(Decimal(int(basis_points)).scaleb(-2)) + NO_BREAK + "%"

    def day(self, day: date, key: str = "date") -> str:
        """A date as `format.date` or, for sentences, `format.date_long` writes it."""
        form = self.texts["format"]
        parts = {
            "dd": f"{day.day:02d}",
            "mm": f"{day.month:02d}",
            "day": str(day.day),
            "month": form["months"][day.month - 1],
            "month3": form["months_short"][day.month - 1],
            "year": str(day.year),
        }
        text = str(form[key])
        for brace, value in parts.items():
            text = text.replace("{" + brace + "}", value)
        return text.replace(" ", NO_BREAK)

    def period(self, start: date | None, end: date | None) -> str:
        """A period, or the one end that is known."""
        return " – ".join(self.day(day) for day in (start, end) if day is not None)

    def unit(self, code: str | None, quantity: Decimal | None = None) -> str:
        """Short name of a UN/ECE Rec 20 unit, singular for one; an unknown code stays as it is."""
        name = self.texts["units"].get(code, code) if code else ""
        if isinstance(name, list):
            return str(name[0 if quantity is not None and abs(quantity) == 1 else -1])
        return str(name)

    def country(self, code: str) -> str:
        """Name of an ISO 3166-1 country in capitals, as the post wants it abroad."""
        return country_name(code, self.language)
