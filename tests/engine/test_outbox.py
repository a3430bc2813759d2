import pytest

from invoicebatch.engine.outbox import Outbox
from invoicebatch.errors import BusyError, UsageError
from tests.delivery.mail.mailserver import Script, mail_server
from tests.engine.sending import configure, outbox, statuses, with_documents


@pytest.fixture
def ready(make_workspace):
    return with_documents(make_workspace(count=4, status="created"))


def smtp(workspace, port):
    text = f'[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nattempts = 2\n'
    return configure(workspace, text + "wait_seconds = 0.05\n")


def send(workspace):
    return workspace.runs.apply(workspace.select(all=True).plan("send_via.email"))


def of(workspace, invoice_id):
    box = workspace.outbox.list()
    return box[box["invoice_id"] == invoice_id].iloc[0]


def test_a_doubtful_mail_waits_for_a_person_and_is_then_sent_once(ready):
    script = Script(drop_after_dot={"p2@example.org"})
    with mail_server(script) as port:
        workspace = smtp(ready, port)
        send(workspace)
        workspace.runs.resume()
        assert script.recipients().count("p2@example.org") == 1
        doubt = workspace.outbox.list(status="in_doubt")
        assert doubt["invoice_id"].tolist() == [2]
        again = workspace.outbox.resend(doubt["message_id"].tolist())
    assert again["message_id"].tolist() == doubt["message_id"].tolist()
    assert again["state"].tolist() == ["sent"]
    assert statuses(workspace) == {"sent": 4}
    mails = [mail["Message-ID"] for mail in script.mails() if mail["To"] == "p2@example.org"]
    assert len(mails) == 2
    assert len(set(mails)) == 1, "the customer's server can tell that it is the same mail"


def test_marking_as_sent_sends_nothing(ready):
    script = Script(drop_after_dot={"p2@example.org"})
    with mail_server(script) as port:
        workspace = smtp(ready, port)
        send(workspace)
    marked = workspace.outbox.mark_sent([of(workspace, 2)["message_id"]])
    assert marked["answer"].str.contains("marked as sent by").all()
    assert len(script.inbox) == 4
    assert statuses(workspace) == {"sent": 4}
    assert workspace.outbox.list(status="in_doubt").empty


def test_a_failed_mail_is_sent_again_after_the_address_was_mended(ready):
    script = Script(rcpt={"p3@example.org": ["550 no"]})
    with mail_server(script) as port:
        workspace = smtp(ready, port)
        send(workspace)
        assert statuses(workspace) == {"sent": 3, "failed": 1}
        workspace.outbox.resend([of(workspace, 3)["message_id"]])
    assert statuses(workspace) == {"sent": 4}


def test_a_letter_that_failed_and_goes_again_is_no_failure_any_more(ready):
    folder = ready.data / "post"
    folder.write_text("in the way", encoding="utf-8")
    ready.select(all=True).plan("send_via.post", anyway=True).apply()
    assert statuses(ready) == {"failed": 4}
    folder.unlink()
    ready.outbox.resend(ready.outbox.list()["message_id"].tolist())
    assert statuses(ready) == {"sending": 4}
    assert ready.select(all=True).columns(["failure"])["failure"].isna().all()


def test_a_failed_mail_that_another_run_sent_since_is_not_sent_twice(ready):
    script = Script(rcpt={"p3@example.org": ["550 no"]})
    with mail_server(script) as port:
        workspace = smtp(ready, port)
        send(workspace)
        old = of(workspace, 3)["message_id"]
        send(workspace)
        with pytest.raises(UsageError, match="sent by another message since"):
            workspace.outbox.resend([old])
    assert script.recipients().count("p3@example.org") == 1


def test_a_sent_mail_goes_once_more_as_a_message_of_its_own(ready):
    send(ready)
    ready.outbox.resend([of(ready, 1)["message_id"]])
    box = outbox(ready)
    assert len(box) == 5
    assert set(box["status"].astype(str)) == {"sent"}
    assert len(list((ready.data / "mail/new").iterdir())) == 5


def test_letters_are_accepted_then_sent_when_the_print_house_says_so(ready):
    report = ready.runs.apply(ready.select(all=True).plan("send_via.post", anyway=True))
    assert len(report.done) == 4
    assert statuses(ready) == {"sending": 4}
    assert ready.outbox.poll().empty
    (batch,) = (ready.data / "post/in").iterdir()
    (ready.data / "post/ack" / f"{batch.name}.ok").touch()
    assert len(ready.outbox.poll()) == 4
    assert statuses(ready) == {"sent": 4}


def test_a_message_under_way_is_left_alone(ready):
    send(ready)
    with pytest.raises(UsageError, match="neither in doubt"):
        ready.outbox.mark_sent([of(ready, 1)["message_id"]])


def test_a_message_of_a_run_at_work_can_not_be_sent_again_yet(ready):
    script = Script(rcpt={"p3@example.org": ["550 no"]})
    with mail_server(script) as port:
        workspace = smtp(ready, port)
        report = send(workspace)
        failed = of(workspace, 3)["message_id"]
        lock = workspace.store.run_lock(report.run_id)
        assert lock.acquire()
        with pytest.raises(BusyError, match="at work in another process"):
            workspace.outbox.resend([failed])
        assert of(workspace, 3)["state"] == "failed"
        lock.release()
        workspace.outbox.resend([failed])
    assert statuses(workspace) == {"sent": 4}


@pytest.mark.parametrize("verb", ["resend", "mark_sent"])
def test_a_message_that_changed_since_it_was_looked_at_is_left_alone(ready, monkeypatch, verb):
    """Two people send the same message again: the second one has seen it as failed still."""
    script = Script(rcpt={"p3@example.org": ["550 no"]})
    with mail_server(script) as port:
        workspace = smtp(ready, port)
        send(workspace)
        seen = workspace.outbox.find([of(workspace, 3)["message_id"]])
        workspace.outbox.resend(seen["message_id"].tolist())
        other = Outbox(workspace.base)
        monkeypatch.setattr(other, "find", lambda _: seen)
        with pytest.raises(UsageError, match="was changed by somebody else meanwhile"):
            getattr(other, verb)(seen["message_id"].tolist())
    assert script.recipients().count("p3@example.org") == 1
    assert of(workspace, 3)["answer"] == of(workspace, 1)["answer"]
