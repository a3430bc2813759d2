import socket
import threading
from contextlib import contextmanager, suppress

import pandas as pd
import pytest

from invoicebatch.delivery.channel import TemporaryError
from invoicebatch.engine.base import clock
from invoicebatch.errors import InputFileError, SettingsError, UnknownNameError
from invoicebatch.interfaces.api import Workspace, init_workspace
from invoicebatch.interfaces.cli.main import run as command_line
from invoicebatch.interfaces.customers_sheet.write import customer_rows
from tests.commands import killed_at
from tests.copies import copy_workspace
from tests.delivery.mail.dovecot import IMAP_PASSWORD, dovecot
from tests.delivery.mail.test_bounces import DSN, ID, PLAIN
from tests.engine.sending import configure, statuses, with_documents

ORDINARY = b"From: ada@example.org\r\nSubject: thank you\r\n\r\nPaid."


@pytest.fixture(scope="module")
def sent(tmp_path_factory, frames_of):
    """Six documents sent by mail, the fifth to two addresses, the sixth not sent yet."""
    workspace = init_workspace(tmp_path_factory.mktemp("bounces") / "sent")
    with workspace.store.write() as session:
        for table, frame in frames_of(6, "created").items():
            session.insert(table, frame)
        session.reserve_ids(6)
    two = pd.DataFrame({"customer_id": ["S5"], "email": ["p5@example.org; Q5@bücher.example"]})
    workspace = with_documents(workspace, customers=two.set_index("customer_id"))
    workspace.select(ids=[1, 2, 3, 4, 5]).plan("send_via.email").apply()
    return workspace.root


@pytest.fixture
def ready(sent, tmp_path):
    return Workspace(copy_workspace(sent, tmp_path / "workspace"))


@pytest.fixture(scope="module")
def server():
    with dovecot() as found:
        yield found


def mail_of(workspace, invoice_id):
    box = workspace.outbox.list()
    return box[box["invoice_id"] == invoice_id]["message_id"].iloc[0]


def mails_of(workspace, invoice_id):
    """All mails that carry a document, the oldest first."""
    with workspace.store.read() as session:
        box = session.whole("outbox")
    return box[box["invoice_id"] == invoice_id].sort_values("created_at")["message_id"].tolist()


def bounce(workspace, invoice_id, to="", mail=DSN, own="", **other):
    """A bounce of the mail that carries a document, as another server would send it."""
    told = mail.replace(ID.encode(), mail_of(workspace, invoice_id).encode())
    told = told.replace(b"ada@example.org", (to or f"p{invoice_id}@example.org").encode())
    for new, old in other.items():
        told = told.replace(old, new.encode())
    return told.replace(b"1.bounce", f"{own or f'{invoice_id}.{to}'}.bounce".encode())


def outcomes(workspace, folder, *mails):
    folder.mkdir()
    for at, mail in enumerate(mails):
        (folder / f"{at:04d}.eml").write_bytes(mail)
    return workspace.import_bounces([folder])["outcome"].tolist()


def refused(workspace, action="send_via.email", **parameters):
    plan = workspace.select(all=True).plan(action, again=True, **parameters)
    return dict(zip(plan.refused["invoice_id"], plan.refused["reason"], strict=True))


def test_a_bounce_fails_its_mail_and_marks_its_address_once(ready, tmp_path):
    assert outcomes(ready, tmp_path / "nothing") == []
    assert outcomes(ready, tmp_path / "foreign", DSN) == ["is about no mail of ours"]
    mails = (bounce(ready, 1), DSN, ORDINARY, bounce(ready, 2, mail=PLAIN))
    found = outcomes(ready, tmp_path / "in", *mails)
    delayed = "is about an address to which the mail did not go"  # bob has no part in it
    assert found == ["failed", delayed, "is about no mail of ours",
                     "is no delivery report that can be understood", "failed"]  # fmt: skip
    assert statuses(ready) == {"failed": 2, "sent": 3, "to_send": 1}
    frame = ready.select(all=True).frame.set_index("invoice_id")
    assert frame["failure"][1] == "bounced: 550 5.1.1 no such user here; check the contact details"
    again = ready.import_bounces([tmp_path / "in"])["outcome"].tolist()
    assert [again[0], again[-1]] == ["known already", "known already"]
    with ready.store.read() as session:
        events = session.rows_of("events", "invoice_id", pd.Series([1]))["event"]
    assert events.str.startswith("email failed").sum() == 1

    said = "customer: 'p1@example.org' bounced on 2026-11-21: 550 5.1.1 no such user here"
    assert refused(ready)[1].startswith(said)
    assert "550" in refused(ready)[2]
    assert not {3, 4, 5, 6} & set(refused(ready))
    rows = customer_rows(ready.select(all=True)).set_index("customer_id")
    assert rows["failure"]["S1"].startswith("'p1@example.org' bounced on 2026-11-21")


