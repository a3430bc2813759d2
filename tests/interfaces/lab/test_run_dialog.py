"""Dialog, preview, run, report, retry, what comes next, and the same run as code."""

import ast
import base64
import json
import shlex
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from invoicebatch.actions import find
from invoicebatch.engine.base import clock
from invoicebatch.formats.workbook.customers import HEADER_ROW, SHEET, TITLES
from invoicebatch.interfaces.lab.mending import Mending
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.engine.sending import configure
from tests.interfaces.lab.books import HOMELESS, StoppingBackend, WaitingBackend
from tests.interfaces.lab.conftest import Desk


def mend(workspace):
    """Give the customer without a street one."""
    with workspace.store.write() as session:
        rows = pd.DataFrame({"customer_id": [HOMELESS], "street": ["Kade 2"]})
        session.update("customers", rows, clock.now())


def approvable(workspace, count):
    """Ids that can be approved and will be."""
    found = workspace.select(where=f"status = 'empty' and customer_id <> '{HOMELESS}'")
    return found.ids[:count].tolist()


def test_the_preview_seen_is_the_plan_run(desk, workspace):
    desk.say("select", op="all")
    desk.say("dialog", action="approve")
    preview = desk.say("preview", n=1, params={"invoice_date": "2026-11-22"})
    assert preview["eligible"] + sum(rows for _, rows in preview["refused"]) == desk.bar["n"]
    desk.say("run", n=1)
    (run,) = workspace.runs.list().to_dict("records")
    assert run["eligible"] == preview["eligible"]
    assert run["run_id"] == desk.state["run"]["report"]["runId"]


def test_the_preview_says_from_which_value_to_which(desk):
    desk.say("select", op="all")
    desk.say("dialog", action="approve")
    told = desk.say("preview", n=1, params={})
    tables = {table["label"]: table for table in told["tables"]}
    assert set(tables) == {"Before and after", "Will fail", "To look at"}
    table = tables["Before and after"]
    assert told["failing"] == 4  # those of the homeless customer
    assert {(row[0], row[1]) for row in table["rows"]} == {
        ("empty", "approved"),
        ("approval_failed", "approved"),
    }


def test_a_run_of_an_outdated_preview_is_refused(desk, workspace):
    desk.say("select", op="all")
    desk.say("dialog", action="approve")
    desk.say("preview", n=1, params={})
    desk.say("preview", n=2, params={})
    assert desk.say("run", n=1)["kind"] == "error"
    assert workspace.runs.list().empty


def test_a_selection_changed_after_the_dialog_opened_does_not_change_the_run(desk):
    desk.say("select", op="set", ids=[1, 2, 3, 4, 5, 6])
    desk.say("dialog", action="export.invoices")
    desk.say("select", op="all")
    assert desk.say("preview", n=1, params={})["eligible"] == 6


@pytest.mark.parametrize("typed", ["", "0", "yes", "999"])
def test_credit_and_delete_need_the_count_typed(desk, workspace, typed):
    desk.say("select", op="all")
    for action in ("credit", "delete"):
        desk.say("dialog", action=action)
        desk.say("preview", n=1, params={})
        assert "confirm" in desk.say("run", n=1, typed=typed)["message"]
    assert workspace.runs.list().empty


def test_wrong_parameters_are_named_by_field(desk):
    desk.say("select", op="all")
    desk.say("dialog", action="export.job")
    assert "cron" in desk.say("preview", n=1, params={"schedule": "daily"})["problems"]["schedule"]
    desk.say("dialog", action="assign.payment_plan")
    answer = desk.say(
        "preview", n=1, params={"instalments": 3, "amount": "10.00", "first_date": "2026-12-01"}
    )
    assert answer["problems"] == {"": "give either instalments (how many) or amount (how much each)"}


def test_values_that_only_the_workspace_knows_are_offered(workspace):
    desk = Desk(WorkspaceBackend(configure(workspace, '[external.ledger]\nkind = "files"\nurl = "out"\n')))
    desk.say("select", op="all")
    fields = {one["name"]: one for one in desk.say("dialog", action="export.external")["fields"]}
    assert fields["target"]["options"] == [["ledger", "ledger (files)"]]
    fields = {one["name"]: one for one in desk.say("dialog", action="assign.collection_case")["fields"]}
    assert fields["flow"]["options"][0] == ["standard", "Standard reminders"]
    answer = desk.say("preview", n=1, params={"flow": "gentle"})
    assert "there is no 'gentle'" in answer["problems"][""]
    assert "standard, business" in answer["hint"]


