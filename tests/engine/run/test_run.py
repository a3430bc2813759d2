"""One run: planned, claimed, done once, reported from the journal; what can't be done is named."""

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from threading import Event

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.engine.run import execute
from invoicebatch.errors import NothingEligibleError, ParameterError, SelectionError, UnknownNameError
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.store import Store

Make = Callable[..., Workspace]


def statuses(workspace: Workspace) -> list[str]:
    return workspace.select(all=True).columns(["status"])["status"].astype(str).tolist()


def test_approve_sets_dates_and_says_what_was_done(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    report = workspace.select(ids=[1, 3]).plan("approve", invoice_date=date(2026, 11, 22)).apply()
    frame = workspace.select(all=True).frame
    assert report.done["invoice_id"].tolist() == [1, 3]
    assert report.totals == {"EUR": "242.00"}
    assert frame["status"].astype(str).tolist() == ["approved", "empty", "approved"]
    assert frame["due_date"][0] == pd.Timestamp("2026-12-06")


def test_a_plan_changes_nothing(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    plan = workspace.select(all=True).plan("approve")
    assert plan.eligible == 2
    assert plan.preview["eligible"]["total_cents"].tolist() == [24200]
    assert statuses(workspace) == ["empty", "empty"]
    assert workspace.runs.list().empty


_CHOSEN_AND_JUDGED = ["look", "read"]


@pytest.mark.parametrize(
    ("action", "ways"),
    [  # claimed, committed, finished; and checked, numbered, published, or read and published
        ("mark_as.exported", ["write"] * 3),
        ("create", ["read"] + ["write"] * 5),
        ("export.invoices", ["write", "read"] + ["write"] * 3),
    ],
)
def test_a_run_of_few_rows_opens_the_state_once_a_phase(
    make_workspace: Make, monkeypatch: pytest.MonkeyPatch, action: str, ways: list[str]
) -> None:
    workspace = make_workspace(2)
    if action == "create":
        workspace.select(ids=[1]).plan("approve").apply()
    opened: list[str] = []
    for way in ("look", "read", "write"):
        real = getattr(Store, way)
        monkeypatch.setattr(
            Store, way, lambda store, way=way, real=real: (opened.append(way), real(store))[1]
        )
    report = workspace.select(ids=[1]).plan(action).apply()
    assert report.done["invoice_id"].tolist() == [1]
    assert bool(report.undo) is (action == "mark_as.exported")
    assert opened == _CHOSEN_AND_JUDGED + ways


def test_a_row_that_changes_between_claim_and_commit_is_judged_again(
    make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(2)
    plan = workspace.select(all=True).plan("mark_as.exported")

    def change(place: str) -> None:
        if place == "commit.before":
            monkeypatch.setattr(execute, "reach", lambda _: None)
            with workspace.store.write() as session:
                exported = pd.DataFrame({"invoice_id": [1], "export_status": ["exported"]})
                session.update("invoices", exported, clock.now())

    monkeypatch.setattr(execute, "reach", change)
    report = plan.apply()
    assert report.done["invoice_id"].tolist() == [2]
    assert report.unchanged["invoice_id"].tolist() == [1]


def test_the_same_plan_twice_is_one_run(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    plan = workspace.select(all=True).plan("approve")
    first, second = plan.apply(), plan.apply()
    assert first.to_dict() == second.to_dict()
    assert len(workspace.runs.list()) == 1


def test_a_row_that_changed_since_the_plan_is_refused_by_name(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    plan = workspace.select(all=True).plan("approve")
    workspace.select(ids=[2]).plan("mark_as.exported").apply()
    report = plan.apply()
    assert report.done["invoice_id"].tolist() == [1, 3]
    assert report.refused["reason"].tolist() == ["stale: it changed since the plan was made; select again"]


def test_a_row_deleted_since_the_plan_is_refused_by_name(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    plan = workspace.select(all=True).plan("approve")
    workspace.select(ids=[1]).plan("delete").apply()
    assert plan.apply().refused["reason"].tolist() == ["gone: it was deleted since the plan was made"]


def test_a_row_in_another_run_is_refused_as_busy(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    plan = workspace.select(all=True).plan("approve")
    queued = workspace.runs.apply(workspace.select(ids=[1]).plan("mark_as.exported"), background=True)
    report = plan.apply()
    assert report.refused["reason"].tolist() == [
        f"busy in run {queued.run_id[:8]} (mark_as.exported) since {clock.today()}"
    ]
    assert report.done["invoice_id"].tolist() == [2, 3]


def test_each_fault_of_a_document_is_named_and_the_others_go_on(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    with workspace.store.write() as session:
        session.delete("lines", pd.DataFrame({"invoice_id": [1, 1], "line_no": [1, 2]}), clock.now())
        broken = pd.DataFrame({"invoice_id": [2], "total_cents": [12_101], "customer_id": ["K9"]})
        session.update("invoices", broken, pd.Timestamp("2026-01-01").to_pydatetime())
    report = workspace.select(all=True).plan("approve").apply()
    reasons = dict(zip(report.failed["invoice_id"], report.failed["reason"], strict=True))
    assert reasons[1] == "lines: there is none"
    assert "customer K9 is not known" in reasons[2]
    assert "the total does not add up: it is 121.01, net total and VAT make 121.00" in reasons[2]
    assert "the outstanding amount does not add up: it is 121.00" in reasons[2]
    assert statuses(workspace) == ["approval_failed", "approval_failed", "approved"]
    assert workspace.select(ids=[2]).columns(["failure"])["failure"][0] == reasons[2]


def test_a_mended_document_is_approved_the_next_time(make_workspace: Make) -> None:
    workspace = make_workspace(1)
    with workspace.store.write() as session:
        session.update(
            "invoices",
            pd.DataFrame({"invoice_id": [1], "customer_id": ["K9"]}),
            pd.Timestamp("2026-01-01").to_pydatetime(),
        )
    workspace.select(all=True).plan("approve").apply()
    with workspace.store.write() as session:
        session.update(
            "invoices",
            pd.DataFrame({"invoice_id": [1], "customer_id": ["K1"]}),
            pd.Timestamp("2026-01-01").to_pydatetime(),
        )
    assert workspace.select(all=True).plan("approve").apply().complete
    assert workspace.select(all=True).columns(["failure"])["failure"].isna().all()


def test_nothing_eligible_is_an_error_and_no_run(make_workspace: Make) -> None:
    workspace = make_workspace(2, status="approved")
    with pytest.raises(NothingEligibleError):
        workspace.select(all=True).plan("approve").apply()
    assert workspace.runs.list().empty


def test_a_cancelled_run_is_resumed(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    stop = Event()
    stop.set()
    report = workspace.select(all=True).plan("approve").apply(cancel=stop)
    assert report.state == "interrupted"
    assert len(report.unfinished) == 3
    (resumed,) = workspace.runs.resume()
    assert resumed.state == "finished"
    assert resumed.complete
    assert workspace.runs.resume() == []


def test_deleting_leaves_an_event_and_the_journal(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    report = workspace.select(ids=[1]).plan("delete").apply()
    with workspace.store.read() as session:
        events = session.whole("events")
    assert events[["invoice_id", "event", "from_status", "to_status"]].to_numpy().tolist() == [
        [1, "delete", "empty", "gone"]
    ]
    assert events["user"][0] == workspace.base.user
    assert workspace.runs.report(report.run_id).done["invoice_id"].tolist() == [1]


def test_marks_go_there_and_back(make_workspace: Make) -> None:
    workspace = make_workspace(1)
    assert workspace.select(all=True).plan("mark_as.exported").apply().complete
    assert workspace.select(all=True).columns(["exported_at"])["exported_at"].notna().all()
    assert workspace.select(all=True).plan("mark_as.not_exported").apply().complete
    frame = workspace.select(all=True).frame
    assert frame["export_status"].tolist() == ["unexported"]
    assert frame["exported_at"].isna().all()


def test_two_processes_at_once_do_each_row_once(make_workspace: Make) -> None:
    workspace = make_workspace(200)
    code = (
        "import sys, invoicebatch as ib\n"
        "plan = ib.open(sys.argv[1]).select(all=True).plan('mark_as.exported')\n"
        "try: print(len(plan.apply().done))\n"
        "except ib.errors.BusyError: print(0)\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", "import invoicebatch.errors\n" + code, str(workspace.root)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        process.communicate()
    with workspace.store.read() as session:
        events = session.whole("events")
    assert sorted(events["invoice_id"]) == list(range(1, 201))
    assert workspace.select(all=True).columns(["version"])["version"].tolist() == [2] * 200
    assert workspace.doctor().empty


@pytest.mark.parametrize(
    ("action", "params", "error", "message"),
    [
        ("aprove", {}, UnknownNameError, "no action 'aprove'"),
        ("approve", {"invoice_dat": "2026-01-01"}, ParameterError, "no parameter 'invoice_dat'"),
        ("approve", {"invoice_date": "01-02-2026"}, ParameterError, "invoice_date"),
        ("delete", {"reason": "x"}, ParameterError, "no parameter 'reason'"),
    ],
)
def test_a_wrong_call_is_said_before_anything_happens(
    make_workspace: Make, action: str, params: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make_workspace(1).select(all=True).plan(action, **params)


def test_a_selection_is_made_in_exactly_one_way(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    for wrong in ({}, {"where": "true", "ids": [1]}, {"ids": [1], "all": True}):
        with pytest.raises(SelectionError):
            workspace.select(**wrong)
    assert workspace.select(frame=pd.DataFrame({"invoice_id": [3, 1, 3]})).ids.tolist() == [3, 1]
    assert len(workspace.select(where="false")) == 0


def test_an_id_that_does_not_exist_is_refused_by_name_and_the_others_go_on(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    report = workspace.select(ids=[1, 77]).plan("approve").apply()
    assert report.refused["invoice_id"].tolist() == [77]
    assert report.refused["reason"].tolist() == ["there is no such invoice"]
    assert len(report.done) == 1
    with pytest.raises(SelectionError, match="no invoice with id 77"):
        workspace.select(ids=[77])
    with pytest.raises(SelectionError, match="whole numbers"):
        workspace.select(ids=["F2026-000001"])  # type: ignore[list-item]


def test_the_bar_offers_actions_with_counts_and_reasons(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    workspace.select(ids=[1]).plan("approve").apply()
    bar = workspace.select(all=True).actions().set_index("action")
    assert bar.loc["approve", "eligible"] == 2
    assert bar.loc["approve", "reasons"][0]["rows"] == 1
    assert "status is approved" in bar.loc["approve", "reasons"][0]["reason"]
    why = workspace.select(all=True).why("approve")
    assert why["invoice_id"].tolist() == [1]


def test_another_process_sees_the_workspace(make_workspace: Make) -> None:
    workspace = make_workspace(1)
    assert open_workspace(workspace.root).base.id == workspace.base.id


class _StopsAfter:
    """A progress that is told, and cancels once some rows are done."""

    def __init__(self, rows: int) -> None:
        self.cancel, self.told, self._rows = Event(), list[int](), rows

    def start(self, label: str, total: int) -> None:
        """Nothing."""

    def advance(self, rows: int) -> None:
        self.told.append(rows)
        if len(self.told) == self._rows:
            self.cancel.set()

    def stop(self) -> None:
        """Nothing."""


def test_documents_are_counted_one_by_one_and_a_cancel_does_not_wait_for_the_chunk(
    make_workspace: Make,
) -> None:
    workspace = make_workspace(6)
    workspace.select(all=True).plan("approve").apply()
    watch = _StopsAfter(2)
    report = workspace.select(all=True).plan("create").apply(progress=watch, cancel=watch.cancel)
    assert watch.told == [1, 1, -2]  # what is not kept is not done
    assert (report.state, len(report.unfinished)) == ("interrupted", 6)
    (report,) = workspace.runs.resume(report.run_id)
    assert len(report.done) == 6
    numbers = workspace.select(all=True).columns(["number"])["number"]
    assert numbers.is_unique
    assert workspace.doctor().empty
