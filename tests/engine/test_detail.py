"""The detail of one invoice: what belongs to it, what it owes, what can be done with it and why not."""

import json

import pandas as pd
import pytest

from invoicebatch.errors import SelectionError
from invoicebatch.interfaces.cli.main import run
from tests.engine.sending import with_documents


@pytest.fixture
def workspace(make_workspace):
    workspace = with_documents(make_workspace(2, status="created"))
    paid = {
        "payment_id": "P1",
        "invoice_id": 1,
        "booked_on": pd.Timestamp("2026-12-01"),
        "amount_cents": 2_100,
    }
    read = {"invoice_id": 1, "line_no": 1, "meter_id": "M1", "unit": "KWH", "usage": "40"}
    days = pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"]).as_unit("s")
    with workspace.store.write() as session:
        session.insert("payments", pd.DataFrame([paid]))
        owes = pd.DataFrame([{"invoice_id": 1, "paid_cents": 2_100, "outstanding_cents": 10_000}])
        session.update("invoices", owes, pd.Timestamp("2026-12-01").to_pydatetime())
        readings = pd.DataFrame([read] * 2).assign(reading_no=[1, 2], date_from=days[:2], date_to=days[1:])
        session.insert("measurements", readings.astype({"usage": object}))
    return workspace


def test_a_detail_holds_all_that_belongs_to_an_invoice(workspace):
    workspace.select(ids=[1]).plan("send_via.email").apply()
    detail = workspace.detail("F2026-000001")
    parts = detail.parts
    assert parts["lines"]["name"].tolist() == ["Levering", "Vaste kosten"]
    assert parts["payments"]["what"].tolist() == ["invoice", "payment"]
    assert parts["payments"]["open_cents"].iloc[-1] == 10_000
    assert parts["usage"].to_dict("records") == [
        {"period": "2026-01-01 – 2026-02-01", "unit": "kWh", "usage": 40},
        {"period": "2026-02-01 – 2026-03-01", "unit": "kWh", "usage": 40},
    ]
    assert parts["versions"]["state"].tolist() == ["sound"]
    assert parts["messages"][["channel", "recipient"]].to_numpy().tolist() == [["email", "p1@example.org"]]
    assert parts["history"]["event"].iloc[-1] == "Send via email"
    assert detail.page.startswith(b"\x89PNG")
    assert json.dumps(detail.to_dict(), default=str).count('"outstanding": "100.00"') == 1


def test_its_actions_say_what_the_bar_and_why_say(workspace):
    detail = workspace.detail(2)
    selection = workspace.select(ids=[2])
    bar = selection.actions().set_index("action")["eligible"]
    assert detail.actions.set_index("action")["applies"].astype(int).to_dict() == bar.to_dict()
    said = detail.actions.set_index("action")["reason"]
    assert said["approve"] == selection.why("approve")["reason"].iloc[0]
    assert said[detail.actions.loc[detail.actions["applies"], "action"]].eq("").all()


def test_in_a_notebook_it_shows_itself_and_no_text_of_it_is_html(workspace):
    with workspace.store.write() as session:
        name = pd.DataFrame([{"invoice_id": 2, "line_no": 1, "name": "<script>alert(1)</script>"}])
        session.update("lines", name, pd.Timestamp("2026-12-01").to_pydatetime())
    shown = workspace.detail(2)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "data:image/png" in shown


def test_without_a_document_the_page_is_what_would_be_made(make_workspace):
    detail = make_workspace(1).detail(1)
    assert detail.pdf is None
    assert detail.page.startswith(b"\x89PNG")
    with pytest.raises(SelectionError, match="no invoice 9"):
        make_workspace(1, "other").detail(9)


def test_a_terminal_shows_it_too(workspace, capsys):
    assert run(["detail", "F2026-000001", "-w", str(workspace.root)]) == 0
    shown = capsys.readouterr().out
    assert "F2026-000001: payments" in shown
    assert "Vaste kosten" in shown
    assert run(["detail", "1", "--json", "-w", str(workspace.root)]) == 0
    assert json.loads(capsys.readouterr().out)["lines"][0]["net"] == "50.00"
