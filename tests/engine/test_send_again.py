"""Sending once more, marks taken back, and documents that changed after they were sent."""

import json
from collections.abc import Callable

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.errors import ConfirmationError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run as command
from tests.engine.sending import outbox, with_documents

Make = Callable[..., Workspace]


@pytest.fixture
def ready(make_workspace: Make) -> Workspace:
    return with_documents(make_workspace(count=3, status="created"))


def do(workspace: Workspace, action: str, *ids: int, **params: object):
    return workspace.select(ids=list(ids)).plan(action, **params).apply()


def why(workspace: Workspace, action: str, invoice_id: int) -> str:
    """Every reason why one invoice can't take an action; empty: it can."""
    return "; ".join(workspace.select(ids=[invoice_id]).why(action)["reason"])


def row(workspace: Workspace, invoice_id: int) -> pd.Series:
    return workspace.select(ids=[invoice_id]).frame.iloc[0]


def new_version(workspace: Workspace, invoice_id: int) -> str:
    """What regenerate leaves behind where a document came out differently; gives the path."""
    version = int(row(workspace, invoice_id)["document_version"]) + 1
    path = f"documents/{invoice_id}-{version}.pdf"
    (workspace.data / path).write_bytes((workspace.data / "documents/one.pdf").read_bytes())
    with workspace.store.write() as session:
        old = session.rows_of("documents", "invoice_id", pd.Series([invoice_id])).iloc[[-1]]
        fresh = old.assign(document_version=version, path=path, created_at=clock.now(), sent_at=pd.NaT)
        session.insert("documents", fresh)
        now = {"invoice_id": [invoice_id], "document_version": [version], "document_path": [path]}
        session.update("invoices", pd.DataFrame(now), clock.now())
    return path


def attached(workspace: Workspace) -> list[str]:
    """Paths of what the messages carry, oldest message first."""
    payloads = outbox(workspace).sort_values("created_at")["payload"]
    return [json.loads(payload)["attachments"][0]["path"] for payload in payloads]


@pytest.mark.parametrize("action", ["send_via.email", "send_via.post"])
def test_again_sends_the_present_version_and_names_the_earlier_sending(ready: Workspace, action: str) -> None:
    channel = action.removeprefix("send_via.")
    do(ready, action, 1, anyway=True)
    if action == "send_via.post":
        ready.outbox.mark_sent(ready.outbox.list()["message_id"].tolist())
    assert f"already sent by {channel} on" in why(ready, action, 1)
    assert "again = true sends it once more" in why(ready, action, 1)
    path = new_version(ready, 1)
    assert "in version 1; again = true sends the present document" in why(ready, action, 1)
    plan = ready.select(ids=[1]).plan(action, again=True, anyway=True)
    before = plan.preview["sent_before"].iloc[0]
    assert (before["how"], before["sent_version"], before["document_version"]) == (f"sent by {channel}", 1, 2)
    assert plan.action.asks(plan.params)
    report = plan.apply()
    assert report.done["invoice_id"].tolist() == [1]
    assert attached(ready) == ["documents/one.pdf", path]
    with ready.store.read() as session:
        events = session.rows_of("events", "run_id", pd.Series([report.run_id]))
    details = events.loc[events["event"] == action, "details"].map(json.loads)
    assert f"before: sent by {channel} on" in details.item()["note"]
    assert "in version 1" in details.item()["note"]


def test_again_is_no_way_around_what_is_being_sent(ready: Workspace) -> None:
    do(ready, "send_via.post", 1, anyway=True)
    plan = ready.select(ids=[1]).plan("send_via.post", again=True, anyway=True)
    assert plan.refused["reason"].tolist() == ["is being sent by post; see the outbox"]


def test_the_same_plan_sends_once_more_once(ready: Workspace) -> None:
    do(ready, "send_via.email", 1)
    plan = ready.select(ids=[1]).plan("send_via.email", again=True)
    assert plan.apply().run_id == plan.apply().run_id
    assert len(outbox(ready)) == 2


def test_sending_once_more_asks_and_sending_does_not(ready: Workspace, capsys) -> None:
    where = ["-w", str(ready.root)]
    assert command(["run", "send_via.email", "--ids", "1", *where]) == 0
    assert command(["run", "send_via.email", "--ids", "1", "--again", *where]) == ConfirmationError.exit_code
    assert "1 message asks for confirmation" in capsys.readouterr().err
    assert len(outbox(ready)) == 1
    assert command(["run", "send_via.email", "--ids", "1", "--again", "--yes", *where]) == 0
    assert len(outbox(ready)) == 2


