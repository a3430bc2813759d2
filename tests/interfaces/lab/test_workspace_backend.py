"""The grid over a real workspace: the same counts, plans and reports as the engine's own."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from invoicebatch.errors import FilterError, WorkspaceError
from invoicebatch.interfaces.api import open_workspace
from invoicebatch.interfaces.lab.view import FIRST_KEY
from invoicebatch.interfaces.lab.widget import Overview
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.conftest import fill, small_frames
from tests.copies import made_once
from tests.engine.sending import with_documents
from tests.interfaces.lab.conftest import Desk
from tests.waiting import until


@pytest.fixture
def mixed(tmp_path):
    """Forty invoices: some approved, some without a customer, some credit notes."""
    return made_once(tmp_path / "workspace", "mixed", _mix, new_id=False)


def _mix(workspace):
    fill(workspace, small_frames(40))
    with workspace.store.write() as session:
        ids = np.arange(1, 41)
        session.update(
            "invoices", pd.DataFrame({"invoice_id": ids[30:35], "customer_id": None}), workspace_now()
        )
        session.update(
            "invoices",
            pd.DataFrame({"invoice_id": ids[35:], "total_cents": -12_100, "outstanding_cents": -12_100}),
            workspace_now(),
        )
    workspace.select(ids=range(1, 11)).plan("approve").apply()


def workspace_now():
    return pd.Timestamp("2026-11-22").to_pydatetime()


@pytest.fixture
def desk(mixed):
    return Desk(WorkspaceBackend(mixed))


@pytest.mark.parametrize("ids", [[1], [1, 4, 7], [11, 12], list(range(1, 41)), [31, 36, 2]])
def test_the_bar_counts_what_the_engine_counts(desk, mixed, ids):
    desk.say("select", op="set", ids=ids)
    expected = mixed.select(ids=ids).actions().set_index("action")["eligible"].to_dict()
    assert {action["name"]: action["ok"] for action in desk.bar["actions"]} == expected


def test_all_at_once_counts_like_a_filter(desk, mixed):
    desk.say("select", op="all")
    expected = mixed.select(all=True).actions().set_index("action")["eligible"].to_dict()
    assert {action["name"]: action["ok"] for action in desk.bar["actions"]} == expected


def test_the_bar_counts_what_an_actions_own_checks_refuse_and_shows_these_rows(money_workspace):
    workspace = money_workspace(3)
    workspace.select(ids=[1, 2]).plan("assign.bank_file").apply()
    (bundle,) = workspace.payments.list()["bundle_id"]
    workspace.payments.write(bundle)
    desk = Desk(WorkspaceBackend(workspace))
    desk.say("select", op="all")
    (credit,) = (action for action in desk.bar["actions"] if action["name"] == "credit")
    assert credit["ok"] == workspace.select(all=True).plan("credit").eligible == 1
    ((reason, rows),) = desk.say("why", action="credit")["reasons"]
    assert (rows, "whose bank file is written" in reason) == (2, True)
    desk.say("show", action="credit", reason=reason)
    assert desk.table["total"] == 2


def test_reasons_are_the_engines(desk, mixed):
    desk.say("select", op="all")
    reasons = desk.say("why", action="approve")["reasons"]
    summary = mixed.select(all=True).evaluation.summary("approve")
    assert reasons == [[one["reason"], one["rows"]] for one in summary]
    desk.say("show", action="approve", reason=reasons[0][0])
    assert desk.table["total"] == reasons[0][1]


def test_approve_runs_names_the_failed_and_updates_the_rows(desk, mixed):
    desk.say("select", op="all")
    report = desk.run("approve", invoice_date="2026-11-20")["report"]
    states = mixed.select(all=True).columns(["status", "invoice_date"])
    assert report["done"] == 20
    assert report["failed"] == 10
    assert any("customer" in one["reason"].lower() for one in report["failures"])
    assert (states["status"] == "approval_failed").sum() == 10
    assert (desk.session.view.frame["status"] == "approved").sum() == 30
    assert desk.say("retry")["selected"] == 10


def test_a_row_changed_since_the_preview_is_refused_by_name(desk, mixed):
    desk.say("select", op="set", ids=[20, 21])
    desk.say("dialog", action="approve")
    desk.say("preview", n=1, params={"invoice_date": "2026-11-22"})
    mixed.select(ids=[20]).plan("approve", invoice_date=date(2026, 11, 22)).apply()
    desk.say("run", n=1)
    report = desk.state["run"]["report"]
    assert (report["done"], report["refused"]) == (1, 1)


def test_delete_asks_for_the_count_and_the_rows_go(desk, mixed):
    desk.say("select", op="set", ids=[11, 12])
    dialog = desk.say("dialog", action="delete")
    assert dialog["confirm"]
    state = desk.run("delete", typed="2")
    assert state["report"]["done"] == 2
    assert desk.table["all"] == 38
    assert desk.bar["n"] == 0


def test_a_stopped_run_can_be_finished(desk):
    desk.say("select", op="all")
    desk.say("dialog", action="mark_as.exported")
    desk.say("preview", n=1, params={})
    desk.session.handle({"kind": "run", "n": 1})
    desk.session.handle({"kind": "cancel"})
    desk.runs.wait()
    report = desk.state["run"]["report"]
    if report["unfinished"]:
        desk.say("resume")
    assert desk.state["run"]["report"]["unfinished"] == 0


def test_the_first_rows_are_there_before_anything_is_judged(mixed):
    backend = WorkspaceBackend(mixed)
    as_it_was = backend.version()
    rows, count = backend.head(10)
    assert (len(rows), count, backend.version()) == (10, 40, as_it_was)
    backend.load()
    assert backend.version() != as_it_was


def test_where_limits_the_grid_and_a_wrong_one_is_said(mixed):
    grid = mixed.overview("status = 'approved'", poll_seconds=0)
    grid.wait()
    assert grid.table["all"] == 10
    with pytest.raises(FilterError):
        mixed.overview("statuss = 'x'", poll_seconds=0)


def test_a_batch_in_another_process_is_said_within_seconds_and_shown_when_asked(mixed):
    grid = mixed.overview(poll_seconds=0.1)
    grid.wait()
    grid.selection = [15]
    command = [
        sys.executable,
        "-m",
        "invoicebatch",
        "run",
        "approve",
        "--ids",
        "15",
        "-w",
        str(mixed.root),
        "--json",
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[3])
    until(lambda: grid.elsewhere["changed"])
    assert grid.elsewhere["runs"] == [{"user": mixed.base.user, "label": "Approve", "rows": 1}]
    assert grid.selection.frame["status"].tolist() == ["empty"]
    grid.refresh()
    assert grid.selection.frame["status"].tolist() == ["approved"]
    assert not grid.elsewhere["changed"]
    grid.close()


def test_the_python_twin_does_what_the_click_does(desk, mixed):
    desk.say("select", op="set", ids=[22, 23])
    desk.say("dialog", action="approve")
    text = desk.say("code", **{"as": "python"}, params={"invoice_date": "2026-11-20"})["text"]
    scope = {}
    exec(compile(text, "twin", "exec"), scope)
    assert scope["report"].done["invoice_id"].tolist() == [22, 23]
    assert mixed.select(ids=[22]).columns(["invoice_date"])["invoice_date"].tolist() == [
        pd.Timestamp("2026-11-20")
    ]


def test_the_command_twin_does_what_the_click_does(desk, mixed):
    import shlex

    desk.say(
        "view", sort=[], filters={"status": {"in": ["empty"]}, "total_cents": {"from": 10_000}}, search=""
    )
    desk.say("select", op="all")
    expected = desk.bar["n"]
    desk.say("dialog", action="approve")
    words = shlex.split(desk.say("code", **{"as": "command"}, params={"invoice_date": "2026-11-20"})["text"])
    done = subprocess.run(
        [sys.executable, "-m", *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert f"{expected:,} done" in done.stdout or done.returncode == 3, done.stderr
    assert (
        len(mixed.select(where="invoice_date = date '2026-11-20' or status = 'approval_failed'")) == expected
    )


def test_a_long_selection_goes_to_the_command_as_a_file(desk, mixed):
    path = desk.session.backend.save_ids(np.array([24, 25]))
    command = [
        sys.executable,
        "-m",
        "invoicebatch",
        "run",
        "approve",
        "--ids",
        f"@{path}",
        "-w",
        str(mixed.root),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr
    assert (mixed.select(ids=[24, 25]).columns(["status"])["status"] == "approved").all()


def test_without_a_folder_the_workspace_above_is_opened(mixed, monkeypatch, tmp_path):
    monkeypatch.chdir(mixed.root / "notebooks")
    assert open_workspace().root == mixed.root
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WorkspaceError):
        open_workspace()


def test_views_and_notebooks_are_kept_in_the_workspace(desk, mixed):
    desk.say("views", views=[{"name": "Open"}])
    assert WorkspaceBackend(open_workspace(mixed.root)).read_views() == [{"name": "Open"}]
    first = desk.session.backend.save_notebook("approve", "{}")
    second = desk.session.backend.save_notebook("approve", "{}")
    assert first != second
    (mixed.data / "views.json").write_text("not json")
    assert desk.session.backend.read_views() == []


def test_the_widget_shows_a_static_table_for_a_saved_notebook(mixed, monkeypatch):
    grid = Overview(WorkspaceBackend(mixed), poll_seconds=0)
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *what, **_: shown.append(what[0]))
    grid._ipython_display_()
    table, live = shown
    assert "40 invoices" in table.data
    assert table.data.count("<tr>") == 11
    assert live["text/plain"] == "Overview(40 invoices)"
    assert "application/vnd.jupyter.widget-view+json" in live


@pytest.fixture
def sent_and_changed(tmp_path):
    """Four documents: the first two were sent, and the first was made anew since."""
    workspace = made_once(tmp_path / "workspace", "sent and changed", _send_and_change, new_id=False)
    return Desk(WorkspaceBackend(workspace))


def _send_and_change(workspace):
    with_documents(fill(workspace, small_frames(4, "created")))
    workspace.select(ids=[1, 2]).plan("send_via.email").apply()
    with workspace.store.write() as session:
        first = session.rows_of("documents", "invoice_id", pd.Series([1]))
        session.insert(
            "documents", first.assign(document_version=2, path="documents/two.pdf", sent_at=pd.NaT)
        )
        newer = pd.DataFrame({"invoice_id": [1], "document_version": [2]})
        session.update("invoices", newer, workspace_now())


def test_what_was_sent_can_be_sent_again_from_the_bar_and_is_counted_apart(sent_and_changed):
    desk = sent_and_changed
    desk.say("select", op="set", ids=[1, 2, 3])
    email = next(action for action in desk.bar["actions"] if action["name"] == "send_via.email")
    assert (email["ok"], email["more"], email["waiver"]) == (1, 2, "again")
    desk.say("select", op="set", ids=[1])
    assert desk.say("dialog", action="send_via.email")["confirm"]
    refused = desk.say("preview", n=1, params={})
    assert refused["eligible"] == 0
    assert "again = true sends the present document" in refused["refused"][0][0]
    assert desk.say("preview", n=2, params={"again": True})["eligible"] == 1
    assert desk.say("run", n=2, typed="")["kind"] == "error"
    desk.say("run", n=2, typed="1")
    assert desk.state["run"]["report"]["done"] == 1


def test_a_document_that_changed_since_it_was_sent_shows_so_and_has_a_view(sent_and_changed):
    desk = sent_and_changed
    changed = {row[0]: row[FIRST_KEY - 2] for row in desk.table["rows"]}
    assert changed == {1: True, 2: False, 3: False, 4: False}
    (view,) = [view for view in desk.session.prefs["shipped"] if view["name"] == "Changed since sent"]
    desk.say("keys", keys=view["keys"])
    desk.say("view", **{name: view[name] for name in ("filters", "search", "sort")})
    assert desk.table["keys"] == view["keys"]
    assert [row[0] for row in desk.table["rows"]] == [1]
    desk.say("select", op="all")
    assert desk.session.selection().ids.tolist() == [1]
    assert desk.session.backend.read_views() == []
