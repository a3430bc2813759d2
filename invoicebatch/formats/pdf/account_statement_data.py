"""From a batch to its statements of account: whose they are, and what each is about."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

import pandas as pd

from invoicebatch.formats.pdf.account_statement import Statement
from invoicebatch.formats.pdf.text import Row, rows
from invoicebatch.model.changes import Batch
from invoicebatch.model.payments import ledger
from invoicebatch.model.payments.amount_due import DEBIT_COLUMNS, is_debited
from invoicebatch.model.payments.ledger import KEY

Key = tuple[str, str, str]
"""Customer, company account, currency."""

READS = ledger.READS | {"customers", "company_accounts"}
"""Tables that statements are made of."""

COLUMNS = frozenset({*KEY, *DEBIT_COLUMNS})
"""Overview columns that say whose statements, and how their customers pay."""


def balances(batch: Batch, start: date, end: date, today: date) -> pd.DataFrame:
    """One row a ledger of the selection, in its order: `KEY`, opening_cents, closing_cents, entries (how many).

    Args:
        batch: `COLUMNS` and the tables of `READS`.
        start: first day of the period.
        end: last day of the period.
        today: as `ledger.as_of` takes it.
    """
    moves = _movements(batch, end, today)
    before = ledger.before(moves, start)
    frame = moves[KEY].assign(
        opening_cents=moves["amount_cents"].where(before, 0),
        closing_cents=moves["amount_cents"],
        entries=(~before).astype("int64"),
    )
    chosen = pd.MultiIndex.from_frame(batch.invoices[KEY].astype("str").drop_duplicates())
    return frame.groupby(KEY).sum().reindex(chosen, fill_value=0).reset_index()


def _movements(batch: Batch, end: date, today: date) -> pd.DataFrame:
    return ledger.as_of(ledger.movements(ledger.documents_of(batch), batch["payments"]), end, today)


def by_ledger(frame: pd.DataFrame) -> defaultdict[Key, list[Row]]:
    """The rows of each ledger, in their order."""
    found: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in rows(frame):
        found[row["customer_id"], row["company_account_id"], row["currency"]].append(row)
    return found


def statements(batch: Batch, start: date, end: date, today: date) -> Iterator[tuple[Key, Statement]]:
    """The statement of each ledger of the selection; one with no entry and nothing open is left out.

    Args:
        batch: `COLUMNS` and the tables of `READS`.
        start: first day of the period.
        end: last day of the period.
        today: the day they are made.
    """
    entries = by_ledger(ledger.entries(_movements(batch, end, today), start))
    items = by_ledger(ledger.open_items(ledger.documents_of(batch)))
    payers = batch.invoices.assign(debited=is_debited(batch.invoices)).groupby(KEY)["debited"].first()
    buyers = {row["customer_id"]: row for row in rows(batch["customers"])}
    accounts = {row["company_account_id"]: row for row in rows(batch["company_accounts"])}
    for key, [balance] in by_ledger(balances(batch, start, end, today)).items():
        customer_id, account_id, currency = key
        opening = int(balance["opening_cents"])
        if not (entries[key] or items[key] or opening):
            continue
        account = accounts[account_id]
        found = tuple(entries[key]), tuple(items[key]), bool(payers[key])
        yield key, Statement(buyers[customer_id], account, currency, start, end, today, opening, *found)
