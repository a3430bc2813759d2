from threading import Event

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.progress import Silent
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from invoicebatch.model.status import OutboxStatus
from tests.delivery.mail.mailserver import Script, mail_server
from tests.engine.sending import configure, outbox, statuses, with_documents


@pytest.fixture
def ready(make_workspace):
    return with_documents(make_workspace(count=6, status="created"))


def smtp(workspace, port, more=""):
    text = f'[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
    return configure(workspace, text + "wait_seconds = 0.05\nattempts = 3\ntimeout_seconds = 600\n" + more)


def send(workspace, **params):
    return workspace.runs.apply(workspace.select(all=True).plan("send_via.email", **params))


def test_by_default_every_mail_is_a_file_in_the_workspace(ready):
    report = send(ready)
    assert (len(report.done), report.state) == (6, "finished")
    assert statuses(ready) == {"sent": 6}
    assert len(list((ready.data / "mail/new").glob("*.eml"))) == 6
    assert set(outbox(ready)["status"]) == {"sent"}
    with ready.store.read() as session:
        rows = session.whole("invoices")
    assert set(rows["shipping_channel"]) == {"email"}
    assert rows["sent_at"].notna().all()


class _CancelledAtTheDoor(Silent):
    """Cancels when the first message is about to be handed over."""

    def __init__(self):
        self.cancel = Event()

    def start(self, label, total):
        if label == "Hand over":
            self.cancel.set()


def test_messages_that_a_cancel_left_are_counted_until_they_are_handed_over(ready):
    watch = _CancelledAtTheDoor()
    plan = ready.select(all=True).plan("send_via.email")
    report = plan.apply(progress=watch, cancel=watch.cancel)
    assert (len(report.unfinished), report.messages_left) == (0, 6)
    assert report.summary().endswith("6 messages still to be handed over")
    (waiting,) = WorkspaceBackend(ready).interrupted()
    assert (waiting.left, waiting.messages) == (0, 6)
    (report,) = ready.runs.resume(report.run_id)
    assert report.messages_left == 0


def test_each_answer_of_a_server_becomes_what_it_means(ready):
    script = Script(
        rcpt={
            "p1@example.org": ["550 5.1.1 no such user"],
            "p2@example.org": ["450 4.2.1 later", "451 again"],
            "p3@example.org": ["421 closing", "421 closing"],
            "p4@example.org": ["450 never"] * 9,
        },
        drop_after_dot={"p5@example.org"},
        drop_before_dot={"p6@example.org"},
    )
    with mail_server(script) as port:
        workspace = smtp(ready, port)
        report = send(workspace)
    assert sorted(script.recipients()) == [f"p{i}@example.org" for i in (2, 3, 5, 6)]
    reasons = dict(zip(report.failed["invoice_id"], report.failed["reason"], strict=True))
    assert set(reasons) == {1, 4, 5}
    assert "550 5.1.1 no such user" in reasons[1]
    assert "check the contact details" in reasons[1]
    assert "given up after 3 attempts" in reasons[4]
    assert "outbox resend or mark-sent" in reasons[5]
    assert statuses(workspace) == {"sent": 3, "failed": 2, "sending": 1}
    doubt = outbox(workspace).set_index("invoice_id")["status"]
    assert doubt[5] == OutboxStatus.IN_DOUBT
    assert report.totals == {"EUR": "363.00", "sent": 3, "failed": 2, "in_doubt": 1}
    workspace.outbox.mark_sent(workspace.outbox.list(status="in_doubt")["message_id"].tolist())
    assert workspace.runs.report(report.run_id).totals == {"EUR": "484.00", "sent": 4, "failed": 2}


