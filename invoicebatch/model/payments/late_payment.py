"""What the law lets a creditor ask of a customer who pays late: interest and costs, by country and customer.

Data of rules/collection_flows.toml, exact to the cent. What is not in it is never guessed: it is a reason.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from invoicebatch.model.money import round_half_up, to_decimal
from invoicebatch.model.payments.collection import FILE, LATE_PAYMENT, Cost, Part, parsed, read_tables

DAYS_A_YEAR: Final = 365

Who = Literal["business", "private"]


def _text(value: object) -> object:
    if isinstance(value, float):
        raise ValueError('a percentage is a text, such as "2.15"')  # noqa: TRY004 - pydantic's
    return value


Percent = Annotated[Decimal, BeforeValidator(_text), Field(ge=-10, le=100)]


class Rate(Part):
    """A reference rate for the half year that begins on that day."""

    half_year: date
    percent: Percent
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _begins(self) -> "Rate":
        if (self.half_year.month, self.half_year.day) not in ((1, 1), (7, 1)):
            raise ValueError("a half year begins on 1 January or 1 July")
        return self


class _Law(Part):
    """What holds for the customers of a kind, by the law of a country."""

    country: str = Field(pattern="^[A-Z]{2}$")
    customer: Who
    source: str = Field(min_length=1)


class Interest(_Law):
    """Points above a reference rate, rounded up to a multiple where the law says so."""

    rate: str
    points: Percent = Decimal(0)
    round_up_to: Annotated[Decimal, BeforeValidator(_text), Field(gt=0)] | None = None

    def percent(self, reference: Decimal) -> Decimal:
        """The rate of interest, percent a year."""
        found = reference + self.points
        if self.round_up_to is None:
            return found
        return (found / self.round_up_to).to_integral_value(ROUND_CEILING) * self.round_up_to


class Costs(_Law):
    """Costs of an invoice, or of a reminder whose open amounts are added up."""

    per: Literal["invoice", "reminder"]
    notice_days: int = Field(0, ge=0)
    cost: Cost

    @model_validator(mode="after")
    def _said(self) -> "Costs":
        if self.cost.type in ("none", "statutory"):
            raise ValueError("cost says an amount: fixed, percentage or graduated")
        return self


Law = TypeVar("Law", bound=_Law)


class LatePayment(Part):
    """Reference rates by name, and what holds by country and customer."""

    rates: dict[str, tuple[Rate, ...]] = Field(default_factory=dict)
    interest: tuple[Interest, ...] = ()
    costs: tuple[Costs, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> "LatePayment":
        for name, laws in (("interest", self.interest), ("costs", self.costs)):
            keys = [(law.country, law.customer) for law in laws]
            if len(set(keys)) < len(keys):
                raise ValueError(f"{name}: a country and customer stand there twice")
        for name, rates in self.rates.items():
            if len({rate.half_year for rate in rates}) < len(rates):
                raise ValueError(f"rates: {name} has a half year twice")
        return self

    def interest_on(self, cents: int, country: str, customer: Who, due: date, today: date) -> int:
        """Interest on an open amount from the day after it was due to today, cents.

        Raises:
            LookupError: nothing is known of the country and customer, or no rate of a half year; it says which.
        """
        law = _of(self.interest, "interest", country, customer)
        known = {rate.half_year: rate.percent for rate in self.rates.get(law.rate, ())}
        total = Decimal(0)
        for half_year, days in _half_years(due, today):
            if half_year not in known:
                raise LookupError(f"no rate for {half_year} in {FILE}: {LATE_PAYMENT}.rates.{law.rate}")
            total += to_decimal(cents) * law.percent(known[half_year]) / 100 * days / DAYS_A_YEAR
        return round_half_up(total)

    def costs_of(self, country: str, customer: Who) -> Costs:
        """What costs may be asked.

        Raises:
            LookupError: nothing is known of the country and customer.
        """
        return _of(self.costs, "costs", country, customer)


def _of(laws: tuple[Law, ...], what: str, country: str, customer: Who) -> Law:
    for law in laws:
        if (law.country, law.customer) == (country, customer):
            return law
    kind = "businesses" if customer == "business" else "private persons"
    raise LookupError(f"no {LATE_PAYMENT}.{what} for {kind} in {country} in {FILE}")


def _half_years(due: date, today: date) -> Iterator[tuple[date, int]]:
    """The half years that days of delay lie in, and how many."""
    day = due + timedelta(days=1)
    while day <= today:
        start = date(day.year, 1 if day.month < 7 else 7, 1)
        end = date(day.year, 6, 30) if day.month < 7 else date(day.year, 12, 31)
        last = min(end, today)
        yield start, (last - day).days + 1
        day = last + timedelta(days=1)


def load_late_payment(root: Path) -> LatePayment:
    """What a workspace's file says; nothing where it is silent.

    Raises:
        RulesError: no such file, not TOML, or wrong; file and key are named.
    """
    return parsed(LatePayment, root, LATE_PAYMENT, read_tables(root).get(LATE_PAYMENT, {}))
