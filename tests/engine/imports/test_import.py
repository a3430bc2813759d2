"""Imports into a real workspace: idempotent, corrections whole, payments booked once, nothing silent."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.engine.imports.import_files import ImportReport
from invoicebatch.engine.workspace import Workspace
from invoicebatch.errors import InputFileError
from tests.copies import new_workspace

ACCOUNTS = (
    "company_account_id,name,legal_name,street,postcode,city,country,vat_id,iban\n"
    "NL,Shop,Shop B.V.,Weg 1,3511AB,Utrecht,NL,NL800000018B01,NL20INGB0001234567\n"
)
CUSTOMERS = "customer_id,name,street,postcode,city,country\n00013,Ann,Straat 1,1012AB,Amsterdam,NL\n"
INVOICES = "external_id,customer_id\nA1,00013\nA2,00013\n"
LINES = "external_id,name,quantity,price,vat_rate\nA1,Gas,10,1.00,21\nA1,Water,1,2.00,9\nA2,Gas,1,10,21\n"

Import = Callable[[dict[str, str]], ImportReport]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return new_workspace(tmp_path / "ws")


@pytest.fixture
def bring(workspace: Workspace, tmp_path: Path) -> Import:
    def import_texts(files: dict[str, str]) -> ImportReport:
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return workspace.import_files([tmp_path / name for name in files])

    return import_texts


@pytest.fixture
def filled(bring: Import) -> ImportReport:
    bring({"accounts.csv": ACCOUNTS, "customers.csv": CUSTOMERS})
    return bring({"invoices.csv": INVOICES, "lines.csv": LINES})


def counts(report: ImportReport) -> dict[str, tuple[int, int, int]]:
    columns = ["added", "changed", "unchanged"]
    return {row["table"]: tuple(row[c] for c in columns) for row in report.counts.to_dict("records")}


def whole(workspace: Workspace, table: str) -> pd.DataFrame:
    with workspace.store.read() as session:
        return session.whole(table)


def test_a_first_import_adds_and_a_second_changes_nothing(
    workspace: Workspace, filled: ImportReport, bring: Import
) -> None:
    assert counts(filled) == {"invoices": (2, 0, 0), "lines": (3, 0, 0), "vat_breakdown": (3, 0, 0)}
    before = whole(workspace, "invoices")
    assert before["company_account_id"].tolist() == ["NL", "NL"]
    again = bring({"invoices.csv": INVOICES, "lines.csv": LINES})
    assert counts(again) == {"invoices": (0, 0, 2), "lines": (0, 0, 3), "vat_breakdown": (0, 0, 3)}
    assert whole(workspace, "invoices").equals(before)
    assert workspace.doctor().empty


def test_a_corrected_document_is_replaced_whole(
    workspace: Workspace, filled: ImportReport, bring: Import
) -> None:
    corrected = "external_id,name,quantity,price,vat_rate\nA1,Gas,10,3.00,9\nA2,Gas,1,10,21\n"
    report = bring({"invoices.csv": INVOICES, "lines.csv": corrected})
    assert counts(report)["invoices"] == (0, 1, 1)
    assert whole(workspace, "lines")["name"].tolist() == ["Gas", "Gas"]
    assert whole(workspace, "vat_breakdown")["vat_rate_bp"].tolist() == [900, 2100]
    invoices = whole(workspace, "invoices")
    assert invoices["total_cents"].tolist() == [3270, 1210]
    assert invoices["outstanding_cents"].tolist() == [3270, 1210]
    assert invoices["version"].gt(1).tolist() == [True, False]
    run = workspace.select(all=True).plan("approve").apply()
    assert len(run.failed) == 0


def test_lines_alone_change_the_version_of_their_document(
    workspace: Workspace, filled: ImportReport, bring: Import
) -> None:
    bring({"lines.csv": "external_id,line_no,name,quantity,price,vat_rate\nA1,2,Water,1,2.50,9\n"})
    assert whole(workspace, "lines")["net_cents"].tolist() == [1000, 250, 1000]
    assert whole(workspace, "invoices")["version"].tolist() == [2, 1]
    failed = workspace.select(all=True).plan("approve").apply().failed
    assert "the total of the lines does not add up" in failed["reason"].iloc[0]


def test_lines_of_no_invoice_and_of_an_approved_one_are_refused_by_name(
    workspace: Workspace, filled: ImportReport, bring: Import
) -> None:
    workspace.select(where="external_id = 'A2'").plan("approve").apply()
    report = bring({"lines.csv": LINES.replace("A1,Water", "A9,Water").replace("A2,Gas,1,10", "A2,Gas,1,11")})
    reasons = report.refused.set_index("row")["reason"].to_dict()
    assert reasons[3] == "there is no invoice with this external id"
    assert "approved already" in reasons[4]
    assert whole(workspace, "lines")["net_cents"].tolist() == [1000, 200, 1000]
    assert report.refused_file is not None
    assert "A9" in report.refused_file.read_text()


def test_an_approved_document_keeps_its_lines(
    workspace: Workspace, filled: ImportReport, bring: Import
) -> None:
    workspace.select(all=True).plan("approve").apply()
    report = bring({"invoices.csv": INVOICES, "lines.csv": LINES.replace("A1,Water,1,2.00,9\n", "")})
    assert set(report.refused["reason"].str.contains("approved already")) == {True}
    assert len(whole(workspace, "lines")) == 3
    assert whole(workspace, "vat_breakdown")["taxable_cents"].tolist() == [200, 1000, 1000]
    assert whole(workspace, "invoices")["total_cents"].tolist() == [1428, 1210]


def test_a_final_note_points_to_its_advance(
    workspace: Workspace, filled: ImportReport, bring: Import
) -> None:
    invoices = "external_id,customer_id,kind\nV1,00013,advance\nE1,00013,final_note\n"
    lines = (
        "external_id,name,quantity,price,vat_rate,advance_of_external_id\n"
        "V1,Advance,1,50,21,\nE1,Gas,1,80,21,\nE1,Less advance,-1,50,21,V1\n"
    )
    bring({"invoices.csv": invoices, "lines.csv": lines})
    stored = whole(workspace, "invoices").set_index("external_id")["invoice_id"]
    advances = whole(workspace, "lines")["advance_of"].dropna()
    assert advances.tolist() == [stored["V1"]]


def test_payments_are_booked_once(workspace: Workspace, filled: ImportReport, bring: Import) -> None:
    payments = "external_id,booked_on,amount\nA1,2026-11-20,5.00\nA2,2026-11-20,1.00\nA7,2026-11-20,1.00\n"
    early = bring({"payments.csv": payments})
    assert early.refused["reason"].tolist() == [
        "the invoice is empty: it can't be paid yet",
        "the invoice is empty: it can't be paid yet",
        "there is no invoice with this external id",
    ]
    workspace.select(where="external_id = 'A1'").plan("approve").apply()
    workspace.select(where="external_id = 'A1'").plan("create").apply()
    assert counts(bring({"payments.csv": payments}))["payments"] == (1, 0, 0)
    invoice = whole(workspace, "invoices").set_index("external_id").loc["A1"]
    assert (invoice["paid_cents"], invoice["outstanding_cents"]) == (500, invoice["total_cents"] - 500)
    assert counts(bring({"payments.csv": payments}))["payments"] == (0, 0, 1)
    assert whole(workspace, "invoices").set_index("external_id").loc["A1", "paid_cents"] == 500
    assert len(whole(workspace, "payments")) == 1
    assert workspace.doctor().empty


def test_a_payment_of_an_invoice_at_work_waits_and_is_named(
    workspace: Workspace, filled: ImportReport, bring: Import
) -> None:
    for action in ("approve", "create"):
        workspace.select(where="external_id = 'A1'").plan(action).apply()
    selection = workspace.select(where="external_id = 'A1'")
    queued = workspace.runs.apply(selection.plan("export.invoices", format="csv"), background=True)
    report = bring({"payments.csv": "external_id,booked_on,amount\nA1,2026-11-20,5.00\n"})
    number = selection.frame["number"].iloc[0]
    assert report.notes[-1].startswith(f"a payment of invoice {number} is not booked: busy in run")
    workspace.runs.work_on(queued.run_id)
    report = bring({"payments.csv": "external_id,booked_on,amount\nA1,2026-11-20,5.00\n"})
    assert report.notes == ()
    assert whole(workspace, "payments")["amount_cents"].tolist() == [500]


def test_the_online_retail_file_goes_in_once_and_can_be_approved(workspace: Workspace, shared: Path) -> None:
    file = shared / "data" / "online-retail" / "online_retail_first_50000_lines.xlsx"
    first = workspace.import_files([file], mapping="online_retail")
    assert counts(first)["invoices"] == (2_178, 0, 0)
    assert counts(first)["lines"] == (49_707, 0, 0)
    address = "customer_id,name,street\n17850,Known Ltd,High Street 1\n"
    (workspace.root / "customers.csv").write_text(address)
    workspace.import_files([workspace.root / "customers.csv"])
    again = workspace.import_files([file], mapping="online_retail")
    known = whole(workspace, "customers").set_index("customer_id").loc["17850"]
    assert (known["name"], known["street"]) == ("Known Ltd", "High Street 1")
    assert counts(again)["invoices"] == (0, 0, 2_178)
    assert counts(again)["lines"] == (0, 0, 49_707)
    assert again.refused.equals(first.refused)
    report = workspace.select(all=True).plan("approve").apply()
    assert len(report.done) == 1_979
    assert set(report.failed["reason"]) == {"no customer is named on the invoice: import it with one"}


def test_a_file_that_cannot_be_used_leaves_all_as_it_was(
    workspace: Workspace, filled: ImportReport, bring: Import
) -> None:
    before = whole(workspace, "invoices")
    with pytest.raises(InputFileError, match="no column name"):
        bring(
            {"customers.csv": "customer_id,city\n00013,Elsewhere\n", "lines.csv": "external_id,price\nA1,2\n"}
        )
    assert whole(workspace, "invoices").equals(before)
    assert whole(workspace, "customers")["city"].tolist() == ["Amsterdam"]