def test_failures_come_first_and_can_be_retried_alone(desk, workspace):
    desk.say("select", op="all")
    report = desk.run("approve")["report"]
    assert list(report)[list(report).index("failures") :][:2] == ["failures", "refusals"]
    failed = report["failed"]
    assert failed > 0
    assert ": street, then approve again" in report["failures"][0]["reason"]
    mend(workspace)
    dialog = desk.say("retry")
    assert (dialog["action"], dialog["selected"]) == ("approve", failed)
    desk.say("preview", n=1, params={})
    desk.say("run", n=1)
    assert desk.state["run"]["report"]["done"] == failed


def test_the_next_step_opens_for_the_rows_done(desk, workspace):
    desk.say("select", op="set", ids=[*approvable(workspace, 4), 3])
    (step,) = desk.run("approve")["report"]["next"]
    assert (step["action"], step["label"], step["rows"]) == ("create", "Create", 4)
    dialog = desk.say("next", which="next", at=0)
    assert (dialog["action"], dialog["selected"]) == ("create", 4)
    assert desk.say("preview", n=1, params={})["eligible"] == 4


def test_credit_leads_to_the_notes_it_made_and_shows_them(desk, workspace):
    originals = workspace.select(where="status = 'created'").ids[:2].tolist()
    desk.say("select", op="set", ids=originals)
    report = desk.run("credit")["report"]
    notes = workspace.select(made_by=report["runId"]).ids.tolist()
    assert (report["made"], [(step["action"], step["rows"]) for step in report["next"]]) == (
        2,
        [("create", 2)],
    )
    desk.say("pick", which="made")
    assert [row[0] for row in desk.state["table"]["rows"]] == notes
    assert desk.say("next", which="next", at=0)["selected"] == 2
    assert desk.say("preview", n=9, params={})["eligible"] == 2


def test_what_was_marked_can_be_taken_back(desk):
    desk.say("select", op="all")
    report = desk.run("mark_as.exported")["report"]
    (step,) = report["undo"]
    assert step["rows"] == report["done"] > 0
    desk.say("next", which="undo", at=0)
    desk.say("preview", n=1, params={})
    desk.say("run", n=1)
    assert desk.state["run"]["report"]["done"] == report["done"]


def test_a_step_that_is_not_on_the_bar_runs_by_its_verb_and_leads_on(desk, workspace):
    desk.say("select", op="all")
    report = desk.run("assign.bank_file")["report"]
    bundles = workspace.payments.list()["bundle_id"]
    assert {step["command"] for step in report["next"]} == {
        f"invoicebatch payments write {one}" for one in bundles
    }
    dialog = desk.say("next", which="next", at=0)
    assert (dialog["title"], dialog["fields"], dialog["selected"]) == (
        "Write bank file",
        [],
        report["next"][0]["rows"],
    )
    desk.say("preview", n=1, params={})
    desk.say("run", n=1)
    written = desk.state["run"]["report"]
    assert [file["name"].endswith(".xml") for file in written["files"]] == [True]
    assert (workspace.payments.list()["state"] == "exported").sum() == 1
    assert [step["action"] for step in written["next"]] == ["payments.confirm"]
    desk.say("next", which="next", at=0)
    preview = desk.say("preview", n=1, params={})
    assert "Type" in desk.say("run", n=1, typed="")["message"]
    desk.say("run", n=1, typed=str(preview["eligible"]))
    assert desk.state["run"]["report"]["done"] == written["done"]


def test_missing_data_of_customers_is_mended_by_their_sheet(desk, workspace):
    """The sheet is written, filled in and taken in; then what failed is done."""
    desk.mending = Mending(desk.session, desk.runs)
    desk.say("select", op="all")
    report = desk.run("approve")["report"]
    assert report["missing"] == 1
    sheet = Path(desk.say("fix")["path"])
    book = openpyxl.load_workbook(sheet)
    page = book[SHEET]
    titles = [cell.value for cell in page[HEADER_ROW]]
    page.cell(HEADER_ROW + 1, titles.index(TITLES["street"]) + 1).value = "Kade 2"
    book.save(sheet)
    desk.say("sheet", name=sheet.name, content=base64.b64encode(sheet.read_bytes()).decode())
    assert desk.sent[0][0] == {"kind": "taken", "changed": 1, "refused": []}
    desk.say("retry")
    desk.say("preview", n=1, params={})
    desk.say("run", n=1)
    assert desk.state["run"]["report"]["done"] == report["failed"]
    assert desk.say("sheet", name="x.xlsx", content="?")["message"] == "x.xlsx did not arrive whole"


