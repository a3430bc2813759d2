"""One message a customer: what goes together, what it says, and what becomes of its rows."""

import csv
import io
import json
from email import message_from_bytes
from email.policy import default

import numpy as np
import pandas as pd
import pikepdf
import pytest
from pypdf import PdfReader

from invoicebatch.engine.base import clock
from invoicebatch.errors import ParameterError
from invoicebatch.files.publish import sha256_of
from tests.delivery.mail.mailserver import Script, mail_server
from tests.delivery.mail.test_bounces import DSN
from tests.delivery.mail.test_bounces import ID as DSN_ID
from tests.engine.sending import configure, outbox, statuses, with_documents

OF_CUSTOMER = {1: "S1", 2: "S2", 3: "S1", 4: "S2", 5: "S1", 6: "S6"}


def give(workspace, **columns):
    """Change columns of invoices, by invoice id."""
    frame = pd.DataFrame(columns).rename_axis("invoice_id").reset_index()
    with workspace.store.write() as session:
        session.update("invoices", frame, clock.now())


@pytest.fixture
def make(make_workspace):
    """Six documents of three customers: three to S1, two to S2, one to S6."""

    def made(settings="", **people):
        customers = pd.DataFrame({"customer_id": ["S1", "S2", "S6"], **people}).set_index("customer_id")
        workspace = with_documents(make_workspace(6, status="created"), customers=customers)
        give(workspace, customer_id=pd.Series(OF_CUSTOMER))
        return configure(workspace, settings)

    return made


def smtp(port, more=""):
    return (
        f'[mail]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        f"wait_seconds = 0.05\n{more}\n"
    )


def send(workspace, action="send_via.email", **params):
    plan = workspace.select(all=True).plan(action, combine="customer", **params)
    return workspace.runs.apply(plan)


def failed(report):
    return dict(zip(report.failed["invoice_id"], report.failed["reason"], strict=True))


def read(content):
    return message_from_bytes(content, policy=default)


def own_document(workspace, invoice_id, megabytes=0.0, content=None):
    """Give an invoice a document of its own, filled up to a size."""
    file = workspace.data / f"documents/own-{invoice_id}.pdf"
    if content is not None:
        file.write_bytes(content)
    else:
        with pikepdf.new() as pdf:
            pdf.add_blank_page()
            noise = np.random.default_rng(invoice_id).bytes(int(megabytes * 1e6))
            pdf.pages[0]["/Noise"] = pdf.make_stream(noise)
            pdf.save(file)
    one = pd.Series({invoice_id: f"documents/{file.name}"})
    give(workspace, document_path=one, document_sha256=one.map(lambda _: sha256_of(file)))
    return file


def test_a_customer_gets_one_mail_with_all_documents_and_a_table_of_them(make):
    script = Script()
    with mail_server(script) as port:
        workspace = make(smtp(port))
        plan = workspace.select(all=True).plan("send_via.email", combine="customer")
        assert plan.preview["recipients"].iloc[0].tolist() == ["mails", 3]
        assert "notes" not in plan.preview
        text = plan.preview["first_mail"].set_index("field").loc["text", "value"]
        report = workspace.runs.apply(plan)
    assert len(report.done) == 6
    assert statuses(workspace) == {"sent": 6}
    by_recipient = {to: read(content) for to, content in script.inbox}
    assert len(script.inbox) == len(by_recipient) == 3
    mail = by_recipient["p1@example.org"]
    assert [part.get_filename() for part in mail.iter_attachments()] == [
        f"F2026-00000{i}.pdf" for i in (1, 3, 5)
    ]
    plain, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert plain.strip().replace("\r\n", "\n") == text.strip(), "the preview shows what goes out"
    for said in (plain, html):
        for number in ("F2026-000001", "F2026-000003", "F2026-000005"):
            assert said.count(number) == 1
        assert "22 Nov 2026" in said
        assert "6 Dec 2026" in said
        assert "€363.00" in said, "three times 121"
    assert mail["Subject"] == "3 documents from Stroom BV"
    assert "F2026-000006" in by_recipient["p6@example.org"]["Subject"], "a single document as ever"

    listed = workspace.outbox.list().set_index("recipient")
    assert listed.loc["p2@example.org", "number"] == "F2026-000002, F2026-000004"
    story = workspace.history("F2026-000005")
    assert [message["recipient"] for messages in story["messages"] for message in messages] == [
        "p1@example.org"
    ]
    assert story["event"].str.startswith("email sent").sum() == 1


def test_two_customers_with_one_address_get_two_mails_however_small_the_commits(make, monkeypatch):
    monkeypatch.setenv("INVOICEBATCH_EXECUTOR__CHUNK_ROWS", "1")
    workspace = make('[sending]\ncombine = "customer"\n', email=["one@x.org", "one@x.org", "six@x.org"])
    workspace.runs.apply(workspace.select(all=True).plan("send_via.preferred"))
    assert sorted(outbox(workspace)["recipient"]) == ["one@x.org", "one@x.org", "six@x.org"]
    assert statuses(workspace) == {"sent": 6}
    with pytest.raises(ParameterError, match="combine"):
        workspace.select(all=True).plan("send_via.email", combine="address")


