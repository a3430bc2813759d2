"""Refunds: instant where asked, and what the bank found of the payees' names."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run
from tests.ingest.bank.bank_files import group_status, payment_status, status_report

Make = Callable[..., Workspace]


@pytest.fixture
def refunds(money_workspace: Make) -> Workspace:
    return money_workspace(3, outstanding_cents=-5_000, paid_cents=17_100)


def written(ws: Workspace, **params: object) -> tuple[str, etree._Element]:
    ws.select(all=True).plan("assign.bank_file", **params).apply()
    bundle = ws.payments.list()["bundle_id"].iloc[0]
    (path,) = ws.payments.write(bundle).files["path"]
    return bundle, etree.fromstring(Path(path).read_bytes())


@pytest.mark.parametrize("instant", [True, False])
def test_refunds_go_instantly_where_asked(refunds: Workspace, instant: bool) -> None:
    _, root = written(refunds, instant=instant)
    assert root.findtext(".//{*}LclInstrm/{*}Cd") == ("INST" if instant else None)
    assert refunds.payments.list()["scheme"].fillna("").tolist() == ["INST" if instant else ""]
    assert root.find(".//{*}Authstn") is None


def test_payees_are_not_verified_where_the_bank_reads_that(
    refunds: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICEBATCH_PAYMENT__PAYEE_CHECK_OPT_OUT", "OPT-OUT")
    ws = type(refunds)(refunds.root)
    assert written(ws)[1].findtext(".//{*}GrpHdr/{*}Authstn/{*}Prtry") == "OPT-OUT"


def test_what_the_bank_found_of_names_is_kept_and_asked_about(
    refunds: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, _ = written(refunds)
    items = refunds.payments.items(bundle)
    ids = items["end_to_end_id"]
    group = items["payment_information_id"].iloc[0]
    infos = group_status(
        group, "RCVC", payment_status(ids[0], "RVMC", "PN02"), payment_status(ids[1], "RVCM", "PN01")
    )
    report = refunds.root / "names.xml"
    report.write_text(status_report("X", "RVCM", infos))
    notes = refunds.payments.read(report).notes
    assert {"names of payees: 1 close", "names of payees: 1 none", "names of payees: 1 match"} <= set(notes)
    checks = refunds.payments.show(bundle).payments["payee_check"]
    assert checks.tolist() == ["close: as the bank says", "none: as the bank says", "match"]
    assert set(refunds.payments.items(bundle)["status"]) == {"pending"}
    assert run(["payments", "confirm", bundle, "-w", str(refunds.root)]) == 2
    asked = capsys.readouterr().err
    assert "names that the bank doubts" in asked
    assert f"{items['name'].iloc[0]} (close: as the bank says)" in asked
    assert items["name"].iloc[2] + " (" not in asked
