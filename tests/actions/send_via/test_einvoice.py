"""send_via.einvoice as a user runs it: against a network that takes, refuses, hangs and dies."""

import base64
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import typst
from lxml import etree

from invoicebatch.formats.cii.facturx import embed
from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace
from tests.examples import in_sweeps
from tests.waiting import LIMIT, until

ROOT = Path(__file__).resolve().parents[3]
_spec = importlib.util.spec_from_file_location("networks", ROOT / "tests/delivery/einvoice/conftest.py")
networks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(networks)
network = networks.network

SETTINGS = """
[integrations]
peppol = true
chorus_pro = {chorus}

[einvoice]
api_url = "{url}"
chorus_url = "{url}"
chorus_token_url = "{url}/token"
timeout_seconds = {timeout}
wait_seconds = 0.05
legal_entities = {{ BE = 7 }}
"""

SECRETS = dict.fromkeys(
    (
        "INVOICEBATCH_ACCESS_POINT_KEY",
        "INVOICEBATCH_PISTE_ID",
        "INVOICEBATCH_PISTE_SECRET",
        "INVOICEBATCH_CHORUS_LOGIN",
        "INVOICEBATCH_CHORUS_PASSWORD",
    ),
    "secret",
)


@pytest.fixture
def make(tmp_path, make_documents, network):
    def workspace(count: int = 4, chorus: bool = False) -> Workspace:
        root = tmp_path / "workspace"
        workspace = init_workspace(root)
        with (root / "invoicebatch.toml").open("w") as file:
            file.write(SETTINGS.format(url=network.url, chorus=str(chorus).lower(), timeout=LIMIT))
        invoices, tables = make_documents(count, 2)
        invoices = invoices.drop(columns=["mandate_id", "mandate_iban"]).assign(
            external_id=[f"X{i}" for i in invoices["invoice_id"]], document_version=1, document_path="documents/x.pdf",
            document_sha256="0" * 64,
        )  # fmt: skip
        with workspace.store.write() as session:
            for name in ("company_accounts", "customers", "lines", "vat_breakdown"):
                session.insert(name, tables[name])
            session.insert("invoices", invoices)
            session.reserve_ids(count)
        return workspace

    return workspace


