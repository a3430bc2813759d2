"""Bank reports on a real workspace: each entry has its effect once, or is named."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.errors import InputFileError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.model.payments.sepa import payment_information_id

Make = Callable[..., Workspace]

STATUS = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>BANK-1</MsgId><CreDtTm>2026-12-01T08:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.008</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>
{infos}</CstmrPmtStsRpt></Document>"""

STATEMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>{id}</MsgId><CreDtTm>2026-12-05T08:00:00</CreDtTm></GrpHdr>
<Stmt><Id>1</Id>{entries}</Stmt></BkToCstmrStmt></Document>"""


def transaction(end_to_end: str, status: str, reason: str = "") -> str:
    why = (
        f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn><AddtlInf>Account closed</AddtlInf></StsRsnInf>"
        if reason
        else ""
    )
    return f"<TxInfAndSts><OrgnlEndToEndId>{end_to_end}</OrgnlEndToEndId><TxSts>{status}</TxSts>{why}</TxInfAndSts>"


def entry(end_to_end: str, amount: str = "121.00", reason: str = "", status: str = "BOOK") -> str:
    why = f"<RtrInf><Rsn><Cd>{reason}</Cd></Rsn></RtrInf>" if reason else ""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>'
        f"<BookgDt><Dt>2026-12-05</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>"
        f'<Amt Ccy="EUR">{amount}</Amt>{why}</TxDtls></NtryDtls></Ntry>'
    )


@pytest.fixture
def written(money_workspace: Make) -> tuple[Workspace, str, list[str]]:
    ws = money_workspace(4)
    ws.select(all=True).plan("assign.bank_file").apply()
    bundle = ws.payments.list()["bundle_id"].iloc[0]
    ws.payments.write(bundle)
    return ws, bundle, ws.payments.items(bundle)["end_to_end_id"].tolist()


def save(ws: Workspace, text: str, name: str = "report.xml") -> Path:
    path = ws.root / name
    path.write_text(text)
    return path


def status(ws: Workspace, infos: str = "", group: str = "") -> Path:
    with ws.store.read() as session:
        message = session.whole("payment_bundles")["message_id"].iloc[0]
    return save(ws, STATUS.format(message=message, group=group, infos=infos))


def states(ws: Workspace, bundle: str) -> list[str]:
    return ws.payments.items(bundle)["status"].astype("str").tolist()


def outstanding(ws: Workspace) -> list[int]:
    return ws.select(all=True).frame["outstanding_cents"].tolist()


def test_a_status_report_confirms_and_rejects_by_end_to_end_id(
    written: tuple[Workspace, str, list[str]],
) -> None:
    ws, bundle, ids = written
    infos = (
        transaction(ids[0], "ACSC") + transaction(ids[1], "RJCT", "AC04") + transaction("UNKNOWN-1", "RJCT")
    )
    infos += transaction(ids[0], "RJCT", "MS03") + transaction(ids[2], "PDNG")
    done = ws.payments.read(
        status(ws, f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>X</OrgnlPmtInfId>{infos}</OrgnlPmtInfAndSts>")
    )
    assert states(ws, bundle) == ["confirmed", "rejected", "pending", "pending"]
    assert outstanding(ws) == [0, 12_100, 12_100, 12_100]
    reasons = done.refused.set_index("end_to_end_id")["reason"]
    assert "no payment of ours" in reasons["UNKNOWN-1"]
    assert "reported twice" in reasons[ids[0]]
    assert any("PDNG" in note for note in done.notes)
    assert ws.payments.items(bundle)["reason"].iloc[1] == "AC04 Account closed"
    again = ws.payments.read(ws.root / "report.xml")
    assert any("were read before" in note for note in again.notes)
    assert outstanding(ws) == [0, 12_100, 12_100, 12_100]
    assert ws.doctor().empty


def test_a_whole_file_accepted_but_for_one(written: tuple[Workspace, str, list[str]]) -> None:
    ws, bundle, ids = written
    infos = f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>X</OrgnlPmtInfId>{transaction(ids[3], 'RJCT', 'AM04')}</OrgnlPmtInfAndSts>"
    done = ws.payments.read(status(ws, infos, "<GrpSts>ACCP</GrpSts>"))
    assert states(ws, bundle) == ["confirmed"] * 3 + ["rejected"]
    assert ws.payments.list()["state"].tolist() == ["confirmed"]
    assert done.booked.set_index("kind")["payments"].to_dict() == {"confirmed": 3, "rejected": 1}


def test_a_rejected_file_frees_all_its_invoices(written: tuple[Workspace, str, list[str]]) -> None:
    ws, bundle, _ = written
    ws.payments.read(status(ws, "", "<GrpSts>RJCT</GrpSts>"))
    assert set(states(ws, bundle)) == {"rejected"}
    assert ws.payments.list()["state"].tolist() == ["cancelled"]
    assert ws.select(all=True).plan("assign.bank_file").eligible == 4


def test_a_rejected_group_is_the_group_of_the_file(written: tuple[Workspace, str, list[str]]) -> None:
    ws, bundle, _ = written
    data = Path(ws.payments.list()["file"].iloc[0]).read_text()
    group = payment_information_id(bundle, 1)
    assert f"<PmtInfId>{group}</PmtInfId>" in data
    ws.payments.read(
        status(
            ws,
            f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{group}</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts></OrgnlPmtInfAndSts>",
        )
    )
    items = ws.payments.items(bundle)
    rejected = items[items["status"].astype("str") == "rejected"]
    section = data[data.index(group) : data.index("</PmtInf>", data.index(group))]
    assert len(rejected) > 0
    assert [i for i in items["end_to_end_id"] if i in section] == rejected["end_to_end_id"].tolist()


def test_a_return_after_confirmation_opens_the_invoice_again(
    written: tuple[Workspace, str, list[str]],
) -> None:
    ws, bundle, ids = written
    ws.payments.confirm(bundle)
    done = ws.payments.read(
        save(ws, STATEMENT.format(id="S1", entries=entry(ids[2], reason="AM04") + entry("NOTPROVIDED")))
    )
    assert states(ws, bundle) == ["confirmed", "confirmed", "returned", "confirmed"]
    assert outstanding(ws) == [0, 0, 12_100, 0]
    assert done.refused.empty
    assert any("no EndToEndId" in note for note in done.notes)
    assert ws.select(ids=[3]).plan("assign.bank_file").eligible == 1
    late = ws.payments.read(
        save(ws, STATEMENT.format(id="S2", entries=entry(ids[2], reason="AM04")), "late.xml")
    )
    assert "is returned" in late.refused["reason"].iloc[0]
    assert outstanding(ws) == [0, 0, 12_100, 0]
    assert ws.doctor().empty


def test_a_return_before_confirmation_is_a_rejection(written: tuple[Workspace, str, list[str]]) -> None:
    ws, bundle, ids = written
    ws.payments.read(
        save(ws, STATEMENT.format(id="S1", entries=entry(ids[0], reason="AC01") + entry(ids[1])))
    )
    assert states(ws, bundle) == ["rejected", "confirmed", "pending", "pending"]
    assert outstanding(ws) == [12_100, 0, 12_100, 12_100]


def test_another_amount_is_named_and_has_no_effect(written: tuple[Workspace, str, list[str]]) -> None:
    ws, bundle, ids = written
    done = ws.payments.read(
        save(ws, STATEMENT.format(id="S1", entries=entry(ids[0], "120.00") + entry(ids[1], status="PDNG")))
    )
    assert "reported with 120.00, sent with 121.00" in done.refused["reason"].iloc[0]
    assert set(states(ws, bundle)) == {"pending"}
    assert any("not booked yet" in note for note in done.notes)


@pytest.mark.parametrize(
    "text",
    [
        "no xml",
        "<a/>",
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"/>',
    ],
)
def test_other_files_are_refused(money_workspace: Make, text: str) -> None:
    ws = money_workspace(1)
    with pytest.raises(InputFileError):
        ws.payments.read(save(ws, text))


def test_imported_payments_are_booked_once_on_invoice_plan_and_case(
    money_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICEBATCH_INTEGRATIONS__COLLECTION", "true")
    ws = money_workspace(4)
    ws.select(ids=[1, 4]).plan("assign.payment_plan", instalments=4).apply()
    ws.select(ids=[2]).plan("assign.collection_case").apply()
    file = ws.root / "payments.csv"
    file.write_text(
        "payment_id,external_id,booked_on,amount,reference\nP1,X0000001,2026-03-01,100.00,a\n"
        "P2,X0000002,2026-03-02,121.00,b\nP3,X0009999,2026-03-02,1.00,c\nP4,X0000003,2026-03-02,21.00,d\n"
    )
    report = ws.import_files([file], kind="payments", mapping=None)
    assert report.refused["value"].tolist() == ["X0009999"]
    assert outstanding(ws) == [2_100, 0, 10_000, 12_100]
    with ws.store.read() as session:
        parts = session.whole("instalments")
        case = session.whole("collection_cases").iloc[0]
    assert parts["paid_cents"].tolist() == [6_050, 3_950, 0, 0]
    assert (case["status"], case["closed_reason"]) == ("closed", "paid")
    ws.import_files([file], kind="payments", mapping=None)
    assert outstanding(ws) == [2_100, 0, 10_000, 12_100]
    file.write_text(
        "payment_id,external_id,booked_on,amount\nP5,X0000001,2026-03-05,21.00\nP6,X0000004,2026-03-05,121.00\n"
    )
    ws.import_files([file], kind="payments", mapping=None)
    with ws.store.read() as session:
        assert session.whole("payment_plans")["status"].tolist() == ["completed"]
        assert session.whole("payments")["amount_cents"].sum() == 38_400
    assert ws.doctor().empty


def test_a_payment_read_with_another_amount_is_named(money_workspace: Make) -> None:
    ws = money_workspace(1)
    file = ws.root / "payments.csv"
    for amount in ("10.00", "11.00"):
        file.write_text(f"payment_id,external_id,booked_on,amount\nP1,X0000001,2026-03-01,{amount}\n")
        report = ws.import_files([file], kind="payments", mapping=None)
    assert report.refused["reason"].str.contains("another amount").all()
    assert len(report.refused) == 1
    assert outstanding(ws) == [11_100]
    assert isinstance(report.counts, pd.DataFrame)
