"""send_via.einvoice as a user runs it: against a network that takes, refuses, hangs and dies."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from invoicebatch.interfaces.api import Workspace, init_workspace

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
    def workspace(count: int = 4, chorus: bool = False, timeout: float = 5.0) -> Workspace:
        root = tmp_path / "workspace"
        workspace = init_workspace(root)
        with (root / "invoicebatch.toml").open("w") as file:
            file.write(SETTINGS.format(url=network.url, chorus=str(chorus).lower(), timeout=timeout))
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
    out, err = process.communicate(timeout=120)
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
    code, news = run(workspace, "run", "send_via.einvoice", "--all", "-p", "poll=true")
    assert (code, news["state"], news["done"]) == (3, "polled", 1)
    assert "Receiver unknown" in news["failed"][0]["reason"]
    assert len(network.submissions) == 4
    assert sorted(shipping(workspace).values()) == ["failed", "sending", "sending", "sent"]
    failures = workspace.select(where="shipping_status = 'failed'").frame
    assert "Receiver unknown" in failures["failure"].iloc[0]
    with workspace.store.read() as session:
        outbox = session.whole("outbox")
    assert sorted(outbox["status"].astype(str)) == ["accepted", "accepted", "failed", "sent"]
    assert outbox["reference"].str.startswith("peppol:guid-").all()


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


@pytest.mark.parametrize("kills", [1, 2])
def test_a_process_killed_between_request_and_answer_never_sends_twice(make, network, kills):
    workspace = make(count=3, timeout=30.0)
    for attempt in range(kills):
        network.answers["/document_submissions"] = [network.hang]
        network.holding.clear()
        process = start(workspace, *(SEND if attempt == 0 else ("resume",)))
        assert network.holding.wait(40), process.communicate(timeout=5)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        network.answers.clear()
    process = start(workspace, "resume")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert len(network.submissions) == 3
    numbers = [body["document"]["rawDocumentData"]["document"] for body in network.submissions.values()]
    assert len(set(numbers)) == 3
    with workspace.store.read() as session:
        assert session.whole("outbox")["status"].astype(str).tolist() == ["accepted"] * 3


def test_chorus_pro_killed_between_request_and_answer_is_left_to_a_person(make, network):
    workspace = make(count=2, chorus=True, timeout=30.0)
    with workspace.store.write() as session:
        session._con.execute("UPDATE customers SET siret = '12345678901234', postcode = '75001'")
    path = "/cpro/factures/v1/deposer/flux"
    network.answers[path] = [network.hang]
    process = start(workspace, *SEND)
    assert network.holding.wait(40), process.communicate(timeout=5)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    start(workspace, "resume").communicate(timeout=60)
    with workspace.store.read() as session:
        status = session.whole("outbox")["status"].astype(str).value_counts().to_dict()
    deposited = network.paths().count(path)
    assert status.get("in_doubt", 0) >= 1
    assert deposited == 2
    assert status.get("in_doubt", 0) + status.get("accepted", 0) == 2


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
    assert "SIRET has not 14 digits" in report["failed"][0]["reason"]
    with workspace.store.read() as session:
        outbox = session.whole("outbox")
    assert sorted(outbox["recipient"]) == ["0009:12345678901234", "0208:0200000241"]
    assert sorted(outbox["reference"].str.partition(":")[0]) == ["chorus_pro", "peppol"]