def start(workspace: Workspace, *arguments: str) -> subprocess.Popen:
    environment = {
        **os.environ,
        **SECRETS,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error::ResourceWarning",
    }
    command = [sys.executable, "-m", "invoicebatch", *arguments, "-w", str(workspace.root)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(workspace: Workspace, *arguments: str) -> tuple[int, dict]:
    process = start(workspace, *arguments, "--json")
    out, err = process.communicate(timeout=LIMIT)
    return process.returncode, json.loads(out) if out.strip() else {"error": err}


SEND = ("run", "send_via.einvoice", "--all", "--yes", "-p", "schematron=none")


def shipping(workspace: Workspace) -> dict[int, str]:
    frame = workspace.select(where="number IS NOT NULL").frame
    return dict(zip(frame["invoice_id"], frame["shipping_status"].astype(str), strict=True))


def test_documents_are_sent_once_and_the_network_says_what_became_of_them(make, network):
    workspace = make()
    code, report = run(workspace, *SEND)
    assert (code, report["done"]) == (0, 4)
    assert len(network.submissions) == 4
    assert all(document.startswith(b"<?xml") for document in network.documents())
    assert set(shipping(workspace).values()) == {"sending"}
    code, _ = run(workspace, *SEND)
    assert code == 4
    assert len(network.submissions) == 4
    keys = list(network.submissions)
    network.tell(f"guid-{keys[0]}", "succeeded")
    network.tell(f"guid-{keys[1]}", "failed", details="Receiver unknown")
    code, news = run(workspace, "outbox", "poll")
    answers = {message["state"]: message["answer"] for message in news}
    assert (code, sorted(answers)) == (0, ["failed", "sent"])
    assert "Receiver unknown" in answers["failed"]
    assert len(network.submissions) == 4
    assert sorted(shipping(workspace).values()) == ["failed", "sending", "sending", "sent"]
    failures = workspace.select(where="shipping_status = 'failed'").frame
    assert "Receiver unknown" in failures["failure"].iloc[0]
    with workspace.store.read() as session:
        outbox = session.whole("outbox")
    assert sorted(outbox["status"].astype(str)) == ["accepted", "accepted", "failed", "sent"]
    assert outbox["reference"].str.startswith("peppol:guid-").all()
    reports_saved_as_files_are_taken_once(workspace, keys, network)


def reports_saved_as_files_are_taken_once(workspace, keys, network):
    """What the access point calls back with, by whatever way it is brought: as webhook, or as its event alone."""
    event = {"document_submission_guid": f"guid-{keys[2]}", "event": "delivered"}
    saved = {
        "webhook": {"guid": "n9", "body": json.dumps(event)},
        "late": event | {"event": "failed"},
        "foreign": event | {"document_submission_guid": "guid-other"},
        "first": {"idempotency_guid": keys[0], "status": "sent"},
        "no-report": {"hello": 1},
    }
    folder = workspace.root / "callbacks"
    folder.mkdir()
    for place, (name, content) in enumerate(saved.items()):
        (folder / f"{place}-{name}.json").write_text(json.dumps(content))
    asked = len(network.asked)
    outcomes = workspace.import_answers([folder])["outcome"].tolist()
    assert outcomes[:2] == ["taken", "the message is sent already"]
    assert outcomes[2:] == [
        "no message of this submission is here",
        "known already",
        "is no report of the access point on a document",
    ]
    assert Counter(shipping(workspace).values()) == {"sent": 2, "failed": 1, "sending": 1}
    again = workspace.import_answers([folder])
    assert again["outcome"].tolist() == ["known already", *outcomes[1:]]
    assert again["number"].str.match(r"[FC]2026-\d{6}").tolist() == [True, True, False, True, False]
    answers = workspace.data / "einvoice" / "answers"
    answers.mkdir(parents=True)
    (answers / "a.json").write_text(
        json.dumps({"idempotency_guid": keys[3], "event": "failed", "details": "Lost"})
    )
    assert workspace.poll_answers()["answer"].tolist() == ["failed"]
    assert workspace.poll_answers().empty
    assert len(network.asked) == asked
    assert sorted(shipping(workspace).values()) == ["failed", "failed", "sent", "sent"]


def test_a_refused_document_fails_by_name_and_the_others_go(make, network):
    refusal = (422, {"errors": [{"source": "document", "details": "Schematron: BR-CO-15"}]})
    network.answers["/document_submissions"] = [refusal]
    workspace = make()
    code, report = run(workspace, *SEND)
    assert code == 3
    assert len(report["failed"]) == 1
    assert "Schematron: BR-CO-15" in report["failed"][0]["reason"]
    failed = report["failed"][0]["invoice_id"]
    assert shipping(workspace)[failed] == "failed"
    assert len(network.submissions) == 3


def test_a_row_without_a_valid_document_is_not_sent(make, network):
    workspace = make()
    with workspace.store.write() as session:
        session._con.execute("UPDATE invoices SET total = 1 WHERE invoice_id = 2")
        session._con.execute("UPDATE customers SET endpoint_id = '0200000044' WHERE customer_id = 'C00000'")
    _, report = run(workspace, *SEND)
    reasons = {row["invoice_id"]: row["reason"] for row in report["failed"]}
    assert "BR-CO-15" in reasons[2]
    assert "PEPPOL-COMMON-R043" in reasons[1]
    assert len(network.submissions) == 2
    assert shipping(workspace)[2] == "to_send"


def test_a_server_that_fails_first_is_asked_again_under_the_same_key(make, network):
    network.answers["/document_submissions"] = [(500, None), (503, None)]
    workspace = make(count=2)
    code, report = run(workspace, *SEND)
    assert (code, report["done"]) == (0, 2)
    assert len(network.submissions) == 2
    keys = [body["idempotencyGuid"] for _, path, _, body in network.asked if path == "/document_submissions"]
    assert len(keys) == 4
    assert len(set(keys)) == 2


def kill_in_hand(network, workspace: Workspace, path: str, *arguments: str) -> None:
    """Kill a command once the network holds a request of it; others may be in hand as well, or not."""
    network.answers[path] = [network.hang]
    network.holding.clear()
    process = start(workspace, *arguments)
    until(network.holding.is_set, lambda: process.poll() is None)
    process.kill()
    out, err = process.communicate(timeout=LIMIT)
    assert network.holding.is_set(), out + err
    network.answers.clear()


@pytest.mark.parametrize("kills", [2, *in_sweeps(1)])
def test_a_process_killed_between_request_and_answer_never_sends_twice(make, network, kills):
    workspace = make(count=3)
    for attempt in range(kills):
        kill_in_hand(network, workspace, "/document_submissions", *(SEND if attempt == 0 else ("resume",)))
    process = start(workspace, "resume")
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, out + err
    assert len(network.submissions) == 3
    numbers = [body["document"]["rawDocumentData"]["document"] for body in network.submissions.values()]
    assert len(set(numbers)) == 3
    with workspace.store.read() as session:
        assert session.whole("outbox")["status"].astype(str).tolist() == ["accepted"] * 3


def test_chorus_pro_killed_between_request_and_answer_is_left_to_a_person(make, network):
    """Each document is deposited once at most, none is forgotten, and each doubt is listed."""
    workspace = make(count=2, chorus=True)
    with workspace.store.write() as session:
        session._con.execute("UPDATE customers SET siret = '12345678901234', postcode = '75001'")
    kill_in_hand(network, workspace, "/cpro/factures/v1/deposer/flux", *SEND)
    start(workspace, "resume").communicate(timeout=LIMIT)
    deposits = Counter(map(number_of, network.documents()))
    (held,) = map(number_of, network.documents(network.held))
    messages = workspace.outbox.list().set_index("number")["state"].astype(str).to_dict()
    assert set(deposits) <= set(messages) == {"F2026-000001", "F2026-000002"}
    assert max(deposits.values()) == 1
    assert messages[held] == "in_doubt"
    assert set(messages.values()) <= {"accepted", "in_doubt"}
    assert {number for number, state in messages.items() if state == "accepted"} <= set(deposits)
    (run_id,) = workspace.runs.list()["run_id"]
    doubts = {number for number, state in messages.items() if state == "in_doubt"}
    assert set(workspace.runs.report(run_id).failed["number"]) == doubts


def number_of(document: bytes) -> str:
    return etree.fromstring(document).findtext("{*}ID")


def test_networks_are_chosen_by_what_is_on_and_known(make, network):
    workspace = make(count=3, chorus=True)
    with workspace.store.write() as session:
        session._con.execute(
            "UPDATE customers SET siret = '123', postcode = '75001' WHERE customer_id = 'C00000'"
        )
        session._con.execute(
            "UPDATE customers SET siret = '12345678901234', postcode = '75001', service_code = 'S1' WHERE customer_id = 'C00001'"
        )
    _, report = run(workspace, *SEND)
    assert "SIRET has not 14 digits" in report["refused"][0]["reason"]
    with workspace.store.read() as session:
        outbox = session.whole("outbox")
    assert sorted(outbox["recipient"]) == ["0009:12345678901234", "0208:0200000241"]
    assert sorted(outbox["reference"].str.partition(":")[0]) == ["chorus_pro", "peppol"]


def test_chorus_pro_is_sent_the_pdf_with_its_data_where_the_settings_say(make, network):
    workspace = make(count=2, chorus=True)
    plain = typst.compile(
        b"#set document(title: [x], date: datetime(year: 2026, month: 11, day: 22))", pdf_standards=["a-2b"]
    )
    data = embed(plain, b"<invoice/>")
    for invoice_id, pdf in ((1, data), (2, plain)):
        path = workspace.data / f"documents/{invoice_id}.pdf"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(pdf)
        with workspace.store.write() as session:
            session._con.execute(
                "UPDATE invoices SET document_path = ?, document_sha256 = ? WHERE invoice_id = ?",
                [f"documents/{invoice_id}.pdf", hashlib.sha256(pdf).hexdigest(), invoice_id],
            )
    with workspace.store.write() as session:
        session._con.execute("UPDATE customers SET siret = '73282932000074', postcode = '75001'")
    with (workspace.root / "invoicebatch.toml").open("a") as file:
        file.write('chorus_format = "facturx"\n')
    _, report = run(workspace, *SEND)
    assert [row["invoice_id"] for row in report["failed"]] == [2]
    assert "holds no Factur-X data" in report["failed"][0]["reason"]
    (body,) = [body for _, path, _, body in network.asked if path.endswith("deposer/flux")]
    assert base64.b64decode(body["fichierFlux"]) == data
    assert body["syntaxeFlux"] == "IN_DP_E2_CII_FACTURX"


def test_the_plan_says_who_can_not_be_reached_before_anything_goes_out(make, network, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    workspace = make(count=3)
    network.answers["/discovery/receives"] = [(200, {"code": "ERROR"})]
    with (workspace.root / "invoicebatch.toml").open("a") as file:
        file.write("connections = 1\n")
    workspace = open_workspace(workspace.root)
    plan = workspace.select(all=True).plan("send_via.einvoice")
    assert plan.preview["receivers"]["rows"].tolist() == [2, 1, 0]
    away = plan.preview["can not be reached"]
    assert "takes no invoices through Peppol (asked on" in away["reason"].iloc[0]
    again = workspace.select(all=True).plan("send_via.einvoice")
    assert again.refused["reason"].tolist() == away["reason"].tolist()
    assert again.preview["receivers"]["rows"].tolist() == [2, 0, 0]
    assert network.paths().count("/discovery/receives") == 3
    assert network.submissions == {}


def test_without_an_answer_receivers_are_unknown_and_nobody_is_refused(make, network, monkeypatch):
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    plan = open_workspace(make(count=2).root).select(all=True).plan("send_via.einvoice")
    assert plan.preview["receivers"]["rows"].tolist() == [0, 0, 2]
    assert plan.refused.empty
