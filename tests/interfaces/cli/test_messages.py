"""Messages on the command line: looked at before they go, sent to oneself, counted."""

import json

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.cli.main import run
from tests.engine.sending import outbox, with_documents


@pytest.fixture
def workspace(make_workspace):
    """Three documents, two of them of one customer."""
    made = with_documents(make_workspace(3, status="created"))
    frame = pd.DataFrame({"invoice_id": [1, 2], "customer_id": "S1"})
    with made.store.write() as session:
        session.update("invoices", frame, clock.now())
    return made


def test_messages_are_shown_written_tested_and_counted(workspace, capsys, tmp_path, monkeypatch):
    def call(*arguments):
        code = run([*arguments, "-w", str(workspace.root)])
        return code, capsys.readouterr().out

    send = ("send_via.email", "--all")
    code, shown = call("preview", *send, "-p", "combine=customer")
    assert code == 0
    assert "Documents: F2026-000001, F2026-000002" in shown
    assert "To: p1@example.org\nSubject: 2 documents from Stroom BV\nCustomer: Person 1 (S1)" in shown
    assert "F2026-000002.pdf (1 page, " in shown
    assert "1 of 2 messages: 2 by email" in shown
    assert "p3@example.org" in call("preview", *send, "--number", "F2026-000003")[1]
    assert "p3@example.org" in call("preview", *send, "--customer", "S3")[1]
    (told,) = json.loads(call("preview", *send, "--mail", "3", "--json")[1])
    assert (told["at"], told["of"], told["enclosures"][0]["pages"]) == (3, 3, 1)
    assert call("preview", *send, "--mail", "4")[0] == 2
    assert call("preview", "F2026-000003", "--mail", "1")[0] == 2
    code, written = call("preview", "send-via.email", "--all", "-o", str(tmp_path / "out"))
    assert [name.rpartition(".")[2] for name in written.split()] == ["eml", "html"]
    assert b"To: p1@example.org" in next((tmp_path / "out").glob("*.eml")).read_bytes()

    code, told = call("run", *send, "--test-to", "me@house.example", "--limit", "2", "--json")
    assert code == 0
    assert [row["outcome"] for row in json.loads(told)] == ["sent", "sent"]
    assert len(list((workspace.data / "mail/new").glob("test-*.eml"))) == 2
    assert call("run", *send, "--test-to", "nobody")[0] == 2
    assert outbox(workspace).empty

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    asked = []
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or "2")
    assert call("run", *send, "--combine", "customer", "--again")[0] == 0
    assert "2 messages" in asked[0]
    assert len(outbox(workspace)) == 2
