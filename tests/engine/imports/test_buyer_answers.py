"""Answers of buyers reach their invoice once, by number, kind and seller, and show in overview, bar and history."""

import json
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.interfaces.api import Workspace, init_workspace
from invoicebatch.interfaces.cli.main import run

RESPONSE = """<ApplicationResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:{kind}:3</cbc:CustomizationID><cbc:ID>{id}</cbc:ID>
<cbc:IssueDate>{day}</cbc:IssueDate><cbc:IssueTime>12:00:00</cbc:IssueTime>
<cac:SenderParty><cbc:EndpointID schemeID="0208">{buyer}</cbc:EndpointID></cac:SenderParty>
<cac:ReceiverParty><cbc:EndpointID schemeID="0208">{seller}</cbc:EndpointID></cac:ReceiverParty>
<cac:DocumentResponse><cac:Response><cbc:ResponseCode>{code}</cbc:ResponseCode>
<cac:Status><cbc:StatusReasonCode listID="OPStatusReason">PRI</cbc:StatusReasonCode>
<cbc:StatusReason>Price of May</cbc:StatusReason></cac:Status>
<cac:Status><cbc:StatusReasonCode listID="OPStatusAction">NIN</cbc:StatusReasonCode></cac:Status></cac:Response>
<cac:DocumentReference><cbc:ID>{number}</cbc:ID><cbc:DocumentTypeCode>{type}</cbc:DocumentTypeCode></cac:DocumentReference>
</cac:DocumentResponse></ApplicationResponse>"""
FIRST = {"kind": "invoice_response", "id": "R1", "day": "2026-11-21", "buyer": "0200000043", "seller": "0403170701",
         "code": "RE", "number": "F2026-000001", "type": "380"}  # fmt: skip


@pytest.fixture
def workspace(tmp_path, make_documents) -> Workspace:
    invoices, tables = make_documents(3, 1)
    workspace = init_workspace(tmp_path / "workspace")
    invoices = invoices.drop(columns=["mandate_id", "mandate_iban"]).assign(external_id=["a", "b", "c"])
    with workspace.store.write() as session:
        for name in ("company_accounts", "customers", "lines", "vat_breakdown"):
            session.insert(name, tables[name])
        session.insert("invoices", invoices)
        session.reserve_ids(3)
    return workspace


def answers(workspace: Workspace, folder: Path, *changes: dict[str, str]) -> pd.DataFrame:
    folder.mkdir(exist_ok=True)
    for place, change in enumerate(changes):
        (folder / f"{place}.xml").write_text(RESPONSE.format(**(FIRST | change)))
    return workspace.import_answers([folder])


def overview(workspace: Workspace, invoice_id: int = 1) -> pd.Series:
    return workspace.select(ids=[invoice_id]).frame.iloc[0]


def test_a_rejection_reaches_its_invoice_and_the_bar_says_what_to_do(workspace, tmp_path):
    found = answers(workspace, tmp_path / "in", {})
    assert found["outcome"].tolist() == ["taken"]
    row = overview(workspace)
    assert row["buyer_answer"] == "rejected"
    assert row["buyer_answer_reason"] == "prices are wrong; Price of May; asks for a new invoice"
    why = workspace.select(ids=[1, 2]).why("send_via.einvoice")
    assert why["reason"].str.contains("rejected by the buyer").any()
    with workspace.store.read() as session:
        event = session.whole("events").iloc[0]
    assert (event["event"], json.loads(event["details"])["asked"]) == ("buyer: rejected", "a new invoice")


def test_polling_takes_what_lies_in_the_hot_folder_once(workspace, capsys):
    folder = workspace.data / "einvoice" / "answers"
    folder.mkdir(parents=True)
    (folder / "a.xml").write_text(RESPONSE.format(**FIRST))
    run(["outbox", "poll", "-w", str(workspace.root)])
    assert "rejected" in capsys.readouterr().out
    assert overview(workspace)["buyer_answer"] == "rejected"
    assert workspace.poll_answers().empty


