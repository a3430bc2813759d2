"""The way back of what was approved, and the order in which documents get their numbers."""

import json
from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest
from pypdf import PdfReader

from invoicebatch.engine.base import clock
from invoicebatch.errors import NothingEligibleError
from invoicebatch.interfaces.api import Workspace

Make = Callable[..., Workspace]


@pytest.fixture
def ascending(make_workspace: Make) -> Workspace:
    """Four empty documents of one series whose dates must ascend."""
    workspace = make_workspace(4)
    with workspace.store.write() as session:
        ranges = session.whole("number_ranges")
        if ranges.empty:
            session.insert(
                "number_ranges", pd.DataFrame([{"company_account_id": "NL", "dates_ascend": True}])
            )
        else:
            session.update(
                "number_ranges",
                ranges[["company_account_id", "series"]].assign(dates_ascend=True),
                clock.now(),
            )
    return workspace


def do(workspace: Workspace, action: str, *ids: int, **params: object):
    return workspace.select(ids=list(ids)).plan(action, **params).apply()


def statuses(workspace: Workspace) -> list[str]:
    return workspace.select(all=True).frame.sort_values("invoice_id")["status"].astype("str").tolist()


def test_create_numbers_by_date_whatever_the_order_of_selection(ascending: Workspace) -> None:
    for invoice_id, day in ((1, 9), (2, 3), (3, 7), (4, 5)):
        do(ascending, "approve", invoice_id, invoice_date=date(2026, 3, day))
    do(ascending, "create", 1, 2, 3, 4)
    frame = ascending.select(all=True).frame.sort_values("number")
    assert frame["invoice_id"].tolist() == [2, 4, 3, 1]
    assert ascending.doctor().empty


def test_a_row_too_early_for_its_series_is_refused_by_the_plan_and_has_a_way_back(
    ascending: Workspace,
) -> None:
    do(ascending, "approve", 1, invoice_date=date(2026, 3, 9))
    do(ascending, "approve", 2, invoice_date=date(2026, 3, 3))
    do(ascending, "create", 1)
    refused = ascending.select(ids=[2]).plan("create").refused["reason"].item()
    assert refused == (
        "invoice date 2026-03-03 lies before the last date of its number series, 2026-03-09:"
        " withdraw its approval and approve it with a later date"
    )
    do(ascending, "withdraw_approval", 2, reason="too early")
    assert statuses(ascending)[:2] == ["created", "empty"]
    with ascending.store.read() as session:
        events = session.rows_of("events", "invoice_id", pd.Series([2]))
    last = events.sort_values("at").iloc[-1]
    assert (last["event"], last["from_status"], last["to_status"]) == (
        "withdraw_approval",
        "approved",
        "empty",
    )
    assert json.loads(last["details"]) == {"reason": "too early"}
    do(ascending, "approve", 2, invoice_date=date(2026, 3, 9))
    assert len(do(ascending, "create", 2).done) == 1


def test_a_failed_draft_can_be_withdrawn_and_deleted(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    with workspace.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": [1], "customer_id": ["K9"]}), clock.now())
    do(workspace, "approve", 1)
    assert statuses(workspace)[0] == "approval_failed"
    report = do(workspace, "withdraw_approval", 1)
    assert len(report.done) == 1
    assert workspace.select(ids=[1]).columns(["failure"])["failure"].isna().all()
    do(workspace, "delete", 1)
    assert len(workspace.select(all=True)) == 1


def test_what_has_a_number_or_a_credit_stays_approved(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    do(workspace, "approve", 1, 2)
    do(workspace, "create", 1)
    do(workspace, "credit", 2)
    note = max(workspace.select(all=True).ids)
    why = workspace.select(ids=[1, 2, 3, note]).why("withdraw_approval").set_index("invoice_id")["reason"]
    assert "status is created" in why[1]
    assert "is credited" in why[2]
    assert "status is empty" in why[3]
    assert "would stay credited" in why[note]


def test_approve_is_taken_back_by_its_report(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    report = do(workspace, "approve", 1, 2)
    assert [step.action for step in report.undo] == ["withdraw_approval"]
    do(workspace, "withdraw_approval", 1, 2)
    assert statuses(workspace) == ["empty", "empty"]


def test_a_note_waits_for_the_number_of_its_invoice(make_workspace: Make) -> None:
    workspace = make_workspace(1)
    do(workspace, "approve", 1)
    do(workspace, "credit", 1)
    note = int(max(workspace.select(all=True).ids))
    with pytest.raises(NothingEligibleError):
        do(workspace, "create", note)
    refused = workspace.select(ids=[note]).plan("create").refused["reason"].item()
    assert refused == "its invoice has no number yet: create invoice 1 too"
    report = do(workspace, "create", note, 1)
    assert len(report.done) == 2
    frame = workspace.select(all=True).frame.set_index("invoice_id")
    assert frame.loc[note, "preceding_number"] == frame.loc[1, "number"]
    assert frame.loc[note, "preceding_date"] == frame.loc[1, "invoice_date"]
    assert workspace.doctor().empty


def test_a_note_made_before_its_invoice_got_a_number_names_it_later(make_workspace: Make) -> None:
    workspace = make_workspace(1)
    do(workspace, "approve", 1)
    do(workspace, "credit", 1)
    note = int(max(workspace.select(all=True).ids))
    do(workspace, "create", 1)
    do(workspace, "create", note)
    original, made = (workspace.select(ids=[one]).frame.iloc[0] for one in (1, note))
    text = PdfReader(workspace.data / made["document_path"]).pages[0].extract_text()
    assert original["number"] in text
    assert made["number"] in text


def test_a_credit_note_is_not_older_than_its_invoice(money_workspace: Make) -> None:
    workspace = money_workspace(2)
    plan = workspace.select(all=True).plan("credit", invoice_date=date(2020, 1, 1))
    assert (
        plan.refused["reason"].tolist()
        == ["a credit note of 2020-01-01 would lie before its invoice, 2026-01-17"] * 2
    )
    assert workspace.select(all=True).plan("credit", invoice_date=date(2026, 1, 17)).eligible == 2
