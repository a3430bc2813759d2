"""Dialog, preview, run, report, retry, and the same run as code."""

import ast
import json
import shlex
from pathlib import Path

import pytest

from tests.waiting import until


def test_the_preview_seen_is_the_plan_run(desk, backend):
    desk.say("select", op="all")
    desk.say("dialog", action="approve")
    preview = desk.say("preview", n=1, params={"invoice_date": "2026-11-22"})
    assert preview["eligible"] + sum(rows for _, rows in preview["refused"]) == desk.bar["n"]
    backend.data.loc[backend.data["invoice_id"] == 1, "status"] = "created"
    desk.say("run", n=1)
    assert backend.ran[0].eligible == preview["eligible"]
    assert desk.state["run"]["report"]["done"] == preview["eligible"]


def test_a_run_of_an_outdated_preview_is_refused(desk, backend):
    desk.say("select", op="all")
    desk.say("dialog", action="approve")
    desk.say("preview", n=1, params={})
    desk.say("preview", n=2, params={})
    assert desk.say("run", n=1)["kind"] == "error"
    assert backend.ran == []


def test_a_selection_changed_after_the_dialog_opened_does_not_change_the_run(desk, backend):
    desk.say("select", op="set", ids=[1, 2, 3, 4, 5, 6])
    desk.say("dialog", action="export.invoices")
    desk.say("select", op="all")
    assert desk.say("preview", n=1, params={})["eligible"] == 6


@pytest.mark.parametrize("typed", ["", "0", "yes", "999"])
def test_credit_and_delete_need_the_count_typed(desk, backend, typed):
    desk.say("select", op="all")
    for action in ("credit", "delete"):
        desk.say("dialog", action=action)
        desk.say("preview", n=1, params={"reason": "made twice"} if action == "delete" else {})
        assert "confirm" in desk.say("run", n=1, typed=typed)["message"]
    assert backend.ran == []


def test_wrong_parameters_are_named_by_field(desk):
    desk.say("select", op="all")
    desk.say("dialog", action="delete")
    assert "reason" in desk.say("preview", n=1, params={"reason": ""})["problems"]
    desk.say("dialog", action="assign.payment_plan")
    answer = desk.say(
        "preview", n=1, params={"instalments": 3, "amount": "10.00", "first_date": "2026-12-01"}
    )
    assert answer["problems"] == {"": "Give the number of instalments or the amount, not both"}


def test_failures_come_first_and_can_be_retried_alone(desk, backend):
    backend.fail = {int(one) for one in backend.data["invoice_id"][backend.data["status"] == "empty"].head(3)}
    desk.say("select", op="all")
    report = desk.run("approve")["report"]
    assert list(report)[list(report).index("failures") :][:2] == ["failures", "refusals"]
    assert report["failed"] == 3
    assert "postcode" in report["failures"][0]["reason"]
    dialog = desk.say("retry")
    assert (dialog["action"], dialog["selected"]) == ("approve", 3)
    backend.fail = set()
    desk.say("preview", n=1, params={})
    desk.say("run", n=1)
    assert desk.state["run"]["report"]["done"] == 3


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


def test_cancel_stops_between_chunks_and_the_report_says_so(desk, backend):
    backend.gate.clear()
    desk.say("select", op="all")
    desk.say("dialog", action="export.invoices")
    desk.say("preview", n=1, params={})
    desk.session.handle({"kind": "run", "n": 1})
    desk.session.handle({"kind": "cancel"})
    backend.gate.set()
    desk.runs.wait()
    report = desk.state["run"]["report"]
    assert report["cancelled"]
    assert 0 < report["unfinished"] == 500 - report["done"]
    desk.say("resume")
    assert desk.state["run"]["report"]["unfinished"] == 0
    assert desk.state["run"]["report"]["done"] == report["unfinished"]


def test_a_second_run_waits_for_the_first(desk, backend):
    desk.say("select", op="all")
    for name in ("mark_as.shipped", "export.lines"):
        desk.session.handle({"kind": "dialog", "action": name})
        desk.session.handle({"kind": "preview", "n": 1, "params": {}})
        if name == "mark_as.shipped":
            desk.runs.wait()
            backend.gate.clear()
            desk.session.handle({"kind": "run", "n": 1})
    until(lambda: desk.runs._draft and desk.runs._draft.plan)
    desk.session.handle({"kind": "run", "n": 1})
    assert any("under way" in message.get("message", "") for message, _ in desk.sent)
    backend.gate.set()
    desk.runs.wait()


def test_a_crash_is_shown_with_what_to_do(desk, backend):
    def broken(*_):
        raise OSError("No space left on device")

    backend.apply = broken
    desk.say("select", op="all")
    state = desk.run("export.invoices")
    assert state["state"] == "error"
    assert "No space left" in state["message"]
    assert "resume" in state["hint"]


def test_a_file_arrives_byte_for_byte(desk):
    desk.say("select", op="all")
    desk.run("export.invoices")
    desk.say("file", index=0)
    message, buffers = desk.sent[-1]
    assert message["name"] == "invoices.xlsx"
    assert b"".join(buffers) == b"sheet" * 1000


def test_a_file_that_is_gone_is_said(desk, tmp_path):
    desk.say("select", op="all")
    desk.run("export.invoices")
    (tmp_path / "invoices.xlsx").unlink()
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
    desk.say("dialog", action="delete")
    words = shlex.split(desk.say("code", **{"as": "command"}, params={"reason": "two 'same' ones"})["text"])
    assert words[words.index("--where") + 1] == "customer_name ilike '%O''Brien%'"
    assert words[words.index("-p") + 1] == "reason=two 'same' ones"


def test_a_long_selection_travels_as_a_file(desk, backend):
    desk.say("select", op="range", a=0, b=399)
    desk.say("dialog", action="export.invoices")
    text = desk.say("code", **{"as": "python"}, params={})["text"]
    assert "selection.txt" in text
    ast.parse(text)
    command = desk.say("code", **{"as": "command"}, params={})["text"]
    assert "--ids @" in command


def test_notebook_twin_is_a_notebook_of_the_same_run(desk):
    import nbformat

    desk.say("select", op="set", ids=[4])
    desk.say("dialog", action="approve")
    path = desk.say("code", **{"as": "notebook"}, params={"invoice_date": "2026-11-20"})["path"]
    book = nbformat.reads(Path(path).read_text(encoding="utf-8"), as_version=4)
    nbformat.validate(book)
    assert any("plan.apply" in cell.source for cell in book.cells)
    assert json.dumps(book).count("invoice_date") == 1
