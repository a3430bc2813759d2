"""What happened to an invoice can be told, before and after, and no later change of it goes unnoticed."""

import json
from collections.abc import Callable
from datetime import date

import duckdb
import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.errors import UnknownNameError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run
from tests.paying import date_has_come

Make = Callable[..., Workspace]


def test_each_event_says_who_what_and_every_column_before_and_after(
    make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(3)
    monkeypatch.setenv("INVOICEBATCH_USER", "anna")
    workspace.select(ids=[2]).plan("approve", invoice_date=date(2026, 11, 22)).apply()
    monkeypatch.delenv("INVOICEBATCH_USER")
    workspace.select(ids=[2]).plan("withdraw_approval", reason="wrong price").apply()
    events = workspace.history(2)
    assert events["event"].tolist() == ["approve", "withdraw_approval"]
    assert events["user"].iloc[0] == "anna"
    assert events["known_by"].tolist() == ["INVOICEBATCH_USER, claimed", "operating system"]
    assert events["parameters"].iloc[0] == {"invoice_date": "2026-11-22", "accept_review": ""}
    assert events["changes"].iloc[0]["status"] == {"before": "empty", "after": "approved"}
    assert events["changes"].iloc[0]["invoice_date"] == {"before": None, "after": "2026-11-22"}
    assert events["changes"].iloc[1]["status"] == {"before": "approved", "after": "empty"}
    assert events["details"].iloc[1]["reason"] == "wrong price"


def test_what_a_run_commits_in_two_steps_is_one_event(make_workspace: Make) -> None:
    workspace = make_workspace(1)
    workspace.select(all=True).plan("approve", invoice_date=date(2026, 11, 22)).apply()
    workspace.select(all=True).plan("create").apply()
    number = str(workspace.select(all=True).columns(["number"])["number"].iloc[0])
    created = workspace.history(number).iloc[1]
    assert created["changes"]["number"] == {"before": None, "after": number}
    assert created["changes"]["status"] == {"before": "approved", "after": "created"}
    (file,) = created["files"]
    assert file["status"] == "published"
    assert number in file["path"]


def test_a_failure_is_told_with_its_reason_each_time(make_workspace: Make) -> None:
    workspace = make_workspace(1)
    with workspace.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": [1], "customer_id": ["K9"]}), clock.now())
    for _ in range(2):
        workspace.select(all=True).plan("approve").apply()
    first, second = workspace.history(1).to_dict("records")
    assert "K9 is not known" in first["reason"]
    assert first["told"][0] == f"Failed: {first['reason']}"
    assert "Status: Empty → Approval failed" in first["told"]
    assert (second["changes"], second["told"]) == ({}, first["told"][:1])


def test_the_history_names_other_documents_by_their_numbers(money_workspace: Make) -> None:
    workspace = money_workspace(2)
    note = workspace.select(ids=[1]).plan("credit", reason="wrong").apply().made["invoice_id"].item()
    why = workspace.select(ids=[1]).why("credit")["reason"].item()
    assert why == f"already credited, by a credit note not yet created of {customer_name(workspace)}"
    assert "Credited by: – → credit note not yet created" in workspace.history(1)["told"].iloc[-1]
    number = workspace.select(ids=[note]).plan("create").apply().done["number"].item()
    assert f"Credited by: – → {number}" in workspace.history(1)["told"].iloc[-1]
    assert (
        workspace.select(ids=[1]).why("credit")["reason"].item()
        == f"already credited, by credit note {number}"
    )
    shown = workspace.detail(1).parts["history"]
    assert shown["event"].iloc[0] == "Credit"
    assert "Reason: wrong" in shown["changed"].iloc[0]


def customer_name(workspace: Workspace) -> str:
    return str(workspace.select(ids=[1]).columns(["customer_name"])["customer_name"].item())


def test_a_deleted_invoice_keeps_its_history(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    workspace.select(ids=[1]).plan("delete").apply()
    (event,) = workspace.history(1).to_dict("records")
    assert event["changes"]["total"] == {"before": "121.00", "after": None}
    with pytest.raises(UnknownNameError):
        workspace.history("3")


def test_a_payment_shows_what_it_paid(money_workspace: Make, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = money_workspace(2)
    workspace.select(ids=[1]).plan("assign.bank_file").apply()
    (bundle,) = workspace.payments.list()["bundle_id"]
    workspace.payments.write(bundle)
    date_has_come(workspace)
    workspace.payments.confirm(bundle)
    assert run(["history", "F2026-000001", "--json", "-w", str(workspace.root)]) == 0
    events = json.loads(capsys.readouterr().out)
    assert events[-1]["changes"]["paid"] == {"before": "0.00", "after": "121.00"}
    assert run(["history", "F2026-000001", "-w", str(workspace.root)]) == 0
    assert "Paid: 0.00 → 121.00" in " ".join(capsys.readouterr().out.split())


TAMPERED = {
    "UPDATE events SET \"user\" = 'nobody' WHERE event = 'approve'": "altered",
    'UPDATE events SET "at" = "at" + INTERVAL 1 MICROSECOND WHERE invoice_id = 1': "altered",
    "DELETE FROM events WHERE invoice_id = 2": "removed",
    "INSERT INTO events SELECT * REPLACE (99 AS invoice_id) FROM events LIMIT 1": "added",
    "UPDATE invoice_changes SET changes = replace(changes, 'approved', 'empty')": "altered",
    "DELETE FROM event_chain WHERE batch = 1": "missing",
    "DELETE FROM event_chain; DELETE FROM events WHERE batch = 1": "missing",
    "UPDATE event_chain SET sha256 = repeat('0', 64) WHERE batch = 2": "altered",
    "UPDATE event_chain SET head = repeat('0', 64) WHERE batch = 1": "does not follow",
}
"""What somebody may do to the record, and the word that doctor has for it."""


def test_doctor_names_what_was_altered(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    workspace.select(all=True).plan("approve").apply()
    workspace.select(all=True).plan("withdraw_approval", reason="x").apply()
    assert "events" not in set(workspace.doctor()["check"])
    whole = workspace.store.file.read_bytes()
    for statement, word in TAMPERED.items():
        with duckdb.connect(str(workspace.store.file)) as con:
            con.execute(statement)
        breaches = workspace.doctor()
        assert breaches[breaches["check"] == "events"]["problem"].str.contains(word).any(), statement
        workspace.store.file.write_bytes(whole)


def test_doctor_names_a_row_that_is_there_twice(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    workspace.select(all=True).plan("approve").apply()
    assert workspace.doctor().empty
    with duckdb.connect(str(workspace.store.file)) as con:
        con.execute("INSERT INTO run_rows SELECT * FROM run_rows WHERE invoice_id = 2")
    (breach,) = workspace.doctor().to_dict("records")
    assert breach["check"] == "rows"
    assert breach["subject"].startswith("run_rows ")
    assert breach["subject"].endswith(" 2")


def test_no_writer_of_the_store_can_forget_the_change(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    with workspace.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": [1, 2], "note": ["a", None]}), clock.now())
    with workspace.store.read() as session:
        (change,) = session.whole("invoice_changes").to_dict("records")
    assert change["invoice_id"] == 1
    assert json.loads(change["changes"])["note"] == [None, "a"]
