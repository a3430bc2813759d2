"""From an action to a row to a message to the channel: what was written arrives, of today's rows and of old ones."""

import csv
import json
from email import message_from_bytes
from email.policy import default
from threading import Event

import pandas as pd
import pytest

from invoicebatch.delivery.channel import Message
from invoicebatch.delivery.open_channel import open_channel
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.progress import Silent
from invoicebatch.engine.handover.deliver import deliver
from invoicebatch.engine.handover.messages import load_messages
from invoicebatch.errors import ParameterError
from invoicebatch.interfaces.api import Workspace, init_workspace
from invoicebatch.model.outbox.payload import (
    KINDS,
    EInvoicePayload,
    EmailPayload,
    ExternalPayload,
    PostPayload,
)
from invoicebatch.model.outbox.rows import outbox_rows
from invoicebatch.model.status import OutboxStatus
from tests.engine.sending import configure, outbox, statuses, with_documents

SETTINGS = """
[einvoice]
access_point = "folder"
[external.erp]
kind = "files"
url = "there"
format = "jsonl"
"""


@pytest.fixture
def ready(make_workspace) -> Workspace:
    return configure(with_documents(make_workspace(2, status="created")), SETTINGS)


@pytest.fixture
def peppol(tmp_path, make_documents, monkeypatch) -> Workspace:
    monkeypatch.setenv("INVOICEBATCH_INTEGRATIONS__PEPPOL", "true")
    workspace = init_workspace(tmp_path / "peppol")
    invoices, tables = make_documents(1, 2)
    with workspace.store.write() as session:
        for name in ("company_accounts", "customers", "lines", "vat_breakdown"):
            session.insert(name, tables[name])
        document = {"document_version": 1, "document_path": "documents/x.pdf", "document_sha256": "0" * 64}
        session.insert("invoices", invoices.drop(columns=["mandate_id", "mandate_iban"]).assign(**document))
        session.reserve_ids(1)
    return configure(workspace, SETTINGS)


def written(workspace: Workspace, action: str, **params) -> tuple[Workspace, list[Message]]:
    """The messages of an action's run, loaded again from the rows that it wrote."""
    workspace.runs.apply(workspace.select(all=True).plan(action, **params))
    rows = outbox(workspace).sort_values("invoice_id")
    messages = load_messages(workspace.base, rows["message_id"].tolist())
    assert all(isinstance(message, Message) for message in messages)
    for message, row in zip(messages, rows.to_dict("records"), strict=True):
        assert type(message.payload) is KINDS[row["channel"]]
        assert message.payload.model_dump_json() == row["payload"]
        assert (message.recipient, message.channel) == (row["recipient"], row["channel"])
        assert (message.run_id, message.invoice_id) == (row["run_id"], row["invoice_id"])
    return workspace, messages


def arrived(workspace: Workspace, message: Message, place) -> None:
    """Hand a loaded message over to a channel of another, empty place."""
    target = message.recipient if message.channel == "external" else ""
    channel = open_channel(message.channel, workspace.settings, place, target)
    channel.connect()
    assert channel.hand_over(message).status in (OutboxStatus.SENT, OutboxStatus.ACCEPTED)
    channel.close()


def test_a_mail_arrives_as_it_was_written(ready, tmp_path):
    workspace, messages = written(ready, "send_via.email", note="We are closed on Friday.")
    arrived(workspace, messages[0], tmp_path)
    (file,) = (tmp_path / "data/mail/new").iterdir()
    mail = message_from_bytes(file.read_bytes(), policy=default)
    payload = messages[0].payload_as(EmailPayload)
    assert mail["From"].addresses[0].addr_spec == payload.sender == "billing@stroom.example"
    assert (mail["To"], mail["Subject"]) == (messages[0].recipient, payload.subject)
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == payload.text
    assert "We are closed on Friday." in payload.text
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "F2026-000001.pdf"
    assert attached.get_content() == (workspace.data / "documents/one.pdf").read_bytes()


def test_a_letter_arrives_as_it_was_written(ready, tmp_path):
    workspace, messages = written(
        ready, "send_via.post", anyway=True, duplex=False, color=True, window="right"
    )
    arrived(workspace, messages[0], tmp_path)
    (index,) = (tmp_path / "data/post/in").glob("*/index.csv")
    (row,) = csv.DictReader(index.read_text(encoding="utf-8-sig").splitlines())
    assert [row[name] for name in ("number", "line_1", "line_3", "street", "country")] == [
        "F2026-000001", "Person 1", "1011 AA Amsterdam", "Kade 1", "NL",
    ]  # fmt: skip
    assert [row[name] for name in ("duplex", "color", "window")] == ["False", "True", "right"]
    assert (index.parent / row["file"]).read_bytes() == (workspace.data / "documents/one.pdf").read_bytes()


def test_an_electronic_invoice_arrives_as_it_was_written(peppol, tmp_path):
    workspace, (message,) = written(peppol, "send_via.einvoice", schematron="none")
    arrived(workspace, message, tmp_path)
    (envelope,) = (tmp_path / "data/einvoice/in").glob("*.json")
    number, receiver = (json.loads(envelope.read_text())[key] for key in ("number", "receiver"))
    assert number == "F2026-000001"
    assert f"{receiver['scheme']}:{receiver['identifier']}" == message.recipient
    stored = (workspace.data / message.payload.attachments[0].path).read_bytes()
    assert envelope.with_suffix(".xml").read_bytes() == stored