def test_a_document_that_is_gone_and_a_letter_that_fails_hold_back_no_other(make):
    workspace = make(name=["Broken", "Person 2", "Person 6"])
    file = own_document(workspace, 4)
    file.unlink()
    folder = workspace.root / "templates/mail/invoice-several/en"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("{{ nothing.here if customer.name == 'Broken' else count }}")
    found = failed(send(workspace))
    assert set(found) == {1, 3, 4, 5}
    assert "own-4.pdf is missing" in found[4]
    assert "invoice-several/en/subject.txt" in found[1]
    assert statuses(workspace) == {"sent": 2, "to_send": 4}
    assert sorted(outbox(workspace)["recipient"]) == ["p2@example.org", "p6@example.org"]


def test_what_is_too_large_for_one_mail_goes_in_numbered_ones_and_too_large_a_document_fails_alone(make):
    workspace = make("[mail]\nmax_megabytes = 0.5\n")
    for invoice_id, megabytes in ((1, 0.15), (3, 0.15), (5, 0.15), (2, 0.6)):
        own_document(workspace, invoice_id, megabytes)
    found = failed(send(workspace))
    assert set(found) == {2}
    assert "the limit is 0.5 MB" in found[2]
    mails = [read(file.read_bytes()) for file in (workspace.data / "mail/new").iterdir()]
    to_first = {
        mail["Subject"]: len(list(mail.iter_attachments()))
        for mail in mails
        if mail["To"] == "p1@example.org"
    }
    assert sorted(to_first.values()) == [1, 2]
    assert sorted(subject[-8:] for subject in to_first) == ["(1 of 2)", "(2 of 2)"]
    assert statuses(workspace) == {"sent": 5, "failed": 1}


def test_many_documents_are_one_merged_file_which_is_noted_as_what_was_sent(make):
    workspace = make("[mail]\nmerge_above = 2\n")
    send(workspace)
    names = {
        row["recipient"]: [each["name"] for each in json.loads(row["payload"])["attachments"]]
        for row in outbox(workspace).to_dict("records")
    }
    assert names["p1@example.org"] == ["F2026-000001_F2026-000005.pdf"]
    assert len(names["p2@example.org"]) == 2
    with workspace.store.read() as session:
        documents = session.whole("documents")
    assert documents["sent_at"].notna().all()


def test_what_becomes_of_a_message_becomes_of_all_its_rows(make, tmp_path):
    script = Script(drop_after_dot={"p2@example.org"})
    with mail_server(script) as port:
        workspace = make(smtp(port))
        report = send(workspace)
        assert set(failed(report)) == {2, 4}
        doubt = workspace.outbox.list(status="in_doubt")
        assert doubt["number"].tolist() == ["F2026-000002, F2026-000004"]
        about = workspace.outbox.about(doubt["message_id"].tolist())
        assert about[["number", "version"]].to_numpy().tolist() == [["F2026-000002", 1], ["F2026-000004", 1]]
        workspace.outbox.resend(doubt["message_id"].tolist())
    assert script.recipients().count("p2@example.org") == 2, "as the person decided"
    assert statuses(workspace) == {"sent": 6}

    mail = workspace.outbox.list().set_index("recipient").loc["p1@example.org", "message_id"]
    bounce = DSN.replace(DSN_ID.encode(), mail.encode()).replace(b"ada@example.org", b"p1@example.org")
    (tmp_path / "bounces").mkdir()
    (tmp_path / "bounces/1").write_bytes(bounce)
    bounces = workspace.import_bounces([tmp_path / "bounces"])
    assert bounces["outcome"][0] == "failed"
    assert statuses(workspace) == {"sent": 3, "failed": 3}
    assert len(workspace.runs.report(report.run_id).failed) == 3


def test_a_customer_gets_one_letter_with_a_cover_page(make):
    workspace = make('[post]\nduplex = false\n[post.costs]\n"20g" = 95\n"50g" = 150\n')
    own_document(workspace, 4, content=b"no PDF at all")
    plan = workspace.select(ids=[1, 2, 3, 4, 5]).plan("send_via.post", combine="customer", anyway=True)
    report = workspace.runs.apply(plan)
    assert failed(report) == {4: "its document can't be read as a PDF"}
    (index,) = (workspace.data / "post/in").glob("*/index.csv")
    rows = list(csv.DictReader(io.StringIO(index.read_text("utf-8-sig"))))
    assert sorted((row["number"], row["pages"]) for row in rows) == [
        ("F2026-000001", "4"),
        ("F2026-000002", "1"),
    ]
    (several,) = (row for row in rows if row["pages"] == "4")
    cover = PdfReader(next((workspace.data / "post/in").glob(f"*/{several['file']}"))).pages[0].extract_text()
    assert all(said in cover for said in ("Person 1", "Kade 1", "F2026-000003", "€363.00", "Enclosed"))
    letters = workspace.outbox.list()
    workspace.outbox.mark_sent(letters["message_id"].tolist())
    assert statuses(workspace) == {"sent": 4, "to_send": 2}
