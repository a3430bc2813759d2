"""Create: numbers, documents and what a failed row keeps."""

import hashlib
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from invoicebatch.actions.create import ACTION
from invoicebatch.model.action import Params
from invoicebatch.model.changes import Batch
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import TRANSITIONS
from tests.actions.lent import Lent
from tests.formats.pdf import samples

RANGES = pd.DataFrame(
    {"company_account_id": ["NL", "NL", "BE"], "series": ["invoice", "credit_note", "invoice"]}
)


@pytest.fixture
def context(tmp_path: Path, pool: ProcessPoolExecutor) -> Lent:
    return Lent(tmp_path, pool)


def test_only_rows_without_a_number_ask_for_one_in_the_right_series(context: Lent) -> None:
    batch = samples.batch(
        samples.invoice(1, number=None),
        samples.invoice(2),
        samples.invoice(3, number=None, kind="credit_note"),
        samples.invoice(4, number=None, kind="credit_note", company_account_id="BE"),
    )
    assert ACTION.reserve
    batch = Batch(batch.invoices, {**batch.tables, "number_ranges": RANGES})
    numbers = ACTION.reserve(batch, Params(), context).numbers
    assert numbers is not None
    assert list(numbers.columns) == ["invoice_id", "company_account_id", "series", "invoice_date"]
    assert numbers["invoice_id"].tolist() == [1, 3, 4]
    assert numbers["series"].tolist() == ["invoice", "credit_note", "invoice"]


def test_good_rows_are_created_and_bad_ones_keep_number_and_reason(context: Lent) -> None:
    bad: dict[str, Any] = {"customer": {"name": None}}
    batch = samples.batch(samples.invoice(1), samples.invoice(2, **bad), samples.invoice(3))
    done, changes = context.run(ACTION, batch)
    updates = changes.updates["invoices"].set_index("invoice_id")
    assert updates.loc[[1, 3], "status"].tolist() == ["created", "created"]
    assert updates.loc[2, "status"] == "generation_failed"
    assert "customers.name" in updates.loc[2, "failure"]
    assert changes.failures["invoice_id"].tolist() == [2]
    assert "number" not in updates.columns
    assert {("approved", s) for s in updates["status"]} <= TRANSITIONS["create"]
    for invoice_id in (1, 3):
        file = context.root / "data" / updates.loc[invoice_id, "document_path"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == updates.loc[invoice_id, "document_sha256"]
    assert done.files["name"].tolist() == ["NL/2026/2026-000001-v1.pdf", "NL/2026/2026-000003-v1.pdf"]


def test_documents_rows_fit_the_schema(context: Lent) -> None:
    _, changes = context.run(ACTION, samples.batch(samples.invoice(1)))
    [documents] = changes.inserts.values()
    assert set(documents.columns) <= set(TABLES["documents"].frame_names)
    required = {c.frame_name for c in TABLES["documents"].columns if c.required}
    assert documents[list(required)].notna().all(axis=None)
    assert documents["reason"].tolist() == ["create"]
    assert documents["document_version"].tolist() == [1]


def test_the_printed_reference_is_kept_for_whoever_matches_payments(context: Lent) -> None:
    batch = samples.batch(
        samples.invoice(1),
        samples.invoice(2, account={"country": "BE"}, company_account_id="BE"),
        samples.invoice(3, remittance_reference="RF18539007547034"),
        samples.invoice(4, **samples.MANDATE, account_creditor_id="NL98ZZZ123456780001"),
    )
    for frame in (batch.invoices,):
        frame["account_iban"] = "NL91ABNA0417164300"
    _, changes = context.run(ACTION, batch)
    references = changes.updates["invoices"].set_index("invoice_id")["remittance_reference"]
    assert len(references[1]) == 16
    assert references[2] == "202600000293"
    assert references[3] == "RF18539007547034"
    assert pd.isna(references[4])


def test_the_preview_counts_by_account_and_kind(context: Lent) -> None:
    batch = samples.batch(samples.invoice(1), samples.invoice(2, invoice_date=date(2026, 11, 1)))
    assert ACTION.preview
    table = ACTION.preview(batch, Params(), context)["documents"]
    assert table["documents"].tolist() == [2]
    assert table["total_cents"].tolist() == [2 * 152635]


def test_a_missing_template_folder_fails_the_rows_of_that_account(context: Lent) -> None:
    batch = samples.batch(
        samples.invoice(1, account={"template": "nowhere"}), samples.invoice(2, company_account_id="BE")
    )
    _, changes = context.run(ACTION, batch)
    assert changes.failures["invoice_id"].tolist() == [1]
    assert "template folder nowhere does not exist" in changes.failures["reason"].iloc[0]


def test_a_credit_note_and_an_odd_number_get_paths_of_their_own(context: Lent) -> None:
    batch = samples.batch(
        samples.invoice(1), samples.invoice(2, number="2026-000001", kind="credit_note"),
        samples.invoice(3, number="2026/000001"),
    )  # fmt: skip
    done, _ = context.run(ACTION, batch)
    assert done.files["name"].is_unique
