"""Matching customers' payments: how much is booked by itself, and what many payments cost beside many documents."""

import subprocess
import sys
from collections import Counter

import pytest

from tests.model.payments.incoming.statements import booked, draw

PAYMENTS, DOCUMENTS = 100_000, 1_000_000

_MEASURE = """
import resource, sys, time
import numpy as np, pandas as pd
from pathlib import Path
from invoicebatch.files.shipped import shipped
from invoicebatch.ingest.bank.evidence import load_evidence
from invoicebatch.model.payments.incoming.by_text import Open
from invoicebatch.model.payments.incoming.numbers import keys_of, named, words_of
from invoicebatch.model.payments.incoming.payers import known_payers, repeated
from invoicebatch.model.payments.incoming.proposals import propose
from invoicebatch.model.payments.incoming.texts import whole_texts
from invoicebatch.model.payments.reference import dutch
from tests.model.payments.incoming.statements import ACCOUNT, DAY
payments, count = int(sys.argv[1]), int(sys.argv[2])
ids, random = np.arange(1, count + 1), np.random.default_rng(1)
number = pd.Series([f"NL2026-{i:07d}" for i in ids], dtype="str")
books = pd.DataFrame({"invoice_id": ids, "number": number, "remittance_reference": pd.Series(None, index=number.index, dtype="str")})
owner, cents = ids % 300_000, 10_000 + ids * 37 % 4_999
meant = random.integers(1, count + 1, payments)
sorts = random.integers(0, 4, payments)
said = [
    dutch(f"2026{i:07d}") if sort == 0 else f"factuur NL2026-{i:07d} november" if sort == 1 else f"nl 2026 {i}" if sort == 2 else "energie"
    for i, sort in zip(meant, sorts)
]
none = pd.Series(None, index=range(payments), dtype="str")
rows = pd.DataFrame(
    {"payment_id": [f"p{k}" for k in range(payments)], "account_iban": ACCOUNT, "booked_on": DAY, "currency": "EUR",
     "amount_cents": cents[meant - 1], "payer": "Klant", "payer_iban": [f"NL{c:016d}" for c in owner[meant - 1]],
     "reference": none, "documents": none, "text": pd.Series(said, dtype="str"), "end_to_end_id": none}
)
def used(start):
    return time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
start = time.process_time()
keys = keys_of(whole_texts(rows), words_of(books))
pairs = named(keys, books)
found = used(start)
mine = books[np.isin(owner, owner[meant - 1])]
customers = pd.Series(owner[mine.index], index=mine.index).astype("str")
empty = pd.Series(None, index=mine.index, dtype="str")
mine = mine.assign(
    account_iban=ACCOUNT, customer_id=customers, customer_name="Klant", currency="EUR", outstanding_cents=cents[mine.index],
    invoice_date=DAY, due_date=DAY, payment_plan_id=empty, debit="",
).reset_index(drop=True)
people = pd.DataFrame({"customer_id": owner[meant - 1].astype(str), "iban": rows["payer_iban"]})
instalments = pd.DataFrame({name: pd.Series(dtype=t) for name, t in (("plan_id", "str"), ("instalment_no", "int64"), ("amount_cents", "int64"), ("paid_cents", "int64"))})
rules = load_evidence(shipped("rules").parent)
start = time.process_time()
around = Open(mine, known_payers(people, people[:0], people[:0]), instalments, frozenset({"Klant"}))
proposed = propose(rows.assign(repeated=repeated(rows, rows)), keys, pairs, around, rules)
rest = used(start)
sure = proposed[proposed["books"]]
truth = dict(zip(rows["payment_id"], meant))
wrong = sum(truth[p] != i for p, i in zip(sure["payment_id"], sure["invoice_id"]))
print(found[0], rest[0], before, rest[1], sure["payment_id"].nunique(), wrong)
"""


@pytest.mark.bench
def test_how_much_is_booked_by_itself_and_whether_it_is_right() -> None:
    sent, sure, wrong = Counter[str](), Counter[str](), 0
    for seed in range(100):
        drawn = draw(seed, customers=seed % 40 + 2, payments=60)
        rows = booked(drawn)
        wrong += sum(
            i not in drawn.truth[p] for p, i in zip(rows["payment_id"], rows["invoice_id"], strict=True)
        )
        ids = set(rows["payment_id"])
        sent.update(drawn.kinds.values())
        sure.update(kind for payment, kind in drawn.kinds.items() if payment in ids)
    print(f"\n{sent.total():,} payments, {sure.total():,} booked by themselves, {wrong} of them wrong")
    for kind, count in sorted(sent.items()):
        print(f"  {kind:20} {count:6,} sent {sure[kind] / count:5.0%} booked by itself")
    assert wrong == 0


@pytest.mark.bench
def test_many_payments_beside_many_documents() -> None:
    command = [sys.executable, "-c", _MEASURE, str(PAYMENTS), str(DOCUMENTS)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    named, rest = float(told[0]), float(told[1])
    before, most, sure, wrong = map(int, told[2:])
    print(
        f"\n{PAYMENTS:,} payments beside {DOCUMENTS:,} open documents: {named + rest:.1f} s of CPU ({named:.1f} s to find "
        f"what they name), {most} MB at most ({before} MB of them the rows themselves); {sure:,} booked, {wrong} wrong"
    )
    assert wrong == 0