def test_the_refused_can_be_selected(desk):
    desk.say("select", op="all")
    refused = desk.run("approve")["report"]["refused"]
    desk.say("pick", which="refused")
    assert desk.bar["n"] == refused == desk.table["total"]


def test_the_grid_updates_itself_after_a_run(desk):
    desk.say("view", sort=[], filters={"status": {"in": ["empty"]}}, search="")
    before = desk.table["total"]
    desk.say("select", op="all")
    desk.run("approve")
    assert before > 0
    assert desk.table["total"] == 0
    assert desk.bar["n"] == before


def test_a_cancelled_run_stands_in_the_way_until_it_is_finished(workspace, monkeypatch):
    monkeypatch.setenv("INVOICEBATCH_EXECUTOR__CHUNK_ROWS", "2")
    backend = StoppingBackend(type(workspace)(workspace.root))
    desk = Desk(backend)
    approved = workspace.select(where="status = 'approved'").ids[:5].tolist()
    desk.say("select", op="set", ids=approved)
    report = desk.run("create")["report"]
    assert report["cancelled"]
    assert backend.told[-1] == ("Create", report["done"], 5)
    assert report["unfinished"] == 5 - report["done"] > 0
    (waiting,) = desk.state["waiting"]["runs"]
    assert (waiting["label"], waiting["left"], waiting["rows"]) == ("Create", report["unfinished"], 5)
    desk.say("select", op="set", ids=approved)
    (create,) = (action for action in desk.bar["actions"] if action["name"] == "create")
    assert create["ok"] == 0
    assert all(reason.startswith("busy in run") for reason, _ in desk.say("why", action="create")["reasons"])
    desk.say("resume", run_id=waiting["run"])
    assert desk.state["waiting"]["runs"] == []
    report = desk.state["run"]["report"]
    assert (report["done"], report["unfinished"], report["cancelled"]) == (5, 0, False)
    assert (backend.told[0], backend.told[-1]) == (("Create", 0, 5), ("Create", 5, 5))


def test_what_failed_is_offered_the_action_that_takes_it(desk, workspace):
    lost = workspace.select(where=f"status = 'approved' and customer_id <> '{HOMELESS}'").ids[:1].tolist()
    with workspace.store.write() as session:
        customer = session.rows_of("invoices", "invoice_id", pd.Series(lost))["customer_id"].item()
        session.update("customers", pd.DataFrame({"customer_id": [customer], "city": [None]}), clock.now())
    desk.say("select", op="set", ids=lost)
    report = desk.run("create")["report"]
    assert report["failed"] == 1
    assert [(one["action"], one["rows"]) for one in report["retry"]] == [("regenerate", 1)]
    dialog = desk.say("retry", action="regenerate")
    assert (dialog["action"], dialog["selected"]) == ("regenerate", 1)
    assert desk.say("preview", n=5, params={})["eligible"] == 1


def broken_off(workspace, count, **noted):
    """A run of so many rows that began before this process, with what else is noted of it; its id."""
    ids = workspace.select(where="status = 'approved'").ids[:count].tolist()
    workspace.runs.apply(workspace.select(ids=ids).plan("mark_as.exported"), background=True)
    run_id = workspace.runs.list()["run_id"][0]
    with workspace.store.write() as session:
        session.note_run(run_id, status="running", **noted)
    return run_id


@pytest.mark.parametrize("action", ["mark_as.exported", "payments.write_off"])
def test_an_interrupted_run_of_before_can_be_given_up_whether_the_bar_has_its_action_or_not(
    workspace, action
):
    broken_off(workspace, 5, action=action)
    desk = Desk(WorkspaceBackend(type(workspace)(workspace.root)))
    (waiting,) = desk.state["waiting"]["runs"]
    assert waiting["label"] == find(action).title
    desk.say("abandon", run_id=waiting["run"])
    assert desk.state["waiting"]["runs"] == []
    assert desk.session.view.frame["busy_run"].isna().all()


