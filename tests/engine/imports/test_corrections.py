"""Corrected documents after a failed approval, and names that nobody knows."""

from collections.abc import Callable

import pandas as pd
import pytest

from invoicebatch.engine.imports.import_files import ImportReport
from invoicebatch.engine.workspace import Workspace

Import = Callable[..., ImportReport]
Whole = Callable[[str], pd.DataFrame]

INVOICES = "external_id,customer_id\nA1,00031\nA2,00031\n"
LINES = "external_id,line_no,name,quantity,price,vat_rate\nA1,1,Gas,10,1.00,21\nA2,1,Gas,1,10,21\n"


@pytest.fixture
def failed(workspace: Workspace, parties: ImportReport, bring: Import) -> ImportReport:
    """Two documents whose member number is mistyped, so that neither could be approved."""
    report = bring({"invoices.csv": INVOICES, "lines.csv": LINES})
    assert len(workspace.select(all=True).plan("approve").apply().failed) == 2
    return report


def test_a_customer_nobody_knows_is_doubted_at_once(failed: ImportReport) -> None:
    assert failed.refused.empty
    assert failed.doubted[["row", "column", "value", "reason"]].to_numpy().tolist() == [
        [2, "customer_id", "00031", "there is no customer 00031: import it too"],
        [3, "customer_id", "00031", "there is no customer 00031: import it too"],
    ]


def test_a_customer_of_the_same_import_is_known(parties: ImportReport, bring: Import) -> None:
    customers = "customer_id,name\n00031,Bea\n"
    report = bring({"invoices.csv": INVOICES, "lines.csv": LINES, "customers.csv": customers})
    assert report.doubted.empty


def test_mandates_ranges_and_documents_of_nobody_are_doubted_too(bring: Import) -> None:
    report = bring(
        {
            "mandates.csv": "mandate_id,customer_id,iban,signed_on\nM-9,00099,NL91ABNA0417164300,2025-01-01\n",
            "number_ranges.csv": "company_account_id,series,pattern\nXX,invoice,F{seq}\n",
            "invoices.csv": "external_id,company_account_id\nA1,XX\n",
            "lines.csv": "external_id,name,quantity,price,vat_rate\nA1,Gas,10,1.00,21\n",
        }
    )
    assert report.doubted[["file", "reason"]].to_numpy().tolist() == [
        ["number_ranges.csv", "there is no company account XX: import it too"],
        ["mandates.csv", "there is no customer 00099: import it too"],
        ["invoices.csv", "there is no company account XX: import it too"],
    ]


def test_a_refused_row_is_not_doubted_besides(
    workspace: Workspace, filled: ImportReport, bring: Import
) -> None:
    workspace.select(all=True).plan("approve").apply()
    report = bring({"invoices.csv": "external_id,customer_id\nA1,00031\n"})
    assert report.refused["row"].tolist() == [2]
    assert report.doubted.empty


@pytest.mark.usefixtures("failed")
def test_a_corrected_document_is_empty_again_and_the_others_stay_failed(
    workspace: Workspace, bring: Import, whole: Whole
) -> None:
    bring({"invoices.csv": INVOICES.replace("A1,00031", "A1,00013"), "lines.csv": LINES})
    documents = whole("invoices").set_index("external_id")
    assert documents["status"].astype("str").to_dict() == {"A1": "empty", "A2": "approval_failed"}
    assert pd.isna(documents.loc["A1", "failure"])
    assert "00031" in documents.loc["A2", "failure"]
    assert workspace.select(where="status = 'empty'").plan("approve").apply().complete


@pytest.mark.usefixtures("failed")
def test_a_document_with_a_corrected_line_is_empty_again(bring: Import, whole: Whole) -> None:
    bring({"lines.csv": LINES.replace("A1,1,Gas,10,1.00", "A1,1,Gas,10,1.50")})
    statuses = whole("invoices").set_index("external_id")["status"].astype("str")
    assert statuses.to_dict() == {"A1": "empty", "A2": "approval_failed"}


@pytest.mark.usefixtures("failed")
def test_the_same_files_again_leave_a_failed_document_as_it_is(bring: Import, whole: Whole) -> None:
    before = whole("invoices")
    bring({"invoices.csv": INVOICES, "lines.csv": LINES})
    assert whole("invoices").equals(before)


@pytest.mark.usefixtures("failed")
def test_a_document_that_is_empty_again_can_be_deleted(workspace: Workspace, bring: Import) -> None:
    bring({"invoices.csv": INVOICES.replace("00031", "00013"), "lines.csv": LINES})
    assert workspace.select(all=True).plan("delete").apply().complete
