"""The messages of a plan, looked at before the run and sent to oneself."""

from email import message_from_bytes
from email.policy import default

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.errors import InvoicebatchError, SelectionError, UsageError
from tests.delivery.mail.mailserver import Script, mail_server
from tests.engine.sending import configure, outbox, statuses, with_documents

OF_CUSTOMER = {1: "S1", 2: "S2", 3: "S1", 4: "S4", 5: "S1"}


@pytest.fixture
def make(make_workspace):
    """Five documents: three to S1, one to S2 who wants letters, one to S4; customer S4 is called Broken."""

    def made(settings=""):
        people = pd.DataFrame(
            {
                "customer_id": ["S1", "S2", "S4"],
                "name": ["Ada", "Bob", "Broken"],
                "delivery_preference": ["email", "post", "email"],
            }
        )
        workspace = with_documents(
            make_workspace(5, status="created"), customers=people.set_index("customer_id")
        )
        frame = pd.Series(OF_CUSTOMER, name="customer_id").rename_axis("invoice_id").reset_index()
        with workspace.store.write() as session:
            session.update("invoices", frame, clock.now())
            session._con.execute("UPDATE company_accounts SET email_bcc = 'archive@stroom.example'")
        folder = workspace.root / "templates/mail/invoice/en"
        folder.mkdir(parents=True)
        (folder / "subject.txt").write_text(
            "{{ nothing.here if customer.name == 'Broken' else customer.name }}"
        )
        return configure(workspace, settings)

    return made


def smtp(port):
    return f'[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nattempts = 1\n'


def state(workspace):
    with workspace.store.read() as session:
        return {name: len(session.whole(name)) for name in ("outbox", "runs", "claims", "artefacts")}


def test_any_message_is_seen_as_the_run_sends_it_and_only_the_broken_one_says_why(make):
    script = Script()
    with mail_server(script) as port:
        workspace = make(smtp(port))
        plan = workspace.select(all=True).plan("send_via.preferred", combine="customer")
        found = plan.messages
        assert (len(found), plan.to_confirm, plan.counted) == (3, 3, "3 messages")
        assert found.by_channel == {"email": 2, "post": 1}
        assert found.places(customer="S1") == found.places(number="F2026-000005") == [0]
        with pytest.raises(SelectionError, match="F9"):
            found.places(number="F9")
        first, broken, letter = found
        assert state(workspace)["outbox"] == 0
        report = plan.apply()
    assert len(report.done) == 4
    assert report.failed["reason"].tolist() == [broken.problem]
    assert "invoice/en/subject.txt" in broken.problem
    (sent,) = (
        message_from_bytes(content, policy=default) for to, content in script.inbox if to == "p1@example.org"
    )
    for name, shown in (("From", first.sender), ("To", first.to), ("Subject", first.subject)):
        assert sent[name] == shown
    assert sent.get_body(("html",)).get_content() == first.html
    assert sent.get_body(("plain",)).get_content() == first.text
    assert [each.name for each in first.enclosures] == [
        part.get_filename() for part in sent.iter_attachments()
    ]
    assert [each.pages for each in first.enclosures] == [1, 1, 1]
    assert first.numbers == ("F2026-000001", "F2026-000003", "F2026-000005")
    assert first.copies == "archive@stroom.example"
    assert "Kade 1" in letter.text
    assert letter.page().startswith(b"\x89PNG")
    shown = first._repr_html_()
    assert 'sandbox=""' in shown
    assert "default-src &#39;none&#39;" in shown


def test_a_message_is_made_alone_however_many_there_are(make, monkeypatch):
    workspace = make()
    plan = workspace.select(where="customer_id <> 'S2'").plan("send_via.email")
    from invoicebatch.engine.run import rehearsal

    made = []
    loaded = rehearsal.Rehearsal._loaded

    def watched(self, ids, action):
        made.append((len(ids), action is not plan.action))
        return loaded(self, ids, action)

    monkeypatch.setattr(rehearsal.Rehearsal, "_loaded", watched)
    assert plan.messages[2].numbers == ("F2026-000004",) or plan.messages[2].problem
    assert made[0] == (4, True)
    assert {count for count, lean in made if not lean} == {1}
    assert [each.at for each in plan.messages[1:3]] == [2, 3]


def test_parts_of_a_large_bundle_are_counted_as_they_go(make):
    workspace = make("[mail]\nmax_megabytes = 0.036\n")
    plan = workspace.select(where="customer_id = 'S1'").plan("send_via.email", combine="customer")
    subjects = [each.subject for each in plan.messages]
    assert len(subjects) == plan.to_confirm > 1
    assert subjects[0].endswith(f"(1 of {len(subjects)})")
    plan.apply()
    assert len(outbox(workspace)) == len(subjects)


def test_a_test_goes_to_me_alone_and_changes_nothing_but_events(make):
    script = Script()
    with mail_server(script) as port:
        workspace = make(smtp(port))
        plan = workspace.select(all=True).plan("send_via.preferred", combine="customer")
        before = state(workspace)
        told = plan.send_test("me@house.example", limit=2)
        assert told["outcome"].tolist() == ["sent", "failed"]
        assert "subject.txt" in told.loc[1, "answer"]
        assert told.loc[0, ["recipient", "to"]].tolist() == ["p1@example.org", "me@house.example"]
        assert state(workspace) == before
        assert statuses(workspace) == {"to_send": 5}
        ((to, content),) = script.inbox
        assert len(plan.apply().done) == 4, "the plan holds still"
    test = message_from_bytes(content, policy=default)
    assert to == "me@house.example" == test["To"]
    assert test["Subject"].startswith("TEST: ")
    assert test["X-Invoicebatch-Test"] == "yes"
    for kind in ("plain", "html"):
        assert (
            "This is a test. The mail itself would go to p1@example.org"
            in test.get_body((kind,)).get_content()
        )
    real = [
        message_from_bytes(each, policy=default)
        for address, each in script.inbox
        if address == "p1@example.org"
    ]
    assert [mail["X-Invoicebatch-Test"] for mail in real] == [None]
    assert real[0]["Message-ID"] != test["Message-ID"]
    events = workspace.history("F2026-000003")
    assert [name for name in events["event"] if name.startswith("test of")] == [
        "test of send_via.preferred begun",
        "test of send_via.preferred sent",
    ]
    assert events["details"].iloc[0]["to"] == "me@house.example"
    assert not workspace.doctor().to_dict("records")


def test_a_test_that_no_server_takes_says_so_and_a_bad_address_is_refused(make):
    script = Script(rcpt={"me@house.example": ["550 5.1.1 no such user"]})
    with mail_server(script) as port:
        workspace = make(smtp(port))
        plan = workspace.select(ids=[1]).plan("send_via.email")
        for wrong in ("", "me", "a@x.org, b@x.org"):
            with pytest.raises(UsageError, match="can't be sent"):
                plan.send_test(wrong)
        with pytest.raises(UsageError, match="1 to"):
            plan.send_test("me@house.example", limit=0)
        with pytest.raises(UsageError, match="no mail"):
            workspace.select(ids=[2]).plan("send_via.post").send_test("me@house.example")
        told = plan.send_test("me@house.example")
    assert told["outcome"].tolist() == ["failed"]
    assert "no such user" in told.loc[0, "answer"]
    with pytest.raises(InvoicebatchError, match="can't be reached"):
        plan.send_test("me@house.example")
    assert not script.inbox
