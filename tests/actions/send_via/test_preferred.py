"""Sending by each customer's channel, on real workspaces."""

import pandas as pd
import pytest

from invoicebatch.interfaces.lab.preview import describe
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.engine.sending import configure, outbox, with_documents

PEOPLE = {
    "delivery_preference": ["email", "post", "einvoice", "email", "manual", "einvoice", "email"],
    "email": ["a@x.org", "b@x.org", "c@x.org", None, "e@x.org", "f@x.org", None],
    "postcode": [None, "1011 AA", None, "1011 AA", "1011 AA", None, None],
    "country": ["NL"] * 5 + ["PL", "NL"],
    "is_business": True,
}
MORE = '[post.costs]\n"20g" = 95\n'


@pytest.fixture
def workspace(make_workspace):
    people = pd.DataFrame({"customer_id": [f"S{i}" for i in range(1, 8)], **PEOPLE})
    made = with_documents(make_workspace(7, status="created"), customers=people.set_index("customer_id"))
    with made.store.write() as session:
        session._con.execute(
            "UPDATE customers SET postcode = NULL WHERE customer_id IN ('S1', 'S3', 'S6', 'S7')"
        )
        session._con.execute("UPDATE customers SET email = NULL WHERE customer_id IN ('S4', 'S7')")
        session._con.execute("UPDATE company_accounts SET country = 'PL'")
    return configure(made, MORE)


def reasons(rows):
    return dict(zip(rows["invoice_id"], rows["reason"], strict=True))


def test_each_goes_by_its_customers_channel_and_each_fallback_is_named(workspace):
    plan = workspace.select(all=True).plan("send_via.preferred")
    refused = reasons(plan.refused)
    assert set(refused) == {5, 6, 7}
    assert "delivery preference is manual" in refused[5]
    assert refused[6].startswith("Polish business: KSeF"), "the law allows no fallback to mail"
    assert "no e-mail address" in refused[7], "neither mail nor letter reaches it"
    shown = plan.preview
    assert "no mail server is set up" in shown["notes"]["note"].item()
    assert shown["parts"][["part", "invoices"]].to_numpy().tolist() == [["email", 2], ["post", 2]]
    assert sorted(text.split(":")[0] for text in shown["fallbacks"]["fallback"]) == [
        "e-mail instead of e-invoice",
        "post instead of e-mail",
    ]
    assert shown["postage"][["letters", "cost_cents", "part"]].to_numpy().tolist() == [[2, 190, "post"]]
    tabs = describe(plan.action, shown, WorkspaceBackend(workspace).parts(plan.action.name))["tabs"]
    assert [(tab["label"].lower(), tab["total"]) for tab in tabs] == [
        ("email", 2),
        ("post", 2),
        ("e-invoice", 0),
    ]

    report = workspace.runs.apply(plan)
    assert len(report.done) == 4
    assert {"by_email": 2, "by_post": 2}.items() <= report.totals.items()
    assert report.summary() == "send_via.preferred: 4 of 7 done (2 by e-mail, 2 by post), 3 refused"
    went = outbox(workspace).set_index("invoice_id")["channel"]
    assert went.to_dict() == {1: "email", 2: "post", 3: "email", 4: "post"}
    with workspace.store.read() as session:
        kept = session.whole("events").query("event == 'send_via.preferred' and invoice_id == 4")["details"]
    assert "post instead of e-mail" in kept.iloc[0]
    assert "anyway" not in kept.iloc[0]
    again = workspace.select(all=True).plan("send_via.preferred", again=True)
    assert again.preview["sent_before"]["part"].tolist() == ["email", "email"], (
        "letters are only accepted yet"
    )


def test_one_channel_may_be_sent_alone_and_a_workspace_may_allow_no_fallback(workspace):
    plan = workspace.select(all=True).plan("send_via.preferred", parts="email")
    assert plan.rows.loc[plan.rows["eligible"], "invoice_id"].tolist() == [1, 3]
    assert reasons(plan.refused)[2] == "goes by post, not by email"
    (workspace.root / "rules/channels.toml").write_text("[email]\ninstead = []\n")
    strict = workspace.select(ids=[4]).plan("send_via.preferred")
    assert reasons(strict.refused)[4] == "customer: no e-mail address; correct it and send again"


def test_a_preference_that_changed_since_the_plan_is_stale(workspace):
    plan = workspace.select(ids=[1, 2]).plan("send_via.preferred")
    with workspace.store.write() as session:
        session._con.execute("UPDATE customers SET delivery_preference = 'post' WHERE customer_id = 'S1'")
    report = workspace.runs.apply(plan)
    assert report.done["invoice_id"].tolist() == [2]


@pytest.mark.parametrize(("action", "wants"), [("send_via.email", "letters"), ("send_via.post", "mail")])
def test_another_channel_than_the_customers_is_refused_unless_asked_for_and_then_recorded(
    workspace, action, wants
):
    row = 2 if action == "send_via.email" else 4
    plan = workspace.select(ids=[row]).plan(action)
    assert reasons(plan.refused)[row] == f"customer wants {wants}: send_via.preferred, or anyway = true"
    asked = workspace.select(ids=[row]).plan(action, anyway=True)
    assert asked.preview["sent_anyway"]["although"].tolist() == [f"customer wants {wants}"]
    assert len(workspace.runs.apply(asked).done) == 1
    with workspace.store.read() as session:
        kept = session.whole("events").query("event == @action")["details"]
    assert f"anyway: customer wants {wants}" in kept.iloc[0]
