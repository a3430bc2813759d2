"""What a report offers next: commands over the rows done, as far as they can take the step now."""

from collections.abc import Callable
from datetime import date

import pytest

from invoicebatch.engine.base import clock
from invoicebatch.errors import SelectionError, UnknownNameError
from invoicebatch.interfaces.api import Workspace

Make = Callable[..., Workspace]
DAY = date(2026, 11, 22)


def test_approve_then_create_on_the_rows_done(make_workspace: Make) -> None:
    workspace = make_workspace(4)
    workspace.select(ids=[4]).plan("delete").apply()
    report = workspace.select(ids=[1, 2]).plan("approve", invoice_date=DAY).apply()
    (step,) = report.next
    assert (step.action, step.label, step.rows, step.on_bar) == ("create", "Create", 2, True)
    assert report.to_dict()["next"] == [
        {"label": "Create", "command": f"invoicebatch run create --run {report.run_id}"}
    ]
    assert workspace.select(run=report.run_id[:8]).ids.tolist() == [1, 2]


def test_a_step_that_no_row_can_take_any_more_is_not_offered(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    run = workspace.select(all=True).plan("approve", invoice_date=DAY).apply().run_id
    workspace.select(ids=[1, 2]).plan("create").apply()
    assert [step.rows for step in workspace.runs.report(run).next] == [1]
    workspace.select(ids=[3]).plan("create").apply()
    assert workspace.runs.report(run).next == ()


def test_every_channel_of_a_group_that_can_send_follows(make_workspace: Make) -> None:
    """E-invoicing is switched off here, so it is not offered."""
    workspace = make_workspace(1)
    workspace.select(all=True).plan("approve", invoice_date=DAY).apply()
    report = workspace.select(all=True).plan("create").apply()
    assert [step.action for step in report.next] == ["send_via.preferred", "send_via.email", "send_via.post"]


def test_what_was_marked_is_taken_back_by_the_action_that_does(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    report = workspace.select(ids=[1, 3]).plan("mark_as.exported").apply()
    (back,) = report.undo
    assert back.action == "mark_as.not_exported"
    assert workspace.select(run=report.run_id).plan(back.action).apply().done["invoice_id"].tolist() == [1, 3]


def test_credit_leads_to_the_notes_it_made(money_workspace: Make) -> None:
    workspace = money_workspace(3)
    report = workspace.select(ids=[1, 2]).plan("credit").apply()
    notes = workspace.select(where="kind = 'credit_note'").ids.tolist()
    assert report.made["invoice_id"].tolist() == notes
    (create,) = report.next
    assert (create.action, create.rows, create.on_made) == ("create", 2, True)
    assert create.command == f"invoicebatch run create --made-by {report.run_id}"
    assert [one["invoice_id"] for one in report.to_dict()["made"]] == notes
    made = workspace.select(made_by=report.run_id[:8])
    assert (made.ids.tolist(), made.description) == (notes, f"2 rows made by run {report.run_id[:8]}")
    assert made.plan("create").apply().done["invoice_id"].tolist() == notes
    assert workspace.runs.report(report.run_id).next == ()
    assert workspace.history(notes[0])["event"].tolist() == ["credit", "create"]
    assert workspace.doctor().empty


def test_what_is_regenerated_after_it_was_sent_may_be_sent_once_more(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    with workspace.store.write() as session:
        accounts = session.whole("company_accounts", columns=["company_account_id"])
        session.update("company_accounts", accounts.assign(email="billing@stroom.example"), clock.now())
    workspace.select(all=True).plan("approve", invoice_date=DAY).apply()
    workspace.select(all=True).plan("create").apply()
    workspace.select(ids=[1]).plan("send_via.email").apply()
    with workspace.store.write() as session:
        customers = session.whole("customers", columns=["customer_id"])
        session.update("customers", customers.assign(city="Elders"), clock.now())
    report = workspace.select(all=True).plan("regenerate").apply()
    first, again = (step for step in report.next if step.action == "send_via.email")
    assert (first.rows, first.params) == (1, ())
    command = f"invoicebatch run send_via.email --run {report.run_id} -p again=true"
    assert (again.rows, again.params, again.command) == (1, ("again",), command)


def test_a_step_outside_the_bar_names_each_bundle(money_workspace: Make) -> None:
    workspace = money_workspace(4)
    report = workspace.select(all=True).plan("assign.bank_file").apply()
    bundle = workspace.payments.list()["bundle_id"].item()
    assert [step.command for step in report.next] == [f"invoicebatch payments write {bundle}"]
    assert [step.command for step in report.undo] == [f"invoicebatch payments cancel {bundle}"]
    written = workspace.payments.write(bundle)
    assert [step.command for step in written.next] == [f"invoicebatch payments confirm {bundle}"]
    workspace.payments.cancel(bundle)
    assert workspace.runs.report(report.run_id).next == ()


def test_a_run_that_did_nothing_yet_has_no_next_step(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    plan = workspace.select(all=True).plan("approve", invoice_date=DAY)
    assert workspace.runs.apply(plan, background=True).next == ()


def test_rows_of_a_run_are_a_way_to_select_like_any_other(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    run = workspace.select(ids=[2]).plan("mark_as.exported").apply().run_id
    assert "1 row done by run" in workspace.select(run=run).description
    with pytest.raises(SelectionError, match="exactly one way"):
        workspace.select(run=run, ids=[1])
    with pytest.raises(UnknownNameError, match="No run begins"):
        workspace.select(run="zzz")


def test_the_preview_says_from_which_value_to_which(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    workspace.select(ids=[1]).plan("mark_as.exported").apply()
    table = workspace.select(all=True).plan("mark_as.exported").preview["before_and_after"]
    assert table[["before", "after", "invoices", "total_cents"]].to_numpy().tolist() == [
        ["exported", "exported", 1, 12_100],
        ["unexported", "exported", 2, 24_200],
    ]