def test_a_server_that_is_away_leaves_rows_that_can_be_sent_again(ready):
    workspace = smtp(ready, 9)
    report = send(workspace)
    assert len(report.failed) == 6
    assert report.failed["reason"].str.contains("can't be reached").all()
    assert report.state == "finished"
    script = Script()
    with mail_server(script) as port:
        text = (workspace.root / "invoicebatch.toml").read_text().replace("port = 9", f"port = {port}")
        (workspace.root / "invoicebatch.toml").write_text(text)
        again = send(type(workspace)(workspace.root))
    assert len(again.done) == 6
    assert len(script.inbox) == 6


def test_a_changed_document_is_not_sent(ready):
    (ready.data / "documents/one.pdf").write_bytes(b"%PDF other")
    report = send(ready)
    assert report.failed["reason"].str.contains("was changed since it was stored").all()
    assert not (ready.data / "mail/new").exists() or not list((ready.data / "mail/new").iterdir())


def test_two_sendings_of_the_same_rows_send_once(ready):
    plan = ready.select(all=True).plan("send_via.email")
    ready.runs.apply(plan)
    ready.runs.apply(plan)
    later = ready.select(all=True).plan("send_via.email")
    assert later.eligible == 0
    assert len(outbox(ready)) == 6


def test_who_did_what_stands_in_the_events(ready):
    send(ready)
    with ready.store.read() as session:
        events = session.whole("events")
    sent = events[events["event"].str.startswith("email sent, attempt 1")]
    assert len(sent) == 6
    assert sent["details"].str.contains("message_id").all()


def test_the_version_that_was_sent_is_marked_on_the_document_itself(ready):
    with ready.store.write() as session:
        first = session.whole("documents")
        session.insert("documents", first.assign(document_version=2, path="documents/two.pdf"))
    send(ready)
    with ready.store.read() as session:
        sent = session.whole("documents").dropna(subset="sent_at")
    assert sent["invoice_id"].tolist() == [1, 2, 3, 4, 5, 6]
    assert set(sent["document_version"]) == {1}
    assert ready.documents("F2026-000001")["sent"].tolist() == [True, False]


def test_only_documents_of_the_archive_or_of_the_runs_own_folder_are_sent(ready, tmp_path):
    """The right bytes alone don't make a file a stored document: a path may have been put in its place."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "one.pdf").write_bytes((ready.data / "documents/one.pdf").read_bytes())
    with ready.store.read() as session:
        rows = session.whole("invoices")[["invoice_id"]]
    with ready.store.write() as session:
        session.update("invoices", rows.assign(document_path=str(folder / "one.pdf")), clock.now())
    first, others = ready.select(ids=[1]), ready.select(ids=[2, 3])
    refused = first.plan("send_via.email").apply()
    assert refused.failed["reason"].str.contains("is outside the archive").all()
    assert not ready.documents("F2026-000001")["sent"].any()
    assert len(others.plan("send_via.email", folder=folder).apply().done) == 2


def test_a_document_outside_the_archive_is_named_by_list_and_audit(ready, tmp_path):
    with ready.store.read() as session:
        stored = session.whole("invoices").head(1)
    (tmp_path / "one.pdf").write_bytes((ready.data / "documents/one.pdf").read_bytes())
    paths = ["documents/one.pdf", str(tmp_path / "one.pdf"), "documents/gone.pdf"]
    row = {"size": 2009, "sha256": stored["document_sha256"][0], "run_id": "x", "created_at": clock.now()}
    versions = [
        {"invoice_id": 1, "document_version": at, "path": path, **row} for at, path in enumerate(paths, 1)
    ]
    with ready.store.write() as session:
        session.delete(
            "documents", session.whole("documents")[["invoice_id", "document_version"]], clock.now()
        )
        session.insert("documents", pd.DataFrame(versions))
    states = ready.documents("F2026-000001")["state"]
    assert states.tolist() == ["sound", "outside the archive", "missing"]
    breaches = ready.doctor()
    told = breaches[breaches["check"] == "documents"].set_index("subject")["problem"]
    assert told[paths[1]] == "is outside the archive"
    assert told[paths[2]] == "is missing"
    assert paths[0] not in told
