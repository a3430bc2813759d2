"""The payments beside the invoices: what is booked or done with a bundle is what a person looked at."""

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.lab.payments import PaymentTabs
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.engine.payments.received import credit, outstanding, owed_workspace, read
from tests.interfaces.lab.conftest import Desk
from tests.waiting import until


class Tabs(Desk):
    """A desk with the two tabs, which answer in threads of their own."""

    def __init__(self, workspace):
        super().__init__(WorkspaceBackend(workspace))
        PaymentTabs(self.session, self.runs)

    def hear(self, answer, kind, **message):
        """Say something and wait for that kind of answer, or for what is wrong with it."""
        self.say(kind, **message)
        kinds = {answer, "error"}
        until(lambda: any(told["kind"] in kinds for told, _ in self.sent))
        return next(told for told, _ in self.sent if told["kind"] in kinds)


def test_only_the_documents_that_were_ticked_are_booked(tmp_path):
    workspace = owed_workspace(tmp_path / "owed", [13_100, 14_100])
    read(workspace, credit("131.00", "factuur F2026-000001", name="Jan"))
    desk = Tabs(workspace)

    def ticked():
        (row,) = desk.hear("incoming", "incoming")["rows"]
        proposal = row["proposals"][0]
        return [[row["payment"], proposal["proposal"], proposal["documents"]]]

    seen = ticked()
    assert seen[0][1:] == [1, [["F2026-000001", "131.00"]]]
    with workspace.store.write() as session:
        less = pd.DataFrame({"invoice_id": [1], "outstanding_cents": [10_000]})
        session.update("invoices", less, clock.now())
    now = ticked()
    assert now[0][1] == seen[0][1]
    assert now != seen
    assert "is another now: look again" in desk.hear("told", "book", ticks=seen)["message"]
    assert outstanding(workspace) == [10_000, 14_100]
    assert desk.hear("told", "book", ticks=now)["message"] == "1 payment booked."
    assert outstanding(workspace)[1] == 14_100


@pytest.mark.parametrize("tick", [["p", 1], ["p", 1, [["F1", "much"]]], ["p", 1, [["F1", "NaN"]]]])
def test_a_tick_that_does_not_say_what_it_is_of_is_refused(desk, tick):
    PaymentTabs(desk.session, desk.runs)
    assert "can't be read" in desk.say("book", ticks=[tick])["message"]


def test_a_step_asks_as_the_command_line_does_and_only_does_what_was_looked_at(money_workspace):
    workspace = money_workspace(3)
    workspace.select(all=True).plan("assign.bank_file").apply()
    (bundle,) = workspace.payments.list()["bundle_id"]
    desk = Tabs(workspace)

    def planned(action):
        desk.say("bundle_action", action=action, bundle=bundle)
        return desk.say("preview", n=1, params={})

    assert planned("payments.cancel")["asks"] == ""
    workspace.payments.write(bundle)
    desk.say("run", n=1, typed="3")
    assert "changed since you looked at it" in desk.state["run"]["message"]
    assert planned("payments.cancel")["asks"].endswith("make sure that the bank does not get it.")
    asks = planned("payments.confirm")["asks"]
    assert "3 collections of together EUR 363.00 on" in asks
    with workspace.store.write() as session:
        found = pd.DataFrame({"bundle_id": bundle, "item_no": [1], "payee_check": ["close: PN02"]})
        session.update("bundle_items", found, clock.now())
    desk.say("run", n=1, typed="3")
    assert "changed since you looked at it" in desk.state["run"]["message"]
    assert workspace.payments.list()["confirmed"].tolist() == [0]
    assert "names that the bank doubts" in planned("payments.confirm")["asks"]
    payments, _ = desk.hear("bundle", "bundle", bundle=bundle)["tables"]
    assert "Payee check" in [column["label"] for column in payments["columns"]]
    desk.say("run", n=1, typed="3")
    assert desk.state["run"]["report"]["done"] == 3


def test_a_release_names_the_payees_that_the_bank_doubts(money_workspace):
    workspace = money_workspace(3)
    (workspace.root / "invoicebatch.toml").write_text("[payment]\nfour_eyes = true\n")
    workspace.select(all=True).plan("assign.bank_file").apply()
    (bundle,) = workspace.payments.list()["bundle_id"]
    assert workspace.payments.in_question("release", bundle) == ""
    with workspace.store.write() as session:
        found = pd.DataFrame({"bundle_id": bundle, "item_no": [1], "payee_check": ["none: PN01"]})
        session.update("bundle_items", found, clock.now())
    name = workspace.payments.items(bundle)["name"].iloc[0]
    assert f"{name} (none: PN01)" in workspace.payments.in_question("release", bundle)
    assert workspace.payments.in_question("write", bundle) == ""
