"""What an action's own checks find counts the same in plan, `why`, preview, run, command line and sheet."""

import json
from collections.abc import Callable

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run

Make = Callable[..., Workspace]


def set_customer(workspace: Workspace, customer_id: str, **values: object) -> None:
    with workspace.store.write() as session:
        session.update("customers", pd.DataFrame([{"customer_id": customer_id, **values}]), clock.now())


@pytest.mark.parametrize(
    ("action", "params", "refused"),
    [
        ("assign.bank_file", {"parts": "refunds"}, [1, 2, 3, 4, 5, 6]),
        ("credit", {"lines": "7"}, [1, 2, 3, 4, 5, 6]),
        ("credit", {"amount": "6:10.00"}, [1, 2, 3, 4, 5, 6]),
        ("assign.collection_case", {"flow": "standard"}, [2]),
    ],
)
def test_what_an_action_refuses_is_no_part_of_its_plan(
    money_workspace: Make,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    params: dict[str, str],
    refused: list[int],
) -> None:
    monkeypatch.setenv("INVOICEBATCH_INTEGRATIONS__COLLECTION", "true")
    workspace = money_workspace(6)
    with workspace.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": [2], "due_date": [pd.NaT]}), clock.now())
    plan = workspace.select(all=True).plan(action, **params)
    assert sorted(plan.refused["invoice_id"]) == refused
    assert plan.eligible == 6 - len(refused)
    told = plan.to_dict()
    assert [row["invoice_id"] for row in told["refused"]] == plan.refused["invoice_id"].tolist()
    assert told["eligible"] == plan.eligible


def test_nothing_eligible_by_the_checks_alone_is_exit_4_and_no_run(
    money_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = money_workspace(2)
    args = ["run", "credit", "--ids", "1,2", "--lines", "7", "--yes", "--json", "-w", str(workspace.root)]
    assert run([*args, "--dry-run"]) == 4
    capsys.readouterr()
    assert run(args) == 4
    assert len(json.loads(capsys.readouterr().out)["refused"]) == 2
    assert workspace.runs.list().empty


def test_why_names_what_the_checks_find_with_the_defaults(money_workspace: Make) -> None:
    workspace = money_workspace(3)
    workspace.select(ids=[1, 2]).plan("assign.bank_file").apply()
    (bundle,) = workspace.payments.list()["bundle_id"]
    workspace.payments.write(bundle)
    found = workspace.select(all=True).why("credit").set_index("invoice_id")["reason"]
    assert found.index.tolist() == [1, 2]
    assert found.str.contains("whose bank file is written").all()


def test_a_row_spoiled_after_its_plan_is_refused_and_the_others_go_on(money_workspace: Make) -> None:
    workspace = money_workspace(6)
    plan = workspace.select(all=True).plan("assign.bank_file", parts="refunds")
    assert plan.eligible == 0
    plan = workspace.select(all=True).plan("assign.bank_file")
    set_customer(workspace, "K1", name="")  # no payment without a name
    report = plan.apply()
    assert sorted(report.refused["invoice_id"]) == [1, 4]
    assert sorted(report.done["invoice_id"]) == [2, 3, 5, 6]
    assert workspace.payments.list()["items"].sum() == 4


def test_approve_says_beforehand_what_will_fail_and_then_fails_just_that(make_workspace: Make) -> None:
    workspace = make_workspace(6)
    set_customer(workspace, "K1", street="")
    plan = workspace.select(all=True).plan("approve")
    assert (plan.eligible, plan.refused.empty) == (6, True)
    foretold = plan.failing.set_index("invoice_id")["reason"]
    assert foretold.str.contains("K1").all()
    assert len(foretold)
    assert plan.preview["will_fail"]["invoices"].sum() == len(foretold)
    assert plan.preview["before_and_after"]["invoices"].sum() == 6 - len(foretold)
    assert [row["invoice_id"] for row in plan.to_dict()["failed"]] == foretold.index.tolist()
    report = plan.apply()
    assert report.failed.set_index("invoice_id")["reason"].to_dict() == foretold.to_dict()


def test_rows_with_nothing_to_do_are_unchanged_and_all_is_well(
    make_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(3)
    workspace.select(ids=[1]).plan("mark_as.exported").apply()
    before = workspace.select(ids=[1]).columns(["exported_at"])["exported_at"].item()
    code = run(["run", "mark_as.exported", "--all", "--json", "-w", str(workspace.root)])
    told = json.loads(capsys.readouterr().out)
    assert (code, told["done"], told["unchanged"], told["refused"], told["failed"]) == (0, 2, 1, [], [])
    assert workspace.select(ids=[1]).columns(["exported_at"])["exported_at"].item() == before
    report = workspace.runs.report(told["run_id"])
    assert report.unchanged["reason"].tolist() == ["already exported"]
    assert report.summary() == "mark_as.exported: 2 of 3 done, 1 unchanged"
    with workspace.store.read() as session:
        events = session.rows_of("events", "invoice_id", pd.Series([1]))
    assert len(events) == 1


def test_the_bar_counts_what_the_checks_refuse_and_says_why(money_workspace: Make) -> None:
    workspace = money_workspace(3)
    workspace.select(ids=[1, 2]).plan("assign.bank_file").apply()
    (bundle,) = workspace.payments.list()["bundle_id"]
    workspace.payments.write(bundle)
    selection = workspace.select(all=True)
    bar = selection.actions().set_index("action")
    assert bar.loc["credit", "eligible"] == selection.plan("credit").eligible == 1
    (reason,) = bar.loc["credit", "reasons"]
    assert reason["rows"] == 2
    assert "whose bank file is written" in reason["reason"]


def test_why_takes_the_parameters_of_the_plan(
    money_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = money_workspace(2)
    assert workspace.select(all=True).why("assign.bank_file").empty
    refused = workspace.select(all=True).why("assign.bank_file", parts="refunds")
    assert refused["reason"].str.startswith("nothing to pay back").all()
    args = ["why", "assign.bank_file", "--all", "-p", "parts=refunds", "--json", "-w", str(workspace.root)]
    assert run(args) == 0
    assert [row["invoice_id"] for row in json.loads(capsys.readouterr().out)] == [1, 2]


def test_a_refused_row_has_its_reason_and_the_kind_of_it(money_workspace: Make) -> None:
    workspace = money_workspace(2)
    (first, second) = (
        workspace.select(all=True).plan("assign.bank_file", parts="refunds").to_dict()["refused"]
    )
    assert first["kind"] == second["kind"] == "nothing to pay back, outstanding is EUR …"
    assert first["reason"].removeprefix("nothing to pay back, outstanding is EUR ").replace(".", "").isdigit()


def test_what_another_run_holds_is_no_part_of_a_plan_nor_of_the_counts(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    held = workspace.runs.apply(workspace.select(ids=[1, 2]).plan("mark_as.exported"), background=True)
    selection = workspace.select(all=True)
    plan = selection.plan("approve")
    assert plan.eligible == 1
    assert plan.refused["reason"].str.startswith(f"busy in run {held.run_id[:8]} (mark_as.exported)").all()
    bar = selection.actions().set_index("action")
    assert bar.loc["approve", "eligible"] == 1
    assert bar.loc["mark_as.exported", "eligible"] == 1
    workspace.runs.abandon(held.run_id)
    assert selection.plan("approve").eligible == 3


def test_the_plan_of_a_run_that_was_broken_off_finds_its_run_again(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    held = workspace.runs.apply(workspace.select(all=True).plan("mark_as.exported"), background=True)
    again = workspace.select(all=True).plan("mark_as.exported")
    assert (again.eligible, again.run_id) == (3, held.run_id)
