"""What the engine promises when runs meet, fail and are repeated."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.engine.run import runs
from invoicebatch.engine.run.begun import Begun, read_begun
from invoicebatch.errors import ParameterError, TransitionError, UnknownNameError
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.model.changes import Changes
from invoicebatch.model.status import RunStatus
from invoicebatch.store import Session

Make = Callable[..., Workspace]
DAY = {"invoice_date": date(2026, 11, 22)}
NOW = pd.Timestamp("2026-11-22").to_pydatetime()


def test_a_plan_applied_twice_is_one_run(make_workspace: Make) -> None:
    workspace = make_workspace(5)
    plan = workspace.select(all=True).plan("approve", **DAY)
    first, again = plan.apply(), plan.apply()
    assert (len(first.done), again.run_id) == (5, first.run_id)
    assert len(workspace.runs.list()) == 1


def test_a_row_that_failed_can_be_tried_again_though_nothing_of_it_changed(make_workspace: Make) -> None:
    """Busy in another run, then free again at the same version: the same plan must not be the old run."""
    workspace = make_workspace(3)
    selection = workspace.select(ids=[1, 2, 3])
    plan = selection.plan("approve", **DAY)
    with workspace.store.write() as session:
        session.start_run(_foreign_run(), _foreign_rows([2]))
    first = plan.apply()
    assert first.refused["reason"].tolist() == ["busy in run foreign- (approve) since 2026-11-22"]
    with workspace.store.write() as session:
        session.finish_run("foreign-run", RunStatus.ABANDONED, NOW)
    second = workspace.select(ids=[2]).plan("approve", **DAY).apply()
    assert len(second.done) == 1
    # and one whose rows are all as they were at a finished run
    blocked = make_workspace(2, name="blocked")
    before = blocked.select(all=True).plan("approve", **DAY)
    with blocked.store.write() as session:
        session.start_run(_foreign_run(), _foreign_rows([1, 2]))
    assert len(before.apply().refused) == 2
    with blocked.store.write() as session:
        session.finish_run("foreign-run", RunStatus.ABANDONED, NOW)
    after = blocked.select(all=True).plan("approve", **DAY)
    assert after.run_id != before.run_id
    assert len(after.apply().done) == 2
    assert len(before.apply().refused) == 2


def test_a_run_begins_with_what_its_journal_says(
    make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was claimed is not read again, so it must be the same; a row that was refused is not among it."""
    workspace = make_workspace(4)
    plan = workspace.select(ids=[3, 1, 4, 2]).plan("approve", **DAY)
    with workspace.store.write() as session:
        session.start_run(_foreign_run(), _foreign_rows([1]))
    begun = []

    def reading(session: Session, run_id: str, claimed: pd.DataFrame | None) -> Begun:
        begun.append(read_begun(session, run_id, claimed))
        pd.testing.assert_frame_equal(
            begun[0].rows.astype({"outcome": "str", "part": "str"}),
            session.taken_rows(run_id).astype({"outcome": "str", "part": "str"}),
        )
        return begun[0]

    monkeypatch.setattr(runs, "read_begun", reading)
    report = plan.apply()
    assert begun[0].rows["invoice_id"].tolist() == report.done["invoice_id"].tolist() == [3, 4, 2]


def test_a_report_counts_its_rows(make_workspace: Make) -> None:
    workspace = make_workspace(4)
    plan = workspace.select(all=True).plan("approve", **DAY)
    with workspace.store.write() as session:
        session.start_run(_foreign_run(), _foreign_rows([2]))
    report = plan.apply()
    held = workspace.runs.report("foreign-run")
    assert (len(report.done), report.counts["done"], len(report.refused), report.counts["refused"]) == (3, 3, 1, 1)  # fmt: skip
    assert (len(held.unfinished), held.counts["unfinished"]) == (1, 1)
    assert report.summary() == "approve: 3 of 4 done, 1 refused"


def _foreign_run() -> dict[str, object]:
    return {
        "run_id": "foreign-run", "action": "approve", "parameters": "{}", "plan_sha256": "x", "status": "running",
        "folder": "", "selected": 1, "eligible": 1, "totals": "{}", "selection": "", "user": "x", "created_at": NOW,
    }  # fmt: skip


def _foreign_rows(ids: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {"invoice_id": ids, "position": range(len(ids)), "row_version": 1, "outcome": "claimed",
         "number": None, "part": "", "reason": None}
    )  # fmt: skip


