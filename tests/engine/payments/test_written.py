"""What was written stays what it is; what was not handed to the bank may be replaced, and shows it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from invoicebatch.engine.plan.report import Report
from invoicebatch.errors import ParameterError
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.interfaces.cli.main import run
from tests.ingest.bank.bank_files import status_report
from tests.paying import date_has_come

Make = Callable[..., Workspace]


@pytest.fixture
def written(money_workspace: Make) -> tuple[Workspace, str, Path]:
    """A workspace, its written bundle of three collections of 121.00, and the file."""
    ws = money_workspace(3)
    ws.select(all=True).plan("assign.bank_file").apply()
    (bundle,) = ws.payments.list()["bundle_id"]
    return ws, bundle, file_of(ws.payments.write(bundle))


def file_of(report: Report) -> Path:
    (path,) = report.files["path"]
    return Path(path)


def ids(data: bytes) -> dict[str, str | None]:
    root = etree.fromstring(data)
    names = {"p": root.nsmap[None]}
    found = {name: root.findtext(f".//p:{name}", None, names) for name in ("MsgId", "PmtInfId", "NbOfTxs")}
    return {**found, "EndToEndId": ",".join(e.text or "" for e in root.iterfind(".//p:EndToEndId", names))}


def test_a_rejected_item_leaves_the_written_file_as_it_was(written: tuple[Workspace, str, Path]) -> None:
    ws, bundle, file = written
    before = file.read_bytes()
    ws.payments.reject(bundle, 2, "AC04")
    (ws.root / "invoicebatch.toml").write_text("[payment]\nbatch_booking = false\n")
    changed = open_workspace(ws.root)
    assert file_of(changed.payments.write(bundle)).read_bytes() == before
    file.write_bytes(before.replace(b"121.00", b"921.00"))
    assert file_of(changed.payments.write(bundle)).read_bytes() == before


def test_a_changed_bundle_is_a_new_message_that_replaces_the_old_one(
    written: tuple[Workspace, str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    ws, bundle, file = written
    old = ids(file.read_bytes())
    ws.payments.reject(bundle, 2, "mistake")
    command = ["payments", "write", bundle, "--replace", "-w", str(ws.root)]
    assert run(command) == 2
    assert "never gets the old one" in capsys.readouterr().err
    assert run([*command, "--yes"]) == 0
    messages = ws.payments.show(bundle).messages
    assert messages["state"].tolist() == ["replaced", "current"]
    new = ids(Path(messages["file"].iloc[1]).read_bytes())
    assert (old["NbOfTxs"], new["NbOfTxs"]) == ("3", "2")
    assert new["MsgId"] != old["MsgId"]
    assert new["PmtInfId"] != old["PmtInfId"]
    assert messages["message_id"].tolist() == [old["MsgId"], new["MsgId"]]
    listed = ws.payments.list().iloc[0]
    assert (listed["items"], listed["total_cents"]) == (2, 24_200)
    again = file_of(ws.payments.write(bundle))
    assert ids(again.read_bytes()) == new
    date_has_come(ws)
    assert len(ws.payments.confirm(bundle).done) == 2
    capsys.readouterr()
    assert run(["payments", "show", bundle, "-w", str(ws.root)]) == 0
    shown = capsys.readouterr().out
    assert "write (replaced)" in shown
    assert "reject: mistake" in shown
    assert "F2026-000001" in shown


def test_what_the_bank_has_is_not_replaced(written: tuple[Workspace, str, Path], tmp_path: Path) -> None:
    ws, bundle, file = written
    report = tmp_path / "status.xml"
    report.write_text(status_report(str(ids(file.read_bytes())["MsgId"]), "ACCP"))
    ws.payments.read(report)
    with pytest.raises(ParameterError, match=r"The bank has the file of bundle .* status\.xml reports on it"):
        ws.payments.write(bundle, replace=True)


def test_confirming_ahead_of_the_date_pays_nothing_yet(
    written: tuple[Workspace, str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    ws, bundle, _ = written
    day = ws.payments.list()["collection_date"].iloc[0].date()
    assert run(["payments", "confirm", bundle, "-w", str(ws.root)]) == 2
    asked = capsys.readouterr().err
    assert f"3 collections of together EUR 363.00 on {day}, which lies ahead" in asked
    assert set(ws.payments.items(bundle)["status"]) == {"pending"}
    assert run(["payments", "confirm", bundle, "--yes", "-w", str(ws.root)]) == 0
    assert set(ws.payments.items(bundle)["status"]) == {"accepted"}
    assert ws.select(all=True).columns(["outstanding_cents"])["outstanding_cents"].tolist() == [12_100] * 3
    again = ws.payments.confirm(bundle)
    assert again.unchanged["reason"].str.contains(f"paid from {day} on").all()
    date_has_come(ws)
    assert ws.payments.confirm(bundle).totals["confirmed"] == "363.00"
    assert ws.select(all=True).columns(["outstanding_cents"])["outstanding_cents"].tolist() == [0] * 3


def test_a_file_swapped_after_it_was_written_is_noticed(written: tuple[Workspace, str, Path]) -> None:
    ws, bundle, file = written
    file.write_bytes(file.read_bytes().replace(b"121.00", b"921.00"))
    with pytest.raises(ParameterError, match="was changed since it was stored"):
        ws.payments.confirm(bundle)
    file.unlink()
    assert len(ws.payments.confirm(bundle).done) == 3


def test_writing_one_bundle_leaves_an_earlier_one_of_its_invoices_alone(
    written: tuple[Workspace, str, Path],
) -> None:
    ws, first, _ = written
    ws.payments.reject(first, 2, "AM05")
    date_has_come(ws)
    ws.payments.confirm(first)
    ws.select(ids=[2]).plan("assign.bank_file").apply()
    second = ws.payments.list().set_index("state")["bundle_id"]["created"]
    ws.payments.cancel(second)
    assert ws.payments.list().set_index("bundle_id")["state"].to_dict() == {
        first: "confirmed",
        second: "cancelled",
    }
