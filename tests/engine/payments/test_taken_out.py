"""One payment out of a bundle, and the rest goes on: removed before the file is written, recalled after."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from invoicebatch.errors import ParameterError
from invoicebatch.formats.pain.check import schema
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.interfaces.cli.main import run
from tests.ingest.bank.bank_files import group_status, payment_status, status_report

Make = Callable[..., Workspace]
FIRST = "F2026-000001"


@pytest.fixture
def bundled(money_workspace: Make) -> tuple[Workspace, str]:
    ws = money_workspace(3)
    ws.select(all=True).plan("assign.bank_file").apply()
    return ws, str(ws.payments.list()["bundle_id"].iloc[0])


def test_a_removed_payment_is_free_and_the_rest_goes_on(bundled: tuple[Workspace, str]) -> None:
    ws, bundle = bundled
    assert run(["payments", "remove", bundle, "--numbers", f"{FIRST},F2026-000002", "-w", str(ws.root)]) == 0
    listed = ws.payments.list().iloc[0]
    assert (listed["items"], listed["total_cents"], listed["withdrawn"]) == (1, 12_100, 2)
    (file,) = ws.payments.write(bundle).files["path"]
    assert b"<NbOfTxs>1</NbOfTxs>" in Path(file).read_bytes()
    assert ws.select(all=True).plan("assign.bank_file").eligible == 2
    with pytest.raises(ParameterError, match="is written: nothing is removed"):
        ws.payments.remove(bundle, ["F2026-000003"])
    with pytest.raises(ParameterError, match=r"no waiting payment of F2026-000001"):
        ws.payments.recall(bundle, [FIRST])


def test_a_recalled_payment_waits_for_the_banks_answer(
    bundled: tuple[Workspace, str], tmp_path: Path
) -> None:
    ws, bundle = bundled
    ws.payments.write(bundle)
    off = ws.payments.recall(bundle, [FIRST])
    assert off.failed["reason"].str.contains("set recalls = true").all()
    (ws.root / "invoicebatch.toml").write_text("[payment]\nrecalls = true\n")
    ws = open_workspace(ws.root)
    report = ws.payments.recall(bundle, [FIRST], reason="DUPL")
    (file,) = report.files["path"]
    root = etree.parse(file, etree.XMLParser(schema=schema("camt.055.001.08"))).getroot()
    item = ws.payments.items(bundle).iloc[0]
    told = {
        name: root.findtext(f".//{{*}}{name}")
        for name in ("OrgnlEndToEndId", "OrgnlInstdAmt", "Cd", "OrgnlMsgId")
    }
    assert told == {
        "OrgnlEndToEndId": item["end_to_end_id"], "OrgnlInstdAmt": "121.00", "Cd": "DUPL",
        "OrgnlMsgId": ws.payments.show(bundle).bundle["message_id"].iloc[0],
    }  # fmt: skip
    assert ws.payments.show(bundle).messages["state"].tolist() == ["current"]  # a recall is no message of it
    again = ws.payments.recall(bundle, [FIRST])
    assert again.failed["reason"].str.contains("waits for the bank's answer").all()
    assert len(ws.payments.confirm(bundle).done) == 2
    assert ws.payments.items(bundle)["status"].astype("str").tolist() == ["pending", "accepted", "accepted"]
    answer = group_status("X", "", payment_status(item["end_to_end_id"], "CANC", "DUPL"))
    (tmp_path / "answer.xml").write_text(status_report("X", "", answer))
    ws.payments.read(tmp_path / "answer.xml")
    assert ws.payments.items(bundle)["status"].astype("str").tolist() == ["rejected", "accepted", "accepted"]
    assert ws.doctor().empty


def test_a_refused_recall_leaves_the_payment_as_it_was(
    bundled: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICEBATCH_PAYMENT__RECALLS", "true")
    ws, bundle = bundled
    ws.payments.write(bundle)
    ws = open_workspace(ws.root)
    ws.payments.recall(bundle, [FIRST])
    assert ws.payments.recall(bundle, [FIRST], refused=True).files.empty
    assert len(ws.payments.confirm(bundle).done) == 3
