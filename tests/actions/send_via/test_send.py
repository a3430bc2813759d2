"""What the sending actions refuse and show, on real workspaces."""

import json

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.api import open_workspace
from tests.engine.sending import outbox, statuses, with_documents


@pytest.fixture
def ready(make_workspace):
    def make(count=4, **columns):
        people = pd.DataFrame({"customer_id": [f"S{i}" for i in range(1, count + 1)], **columns})
        return with_documents(
            make_workspace(count, status="created"), customers=people.set_index("customer_id")
        )

    return make


def reasons(report):
    """Why rows were not done, by id: refused by the plan or failed."""
    rows = pd.concat([report.refused, report.failed])
    return dict(zip(rows["invoice_id"], rows["reason"], strict=True))


def run(workspace, action, **params):
    return workspace.runs.apply(workspace.select(all=True).plan(action, **params))


@pytest.mark.parametrize("action", ["send_via.email", "send_via.post"])
def test_customers_who_want_nothing_get_nothing_unless_overridden(ready, action):
    preferences = {"delivery_preference": ["manual", "email", "email", "post"], "skip_if_direct_debit": [False, True, True, False],
                   "payment_method": ["credit_transfer", "direct_debit", "credit_transfer", "direct_debit"]}  # fmt: skip
    workspace = ready(**preferences)
    (workspace.data / "documents/one.pdf").write_bytes((workspace.data / "documents/one.pdf").read_bytes())
    plan = workspace.select(all=True).plan(action)
    unwanted = plan.refused["reason"].tolist()
    assert sum("manual" in text for text in unwanted) == 1
    assert any("direct debit" in text for text in unwanted)
    if action == "send_via.email":
        found = reasons(workspace.runs.apply(plan))
        assert set(found) == {1, 2, 4}
        assert found[4].startswith("customer wants letters")
        assert "delivery preference is manual" in found[1]
        assert "direct debit" in found[2]
        assert len(run(workspace, action, anyway=True).done) == 3
        assert statuses(workspace) == {"sent": 4}


@pytest.mark.parametrize("duty", ["warn", "refuse"])
def test_what_the_law_wants_sent_otherwise_is_said_before_it_goes(ready, duty):
    workspace = ready(country=["PL", "NL", "PL", "PL"], is_business=[True, True, True, False])
    with workspace.store.write() as session:
        session._con.execute("UPDATE company_accounts SET country = 'PL'")
    with (workspace.root / "invoicebatch.toml").open("a") as file:
        file.write(f'[einvoice]\nduty = "{duty}"\n')
    selection = open_workspace(workspace.root).select(all=True)
    plan = selection.plan("send_via.email")
    bar = selection.actions().set_index("action").loc["send_via.email"]
    why, to_look_at = selection.why("send_via.email"), selection.to_look_at("send_via.email")
    assert len(why if duty == "refuse" else to_look_at) == 2
    assert len(to_look_at if duty == "refuse" else why) == 0
    assert bar["eligible"] == len(plan.rows[plan.rows["eligible"]])
    if duty == "refuse":
        refused = dict(zip(plan.refused["invoice_id"], plan.refused["reason"], strict=True))
        assert set(refused) == {1, 3}
        assert refused[1].startswith("Polish business: KSeF since 1 Feb 2026")
    else:
        assert plan.refused.empty
        assert plan.preview["to_look_at"]["invoices"].tolist() == [2]
        assert set(to_look_at["invoice_id"]) == {1, 3}
        assert to_look_at["reason"].str.startswith("Polish business: KSeF since 1 Feb 2026").all()