def test_resend_says_which_version_it_sends_and_offers_the_newer(ready: Workspace, capsys) -> None:
    do(ready, "send_via.email", 1, 2, 3)
    new_version(ready, 1)
    message = ready.outbox.list().set_index("invoice_id").loc[1, "message_id"]
    resend = ["outbox", "resend", message, "-w", str(ready.root)]
    assert command(resend) == ConfirmationError.exit_code
    asked = " ".join(capsys.readouterr().err.split())
    assert "1 message would be sent again: F2026-000001 in version 1." in asked
    offer = "invoicebatch run send_via.email --ids 1 --again"
    assert f"1 of them has a newer document; it is sent with: {offer}" in asked
    assert command([*resend, "--yes"]) == 0
    told = capsys.readouterr()
    assert told.out.strip().splitlines()[-1] == "1 message sent again"
    assert "of 3" not in told.out
    assert offer in told.err
    assert attached(ready)[-1] == "documents/one.pdf"
    assert command([*offer.split()[1:], "--yes", "-w", str(ready.root)]) == 0
    assert attached(ready)[-1] == "documents/1-2.pdf"


def test_resend_as_json_gives_the_messages_that_went_out(ready: Workspace, capsys) -> None:
    do(ready, "send_via.email", 1, 2, 3)
    first = ready.outbox.list().set_index("invoice_id").loc[1, "message_id"]
    assert command(["outbox", "resend", first, "--yes", "--json", "-w", str(ready.root)]) == 0
    (message,) = json.loads(capsys.readouterr().out)
    assert (message["number"], message["state"]) == ("F2026-000001", "sent")
    assert message["message_id"] != first


def test_a_mark_by_mistake_is_taken_back_and_the_document_sent(ready: Workspace) -> None:
    do(ready, "mark_as.shipped", 1)
    reason = why(ready, "send_via.email", 1)
    assert reason.startswith("marked as shipped on")
    assert "mark_as.not_shipped takes the mark back" in reason
    assert do(ready, "mark_as.shipped", 1).unchanged["reason"].tolist() == ["already marked as shipped"]
    do(ready, "mark_as.not_shipped", 1)
    now = row(ready, 1)
    assert now["shipping_status"] == "to_send"
    assert now[["sent_at", "shipping_channel"]].isna().all()
    do(ready, "send_via.email", 1)
    assert row(ready, 1)["shipping_status"] == "sent"


def test_what_was_imported_as_sent_can_be_taken_back_or_sent_all_the_same(ready: Workspace) -> None:
    imported = pd.DataFrame(
        {"invoice_id": [1, 2], "shipping_status": "sent", "shipping_channel": ["email", None]}
    )
    with ready.store.write() as session:
        session.update("invoices", imported, clock.now())
    assert why(ready, "send_via.email", 1).startswith("imported as sent, by no channel of this workspace")
    do(ready, "mark_as.not_shipped", 1, 2)
    assert not why(ready, "send_via.email", 1)
    assert not why(ready, "send_via.email", 2)


def test_what_a_channel_sent_stays_sent_and_what_is_not_sent_is_left_as_it_is(ready: Workspace) -> None:
    do(ready, "send_via.email", 1)
    assert "was sent by email on" in why(ready, "mark_as.not_shipped", 1)
    assert do(ready, "mark_as.shipped", 1).unchanged["reason"].tolist() == ["already sent by email"]
    report = do(ready, "mark_as.not_shipped", 1, 2)
    assert report.refused["invoice_id"].tolist() == [1]
    assert report.unchanged["reason"].tolist() == ["not marked as shipped"]
    assert row(ready, 1)["shipping_status"] == "sent"


def test_a_document_made_anew_after_it_was_sent_is_found(ready: Workspace) -> None:
    def changed() -> list[int]:
        return ready.select(where="changed_since_sent").columns(["invoice_id"])["invoice_id"].tolist()

    do(ready, "send_via.email", 1)
    do(ready, "mark_as.shipped", 2)
    assert changed() == []
    for invoice_id in (1, 2, 3):
        new_version(ready, invoice_id)
    assert changed() == [1, 2]
    first = ready.outbox.list().set_index("invoice_id").loc[1, "message_id"]
    ready.outbox.resend([first])
    assert changed() == [1, 2], "the old version once more is still the old version"
    do(ready, "send_via.email", 1, again=True)
    do(ready, "mark_as.not_shipped", 2)
    do(ready, "mark_as.shipped", 2)
    assert changed() == []


def test_a_version_made_while_the_older_one_was_on_its_way_is_newer_than_the_one_sent(
    ready: Workspace,
) -> None:
    do(ready, "send_via.post", 1, anyway=True)
    new_version(ready, 1)
    ready.outbox.mark_sent(ready.outbox.list()["message_id"].tolist())
    assert row(ready, 1)["changed_since_sent"]
