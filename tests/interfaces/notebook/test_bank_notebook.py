"""The notebook of the bank: reads, books, and shows by which evidence."""

from pathlib import Path

from invoicebatch.interfaces.notebook.bank import by_evidence
from invoicebatch.interfaces.notebook.runner import find_notebook, run_notebook
from invoicebatch.model.payments.reference import dutch
from tests.engine.payments.received import credit, outstanding, owed_workspace
from tests.ingest.bank.bank_files import camt, statement


def test_it_reads_books_and_shows(tmp_path: Path) -> None:
    ws = owed_workspace(tmp_path / "w", [10_000, 20_000])
    report = tmp_path / "s.xml"
    sent = (
        credit("100.00", reference=dutch("2026000001")),
        credit("200.00", "F2026-000002", iban="NL02"),
        credit("5.00"),
    )
    report.write_text(camt(statement(*sent)))
    done = run_notebook(ws.root, find_notebook(ws.root, "bank"), {"files": [str(report)]})
    assert {name: done.results[-1][name] for name in ("done", "proposed", "state")} == {
        "done": 0,
        "proposed": 1,
        "state": "finished",
    }
    assert outstanding(ws) == [0, 20_000]
    told = by_evidence(ws.payments.incoming())
    assert told.to_dict() == {
        "proposed: invoice number and amount": 200,
        "structured reference": 100,
        "open": 5,
    }
