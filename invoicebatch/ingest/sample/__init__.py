"""A seeded sample: an energy supplier in three countries, its customers and their documents.

Pure: the same size, seed and date give the same frames; memory holds one chunk and the customers.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.ingest.sample import accounts_and_customers as parties
from invoicebatch.ingest.sample import documents, lines
from invoicebatch.ingest.sample.digits import Ints
from invoicebatch.ingest.sample.plan import Plan, plan

CHUNK: Final = 50_000
"""Documents a chunk; even, so that documents that belong together stay together."""

Frames = dict[str, pd.DataFrame]


def generate(
    invoices: int, seed: int = 1, today: date = date(2026, 11, 22), *, fresh: bool = False
) -> Iterator[Frames]:
    """Frames of a sample, chunk by chunk.

    Args:
        invoices: number of documents, 1 or more.
        seed: of the chance; the same seed gives the same sample.
        today: date of this month's billing run.
        fresh: this month's billing run only: every document is `empty`.

    Yields:
        By table, frames with declared dtypes. The first chunk also holds the accounts, series,
        customers and mandates; the last one the number counters. Invoice ids run from 1.
    """
    rng = np.random.default_rng([seed, 0])
    size = max(20, invoices // 4)
    people = parties.customers(rng, size)
    language = documents.language_codes(people)
    counters = documents.Counters()
    first = {
        "company_accounts": parties.accounts(),
        "number_ranges": parties.number_ranges(),
        "customers": people,
        "mandates": parties.mandates(rng, people, today),
    }
    for start in range(0, invoices, CHUNK):
        count = min(CHUNK, invoices - start)
        chance = np.random.default_rng([seed, 1 + start // CHUNK])
        planned = plan(chance, start + 1, count, invoices, size, today, fresh=fresh)
        frames = _documents(chance, planned, people, language, counters, today)
        last = start + count >= invoices
        yield {
            **(first if start == 0 else {}),
            **frames,
            **({"number_counters": counters.frame()} if last else {}),
        }


def _documents(
    rng: np.random.Generator,
    planned: Plan,
    people: pd.DataFrame,
    language: Ints,
    counters: documents.Counters,
    today: date,
) -> Frames:
    drawn = lines.line_numbers(rng, planned)
    meters = planned.ids  # drawn by chance, no document goes on from another
    return frames_of(rng, planned, drawn, meters, people, language, counters, today)


def frames_of(
    rng: np.random.Generator,
    planned: Plan,
    drawn: lines.LineNumbers,
    meters: Ints,
    people: pd.DataFrame,
    language: Ints,
    counters: documents.Counters,
    today: date,
) -> Frames:
    """The frames of planned documents with their lines; `meters` says by document whose they are."""
    numbers = documents.give_numbers(planned, counters)
    taxable, tax, times = lines.vat_sums(drawn, len(planned.ids))
    invoices = documents.invoice_frame(rng, planned, drawn, tax, people, numbers, today)
    start, end = lines.month_before(planned.day, today)
    return {
        "invoices": invoices,
        "lines": lines.line_frame(planned, drawn, language[planned.customer]),
        "vat_breakdown": lines.vat_frame(planned, taxable, tax, times),
        "measurements": lines.readings(rng, planned, drawn, start, end, meters),
        "issued_numbers": numbers,
        "payments": documents.payment_frame(invoices),
    }
