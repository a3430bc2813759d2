"""What is owed: to the cent what the documents say, on any day, whatever was paid, credited or left unsaid."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicebatch.model.changes import Batch
from invoicebatch.model.payments import ledger
from invoicebatch.model.payments.ledger import BUCKETS, KEY
from invoicebatch.model.schema import TABLES
from tests.examples import examples

TODAY = date(2026, 11, 22)
DAYS = st.dates(date(2026, 1, 1), date(2027, 1, 31))
CENTS = st.integers(-500_000, 500_000)

Rows = list[dict[str, Any]]


def document(**values: Any) -> dict[str, Any]:
    base = {
        "external_id": f"X{values['invoice_id']}", "kind": "invoice", "status": "created", "number": "N",
        "company_account_id": "NL", "customer_id": "K1", "currency": "EUR", "total_cents": 10_000,
        "document_version": 0, "invoice_date": None, "due_date": None, "credit_of": None, "prepaid_cents": 0,
        "rounding_cents": 0, "paid_cents": 0, "credited_cents": 0,
    }  # fmt: skip
    return base | values


def frames(documents: Rows, payments: Rows) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables, every document with what its amounts leave outstanding."""
    names = ("total_cents", "prepaid_cents", "rounding_cents", "paid_cents", "credited_cents")
    for row in documents:
        total, prepaid, rounding, paid, credited = (row.get(name, 0) for name in names)
        row["outstanding_cents"] = total - prepaid + rounding - paid - credited
    return tuple(
        TABLES[name].conform(pd.DataFrame(rows)) if rows else TABLES[name].empty()
        for name, rows in (("invoices", documents), ("payments", payments))
    )  # type: ignore[return-value]


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[Rows, Rows]:
    """Documents of several ledgers with payments, payments nobody kept, and credit notes, issued or not."""
    documents: Rows = []
    payments: Rows = []
    for _ in range(draw(st.integers(1, 8))):
        day = draw(DAYS)
        row = document(
            invoice_id=len(documents) + 1, total_cents=draw(CENTS), prepaid_cents=draw(st.integers(0, 9)),
            rounding_cents=draw(st.integers(-3, 3)), customer_id=draw(st.sampled_from(["K1", "K2"])),
            company_account_id=draw(st.sampled_from(["NL", "BE"])), currency=draw(st.sampled_from(["EUR", "GBP"])),
            status=draw(st.sampled_from(["created", "created", "generation_failed", "approved", "empty"])),
            document_version=draw(st.integers(0, 1)), invoice_date=day, credited_cents=0,
            due_date=draw(st.none() | st.just(day + timedelta(days=draw(st.integers(0, 90))))),
        )  # fmt: skip
        amounts = draw(st.lists(CENTS, max_size=3))
        payments += [
            {"payment_id": f"{row['invoice_id']}/{at}", "invoice_id": row["invoice_id"], "booked_on": draw(DAYS),
             "amount_cents": cents, "what": "payment"}
            for at, cents in enumerate(amounts)
        ]  # fmt: skip
        row["paid_cents"] = sum(amounts) + draw(st.sampled_from([0, 0, 700]))
        documents.append(row)
        if draw(st.booleans()):
            off = draw(st.integers(0, 5_000))
            row["credited_cents"] = off
            documents.append(
                row | {"invoice_id": len(documents) + 1, "kind": "credit_note", "credit_of": row["invoice_id"],
                       "status": draw(st.sampled_from(["created", "approved"])), "total_cents": -9_000,
                       "document_version": 0, "invoice_date": draw(DAYS), "credited_cents": -off, "paid_cents": 0}
            )  # fmt: skip
    return documents, payments


def counts(row: dict[str, Any]) -> bool:
    return row["status"] == "created" or row["document_version"] > 0


def owed(documents: Rows, payments: Rows, day: date) -> Counter[tuple[str, ...]]:
    """The same sums one document at a time: what was issued, less what was paid and set off by the day."""
    found: Counter[tuple[str, ...]] = Counter()
    for row in filter(counts, documents):
        own = [p for p in payments if p["invoice_id"] == row["invoice_id"]]
        unkept = row["paid_cents"] - sum(p["amount_cents"] for p in own)
        notes = [n for n in documents if n.get("credit_of") == row["invoice_id"]]
        cents = -sum(p["amount_cents"] for p in own if p["booked_on"] <= day)
        cents += sum(n["credited_cents"] for n in notes if n["invoice_date"] <= day)
        if row["invoice_date"] <= day:
            cents += row["total_cents"] - row["prepaid_cents"] + row["rounding_cents"] - unkept
            cents -= row["credited_cents"] if row.get("credit_of") else 0
        found[tuple(row[name] for name in KEY)] += cents
    return found


def by_key(rows: pd.DataFrame, column: str) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for *key, cents in rows[[*KEY, column]].itertuples(index=False):
        found[tuple(key)] += cents
    return found