def test_an_interrupted_run_of_an_action_that_the_bar_has_not_is_finished_and_reported(
    workspace, monkeypatch
):
    run_id = broken_off(workspace, 3)
    backend = WorkspaceBackend(type(workspace)(workspace.root))
    off_bar = {name: action for name, action in backend.actions.items() if name != "mark_as.exported"}
    desk = Desk(backend)
    monkeypatch.setattr(backend, "actions", off_bar, raising=False)
    desk.say("resume", run_id=run_id)
    assert desk.state["run"]["state"] == "done"
    assert (desk.state["run"]["report"]["done"], desk.state["run"]["report"]["retry"]) == (3, [])


def test_a_second_run_waits_for_the_first(workspace):
    desk = Desk(WaitingBackend(workspace))
    desk.say("select", op="all")
    desk.say("dialog", action="mark_as.shipped")
    desk.say("preview", n=1, params={})
    desk.session.handle({"kind": "run", "n": 1})
    desk.session.handle({"kind": "dialog", "action": "export.job"})
    desk.session.handle({"kind": "preview", "n": 1, "params": {}})
    desk.runs._planning.join()
    desk.session.handle({"kind": "run", "n": 1})
    assert any("under way" in message.get("message", "") for message, _ in desk.sent)
    desk.session.backend.gate.set()
    desk.runs.wait()
    assert workspace.runs.list()["action"].tolist() == ["mark_as.shipped"]


def test_a_crash_is_shown_with_what_to_do(desk):
    def broken(*_):
        raise OSError("No space left on device")

    desk.session.backend.apply = broken
    desk.say("select", op="all")
    state = desk.run("export.invoices")
    assert state["state"] == "error"
    assert "No space left" in state["message"]
    assert "resume" in state["hint"]


def test_a_file_arrives_byte_for_byte_and_one_that_is_gone_is_said(desk):
    desk.say("select", op="all")
    report = desk.run("export.invoices")["report"]
    desk.say("file", index=0)
    message, buffers = desk.sent[-1]
    path = Path(report["files"][0]["path"])
    assert message["name"] == path.name == "invoices.xlsx"
    assert b"".join(buffers) == path.read_bytes()
    path.unlink()
    assert "invoices.xlsx" in desk.say("file", index=0)["message"]


def test_python_twin_parses_and_says_the_same(desk):
    desk.say("select", op="set", ids=[4, 8])
    desk.say("dialog", action="approve")
    desk.say("preview", n=1, params={"invoice_date": "2026-11-20"})
    text = desk.say("code", **{"as": "python"}, params={"invoice_date": "2026-11-20"})["text"]
    ast.parse(text)
    assert "ws.select(ids=[4, 8])" in text
    assert "sel.plan('approve', invoice_date=date(2026, 11, 20))" in text


def test_command_twin_survives_the_shell(desk):
    desk.say("view", sort=[], filters={"customer_name": {"contains": "O'Brien"}}, search="")
    desk.say("select", op="all")
    desk.say("dialog", action="credit")
    words = shlex.split(desk.say("code", **{"as": "command"}, params={"reason": "two 'same' ones"})["text"])
    assert words[words.index("--where") + 1] == "customer_name ilike '%O''Brien%'"
    assert words[words.index("-p") + 1] == "reason=two 'same' ones"


def test_a_long_selection_travels_as_a_file(desk, workspace):
    desk.say("select", op="range", a=0, b=249)
    desk.say("dialog", action="export.invoices")
    text = desk.say("code", **{"as": "python"}, params={})["text"]
    ast.parse(text)
    (file,) = (workspace.data / "selections").glob("*-250.txt")
    assert str(file) in text
    words = shlex.split(desk.say("code", **{"as": "command"}, params={})["text"])
    assert (
        Path(words[words.index("--ids") + 1].removeprefix("@")).read_text().split()
        == file.read_text().split()
    )


def test_notebook_twin_is_a_notebook_of_the_same_run(desk):
    import nbformat

    desk.say("select", op="set", ids=[4])
    desk.say("dialog", action="approve")
    path = desk.say("code", **{"as": "notebook"}, params={"invoice_date": "2026-11-20"})["path"]
    book = nbformat.reads(Path(path).read_text(encoding="utf-8"), as_version=4)
    nbformat.validate(book)
    assert any("plan.apply" in cell.source for cell in book.cells)
    assert json.dumps(book).count("invoice_date") == 1