def test_the_same_answer_changes_nothing_however_it_comes(workspace, tmp_path):
    answers(workspace, tmp_path / "in", {})
    again = answers(workspace, tmp_path / "again", {}, {})
    assert again["outcome"].tolist() == ["known already"] * 2
    with workspace.store.read() as session:
        assert len(session.whole("buyer_answers")) == len(session.whole("events")) == 1


def test_the_last_answer_counts_in_whatever_order_they_come(workspace, tmp_path):
    answers(workspace, tmp_path / "in", {"id": "R2", "day": "2026-11-23", "code": "AP"}, {"code": "UQ"})
    assert overview(workspace)["buyer_answer"] == "accepted"
    answers(workspace, tmp_path / "later", {"id": "R3", "day": "2026-11-24", "code": "PD"})
    assert overview(workspace)["buyer_answer"] == "paid"


def test_a_message_level_response_accepts_the_message_alone(workspace, tmp_path):
    answers(workspace, tmp_path / "in", {"kind": "mlr", "code": "AP"})
    assert overview(workspace)["buyer_answer"] == "received"


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"number": "F1999"}, "no document of this number is here"),
        ({"type": "381"}, "no document of this number is here"),
        ({"seller": "0202239951"}, "it is for another seller"),
        ({"code": "XX"}, "says XX, which is no status"),
        ({"day": "soon"}, "does not say when"),
    ],
)
def test_what_fits_no_invoice_is_named_and_the_rest_is_taken(workspace, tmp_path, change, outcome):
    found = answers(workspace, tmp_path / "in", change | {"id": "R0"}, {"id": "R9", "number": "F2026-000002"})
    assert sorted(found["outcome"].eq("taken")) == [False, True]
    assert found["outcome"].str.contains(outcome).any()
    assert overview(workspace, 2)["buyer_answer"] == "rejected"
    assert pd.isna(overview(workspace)["buyer_answer"])


def test_the_command_names_what_to_do_next(workspace, tmp_path, capsys):
    (tmp_path / "in.xml").write_text(RESPONSE.format(**FIRST))
    (tmp_path / "other.xml").write_text("<order/>")
    capsys.readouterr()
    assert run(["einvoice", "import", str(tmp_path / "in.xml"), "-w", str(workspace.root)]) == 0
    assert "invoicebatch run credit" in capsys.readouterr().out
    assert run(["einvoice", "import", str(tmp_path / "other.xml"), "--json", "-w", str(workspace.root)]) == 3
    assert "is no answer" in json.loads(capsys.readouterr().out)[0]["outcome"]


def test_official_answers_are_read(shared):
    from invoicebatch.ingest.buyer_answers import read_answers

    folders = ("peppol-responses-2026.5/examples", "france-ctc-1.4.0.03/cdar")
    found = {
        each.file: each for each in read_answers([shared / "validation" / name for name in folders]).found
    }
    assert len(found) == 13
    said = {
        name.partition("-")[2][:6]: each.status.value
        for name, each in found.items()
        if name.startswith("T111")
    }
    assert said == {"uc001-": "in_process", "uc002b": "in_process", "uc004a": "rejected", "uc004c": "rejected",
                    "uc006a": "under_query", "uc006c": "under_query", "uc008-": "accepted"}  # fmt: skip
    french = {
        each.number + name[-12:-4]: each.status.value for name, each in found.items() if name.startswith("UC")
    }
    assert sorted(french.values()) == [
        "accepted",
        "deposited",
        "in_process",
        "paid",
        "received",
        "under_query",
    ]
    dispute = next(each for name, each in found.items() if "207" in name)
    assert (dispute.number, dispute.reason, dispute.asked) == (
        "F202500007",
        "Taux de TVA erroné",
        "Créer un Avoir total",
    )
    assert "100000009" in dispute.sellers