@settings(max_examples=examples(60), deadline=None)
@given(ledgers())
def test_ageing_sums_to_what_is_outstanding(made: tuple[Rows, Rows]) -> None:
    documents, payments = frames(*made)
    moves = ledger.movements(documents, payments)
    rows = ledger.aged(ledger.as_of(moves, TODAY, TODAY), TODAY)
    issued = documents[[counts(row) for row in made[0]]]
    assert +by_key(rows, "outstanding_cents") == +by_key(issued, "outstanding_cents")
    assert -by_key(rows, "outstanding_cents") == -by_key(issued, "outstanding_cents")
    buckets = rows[[f"{name}_cents" for name in BUCKETS]].sum(axis=1)
    assert buckets.tolist() == rows["outstanding_cents"].tolist()
    assert not rows.duplicated(KEY).any()


@settings(max_examples=examples(60), deadline=None)
@given(ledgers(), DAYS)
def test_a_day_that_has_passed_is_as_it_was(made: tuple[Rows, Rows], day: date) -> None:
    moves = ledger.movements(*frames(*made))
    rows = ledger.aged(ledger.as_of(moves, day, date(2027, 6, 1)), day)
    then = owed(*made, day)
    assert +by_key(rows, "outstanding_cents") == +then
    assert -by_key(rows, "outstanding_cents") == -then


@settings(max_examples=examples(60), deadline=None)
@given(ledgers(), DAYS)
def test_due_after_any_day_and_before_it_are_all_there_is(made: tuple[Rows, Rows], day: date) -> None:
    moves = ledger.movements(*frames(*made))
    rows = ledger.aged(moves, day)
    left = moves.groupby(["invoice_id", "due"], as_index=False)["amount_cents"].sum()
    late = left[left["due"] < pd.Timestamp(day)]
    assert int(rows["outstanding_cents"].sum() - rows["not_due_cents"].sum()) == late["amount_cents"].sum()


@settings(max_examples=examples(60), deadline=None)
@given(ledgers(), DAYS, DAYS)
def test_opening_balance_and_entries_make_the_closing_balance(
    made: tuple[Rows, Rows], start: date, end: date
) -> None:
    """Nothing falls between two periods, and what a statement leaves out changes no balance."""
    start, end = sorted((start, end))
    moves = ledger.as_of(ledger.movements(*frames(*made)), end, date(2027, 6, 1))
    opening = by_key(moves[ledger.before(moves, start)], "amount_cents")
    entries = ledger.entries(moves, start)
    found = by_key(entries, "amount_cents")
    found.update(opening)
    closing = owed(*made, end)
    assert +found == +closing
    assert -found == -closing
    assert entries["day"].is_monotonic_increasing
    before = owed(*made, start - timedelta(days=1))
    assert (+opening, -opening) == (+before, -before)


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(-5, "not_due"), (0, "not_due"), (1, "days_1_30"), (30, "days_1_30"), (31, "days_31_60"), (60, "days_31_60"),
     (61, "days_61_90"), (90, "days_61_90"), (91, "days_over_90"), (4000, "days_over_90")],
)  # fmt: skip
def test_days_after_the_due_date_decide(days: int, bucket: str) -> None:
    due = TODAY - timedelta(days=days)
    row = document(invoice_id=1, invoice_date=date(2015, 1, 1), due_date=due)
    [aged] = ledger.aged(ledger.movements(*frames([row], [])), TODAY).to_dict("records")
    assert {name for name in BUCKETS if aged[f"{name}_cents"]} == {bucket}


def test_a_credit_note_set_off_by_half_leaves_the_rest_as_a_credit() -> None:
    invoice = document(
        invoice_id=1, invoice_date=date(2026, 9, 1), paid_cents=6_000, credited_cents=4_000, number="F1"
    )
    note = document(
        invoice_id=2, kind="credit_note", credit_of=1, total_cents=-10_000, credited_cents=-4_000,
        invoice_date=date(2026, 9, 20), number="C1",
    )  # fmt: skip
    paid = {
        "payment_id": "P",
        "invoice_id": 1,
        "booked_on": date(2026, 9, 5),
        "amount_cents": 6_000,
        "what": "payment",
    }
    moves = ledger.movements(*frames([invoice, note], [paid]))
    assert moves.groupby("invoice_id")["amount_cents"].sum().to_dict() == {1: 0, 2: -6_000}
    before = ledger.aged(ledger.as_of(moves, date(2026, 9, 19), TODAY), date(2026, 9, 19))
    assert before["outstanding_cents"].tolist() == [4_000]


def test_all_documents_of_the_chosen_ledgers_count_and_no_others() -> None:
    rows = [
        document(invoice_id=1),
        document(invoice_id=2),
        document(invoice_id=3, currency="GBP"),
        document(invoice_id=4, company_account_id="BE"),
        document(invoice_id=5, customer_id="K2"),
    ]
    documents, payments = frames(rows, [])
    chosen = Batch(documents.iloc[[0]], {"invoices": documents, "payments": payments})
    assert ledger.documents_of(chosen)["invoice_id"].tolist() == [1, 2]
