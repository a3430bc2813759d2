"""A dialog's messages: one after another, by customer or number, their files, and tests to oneself."""

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.engine.sending import configure, outbox, with_documents
from tests.interfaces.lab.conftest import Desk


@pytest.fixture
def desk(make_workspace):
    """A dialog of four documents in three mails: the first customer has two."""
    workspace = with_documents(make_workspace(4, status="created"))
    frame = pd.DataFrame({"invoice_id": [1, 2], "customer_id": "S1"})
    with workspace.store.write() as session:
        session.update("invoices", frame, clock.now())
        session._con.execute("UPDATE customers SET name = '<b>&' WHERE customer_id = 'S3'")
    made = Desk(WorkspaceBackend(workspace))
    made.workspace = workspace
    made.say("select", op="all")
    made.say("dialog", action="send_via.email")
    return made


def test_messages_are_looked_at_one_by_one_and_their_number_is_what_is_typed(desk):
    told = desk.say("preview", n=1, params={"combine": "customer"})
    assert (told["eligible"], told["messages"], told["confirm"]) == (4, 3, 3)
    first = desk.say("message", n=1)
    assert dict(first["head"])["Documents"] == "F2026-000001, F2026-000002"
    assert (first["at"], first["of"], first["first"], first["last"]) == (0, 3, True, False)
    assert "default-src 'none'" in first["html"]
    assert first["files"][0] | {"size": 0} == {"name": "F2026-000001.pdf", "size": 0, "pages": 1}
    assert "&lt;b&gt;&amp;" in desk.say("message", n=1, at=1)["html"]
    assert desk.say("message", n=1, at=2)["last"]
    assert [desk.say("message", n=1, search=text)["at"] for text in ("S3", "F2026-000004")] == [1, 2]
    assert desk.say("message", n=1, at=1, back=True)["at"] == 1
    assert "nobody" in desk.say("message", n=1, search="nobody")["problem"]
    file = desk.say("enclosure", n=1, at=0, index=1)
    assert (file["kind"], file["name"]) == ("file", "F2026-000002.pdf")
    assert desk.sent[0][1][0].startswith(b"%PDF")
    assert desk.say("run", n=1, typed="4")["message"] == "Type 3 to confirm"
    desk.say("preview", n=2, params={})
    assert desk.say("message", n=1)["kind"] == "error", "of an outdated preview nothing is shown"
    desk.say("preview", n=3, params={"combine": "customer"})
    desk.say("run", n=3, typed="3")
    assert len(outbox(desk.workspace)) == 3


def test_a_test_goes_out_from_the_dialog_and_a_bad_address_is_told(desk):
    desk.say("preview", n=1, params={})
    told = desk.say("test", n=1, to="me@house.example", limit=2)
    assert [row[1] for row in told["rows"]] == ["sent", "sent"]
    assert "not an e-mail address" in desk.say("test", n=1, to="me")["problem"]
    assert outbox(desk.workspace).empty


def test_a_redirected_test_says_where_it_went(make_workspace):
    workspace = with_documents(make_workspace(1, status="created"))
    workspace = configure(workspace, '\n[mail]\nredirect_to = "all@house.example"\n')
    redirected = Desk(WorkspaceBackend(workspace))
    redirected.say("select", op="all")
    redirected.say("dialog", action="send_via.email")
    redirected.say("preview", n=1, params={})
    told = redirected.say("test", n=1, to="me@house.example", limit=1)
    assert (told["to"], told["rows"][0][1]) == ("all@house.example", "sent")