def test_a_marked_address_counts_as_none_until_it_is_changed_or_accepted(ready, tmp_path):
    outcomes(ready, tmp_path / "in", bounce(ready, 1), bounce(ready, 2))
    plan = ready.select(ids=[1, 3]).plan("send_via.preferred", again=True)
    parts = plan.preview["parts"].set_index("part")["invoices"]
    assert parts.to_dict() == {"email": 1, "post": 1}
    assert (
        "post instead of e-mail: customer: 'p1@example.org' bounced"
        in plan.preview["fallbacks"]["fallback"][0]
    )

    with ready.store.write() as session:
        mended = pd.DataFrame({"customer_id": ["S1"], "email": ["new@example.org"]})
        session.update("customers", mended, clock.now())
    assert set(refused(ready)) == {2}
    assert ready.accept_addresses(["P2@example.org"])["address"].tolist() == ["p2@example.org"]
    assert refused(ready) == {}
    ready.import_bounces([tmp_path / "in"])  # what was taken before marks nothing again
    assert refused(ready) == {}
    assert ready.runs.list()["action"].tolist().count("outbox.accept_address") == 1
    with pytest.raises(UnknownNameError, match="not marked"):
        ready.accept_addresses(["p3@example.org"])


def test_a_mail_to_two_addresses_has_failed_once_both_have(ready, tmp_path):
    one = outcomes(ready, tmp_path / "one", bounce(ready, 5))
    assert one[0] == "failed for this address, not for the mail's others"
    message = ready.outbox.find([mail_of(ready, 5)]).iloc[0]
    assert message["state"] == "sent"
    assert message["answer"].startswith("bounced for p5@example.org, not for its other addresses: 550")
    assert "'p5@example.org' bounced" in refused(ready)[5]
    assert outcomes(ready, tmp_path / "two", bounce(ready, 5, "q5@xn--bcher-kva.example"))[0] == "failed"
    assert ready.outbox.find([mail_of(ready, 5)])["state"].tolist() == ["failed"]
    assert "'Q5@bücher.example' bounced" in refused(ready)[5]


def test_what_was_sent_since_stays_sent(ready, tmp_path):
    first = bounce(ready, 1)
    with ready.store.write() as session:
        mended = pd.DataFrame({"customer_id": ["S1"], "email": ["new@example.org"]})
        session.update("customers", mended, clock.now())
    ready.select(ids=[1]).plan("send_via.email", again=True).apply()
    other = bounce(ready, 2)
    ready.outbox.resend([mail_of(ready, 2)])
    copy = bounce(ready, 2)
    assert mail_of(ready, 2).encode() in copy
    found = outcomes(ready, tmp_path / "in", first, other, copy)
    assert [each for each in found if "address" not in each] == ["failed"] * 3
    assert ready.outbox.list(status="failed")["recipient"].nunique() == 2
    shipped = ready.select(all=True).frame.set_index("invoice_id")["shipping_status"]
    assert shipped[[1, 2]].tolist() == ["sent", "failed"]


def test_a_message_that_can_not_be_read_stops_no_report(ready, tmp_path):
    ready.select(ids=[1]).plan("send_via.email", again=True).apply()
    first, other = mails_of(ready, 1)
    with ready.store.write() as session:
        session.update("outbox", pd.DataFrame({"message_id": [other], "payload": ['{"x": 1}']}), clock.now())
    (tmp_path / "one.eml").write_bytes(bounce(ready, 1).replace(other.encode(), first.encode()))
    assert ready.import_bounces([tmp_path / "one.eml"])["outcome"][0] == "failed"


def test_what_is_not_the_address_marks_nothing(ready, tmp_path):
    soft = bounce(ready, 1, own="1", delayed=b"failed"), bounce(ready, 1, own="2", delayed=b"failed")
    relayed = bounce(ready, 2, relayed=b"failed")
    full = bounce(ready, 3).replace(b"5.1.1", b"5.2.2")
    late = bounce(ready, 4).replace(b"5.1.1", b"4.4.7")
    found = outcomes(ready, tmp_path / "in", *soft, relayed, full, late)
    assert [each for each in found if "address" not in each] == [
        "delayed",
        "delayed",
        "relayed",
        "failed",
        "failed",
    ]
    assert statuses(ready) == {"failed": 2, "sent": 3, "to_send": 1}
    assert refused(ready) == {}
    events = ready.history(1)["event"]
    assert events.str.startswith("email failed").sum() == 0
    assert "email delayed for p1@example.org" in " ".join(ready.history(1)["event"])


def test_a_forged_report_reaches_nothing_but_what_was_sent(ready, tmp_path):
    plan = ready.select(ids=[6]).plan("send_via.email")
    ready.runs.apply(plan)
    message = mail_of(ready, 6)
    with ready.store.write() as session:
        waiting = pd.DataFrame({"message_id": [message], "status": ["handing_over"]})
        session.update("outbox", waiting, clock.now())
    marked = "\x1b[31m<script>\u202e".encode()
    found = outcomes(
        ready, tmp_path / "in", bounce(ready, 1, "p2@example.org"), bounce(ready, 6),
        bounce(ready, 3).replace(b"no such", marked),
    )  # fmt: skip
    assert found[0] == "is about an address to which the mail did not go"
    assert "the mail is still being sent; it is read again later" in found
    assert set(refused(ready)) == {3}
    failure = ready.select(ids=[3]).frame["failure"][0]
    assert "[31m<script>" in failure
    assert not {"\x1b", "\u202e"} & set(failure)
    with pytest.raises(InputFileError, match=r"nothing\.eml can't be read"):
        ready.import_bounces([tmp_path / "nothing.eml"])


