"""Faults planted in a billing run, each in documents of its own and each what one check of the review must find.

Totals stay the sums of their lines: the arithmetic finds nothing wrong.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.ingest.sample.digits import Generator, Ints, half_up
from invoicebatch.ingest.sample.lines import LineNumbers
from invoicebatch.ingest.sample.plan import Plan
from invoicebatch.model.status import Kind

TIMES: Final[Mapping[str, int]] = {"total": 7, "total_absurd": 40, "total_high": 900, "total_zero": 0}
"""Faults of a whole document: its quantities so many times."""
USAGE: Final[Mapping[str, int]] = {"usage_previous": 12, "usage_year": 12, "usage_none": 0}
"""Faults of one meter: its usage so many times."""
OTHERS: Final = (
    "price",
    "vat_rate",
    "missing_product",
    "same_total",
    "billed_twice",
    "gap",
    "overlap",
    "estimated",
    "first_document",
    "last_document",
    "address_changed",
    "iban_changed",
    "due_on_weekend",
)
"""Other faults, some of checks that a workspace has to ask for (`ASKED_FOR`)."""
ASKED_FOR: Final = ("first_document", "last_document", "address_changed", "iban_changed")
"""Checks that are off where a workspace says nothing."""
ONE_IN: Final = 800
"""One document in so many has a given fault, and one at least."""
ALIKE: Final = 25
"""So many documents get one total."""
ESTIMATED_MONTHS: Final = 3
_OTHER_RATE: Final = {2100: 900, 600: 2100, 2000: 550}
_OTHER_PRODUCT, _ITS_PRICE = 8, 99_000_000
_LEFT_BEFORE: Final = 10
"""Days before the end of the month that a customer leaves."""
_SHIFT: Final = {"gap": 9, "overlap": -9}

Faulty = Mapping[str, Ints]
"""Positions of customers by the check that must find their fault."""


def chosen(rng: Generator, account: Ints) -> Faulty:
    """Whose bills get which fault; nobody has two."""
    order = rng.permutation(len(account))
    each = max(1, len(account) // ONE_IN)
    found, start = {}, 0
    for check in (*TIMES, *USAGE, *OTHERS):
        free = order[start:]
        size = ALIKE if check == "same_total" else each
        found[check] = free[account[free] == 0][:size]
        order = np.concatenate([order[:start], found[check], free[~np.isin(free, found[check])]])
        start += len(found[check])
    return found


def in_lines(faulty: Faulty, plan: Plan, lines: LineNumbers) -> LineNumbers:
    """The lines with the faults of quantities, prices, products and rates; a line of each product a document."""
    customer = plan.customer[lines.owner]
    price, quantity, product, rate = (
        getattr(lines, name).copy() for name in ("price_micro", "quantity_milli", "product", "rate")
    )
    for check, times in TIMES.items():
        quantity[np.isin(customer, faulty[check])] *= times
    first = lines.place == 0
    for check, times in USAGE.items():
        quantity[np.isin(customer, faulty[check]) & first] *= times
    price[np.isin(customer, faulty["price"]) & first] *= 10
    taxed = np.isin(customer, faulty["vat_rate"]) & first
    rate[taxed] = [_OTHER_RATE[int(value)] for value in rate[taxed]]
    other = np.isin(customer, faulty["missing_product"]) & (lines.place == 2)
    product[other], price[other] = _OTHER_PRODUCT, _ITS_PRICE
    alike = np.flatnonzero(np.isin(customer, faulty["same_total"]))
    count = int(plan.counts[0])
    for values in (price, quantity):
        values[alike] = np.tile(values[alike[:count]], len(alike) // count)
    net = half_up(quantity * price, 10_000_000)
    return replace(lines, price_micro=price, quantity_milli=quantity, product=product, rate=rate, net=net)


def twice(faulty: Faulty, plan: Plan, lines: LineNumbers) -> tuple[Plan, LineNumbers]:
    """The documents and lines, some of them once more at the end."""
    again = np.isin(plan.customer, faulty["billed_twice"])
    at = np.concatenate([np.arange(len(again)), np.flatnonzero(again)])
    more = Plan(**{field.name: getattr(plan, field.name)[at] for field in fields(Plan)})
    more = replace(more, ids=plan.ids[0] + np.arange(len(at)))
    copied = np.flatnonzero(again[lines.owner])
    rows = np.concatenate([np.arange(len(lines.owner)), copied])
    both = LineNumbers(**{field.name: getattr(lines, field.name)[rows] for field in fields(LineNumbers)})
    owner = np.repeat(np.arange(len(at)), more.counts)
    quantity = both.quantity_milli + 1_000 * ((owner >= len(again)) & (owner % 2 == 0) & (both.place == 0))
    net = half_up(quantity * both.price_micro, 10_000_000)
    return more, replace(both, owner=owner, quantity_milli=quantity, net=net)


def in_customers(faulty: Faulty, people: pd.DataFrame, today: date) -> pd.DataFrame:
    """The customers, some of them with another address or account since their last document."""
    place = pd.Series(np.arange(len(people)), people.index)
    moved, renewed = place.isin(faulty["address_changed"]), place.isin(faulty["iban_changed"])
    day = pd.Series(pd.Timestamp(today).as_unit("s"), people.index)
    return people.assign(
        address_changed_on=day.where(moved),
        address_before=pd.Series("Oude Gracht 1, 3511 AA Utrecht", people.index).where(moved),
        iban_changed_on=day.where(renewed),
        iban_before=pd.Series("NL91ABNA0417164300", people.index).where(renewed),
    )


def in_documents(
    faulty: Faulty, plan: Plan, invoices: pd.DataFrame, today: date, months_ago: int
) -> pd.DataFrame:
    """A month's documents: who has a first one had other kinds before; this month's fall due on a Tuesday, or not."""
    customer = invoices["invoice_id"].map(pd.Series(plan.customer, index=plan.ids))
    if months_ago:
        other = invoices["kind"].mask(customer.isin(faulty["first_document"]), Kind.ADVANCE.value)
        return invoices.assign(kind=other)
    tuesday = pd.Timestamp(today).as_unit("s") + pd.Timedelta(days=14 + (1 - today.weekday()) % 7)
    due = pd.Series(tuesday, invoices.index)
    late = customer.isin(faulty["due_on_weekend"])
    return invoices.assign(due_date=due.mask(late, tuesday + pd.Timedelta(days=4)))


def in_readings(faulty: Faulty, plan: Plan, readings: pd.DataFrame, months_ago: int) -> pd.DataFrame:
    """The readings of a month with their faults; estimates reach back into the months before the run."""
    customer = pd.Series(plan.customer, index=plan.ids)
    of = readings["invoice_id"].map(customer)
    if months_ago <= ESTIMATED_MONTHS:
        guessed = of.isin(faulty["estimated"])
        readings = readings.assign(method=readings["method"].mask(guessed, "estimated"))
    if months_ago == 0:
        for check, days in _SHIFT.items():
            at = of.isin(faulty[check]) & (readings["reading_no"] == 1)
            shifted = readings["date_from"] + pd.Timedelta(days=days)
            readings = readings.assign(date_from=readings["date_from"].mask(at, shifted))
        readings = _handed_on(faulty, of, readings)
    return readings


def _handed_on(faulty: Faulty, of: pd.Series, readings: pd.DataFrame) -> pd.DataFrame:
    """Meters that one customer leaves before the month is over, and the next one goes on with."""
    end = readings["date_to"].max()
    cut = end - pd.Timedelta(days=_LEFT_BEFORE)
    leaving, coming = (of.isin(faulty[name]) for name in ("last_document", "first_document"))
    after = dict(zip(faulty["first_document"].tolist(), faulty["last_document"].tolist(), strict=True))
    meters = readings[leaving].assign(customer=of[leaving]).drop_duplicates(["customer", "line_no"])
    meters = meters.set_index(["customer", "line_no"])[["connection_id", "meter_id"]]
    keys = pd.MultiIndex.from_arrays([of[coming].map(after), readings.loc[coming, "line_no"]])
    readings = readings.assign(
        date_from=readings["date_from"].mask(coming, cut + pd.Timedelta(days=1)),
        date_to=readings["date_to"].mask(leaving, readings["date_to"].clip(upper=cut)).mask(coming, end),
    )
    readings.loc[coming, ["connection_id", "meter_id"]] = meters.reindex(keys).to_numpy()
    return readings


def planted(faulty: Faulty, plan: Plan) -> pd.DataFrame:
    """Which documents of the run have which fault: invoice_id int64, check str."""
    of = pd.DataFrame({"customer": np.concatenate([*faulty.values(), []]).astype(np.int64)})
    of["check"] = [check for check, who in faulty.items() for _ in who]
    run = pd.DataFrame({"invoice_id": plan.ids, "customer": plan.customer})
    return run.merge(of, on="customer")[["invoice_id", "check"]]
