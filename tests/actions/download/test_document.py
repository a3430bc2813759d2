"""Download documents: one PDF, or a ZIP that opens anywhere."""

import csv
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from invoicebatch.actions.download.document import ACTION, Parameters
from invoicebatch.model.changes import Batch
from tests.actions.lent import Lent
from tests.formats.pdf import samples


@pytest.fixture
def context(tmp_path: Path) -> Lent:
    return Lent(tmp_path)


def stored(context: Lent, *rows: dict[str, Any]) -> Batch:
    """Documents whose PDFs are a few bytes of their own."""
    batch = samples.batch(*rows)
    paths, hashes = [], []
    for invoice_id in batch.invoices["invoice_id"]:
        data = f"%PDF-{invoice_id}".encode()
        path = f"documents/{invoice_id}.pdf"
        file = context.root / "data" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        paths.append(path)
        hashes.append(hashlib.sha256(data).hexdigest())
    batch.invoices["document_path"] = paths
    batch.invoices["document_sha256"] = hashes
    return batch


def archive(context: Lent) -> zipfile.ZipFile:
    return zipfile.ZipFile(context.root / "data" / "run" / "invoices.zip")


def test_one_row_gives_its_pdf(context: Lent) -> None:
    done, _ = context.run(ACTION, stored(context, samples.invoice(7)))
    assert done.files["name"].tolist() == ["2026-000007.pdf"]
    assert (context.root / "data" / "run" / "2026-000007.pdf").read_bytes() == b"%PDF-7"


def test_several_rows_give_a_zip_of_all_under_their_numbers(context: Lent) -> None:
    context.run(ACTION, stored(context, *(samples.invoice(n) for n in (2, 1, 3))))
    with archive(context) as found:
        assert found.namelist() == ["2026-000002.pdf", "2026-000001.pdf", "2026-000003.pdf"]
        assert found.read("2026-000001.pdf") == b"%PDF-1"
        assert found.testzip() is None


def test_a_changed_and_a_missing_document_are_named_and_left_out(context: Lent) -> None:
    batch = stored(context, *(samples.invoice(n) for n in (1, 2, 3)))
    (context.root / "data" / "documents" / "1.pdf").write_bytes(b"forged")
    (context.root / "data" / "documents" / "2.pdf").unlink()
    _, changes = context.run(ACTION, batch)
    assert changes.failures["invoice_id"].tolist() == [1, 2]
    assert "was changed since it was stored" in changes.failures["reason"].iloc[0]
    assert "is missing" in changes.failures["reason"].iloc[1]
    with archive(context) as found:
        assert found.namelist() == ["2026-000003.pdf"]


def test_a_row_without_document_says_so(context: Lent) -> None:
    _, changes = context.run(ACTION, samples.batch(samples.invoice(1)))
    assert changes.failures["reason"].tolist() == ["no document is stored: regenerate it"]


def test_equal_numbers_of_two_accounts_stay_apart(context: Lent) -> None:
    rows = [samples.invoice(n, number="2026-000001", company_account_id=a) for n, a in ((1, "NL"), (2, "BE"))]
    context.run(ACTION, stored(context, *rows))
    with archive(context) as found:
        assert found.namelist() == ["2026-000001_NL.pdf", "2026-000001_BE.pdf"]


@pytest.mark.parametrize(
    ("layout", "folder"), [("by_customer", "C000001 =HYPERLINK(/"), ("by_month", "2026-11/")]
)
def test_layouts_and_an_index_that_runs_no_formula(context: Lent, layout: str, folder: str) -> None:
    batch = stored(context, samples.invoice(1, customer_name="=HYPERLINK("), samples.invoice(2))
    batch.invoices["customer_name"] = batch.invoices["customer_name"].fillna("Jansen")
    context.run(ACTION, batch, Parameters(layout=layout, index=True))  # type: ignore[arg-type]
    with archive(context) as found:
        names = found.namelist()
        index = list(csv.DictReader(io.StringIO(found.read("index.csv").decode("utf-8-sig"))))
    assert [row["file"] for row in index] == names[:-1]
    assert index[0]["customer_name"] == "'=HYPERLINK("
    assert index[0]["total"] == "1526.35"
    assert names[0] == f"{folder}2026-000001.pdf"
