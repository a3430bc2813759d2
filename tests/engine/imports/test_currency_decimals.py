"""Decimals belong to the currency: an invoice in yen, from its import to all that is made of it."""

import re
from pathlib import Path

import pandas as pd
import pypdf
import pytest

from invoicebatch.engine.workspace import Workspace
from invoicebatch.interfaces.api import init_workspace

FILES = {
    "accounts.csv": (
        "company_account_id,name,legal_name,legal_id,street,postcode,city,country,vat_id,iban,currency,language\n"
        "JP,Shop,Shop B.V.,12345678,Weg 1,3511AB,Utrecht,NL,NL800000018B01,NL20INGB0001234567,JPY,en\n"
    ),
    "customers.csv": (
        "customer_id,name,street,postcode,city,country,language\n1,Ann,Straat 1,1012AB,Amsterdam,NL,en\n"
    ),
    "invoices.csv": "external_id,customer_id,company_account_id,currency\nA1,1,JP,JPY\n",
    "lines.csv": (
        "external_id,name,quantity,price,vat_rate\nA1,Water,1,1255.5,21\nA1,Gas,3,33.4,21\nA1,Air,1,7,9\n"
    ),
}


@pytest.fixture
def yen(tmp_path: Path) -> Workspace:
    workspace = init_workspace(tmp_path / "workspace")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    report = workspace.import_files([tmp_path / name for name in FILES])
    assert report.refused.empty
    return workspace


def run(workspace: Workspace, action: str, **parameters: object) -> list[Path]:
    report = workspace.select(all=True).plan(action, **parameters).apply()
    assert report.failed.empty, report.failed["reason"].tolist()
    assert len(report.done)
    return [Path(path) for path in report.files["path"]] if len(report.files) else []


def test_an_invoice_in_yen_has_whole_amounts_everywhere(yen: Workspace) -> None:
    run(yen, "approve")
    run(yen, "create")
    with yen.store.read() as session:
        invoice = session.whole("invoices").iloc[0]
    assert [invoice[f"{name}_cents"] for name in ("net_total", "vat_total", "total")] == [
        136300,
        28600,
        164900,
    ]
    pdf = "".join(page.extract_text() for page in pypdf.PdfReader(yen.data / invoice["document_path"]).pages)
    amounts = re.findall(r"\b1,649\S*", pdf)
    assert amounts
    assert not [amount for amount in amounts if "." in amount.rstrip(".,")]
    (ubl,) = [path for path in run(yen, "export.ubl") if path.suffix == ".xml"]
    assert re.findall(r"<cbc:PayableAmount[^>]*>([^<]*)", ubl.read_text()) == ["1649"]
    assert ".00<" not in ubl.read_text()
    (table,) = run(yen, "export.invoices", format="csv")
    assert pd.read_csv(table, dtype=str)["Total"].tolist() == ["1649"]


def test_part_of_an_invoice_in_yen_is_credited_in_whole_yen(yen: Workspace) -> None:
    run(yen, "approve")
    run(yen, "create")
    assert "no decimals" in " ".join(
        yen.select(all=True).plan("credit", amount="S21:55.50").refused["reason"]
    )
    run(yen, "credit", amount="S21:55")
    with yen.store.read() as session:
        note = session.whole("invoices").set_index("kind").loc["credit_note"]
    assert (note["net_total_cents"], note["vat_total_cents"]) == (-5500, -1200)


def test_a_plan_in_yen_has_whole_instalments(yen: Workspace) -> None:
    run(yen, "approve")
    run(yen, "create")
    with yen.store.read() as session:
        ids = session.whole("invoices")["invoice_id"].tolist()
    assert len(yen.select(ids=ids).plan("assign.payment_plan", instalments=3).apply().done) == 1
    with yen.store.read() as session:
        assert session.whole("instalments")["amount_cents"].tolist() == [54900, 54900, 55100]