@pytest.mark.parametrize("status", ["approved", "created", "approval_failed", "generation_failed"])
def test_the_store_refuses_to_delete_what_is_not_empty(make_workspace: Make, status: str) -> None:
    workspace = make_workspace(2, status=status)
    changes = Changes(deletes={"invoices": pd.DataFrame({"invoice_id": [1]})})
    with (
        pytest.raises(TransitionError, match=f"invoice 1 from {status} to gone"),
        workspace.store.write() as session,
    ):
        session.apply(changes, "delete", NOW)
    with workspace.store.read() as session:
        assert session.count("invoices") == 2
        assert session.count("lines") == 4


def test_a_parameter_that_proves_wrong_holds_nothing(
    make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(3)
    plan = workspace.select(all=True).plan("approve", **DAY)

    def refuse(*_: object) -> Changes:
        raise ParameterError("there is no such day")

    with monkeypatch.context() as patch:
        patch.setattr("invoicebatch.actions.approve.approval_faults", refuse)
        with pytest.raises(ParameterError, match="no such day"):
            plan.apply()
    assert workspace.runs.report(plan.run_id).state == "abandoned"
    assert workspace.doctor().empty
    assert len(workspace.select(all=True).plan("approve", **DAY).apply().done) == 3


def test_a_run_finished_meanwhile_stays_finished(
    make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(3)
    plan = workspace.select(all=True).plan("approve", **DAY)
    plan.apply()
    before = workspace.runs.list()["finished_at"]
    with monkeypatch.context() as patch:
        patch.setattr("invoicebatch.store.session.Session.unfinished_runs", lambda _: [plan.run_id])
        assert [report.state for report in workspace.runs.resume()] == ["finished"]
    assert workspace.runs.list()["finished_at"].equals(before)


def test_a_run_that_can_never_go_on_can_be_abandoned(
    make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(3)
    plan = workspace.select(all=True).plan("approve", **DAY)

    def broken(*_: object) -> Changes:
        raise ZeroDivisionError("no day")

    with monkeypatch.context() as patch:
        patch.setattr("invoicebatch.actions.approve.approval_faults", broken)
        with pytest.raises(ZeroDivisionError):
            plan.apply()
    assert workspace.runs.report(plan.run_id).state == "interrupted"
    assert "busy in run" in workspace.select(ids=[1]).plan("approve", **DAY).refused["reason"][0]
    report = workspace.runs.abandon(plan.run_id)
    assert report.state == "abandoned"
    assert report.refused["reason"].tolist() == ["the run was abandoned before this row's turn"] * 3
    assert workspace.doctor().empty
    assert len(workspace.select(all=True).plan("approve", **DAY).apply().done) == 3
    with pytest.raises(UnknownNameError, match="is abandoned"):
        open_workspace(workspace.root).runs.abandon(plan.run_id)


LINES = "external_id,line_no,name,quantity,price,net,vat_category,vat_rate,unit\n{},1,Levering,2,50,100.00,S,21,C62\n"


def test_an_import_of_lines_makes_the_plan_over_them_stale(make_workspace: Make, tmp_path: Path) -> None:
    workspace = make_workspace(3)
    plan = workspace.select(all=True).plan("approve", **DAY)
    file = tmp_path / "lines.csv"
    file.write_text(LINES.format("X0000002"), encoding="utf-8")
    assert workspace.import_files([file], kind="lines").refused.empty
    report = plan.apply()
    assert report.refused[["invoice_id"]].squeeze("columns").tolist() == [2]
    assert "stale" in report.refused["reason"][0]
    assert workspace.import_files([file], kind="lines").counts["unchanged"].sum() >= 1
    with workspace.store.read() as session:
        assert session.whole("invoices")["version"].tolist() == [2, 2, 2]


def test_an_import_leaves_documents_alone_that_a_run_is_working_on(
    make_workspace: Make, tmp_path: Path
) -> None:
    workspace = make_workspace(3)
    with workspace.store.write() as session:
        session.start_run(_foreign_run(), _foreign_rows([2]))
    file = tmp_path / "lines.csv"
    file.write_text(LINES.format("X0000002") + "X0000003,1,Levering,2,50,100.00,S,21,C62\n", encoding="utf-8")
    report = workspace.import_files([file], kind="lines")
    assert report.refused["reason"].tolist() == [
        "the invoice is busy in run foreign-; import it again afterwards"
    ]
    assert report.refused["row"].tolist() == [2]
    with workspace.store.read() as session:
        lines = session.whole("lines")
    assert lines[lines["line_no"] == 1]["net_cents"].tolist() == [5000, 5000, 10000]
