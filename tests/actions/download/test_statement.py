"""Statements of account: what the customer reads adds up, and the code asks for what is due, once."""

import io
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from invoicebatch.engine.plan.report import Report
from invoicebatch.errors import ParameterError
from invoicebatch.formats.pdf.compare import document_text
from invoicebatch.formats.pdf.pictures import page_pictures
from invoicebatch.interfaces.api import Workspace
from tests.actions.owing import owing

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOICEBATCH_NOW", "2026-11-22T12:00:00")


def run(workspace: Workspace, selection: str = "true", **parameters: Any) -> Report:
    return workspace.select(where=selection).plan("download.statement", **parameters).apply()


def text_of(pdf: bytes) -> str:
    return document_text(pdf).replace("\u00a0", " ").replace("\u2212", "-")


def statement(workspace: Workspace, selection: str = "true", **parameters: Any) -> bytes:
    """The one statement of a selection."""
    report = run(workspace, selection, **parameters)
    [path] = report.files["path"]
    assert Path(path).name == "statement-K1.pdf"
    return Path(path).read_bytes()


def codes(pdf: bytes) -> list[str]:
    [page] = page_pictures(pdf, ppi=200)
    return [
        found.text.replace("<LF>", "\n") for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(page)))
    ]


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def test_balances_and_entries_in_the_customers_language(tmp_path: Path) -> None:
    workspace = owing(
        tmp_path,
        {"invoice_date": date(2026, 1, 5)},
        {"invoice_date": date(2026, 3, 5), "credited_cents": 4_000},
        {"kind": "credit_note", "number": "C1", "invoice_date": date(2026, 3, 20), "credit_of": 2,
         "total_cents": -4_000, "credited_cents": -4_000},
        payments=[(1, date(2026, 1, 20), 2_500), (1, date(2026, 3, 10), 1_000), (1, date(2026, 4, 2), 500)],
    )  # fmt: skip
    text = text_of(statement(workspace, period_start="2026-02-01", period_end="2026-03-31"))
    assert lines(text)[lines(text).index("Datum Omschrijving Vervalt Bedrag (EUR) Saldo (EUR)") + 1 :][
        :5
    ] == [
        "01-02-2026 Beginsaldo 75,00",
        "05-03-2026 Factuur F0002 19-01-2026 100,00 175,00",
        "10-03-2026 Betaling op F0001 -10,00 165,00",
        "20-03-2026 Creditfactuur C1 -40,00 125,00",
        "31-03-2026 Eindsaldo 125,00",
    ]
    assert "Rekeningoverzicht K1" in text
    assert "€ 120,00" in text, "what is open today, after the last payment"


def test_the_code_asks_for_what_is_open_of_all_documents(tmp_path: Path) -> None:
    workspace = owing(tmp_path, {}, {}, {"status": "approved", "number": None})
    pdf = statement(workspace, "invoice_id = 1")
    [code] = codes(pdf)
    assert code.splitlines()[7] == "EUR200.00"
    assert code.endswith("F0001, F0002")
    assert "EUR200.00" not in text_of(pdf)
    assert "€ 200,00" in text_of(pdf)


def test_one_open_document_is_paid_with_its_own_reference(tmp_path: Path) -> None:
    workspace = owing(tmp_path, {"remittance_reference": "RF18539007547034"})
    [code] = codes(statement(workspace))
    assert "RF18539007547034" in code.splitlines()


@pytest.mark.parametrize(
    ("document", "words"),
    [({"payment_bundle_id": "B1"}, "wordt al van uw rekening afgeschreven"),
     ({"total_cents": -10_000, "kind": "credit_note"}, "staat niets open")],
)  # fmt: skip
def test_nothing_is_asked_for_twice(tmp_path: Path, document: dict[str, Any], words: str) -> None:
    pdf = statement(owing(tmp_path, document))
    assert words in " ".join(text_of(pdf).split())
    assert codes(pdf) == []


def test_a_customer_on_direct_debit_is_told_of_it(tmp_path: Path) -> None:
    workspace = owing(tmp_path, {}, payment_method="direct_debit")
    mandate = {
        "mandate_id": "M1", "customer_id": "K1", "scheme": "CORE", "sequence_type": "RCUR", "status": "active",
        "iban": "NL20INGB0001234567", "signed_on": date(2025, 1, 1),
    }  # fmt: skip
    _insert(workspace, "mandates", mandate)
    pdf = statement(workspace)
    assert "Wij schrijven dit van uw rekening af" in " ".join(text_of(pdf).split())
    assert codes(pdf) == []


def _insert(workspace: Workspace, table: str, row: dict[str, Any]) -> None:
    import pandas as pd

    from invoicebatch.model.schema import TABLES

    with workspace.store.write() as session:
        session.insert(table, TABLES[table].conform(pd.DataFrame([row])))


def test_currencies_and_accounts_have_a_statement_each(tmp_path: Path) -> None:
    workspace = owing(
        tmp_path,
        {},
        {"currency": "GBP"},
        {"company_account_id": "BE"},
        {"customer_id": "K2", "total_cents": 7},
    )
    [path] = run(workspace).files["path"]
    with zipfile.ZipFile(path) as archive:
        texts = {name: text_of(archive.read(name)) for name in archive.namelist()}
    assert set(texts) == {
        "statement-K1-NL-EUR.pdf", "statement-K1-NL-GBP.pdf", "statement-K1-BE-EUR.pdf", "statement-K2.pdf",
    }  # fmt: skip
    assert "£ 100,00" in texts["statement-K1-NL-GBP.pdf"]
    assert not [name for name, text in texts.items() if "200,00" in text or "300,00" in text]


def test_nothing_to_say_is_unchanged_and_makes_no_file(tmp_path: Path) -> None:
    workspace = owing(tmp_path, {}, payments=[(1, date(2026, 2, 1), 10_000)])
    report = run(workspace, period_start="2026-06-01")
    assert report.unchanged["reason"].str.contains("nothing is open").tolist() == [True]
    assert report.files.empty
    assert len(run(workspace, period_start="2026-01-01").done) == 1


def test_a_period_that_ends_before_it_starts_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="starts on 2026-03-01, after its end on 2026-02-01"):
        run(owing(tmp_path, {}), period_start="2026-03-01", period_end="2026-02-01")


def test_a_name_that_no_font_can_show_fails_by_name_and_the_others_go_on(tmp_path: Path) -> None:
    of_another = {"customer_id": "K2"}
    workspace = owing(tmp_path, {}, of_another, of_another, names={"K2": "A\U0001315f"})
    report = run(workspace)
    assert report.failed["invoice_id"].tolist() == [2, 3]
    assert report.failed["reason"].str.contains("no font").all()
    with zipfile.ZipFile(report.files["path"].iloc[0]) as archive:
        assert archive.namelist() == ["statement-K1.pdf"]


def test_the_preview_counts_statements_and_balances_by_currency(tmp_path: Path) -> None:
    workspace = owing(tmp_path, {}, {"currency": "GBP", "invoice_date": TODAY - timedelta(days=3)})
    plan = workspace.select(all=True).plan("download.statement", period_start=TODAY - timedelta(days=5))
    assert plan.preview["statements"].drop(columns="entries", errors="ignore").to_dict("records") == [
        {"currency": "EUR", "statements": 1, "opening_cents": 10_000, "closing_cents": 10_000},
        {"currency": "GBP", "statements": 1, "opening_cents": 0, "closing_cents": 10_000},
    ]
