"""The ageing list: the same sums in every kind of file, of all that the chosen customers owe."""

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from PIL import Image

from invoicebatch.engine.plan.report import Report
from invoicebatch.interfaces.api import Workspace
from tests.actions.owing import owing

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOICEBATCH_NOW", "2026-11-22T12:00:00")


def aging(
    workspace: Workspace, selection: str = "true", **parameters: object
) -> tuple[Report, dict[str, Path]]:
    report = workspace.select(where=selection).plan("export.aging", **parameters).apply()
    return report, {Path(path).suffix: Path(path) for path in report.files["path"]}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Two customers; K1 with two accounts and two currencies, a credit note, and a draft that nobody owes."""
    return owing(
        tmp_path,
        {"due_date": TODAY + timedelta(days=9)},
        {"due_date": TODAY - timedelta(days=45)},
        {"company_account_id": "BE"},
        {"currency": "GBP"},
        {"customer_id": "K2"},
        {"kind": "credit_note", "total_cents": -2_500, "due_date": TODAY - timedelta(days=45)},
        {"status": "empty", "number": None},
        payments=[(2, date(2026, 2, 1), 3_333)],
    )


def test_the_workbook_has_a_row_a_ledger_and_says_the_sum_of_each_currency(workspace: Workspace) -> None:
    report, files = aging(workspace, "status = 'created'")
    book = openpyxl.load_workbook(files[".xlsx"])
    rows = [
        row for row in book.worksheets[0].iter_rows(min_row=2, values_only=True) if row[0] in ("K1", "K2")
    ]
    assert [(*row[:5], *row[5:]) for row in rows] == [
        ("K1", "Klant K1", "BE", "EUR", 1, 0, 0, 0, 0, 100, 100),
        ("K1", "Klant K1", "NL", "EUR", 3, 100, 0, 41.67, 0, 0, 141.67),
        ("K2", "Klant K2", "NL", "EUR", 1, 0, 0, 0, 0, 100, 100),
        ("K1", "Klant K1", "NL", "GBP", 1, 0, 0, 0, 0, 100, 100),
    ]
    about = dict(book.worksheets[1].iter_rows(values_only=True))
    assert about["Outstanding"] == "EUR 341.67; GBP 100.00"
    assert about["Aged on"] == TODAY.isoformat()
    assert {name: report.totals[f"outstanding_{name}"] for name in ("EUR", "GBP")} == {
        "EUR": "341.67",
        "GBP": "100.00",
    }


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_other_files_sum_to_what_is_outstanding(workspace: Workspace, kind: str) -> None:
    _, files = aging(workspace, format=kind)
    if kind == "csv":
        text = files[".csv"].read_text("utf-8-sig")
        frame = pd.DataFrame(csv.DictReader(io.StringIO(text))).rename(columns={"Currency": "currency"})
        sums = frame["Outstanding"].astype(float).groupby(frame["currency"]).sum()
    else:
        frame = pd.read_parquet(files[".parquet"])
        sums = frame["outstanding"].astype(float).groupby(frame["currency"]).sum()
    stored = workspace.select(where="status = 'created'").columns(["currency", "outstanding_cents"])
    assert (
        sums.mul(100).round().astype("int64").to_dict()
        == stored.groupby("currency")["outstanding_cents"].sum().to_dict()
    )


def test_what_was_not_selected_counts_for_a_chosen_ledger_and_no_other(workspace: Workspace) -> None:
    report, _ = aging(workspace, "invoice_id = 1")
    assert report.totals["outstanding_EUR"] == "141.67"
    assert "outstanding_GBP" not in report.totals


def test_a_day_that_has_passed_has_the_amounts_of_then(workspace: Workspace) -> None:
    report, files = aging(workspace, "invoice_id = 2", on="2026-01-25", format="csv")
    assert report.totals["outstanding_EUR"] == "175.00"
    assert "175.00" in files[".csv"].read_text("utf-8-sig")
    earlier, _ = aging(workspace, "invoice_id = 2", on="2026-01-04")
    assert "outstanding_EUR" not in earlier.totals


def test_the_picture_is_there_unless_it_is_not_wanted(workspace: Workspace) -> None:
    _, files = aging(workspace, language="de")
    with Image.open(files[".png"]) as picture:
        assert picture.width > 800
        assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 5
    _, without = aging(workspace, picture="no")
    assert set(without) == {".xlsx"}


def test_nothing_owed_is_an_empty_list(tmp_path: Path) -> None:
    paid = owing(tmp_path, {}, payments=[(1, date(2026, 2, 1), 10_000)])
    report, files = aging(paid)
    assert len(report.done) == 1
    book = openpyxl.load_workbook(files[".xlsx"])
    assert book.worksheets[0].max_row <= 2
    assert not [row for row in book.worksheets[0].iter_rows(min_row=2, values_only=True) if row[0]]