def test_addresses_that_are_none_are_named_and_the_rest_goes(ready):
    workspace = ready(
        email=["a@x.org", "a@x.org; b@x.org", "not an address, a@x.org, b@", "c@p\u0430ypal.example"]
    )
    plan = workspace.select(all=True).plan("send_via.email")
    assert plan.preview["recipients"].iloc[0].tolist() == ["mails", 3]
    assert plan.preview["to_look_at"]["reason"].str.contains("mixes Cyrillic and Latin").tolist() == [True]
    found = reasons(workspace.runs.apply(plan))
    assert "'not an address' is not an e-mail address; 'b@' is not" in found[3]
    assert statuses(workspace) == {"sent": 3, "to_send": 1}
    assert sorted(outbox(workspace)["recipient"]) == ["a@x.org", "a@x.org, b@x.org", "c@p\u0430ypal.example"]


def test_postal_addresses_are_checked_by_country(ready):
    workspace = ready(postcode=["1011 AA", "1011", "75001", "10115"], country=["NL", "NL", "FR", "XX9"])
    found = reasons(run(workspace, "send_via.post", anyway=True))
    assert "not of the form used in NL" in found[2]
    assert "two-letter code" in found[4]


def test_the_mail_is_in_the_customers_language_with_the_accounts_fields(ready):
    workspace = ready(language=["nl", "fr", "de", "xx"])
    with workspace.store.write() as session:
        fields = {
            "email_from": "billing@stroom.example",
            "email_reply_to": "help@stroom.example",
            "email_bcc": "copy@stroom.example",
        }
        session.update(
            "company_accounts", pd.DataFrame([{"company_account_id": "NL", **fields}]), clock.now()
        )
    run(workspace, "send_via.email", note="We are closed on Friday.")
    mails = [json.loads(payload) for payload in outbox(workspace).sort_values("invoice_id")["payload"]]
    assert [mail["language"] for mail in mails] == ["nl", "fr", "de", "en"]
    assert {(mail["from"], mail["reply_to"], mail["bcc"]) for mail in mails} == {tuple(fields.values())}
    assert all(
        "We are closed on Friday." in mail["text"] and "NL91 ABNA 0417 1643 00" in mail["text"]
        for mail in mails
    )
    assert all("12,100" not in mail["text"] and "121" in mail["text"] for mail in mails)


def test_nothing_to_mail_has_a_preview_too(ready):
    workspace = ready(email=["x", "x", "x", "x"])
    assert workspace.select(all=True).plan("send_via.email").preview["recipients"]["rows"].tolist()[0] == 0


def test_attachments_of_an_invoice_go_along_with_its_mail(ready):
    workspace = ready(email=["a@x.org", "b@x.org", "c@x.org", "d@x.org"])
    with workspace.store.write() as session:
        session._con.execute(
            "INSERT INTO attachments (invoice_id, attachment_no, reference, filename, mime_code, content_base64) VALUES"
            " (1, 1, 'R', 'report.csv', 'text/csv', 'YTtiCg=='), (1, 2, 'S', 'report.csv', 'text/csv', 'YztkCg=='),"
            " (2, 1, 'T', 'bad.pdf', 'application/pdf', 'no base64'), (3, 1, 'U', NULL, NULL, NULL)"
        )
    report = run(workspace, "send_via.email")
    assert reasons(report) == {2: "attachment bad.pdf can't be read: it is not base64"}
    payloads = {row["invoice_id"]: json.loads(row["payload"]) for row in outbox(workspace).to_dict("records")}
    went = [(each["name"], each["type"]) for each in payloads[1]["attachments"][1:]]
    assert went == [("report.csv", "text/csv")] * 2
    stored = [workspace.data / each["path"] for each in payloads[1]["attachments"][1:]]
    assert [path.read_bytes() for path in stored] == [b"a;b\n", b"c;d\n"]
    assert len(payloads[3]["attachments"]) == 1


def test_what_is_being_sent_can_not_be_marked_as_shipped(ready):
    workspace = ready()
    with workspace.store.write() as session:
        rows = pd.DataFrame(
            {"invoice_id": [1], "shipping_status": ["sending"], "shipping_channel": ["email"]}
        )
        session.update("invoices", rows, clock.now())
    report = run(workspace, "mark_as.shipped")
    assert report.refused["invoice_id"].tolist() == [1]
    assert "is being sent by email; see the outbox" in report.refused["reason"].iloc[0]
