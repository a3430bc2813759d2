"""Payment plans on a real workspace: the schedule, its limits, payments and credits against it."""

from collections.abc import Callable
from datetime import timedelta

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.errors import ParameterError
from invoicebatch.interfaces.api import Workspace

Make = Callable[..., Workspace]

MINE = [1, 4]
"""Invoices of one customer of the fixture."""


def table(ws: Workspace, name: str) -> pd.DataFrame:
    with ws.store.read() as session:
        return session.whole(name)


def assign(ws: Workspace, ids: list[int] = MINE, **params: object):
    return ws.select(ids=ids).plan("assign.payment_plan", **params).apply()


def test_a_plan_of_several_invoices_sums_to_the_cent(money_workspace: Make) -> None:
    ws = money_workspace(6)
    plan = ws.select(ids=MINE).plan("assign.payment_plan", instalments="7", first_date="2027-01-31")
    schedule = plan.preview["schedule"]
    assert schedule["amount_cents"].tolist() == [3_457] * 6 + [3_458]
    assert schedule["due_date"].dt.strftime("%Y-%m-%d").tolist()[:3] == [
        "2027-01-31",
        "2027-02-28",
        "2027-03-31",
    ]
    report = plan.apply()
    assert len(report.done) == 2
    stored = table(ws, "payment_plans").iloc[0]
    assert (stored["status"], stored["total_cents"], stored["instalments"]) == ("active", 24_200, 7)
    assert table(ws, "instalments")["amount_cents"].sum() == 24_200
    assert ws.select(ids=MINE).plan("assign.payment_plan", instalments=2).eligible == 0
    assert ws.select(ids=MINE).plan("assign.bank_file").eligible == 0


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({}, "either instalments"),
        ({"instalments": 3, "amount": "10"}, "either instalments"),
        ({"amount": "10.005"}, "two decimals"),
        ({"instalments": 3, "interval": "weekly", "day": 1}, "monthly"),
        ({"instalments": 3, "first_date": "2020-01-01"}, "has passed"),
    ],
)
def test_parameters_that_make_no_plan(money_workspace: Make, params: dict[str, object], named: str) -> None:
    with pytest.raises(ParameterError, match=named):
        money_workspace(6).select(ids=MINE).plan("assign.payment_plan", **params)


def test_other_customers_and_select_all_are_refused_with_that_reason(money_workspace: Make) -> None:
    ws = money_workspace(6)
    several = ws.select(ids=[1, 2]).plan("assign.payment_plan", instalments=2)
    assert several.eligible == 0
    assert several.refused["reason"].str.contains("customer").all()
    everything = ws.select(where="customer_id = 'K1'").plan("assign.payment_plan", instalments=2)
    assert everything.eligible == 0
    assert everything.refused["reason"].str.contains("one by one|picked|hand").all(), everything.refused[
        "reason"
    ]


def test_the_settings_limit_total_and_term(money_workspace: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOICEBATCH_PAYMENT_PLANS__MINIMUM_TOTAL_CENTS", "30000")
    monkeypatch.setenv("INVOICEBATCH_PAYMENT_PLANS__MAXIMUM_MONTHS", "6")
    ws = money_workspace(6)
    with pytest.raises(ParameterError, match=r"300\.00"):
        assign(ws, instalments=3)
    monkeypatch.setenv("INVOICEBATCH_PAYMENT_PLANS__MINIMUM_TOTAL_CENTS", "0")
    again = Workspace(ws.root)
    with pytest.raises(ParameterError, match="a plan may last until"):
        assign(again, instalments=8)
    assert len(assign(again, instalments=5).done) == 2


def test_a_plan_that_needs_approval_is_a_draft(
    money_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICEBATCH_PAYMENT_PLANS__APPROVAL", "true")
    ws = money_workspace(6)
    assign(ws, instalments=2)
    assert table(ws, "payment_plans")["status"].tolist() == ["draft"]
    planned = lambda what: ws.select(ids=MINE).plan("assign.payment_plan_status", change=what)  # noqa: E731
    planned("approve").apply()
    assert table(ws, "payment_plans")["status"].tolist() == ["active"]
    assert planned("approve").refused["reason"].tolist() == ["the payment plan is active, not draft"] * 2
    planned("cancel").apply()
    assert table(ws, "payment_plans")["status"].tolist() == ["cancelled"]
    assert len(assign(ws, amount="100").done) == 2


def test_an_overdue_plan_is_cancelled_by_setting(
    money_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICEBATCH_PAYMENT_PLANS__CANCEL_OVERDUE_DAYS", "10")
    ws = money_workspace(6)
    first = clock.today()
    assign(ws, instalments=2, first_date=first)
    overdue = lambda: ws.select(ids=MINE).plan("assign.payment_plan_status", change="cancel_overdue")  # noqa: E731
    monkeypatch.setattr(clock, "today", lambda: first + timedelta(days=10))
    assert overdue().refused["reason"].str.contains("no instalment is overdue").tolist() == [True, True]
    monkeypatch.setattr(clock, "today", lambda: first + timedelta(days=11))
    overdue().apply()
    assert table(ws, "payment_plans")["status"].tolist() == ["cancelled"]


def test_a_credit_shortens_the_plan_from_its_end(money_workspace: Make) -> None:
    ws = money_workspace(6)
    assign(ws, instalments=4)
    ws.select(ids=[1]).plan("credit").apply()
    parts = table(ws, "instalments")
    assert parts["amount_cents"].tolist() == [6_050, 6_050]
    plans = table(ws, "payment_plans")
    assert (plans["total_cents"].item(), plans["instalments"].item()) == (12_100, 2)
    ws.select(ids=[4]).plan("credit").apply()
    assert table(ws, "payment_plans")["status"].tolist() == ["cancelled"]


def test_nothing_that_was_not_invoiced_is_paid_in_instalments(make_workspace: Make) -> None:
    ws = make_workspace(2)
    with ws.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": [1], "customer_id": ["K9"]}), clock.now())
    ws.select(ids=[1]).plan("approve").apply()
    why = ws.select(ids=[1, 2]).why("assign.payment_plan").set_index("invoice_id")["reason"]
    assert why[1].startswith("status is approval failed, not approved yet")
    assert why[2].startswith("status is empty, not approved yet")


def test_one_invoice_leaves_its_plan_and_the_others_stay(money_workspace: Make) -> None:
    ws = money_workspace(6)
    ws.select(ids=MINE).plan("assign.payment_plan", instalments=3).apply()
    before = table(ws, "payment_plans").iloc[0]
    report = ws.select(ids=MINE[:1]).plan("assign.payment_plan_status", change="remove").apply()
    assert report.complete
    after, parts = table(ws, "payment_plans").iloc[0], table(ws, "instalments")
    assert after["total_cents"] == before["total_cents"] - 12_100 == parts["amount_cents"].sum()
    assert after["status"] == "active"
    frame = ws.select(ids=MINE).columns(["payment_plan_id"]).set_index("invoice_id")["payment_plan_id"]
    assert frame.isna().tolist() == [True, *[False] * (len(MINE) - 1)]
    assert ws.select(ids=MINE[:1]).plan("assign.bank_file").eligible == 1
