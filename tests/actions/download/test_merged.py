"""Download merged: one PDF in the order of the selection."""

import io
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pikepdf
import pytest

from invoicebatch.actions import create
from invoicebatch.actions.download import merged
from invoicebatch.model.changes import Batch
from tests.actions.lent import Lent
from tests.formats.pdf import samples


@pytest.fixture
def context(tmp_path: Path, pool: ProcessPoolExecutor) -> Lent:
    return Lent(tmp_path, pool)


@pytest.fixture
def batch(context: Lent) -> Batch:
    rows = [samples.invoice(n, lines=samples.energy_lines()[:n]) for n in (3, 1, 2)]
    found = samples.batch(*rows)
    _, changes = context.run(create.ACTION, found)
    updates = changes.updates["invoices"].set_index("invoice_id").loc[found.invoices["invoice_id"]]
    for name in ("document_path", "document_sha256"):
        found.invoices[name] = updates[name].tolist()
    return found


@pytest.mark.parametrize("engine", ["pikepdf", "pypdf"])
def test_all_documents_in_order_with_bookmarks(context: Lent, batch: Batch, engine: str) -> None:
    context.run(merged.ACTION, batch, merged.Parameters(engine=engine))  # type: ignore[arg-type]
    data = (context.root / "data" / "run" / "invoices.pdf").read_bytes()
    with pikepdf.open(io.BytesIO(data)) as found:
        assert len(found.pages) == 3
        with found.open_outline() as outline:
            assert [item.title for item in outline.root] == ["2026-000003", "2026-000001", "2026-000002"]


def test_a_document_that_is_no_pdf_is_named_by_its_row(context: Lent, batch: Batch) -> None:
    import hashlib

    file = context.root / "data" / batch.invoices["document_path"].iloc[1]
    file.write_bytes(b"not a PDF")
    batch.invoices.loc[1, "document_sha256"] = hashlib.sha256(b"not a PDF").hexdigest()
    _, changes = context.run(merged.ACTION, batch)
    assert changes.failures["invoice_id"].tolist() == [1]
    assert "can't be read as a PDF" in changes.failures["reason"].iloc[0]


def test_large_selections_become_numbered_parts(
    context: Lent, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merged, "MAX_DOCUMENTS", 2)
    done, _ = context.run(merged.ACTION, batch)
    assert done.files["name"].tolist() == ["invoices-01.pdf", "invoices-02.pdf"]
