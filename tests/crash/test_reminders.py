"""Reminders of several invoices and sudden death: none goes out twice, none is forgotten, all its cases fare alike."""

import signal

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from tests.crash.test_sending import COUNT, command, connect, finish
from tests.delivery.mail.mailserver import Script, mail_server
from tests.engine.sending import outbox, with_documents
from tests.waiting import LIMIT


def owing(workspace, port):
    """As many invoices of two customers in turn, each with a case whose first step is due."""
    workspace = connect(with_documents(workspace), port)
    with workspace.store.write() as session:
        rows = session.whole("invoices")[["invoice_id"]]
        rows = rows.assign(customer_id=["S1", "S2"] * (COUNT // 2), due_date=pd.Timestamp("2026-01-31"))
        session.update("invoices", rows, clock.now())
    workspace.select(all=True).plan("assign.collection_case").apply()
    return workspace


def remind(workspace, **variables):
    options = ("--all", "--yes", "--combine", "customer")
    return command(workspace, "run", "assign.collection_step", *options, **variables)


def points(make_workspace, tmp_path):
    """Names of the fault points that a run of reminders passes, in order."""
    trace = tmp_path / "trace"
    with mail_server(Script()) as port:
        process = remind(
            owing(make_workspace(COUNT, "traced", "created"), port), INVOICEBATCH_FAULT_TRACE=str(trace)
        )
        process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    return [line.split()[1] for line in trace.read_text().splitlines()]


def die_at(workspace, script, point):
    """A run of two reminders that dies at a point and is finished."""
    process = remind(workspace, INVOICEBATCH_CRASH_AT=str(point))
    process.communicate(timeout=LIMIT)
    finish(workspace)
    box = outbox(workspace)
    with workspace.store.read() as session:
        steps, cases = session.whole("collection_steps"), session.whole("collection_cases")
    received = script.recipients()
    assert len(set(received)) == len(received), "a reminder went out twice"
    if not box.empty:  # else it died before anybody was asked to do anything
        assert len(box) == 2, "one message a customer"
        assert set(box["status"].astype(str)) <= {"sent", "in_doubt"}
        assert set(box.loc[box["status"].astype(str) == "sent", "recipient"]) <= set(received)
        assert sorted(steps["case_id"]) == sorted(cases["case_id"]), "each case has done its step, and once"
        assert set(cases["step"]) == {2}
    return process.returncode


@pytest.fixture(autouse=True)
def collecting(monkeypatch):
    monkeypatch.setenv("INVOICEBATCH_INTEGRATIONS__COLLECTION", "true")


def test_death_of_a_reminder_answered_but_not_noted(make_workspace, tmp_path):
    script = Script()
    point = points(make_workspace, tmp_path).index("deliver.answered") + 1
    with mail_server(script) as port:
        workspace = owing(make_workspace(COUNT, "answered", "created"), port)
        assert die_at(workspace, script, point) == -signal.SIGKILL
    assert min(outbox(workspace)["status"].astype(str)) == "in_doubt"


@pytest.mark.full
def test_death_of_a_reminder_at_every_point(make_workspace, tmp_path):
    for point in range(1, len(points(make_workspace, tmp_path)) + 1):
        script = Script()
        with mail_server(script) as port:
            die_at(owing(make_workspace(COUNT, f"point-{point}", "created"), port), script, point)
