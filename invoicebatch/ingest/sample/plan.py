"""What each sample document is: kind, status, date, customer; decided by position, so the same for a seed.

Documents stand in the order of time: first the past (created), then last weeks (approved), then
this month's billing run (empty). Positions 2k and 2k + 1 may belong together: an invoice and the
note that credits it, an advance and the final note that takes it off.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from invoicebatch.ingest.sample.accounts_and_customers import ACCOUNT_OF, NO_ADDRESS_EVERY, customer_countries
from invoicebatch.ingest.sample.digits import Generator, Ints
from invoicebatch.model.status import Kind, Status

Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.str_]

PAST: Final = 0.30
RECENT: Final = 0.40
DAYS: Final = 420
"""Days that the past reaches back."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Documents of one chunk.

    Attributes:
        ids: invoice ids.
        kind, status: words of the schema.
        customer: position of the customer, from 0.
        account: position of the company account.
        day: invoice date; not a time where there is none yet.
        crediting: this credit note takes back the document before it.
        deducting: this final note takes off the advance before it.
        wrong_total: its total is a cent off, as approval will find.
        counts: number of lines.
    """

    ids: Ints
    kind: Words
    status: Words
    customer: Ints
    account: Ints
    day: npt.NDArray[np.datetime64]
    crediting: Flags
    deducting: Flags
    wrong_total: Flags
    counts: Ints

    @property
    def numbered(self) -> Flags:
        """Documents that hold a number."""
        return np.isin(self.status, [Status.CREATED.value, Status.GENERATION_FAILED.value])

    @property
    def dated(self) -> Flags:
        """Documents that were approved, so that they have a date."""
        return ~np.isnat(self.day)


def plan(
    rng: Generator, first: int, size: int, total: int, customers: int, today: date, *, fresh: bool
) -> Plan:
    """Plan documents `first` to `first + size - 1` of `total`.

    Args:
        rng: source of chance.
        first: first invoice id, from 1.
        size: number of documents.
        total: all documents of the sample.
        customers: number of customers.
        today: date of this month's billing run.
        fresh: this month's billing run only: all are empty.
    """
    index = np.arange(first - 1, first - 1 + size)
    age = np.full(size, 1.0) if fresh else index / max(total, 1)
    crediting, deducting = _pairs(rng, index, age, fresh=fresh)
    kind = _kinds(rng, age, crediting, deducting)
    advance = followed_by(deducting)
    status = _statuses(rng, age, crediting, advance)
    if fresh:
        status[:] = Status.EMPTY.value
    customer = _customers(rng, size, customers, status, crediting | deducting)
    day = _days(age, status, today)
    waiting = np.isin(status, [Status.EMPTY.value, Status.APPROVAL_FAILED.value])
    wrong = (status == Status.APPROVAL_FAILED.value) | (waiting & (rng.random(size) < 0.01))
    counts = _counts(rng, crediting, deducting, advance)
    account = ACCOUNT_OF[customer_countries(customers)[customer]]
    return Plan(index + 1, kind, status, customer, account, day, crediting, deducting, wrong, counts)


def followed_by(flags: Flags) -> Flags:
    """Documents whose next one has the flag."""
    return np.append(flags[1:], np.zeros(min(1, len(flags)), dtype=bool))


def _pairs(rng: Generator, index: Ints, age: npt.NDArray[np.float64], *, fresh: bool) -> tuple[Flags, Flags]:
    second = (index % 2 == 1) & (np.arange(len(index)) > 0)
    luck = rng.random(len(index))
    crediting = second & (luck < 0.07) & (age < RECENT)
    deducting = second & (luck >= 0.07) & (luck < 0.13)
    return crediting, deducting & (not fresh)


def _kinds(rng: Generator, age: npt.NDArray[np.float64], crediting: Flags, deducting: Flags) -> Words:
    alone = rng.choice(
        [Kind.INVOICE.value, Kind.STATEMENT.value, Kind.CORRECTION_NOTE.value, Kind.ADVANCE.value],
        len(age),
        p=[0.90, 0.05, 0.02, 0.03],
    )
    kind = alone.astype("U16")
    kind[(age >= RECENT) & (rng.random(len(age)) < 0.02)] = Kind.CREDIT_NOTE.value
    kind[crediting] = Kind.CREDIT_NOTE.value
    kind[followed_by(crediting)] = Kind.INVOICE.value
    kind[deducting] = Kind.FINAL_NOTE.value
    kind[followed_by(deducting)] = Kind.ADVANCE.value
    return kind


def _statuses(rng: Generator, age: npt.NDArray[np.float64], crediting: Flags, advance: Flags) -> Words:
    luck = rng.random(len(age))
    past = np.where(luck < 0.975, Status.CREATED.value, Status.GENERATION_FAILED.value)
    recent = np.where(
        luck < 0.6,
        Status.APPROVED.value,
        np.where(luck < 0.96, Status.CREATED.value, Status.GENERATION_FAILED.value),
    )
    waiting = np.where(luck < 0.97, Status.EMPTY.value, Status.APPROVAL_FAILED.value)
    status = np.where(age < PAST, past, np.where(age < RECENT, recent, waiting)).astype("U20")
    status[followed_by(crediting) | advance] = Status.CREATED.value
    return status


def _customers(rng: Generator, size: int, customers: int, status: Words, second: Flags) -> Ints:
    """Customers by chance; an approved document has one with an address, a pair has the same."""
    customer = rng.integers(0, customers, size)
    approved = ~np.isin(status, [Status.EMPTY.value, Status.APPROVAL_FAILED.value])
    paired = second | followed_by(second)
    customer += (approved | paired) & (customer % NO_ADDRESS_EVERY == 7)
    customer = np.where(customer >= customers, 0, customer)
    customer[second] = customer[np.flatnonzero(second) - 1]
    return customer


def _days(age: npt.NDArray[np.float64], status: Words, today: date) -> npt.NDArray[np.datetime64]:
    """Dates rise with the position, so that numbers rise with the dates."""
    moment = np.datetime64(today, "D")
    passed = np.minimum(age / RECENT, 1.0) * (DAYS - 3)
    day = moment - DAYS + passed.astype(np.int64)
    undated = np.isin(status, [Status.EMPTY.value, Status.APPROVAL_FAILED.value])
    return np.where(undated, np.datetime64("NaT", "D"), day)


_COUNT_CHANCE: Final = np.array([12, 15, 20, 17, 12, 9, 5, 4, 2, 2, 1, 1]) / 100


def _counts(rng: Generator, crediting: Flags, deducting: Flags, advance: Flags) -> Ints:
    counts = rng.choice(np.arange(1, 13), len(crediting), p=_COUNT_CHANCE)
    counts[advance] = 1
    counts[deducting] = np.maximum(counts[deducting], 2)
    counts[crediting] = counts[np.flatnonzero(crediting) - 1]
    return counts