def mailbox(workspace, server, monkeypatch, more="", **changed):
    monkeypatch.setenv("INVOICEBATCH_BOUNCES_PASSWORD", changed.pop("password", IMAP_PASSWORD))
    values = {
        "host": "localhost",
        "port": server.tls_port,
        "user": workspace.root.parent.name,
        "security": "tls",
    }
    values |= {"ca_file": str(server.base / "cert.pem"), **changed}
    lines = [f"{key} = {value!r}" for key, value in values.items()]
    return configure(workspace, "\n".join(["[mail.bounces]", *lines, more]))


@pytest.fixture
def filled(ready, server):
    """Three hundred mails, five of them about a mail of ours, the last in a batch of its own."""
    ours = {f"{at:04d}": bounce(ready, at // 70 + 1) for at in range(0, 300, 70)}
    others = {f"{at:04d}": (DSN, ORDINARY)[at % 2] for at in range(300)}
    server.give({**others, **ours})
    yield ready
    server.empty()


def test_a_mailbox_is_read_once_and_ours_move_away(filled, server, monkeypatch, capsys):
    workspace = mailbox(filled, server, monkeypatch, move_to="Zurück")
    command = ["outbox", "poll", "-w", str(workspace.root)]
    killed_at(1, *command)
    assert len(server.mails()) == 300  # booked, and not put away
    assert statuses(workspace) == {"failed": 4, "sent": 1, "to_send": 1}
    assert command_line(command) == 0
    assert statuses(workspace) == {"failed": 4, "sent": 1, "to_send": 1}  # the fifth has another address
    shown = capsys.readouterr().out
    assert "p5@example.org" in shown
    assert "p4@example.org" not in shown
    assert len(server.mails("Zur&APw-ck")) == 5
    assert len(server.mails()) == 295
    assert workspace.poll_bounces().empty
    with workspace.store.read() as session:
        assert len(session.whole("delivery_reports")) == 5
        assert session.whole("mailboxes")["last_uid"].tolist() == [300]

    assert command_line(["outbox", "accept-address", "-w", str(workspace.root)]) == 0
    assert "5 bounced addresses not mailed to" in capsys.readouterr().out


def test_a_report_that_comes_too_early_is_read_again(ready, server, monkeypatch):
    workspace = mailbox(ready, server, monkeypatch, security="starttls", port=server.port)
    message = pd.DataFrame({"message_id": [mail_of(ready, 1)]})
    with workspace.store.write() as session:
        session.update("outbox", message.assign(status="handing_over"), clock.now())
    server.give({"1": bounce(ready, 1), "2": bounce(ready, 2), "3": ORDINARY})
    try:
        assert workspace.poll_bounces()["outcome"].str.startswith("failed").sum() == 1
        with workspace.store.write() as session:
            session.update("outbox", message.assign(status="sent"), clock.now())
        assert workspace.poll_bounces()["outcome"].str.startswith("failed").sum() == 1
        assert workspace.poll_bounces().empty
        assert sorted(name.endswith("S") for name in server.mails()) == [False, True, True]
    finally:
        server.empty()


@contextmanager
def endless():
    """A server whose first answer has no end; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk():
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.sendall(b"* OK\r\n")
                while True:
                    connection.sendall(b"* X " + b"x" * 500_000 + b"\r\n")

        threading.Thread(target=talk, daemon=True).start()
        yield listener.getsockname()[1]


def test_a_mailbox_that_refuses_or_is_silent_is_named(ready, server, monkeypatch):
    def polled(**changed):
        other = Workspace(
            copy_workspace(ready.root, ready.root.with_name(f"w{len(list(ready.root.parent.iterdir()))}"))
        )
        mailbox(other, server, monkeypatch, **changed).poll_bounces()

    with pytest.raises(SettingsError, match="refused the login"):
        polled(password="wrong")
    with pytest.raises(SettingsError, match="certificate of localhost is not trusted"):
        polled(ca_file="")
    with pytest.raises(SettingsError, match="not encrypted"):
        polled(host="192.0.2.1", security="none")
    with pytest.raises(SettingsError, match="exist"):
        polled(folder="Nowhere")
    with endless() as port, pytest.raises(TemporaryError, match="its answer is too long"):
        polled(host="127.0.0.1", port=port, security="none")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(TemporaryError, match="timed out"):
            polled(host="127.0.0.1", port=port, security="none", timeout_seconds=0.2)
    with pytest.raises(TemporaryError, match="refused"):
        polled(host="127.0.0.1", port=port, security="none")
