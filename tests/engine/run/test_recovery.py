"""After a crash every channel of a run is judged by the log of that crash."""

from pathlib import Path
from threading import Event
from unittest.mock import Mock

import pandas as pd
import pytest

from invoicebatch.engine.base import clock, faultpoints
from invoicebatch.engine.base.progress import Silent
from invoicebatch.engine.handover import deliver as handover
from invoicebatch.engine.handover.deliver import deliver
from invoicebatch.engine.run.execute import Run
from invoicebatch.errors import StorageError
from invoicebatch.files.handover import HandoverLog
from invoicebatch.files.publish import sha256_of
from invoicebatch.files.verify_audit_pack import check
from tests.engine.sending import outbox, with_documents


def test_handing_over_by_one_channel_does_not_forget_what_another_had_begun(make_workspace):
    """A record was cut off; a mail of the same run waits and goes first: the record stays in doubt."""
    workspace = with_documents(make_workspace(count=1, status="created"))
    report = workspace.runs.apply(workspace.select(all=True).plan("send_via.email"))
    with workspace.store.write() as session:
        mail = session.whole("outbox")
        later = mail["created_at"] + pd.Timedelta(1, "h")
        session.insert(
            "outbox",
            mail.assign(message_id="cut-off", channel="external", recipient="ledger", status="handing_over",
                        invoice_id=pd.Series([None], dtype="Int64"), created_at=later),
        )  # fmt: skip
        session.update("outbox", mail[["message_id"]].assign(status="pending"), clock.now())
    log = HandoverLog(workspace.data / "outbox" / f"{report.run_id}.log")
    log.begin_group()
    log.started(["cut-off"])
    log.close()
    deliver(workspace.base, report.run_id, Silent(), Event())
    states = outbox(workspace).set_index("message_id")["status"].astype("str")
    assert states["cut-off"] == "in_doubt"
    assert states[mail["message_id"].iloc[0]] == "sent"


def test_a_claimed_row_that_no_longer_qualifies_when_its_turn_comes_is_refused(make_workspace):
    """A failed mail is queued to be sent anew; before the worker comes, a person finds that it arrived."""
    workspace = with_documents(make_workspace(count=2, status="created"))
    workspace.select(all=True).plan("send_via.email").apply()
    for path in (workspace.data / "mail/new").iterdir():
        path.unlink()
    old = outbox(workspace)
    with workspace.store.write() as session:
        session.update("outbox", old[["message_id"]].assign(status="failed"), clock.now())
        session.update(
            "invoices",
            old[["invoice_id"]].assign(shipping_status="failed", sent_at=pd.NaT),
            clock.now(),
        )
    queued = workspace.runs.apply(workspace.select(all=True).plan("send_via.email"), background=True)
    workspace.outbox.mark_sent(old.loc[old["invoice_id"] == 1, "message_id"].tolist())
    report = workspace.runs.work_on(queued.run_id)
    assert report.done["invoice_id"].tolist() == [2]
    assert report.refused["reason"].str.contains("already sent by email on").all()
    assert len(list((workspace.data / "mail/new").iterdir())) == 1


def test_what_changes_while_files_are_made_is_in_the_files(make_workspace, monkeypatch):
    """Files and state come from one and the same reading of the rows."""
    workspace = make_workspace(count=2, status="created")
    original, left = Run._changes, [1]

    def disturbed(self, context, batch):
        changes = original(self, context, batch)
        if left[0]:
            left[0] -= 1
            with workspace.store.write() as session:
                invoices = pd.DataFrame({"invoice_id": [1], "order_reference": ["PO-77"]})
                session.update("invoices", invoices, clock.now())
        return changes

    monkeypatch.setattr(Run, "_changes", disturbed)
    plan = workspace.select(all=True).plan("export.invoices", format="csv", mark_as_exported=True)
    report = plan.apply()
    assert (len(report.done), left) == (2, [0])
    [path] = report.files["path"]
    assert "PO-77" in Path(path).read_text(encoding="utf-8")
    assert sha256_of(Path(path)) == report.files["sha256"].iloc[0]


def test_a_run_that_can_not_go_on_does_not_hold_up_the_others(make_workspace):
    """The disk lost a staged file of the older run; the younger one is finished, then the fault is told."""
    workspace = make_workspace(count=2)
    runs = [
        workspace.runs.apply(workspace.select(ids=[i]).plan("approve"), background=True).run_id
        for i in (1, 2)
    ]
    lost = pd.DataFrame({"name": ["run/a"], "path": ["a"], "sha256": ["0"], "size": [1]})
    with workspace.store.write() as session:
        for run_id in runs:
            session.note_run(run_id, status="running")
        oldest = session.unfinished_runs()[0]
        session.add_artefacts(oldest, lost)
    with pytest.raises(StorageError, match="was lost before it could be published"):
        workspace.runs.resume()
    assert {workspace.runs.report(run_id).state for run_id in runs} == {"finished", "interrupted"}


def cut_off_at(monkeypatch, point):
    """The process is told to end when it comes to a fault point."""

    def passing(name):
        if name == point:
            raise KeyboardInterrupt

    monkeypatch.setattr(faultpoints, "_armed", True)
    monkeypatch.setattr(faultpoints, "_pass", passing)


@pytest.mark.parametrize("point", ["reserve.committed", "commit.committed"])
def test_an_interrupted_run_is_no_damage(make_workspace, monkeypatch, tmp_path, point):
    """Changes whose events follow, and files that wait to be published, are named by the run that holds them."""
    workspace = make_workspace(count=1)
    workspace.select(all=True).plan("approve").apply()
    plan = workspace.select(all=True).plan("create")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        cut_off_at(patch, point)
        plan.apply()
    assert workspace.doctor()["check"].tolist() == ["claims"]
    workspace.audit_pack(tmp_path / "pack.zip", workspace.select(all=True))
    assert check(str(tmp_path / "pack.zip")) == []
    workspace.runs.resume()
    assert workspace.doctor().empty


def test_totals_are_right_though_the_process_died_after_the_last_answer(make_workspace, monkeypatch):
    workspace = with_documents(make_workspace(count=2, status="created"))
    plan = workspace.select(all=True).plan("send_via.email")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(handover, "retotal", Mock(side_effect=KeyboardInterrupt))
        plan.apply()
    [report] = workspace.runs.resume()
    assert report.totals["sent"] == 2


@pytest.mark.parametrize("end", ["abandoned", "resumed", "finished"])
def test_nothing_that_was_staged_stays_when_a_run_is_over(make_workspace, monkeypatch, end):
    workspace = make_workspace(count=2)
    plan = workspace.select(all=True).plan("export.invoices")
    point = "finish.committed" if end == "finished" else "prepare.synced"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        cut_off_at(patch, point)
        plan.apply()
    staged = workspace.data / "staging"
    if end == "finished":
        assert workspace.runs.report(plan.run_id).state == "finished"
    else:
        assert list(staged.rglob("invoices.xlsx"))
        (workspace.runs.abandon if end == "abandoned" else workspace.runs.resume)(plan.run_id)
    assert not list(staged.iterdir())