def test_a_record_arrives_as_it_was_written(ready, tmp_path):
    workspace, messages = written(ready, "export.external", mark_as_exported=True)
    arrived(workspace, messages[0], tmp_path)
    (file,) = (tmp_path / "data/there").iterdir()
    record = json.loads(file.read_text())
    assert record == messages[0].payload_as(ExternalPayload).record
    assert (record["number"], record["total"]) == ("F2026-000001", "121.00")
    frame = workspace.select(all=True).frame
    assert set(frame["export_status"].astype(str)) == {"exported"}


PDF = {"path": "documents/one.pdf", "sha256": "0"}
OLD = {
    "email": {"from": "a@b.example", "from_name": "A", "subject": "S", "text": "T", "priority": "high"},
    "post": {"number": "F1", "lines": ["Ada"], "address": {"name": "Ada", "planet": "Earth"}, "duplex": True,
             "color": False, "product": "cheap", "window": "left", "attachments": [{**PDF, "name": "F1.pdf", "type": "application/pdf"}]},
    "einvoice": {"network": "peppol", "account": "BE", "number": "F1", "scheme": "0208", "identifier": "1",
                 "service_code": "", "file": "F1.xml", "attachments": [{**PDF, "name": "F1.xml", "type": "application/xml"}]},
    "external": {"record": {"nr": "F1", "gone": None}, "sha256": "0", "mark_as_exported": False, "attachments": [PDF]},
}  # fmt: skip


@pytest.mark.parametrize("channel", OLD)
def test_a_row_of_an_older_version_is_read_and_what_is_unknown_is_not_written_again(channel):
    payload = KINDS[channel].read(json.dumps(OLD[channel]))
    again = json.loads(payload.model_dump_json())
    assert {key: again[key] for key in OLD[channel].keys() & again.keys() - {"attachments", "address"}} == {
        key: value
        for key, value in OLD[channel].items()
        if key not in ("attachments", "address", "priority", "service_code", "file")
    }
    assert not again.keys() & {"priority", "service_code", "file"}
    assert "planet" not in json.dumps(again)
    assert [file.path for file in payload.attachments] == [
        a["path"] for a in OLD[channel].get("attachments", [])
    ]


def test_what_an_old_row_does_not_say_is_as_it_was():
    mail = EmailPayload.read(json.dumps(OLD["email"]))
    assert (mail.language, mail.html, mail.bcc, mail.reply_to) == ("en", "", "", "")
    assert (mail.reminder, mail.ships) == (False, True)
    assert not EmailPayload.read(json.dumps(OLD["email"] | {"reminder": True})).ships
    assert not ExternalPayload.read(json.dumps({"record": {}})).mark_as_exported


def test_a_key_that_no_channel_reads_can_not_be_written():
    with pytest.raises(ValueError, match="service_code"):
        EInvoicePayload(network="peppol", account="", number="", scheme="", identifier="", service_code="S1")
    with pytest.raises(TypeError, match="not for the channel post"):
        Message("m1", "a@b.example", EmailPayload.read(json.dumps(OLD["email"]))).payload_as(PostPayload)


def test_the_same_message_has_the_same_id_and_another_one_has_not():
    mail, record = EmailPayload.read(json.dumps(OLD["email"])), ExternalPayload(record={})
    rows = outbox_rows("run", [(1, "a@b.example", mail), (1, "erp", record), (None, "a@b.example", mail)])
    assert rows["message_id"].is_unique
    assert outbox_rows("run", [(1, "c@d.example", mail)])["message_id"][0] == rows["message_id"][0]
    assert outbox_rows("other", [(1, "a@b.example", mail)])["message_id"][0] not in set(rows["message_id"])
    assert outbox_rows("run", []).empty


def test_a_row_that_can_not_be_read_fails_by_name_and_the_others_go(ready):
    workspace, messages = written(ready, "send_via.email")
    broken, good = (message.message_id for message in messages)
    again = pd.DataFrame({"message_id": [broken, good], "status": "pending"})
    with workspace.store.write() as session:
        session.update("outbox", again, clock.now())
        session.update("outbox", pd.DataFrame({"message_id": [broken], "payload": ["{}"]}), clock.now())
    assert deliver(workspace.base, messages[0].run_id, Silent(), Event())
    states = workspace.outbox.list().set_index("message_id")
    assert states["state"].astype(str).to_dict() == {broken: "failed", good: "sent"}
    assert "the message can't be read" in states.loc[broken, "answer"]
    assert statuses(workspace) == {"failed": 1, "sent": 1}


def test_a_run_of_an_older_version_goes_on_without_the_parameter_that_is_gone(peppol):
    workspace, (message,) = written(peppol, "send_via.einvoice", schematron="none")
    with pytest.raises(ParameterError, match="no parameter 'poll'"):
        workspace.select(all=True).plan("send_via.einvoice", poll=True)
    with workspace.store.write() as session:
        session.note_run(message.run_id, parameters='{"network":"auto","poll":false,"schematron":"none"}')
    (workspace.data / "einvoice/error" / f"{message.message_id}.txt").write_text("Unknown receiver")
    assert workspace.outbox.poll()["answer"].tolist() == ["refused: Unknown receiver"]
    assert workspace.outbox.resend([message.message_id])["message_id"].tolist() == [message.message_id]
    assert workspace.runs.report(message.run_id).state == "finished"
