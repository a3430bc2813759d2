"""A year of regular bills and this month's run: each customer with its own products, usage and prices.

Faults may be planted in the run, each so that one check of the review must find it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.ingest.sample import Frames, documents, frames_of
from invoicebatch.ingest.sample import accounts_and_customers as parties
from invoicebatch.ingest.sample.digits import Generator, Ints, half_up
from invoicebatch.ingest.sample.faults import (
    chosen,
    in_customers,
    in_documents,
    in_lines,
    in_readings,
    planted,
    twice,
)
from invoicebatch.ingest.sample.lines import LineNumbers, rate_of
from invoicebatch.ingest.sample.plan import Plan
from invoicebatch.model.status import Kind, Status

LEAST: Final = 200
"""Fewer customers leave no room for every fault."""
HISTORY: Final = 13
"""Months before the run, so that the same month a year ago is one of them."""

_PRODUCTS: Final = np.array([0, 2, 3, 4])
"""Electricity, gas, standing charge, network charge: every customer has them all."""
_DAYS: Final = np.array([15_000, 10_000, 0, 1_000])
"""A day, in thousandths; a standing charge is one a month."""
_SEASON: Final = np.array([130, 125, 110, 95, 85, 75, 70, 72, 85, 100, 115, 128])


@dataclass(frozen=True, slots=True)
class _Habits:
    """By customer: usage of a day in thousandths and price in millionths, of each product."""

    daily: Ints
    price: Ints


@dataclass(frozen=True)
class Month:
    """A month's frames by table, and in its documents the planted faults: invoice_id int64, check str."""

    frames: Frames
    planted: pd.DataFrame


def months(
    customers: int,
    seed: int = 1,
    today: date = date(2026, 11, 22),
    *,
    history: int = HISTORY,
    faults: bool = False,
) -> Iterator[Month]:
    """Month by month, the run last, one document a customer and month.

    Args:
        customers: number of customers; with faults at least `LEAST`.
        seed: of the chance.
        today: date of the run; it bills the month before.
        history: months billed before it.
        faults: plant faults in the run.

    Yields:
        The first month holds the parties too, the last one the number counters.
    """
    rng = np.random.default_rng([seed, 9])
    people = parties.customers(rng, customers)
    people["street"] = people["street"].fillna("Kade 1")
    language, counters = documents.language_codes(people), documents.Counters()
    habits, month = _habits(rng, customers), np.datetime64(today, "M")
    account = parties.ACCOUNT_OF[parties.customer_countries(customers)]
    faulty = chosen(rng, account) if faults else {}
    people = in_customers(faulty, people, today) if faults else people
    for ago in range(history, -1, -1):
        planned = _planned(account, month - ago, (history - ago) * customers, last=ago == 0)
        drawn = _lines(rng, planned, habits, month - ago - 1)
        if faults and ago == 0:
            planned, drawn = twice(faulty, planned, in_lines(faulty, planned, drawn))
        frames = frames_of(rng, planned, drawn, planned.customer, people, language, counters, today)
        if faults:
            frames["measurements"] = in_readings(faulty, planned, frames["measurements"], ago)
            frames["invoices"] = in_documents(faulty, planned, frames["invoices"], today, ago)
        if ago == history:
            frames |= {
                "company_accounts": parties.accounts().assign(due_on_weekdays=faults),
                "number_ranges": parties.number_ranges(),
            }
            frames |= {"customers": people}
        if ago == 0:
            frames |= {"number_counters": counters.frame()}
        yield Month(frames, planted(faulty if ago == 0 else {}, planned))


def _habits(rng: Generator, size: int) -> _Habits:
    factor = rng.lognormal(0, 0.5, (size, len(_PRODUCTS)))
    factor[:, 2:] = 1
    low, high = np.array([[180_000, 700_000, 4_990_000, 650_000], [320_000, 1_500_000, 9_990_000, 1_250_000]])
    return _Habits((_DAYS * factor).astype(np.int64), rng.integers(low, high + 1, (size, len(_PRODUCTS))))


def _planned(account: Ints, month: np.datetime64, before: int, *, last: bool) -> Plan:
    """One document a customer; those of earlier months are created on the second day of their month."""
    size = len(account)
    no = np.zeros(size, dtype=bool)
    customer = np.arange(size)
    day = np.full(size, np.datetime64("NaT", "D") if last else month.astype("datetime64[D]") + 1)
    status = Status.EMPTY if last else Status.CREATED
    return Plan(
        ids=before + customer + 1,
        kind=np.full(size, Kind.INVOICE.value, dtype="U16"),
        status=np.full(size, status.value, dtype="U20"),
        customer=customer,
        account=account,
        day=day,
        crediting=no,
        deducting=no,
        wrong_total=no,
        counts=np.full(size, len(_PRODUCTS)),
    )


def _lines(rng: Generator, planned: Plan, habits: _Habits, billed: np.datetime64) -> LineNumbers:
    """The lines of a month: usage by season, a tenth up or down by chance."""
    size, count = len(planned.ids), len(_PRODUCTS)
    first = billed.astype("datetime64[D]")
    days = int(((billed + 1).astype("datetime64[D]") - first).astype(np.int64))
    season = _SEASON[int(billed.astype(np.int64)) % 12]
    luck = rng.normal(1, 0.1, (size, count)).clip(0.7, 1.3)
    usage = (habits.daily * luck * days * season / 100).astype(np.int64)
    usage[:, 2], usage[:, 3] = 1_000, days * 1_000
    usage[:, :2] = usage[:, :2] // 1_000 * 1_000
    owner, product = np.repeat(np.arange(size), count), np.tile(_PRODUCTS, size)
    price, quantity = habits.price.ravel(), usage.ravel()
    net = half_up(quantity * price, 10_000_000)
    rate = rate_of(product, planned.account[owner])
    return LineNumbers(owner, np.tile(np.arange(count), size), product, price, quantity, net, rate)
