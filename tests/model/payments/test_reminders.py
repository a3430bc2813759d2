"""Which cases share a reminder and what it asks, on plain frames."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.model.changes import Batch
from invoicebatch.model.contact.bounced import MARKS
from invoicebatch.model.payments.collection import Flow
from invoicebatch.model.payments.late_payment import load_late_payment
from invoicebatch.model.payments.reminders import Collecting, due_steps
from invoicebatch.model.schema import TABLES

LAW = load_late_payment(Path(__file__).resolve().parents[3])
TODAY = date(2026, 3, 29)


def due(count=3, *, days=14, combined=True, cases=None, before="email", **columns):
    """The due steps of some invoices of 100.00 of one private Dutch customer, at the second step of a flow."""
    ids = range(1, count + 1)
    step = {"after_days": 0, "channel": before, "name": "First"}
    second = {"after_days": days, "name": "Second", "channel": "post", "cost": {"type": "statutory"}}
    flow = Flow.model_validate({"label": "A", "start_days": 7, "steps": [step, second]})
    address = {"customer_street": "Kade 1", "customer_postcode": "1011 AA", "customer_city": "Amsterdam"}
    values = {
        "invoice_id": ids, "collection_case_id": [f"C{row}" for row in ids], "customer_id": "K1", "currency": "EUR",
        "company_account_id": "NL", "due_date": pd.Timestamp("2026-01-31"), "outstanding_cents": 10_000,
        "customer_email": "a@example.com", **address, "customer_country": "NL", "account_country": "NL",
        "customer_is_business": False, **columns,
    }  # fmt: skip
    known = {"case_id": values["collection_case_id"], "flow": "f", "step": 2, "version": 1, "status": "active",
             "next_step_on": pd.Timestamp("2026-03-01"), "costs_cents": 0, **(cases or {})}  # fmt: skip
    tables = {"collection_cases": pd.DataFrame(known), MARKS: TABLES[MARKS].empty()}
    batch = Batch(pd.DataFrame(values), tables)
    return due_steps(batch, Collecting({"f": flow}, LAW, TODAY, combined))


def test_costs_of_a_private_person_are_reckoned_on_the_whole_reminder_and_owed_once():
    assert due()["cost_cents"].tolist() == [1_500] * 3  # 15 % of 300.00
    assert due(2)["cost_cents"].tolist() == [2_000] * 2  # 40.00 at least, not twice
    assert due(combined=False)["cost_cents"].tolist() == [4_000] * 3
    assert due(cases={"costs_cents": [750, 0, 0]})["cost_cents"].sum() == 4_500 - 750
    assert due(cases={"costs_cents": [5_000, 0, 0]})["cost_cents"].sum() == 0


def test_costs_of_a_business_are_owed_for_each_invoice():
    assert due(customer_is_business=True, account_country="BE")["cost_cents"].tolist() == [4_000] * 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"days": 13}, "costs of a private person are owed 14 days after a reminder"),
        ({"currency": "GBP"}, "statutory costs are in EUR, the invoice is in GBP"),
        ({"customer_is_business": True, "account_country": None}, "the company account has no country"),
        ({"customer_country": "FR"}, "no late_payment.costs for private persons in FR"),
        ({"customer_is_business": None}, "not known whether the customer is a business"),
    ],
)
def test_what_nobody_knows_is_a_reason_and_no_amount(more, said):
    rows = due(1, **more)
    assert rows["reason"].item().startswith(said)
    assert rows["cost_cents"].tolist() == [0]


def test_costs_of_a_private_person_need_a_reminder_that_was_written_before():
    assert (
        due(1, before="manual")["reason"]
        .item()
        .startswith("costs of a private person are owed 14 days after a reminder")
    )


def test_the_highest_step_says_how_a_reminder_goes():
    rows = due(cases={"step": [1, 2, 1]}, due_date=pd.to_datetime(["2026-01-31", "2026-01-20", "2026-01-10"]))
    assert set(rows["channel"]) == {"post"}
    assert rows["leads"].tolist() == [False, True, False]
    assert set(rows["reminder"]) == {3}  # named after the oldest
    assert rows["cost_cents"].tolist() == [0, 4_000, 0]
    apart = due(currency=["EUR", "EUR", "GBP"], cases={"step": 1})
    assert apart["reminder"].tolist() == [1, 1, 3]
