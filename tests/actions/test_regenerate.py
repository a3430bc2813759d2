"""Regenerate: new versions, refused where nothing changed or the law fixes what would."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from invoicebatch.actions import create, regenerate
from invoicebatch.actions.regenerate import ACTION, Parameters
from invoicebatch.model.changes import Batch
from invoicebatch.model.schema import TABLES
from tests.actions.lent import Lent
from tests.formats.pdf import samples


@pytest.fixture
def context(tmp_path: Path, pool: ProcessPoolExecutor) -> Lent:
    return Lent(tmp_path, pool)


def created(context: Lent, row: dict[str, Any], **now: Any) -> Batch:
    """The batch as it stands after create, with `now` changed in the data since."""
    _, changes = context.run(create.ACTION, samples.batch(row))
    return stored(samples.batch(row | {"status": "created"} | now), changes.updates, changes.inserts)


def stored(batch: Batch, updates: Any, inserts: Any) -> Batch:
    [update] = updates["invoices"].to_dict("records")
    kept = ("status", "document_version", "document_path", "document_sha256", "remittance_reference")
    for name in (*kept, "due_at_issue_cents"):
        batch.invoices[name] = pd.Series([update[name]], dtype=batch.invoices[name].dtype)
    documents = TABLES["documents"].conform(
        pd.concat([batch["documents"], inserts["documents"]], ignore_index=True)
    )
    documents["sent_at"] = pd.NaT
    return Batch(batch.invoices, {**batch.tables, "documents": documents})


def test_the_same_template_and_data_change_nothing(context: Lent) -> None:
    done, changes = context.run(ACTION, created(context, samples.invoice()))
    assert done.unchanged["reason"].tolist() == ["nothing changed since version 1"]
    assert done.files.empty
    assert changes.inserts["documents"].empty
    assert changes.updates["invoices"].empty


def test_a_new_address_makes_version_two_and_keeps_one(context: Lent) -> None:
    batch = created(context, samples.invoice(), customer={"street": "Nieuwe Gracht 2"})
    _, changes = context.run(ACTION, batch, Parameters(reason="moved"))
    [update] = changes.updates["invoices"].to_dict("records")
    assert (update["status"], update["document_version"]) == ("created", 2)
    assert update["document_path"].endswith("2026-000001-v2.pdf")
    [document] = changes.inserts["documents"].to_dict("records")
    assert (document["document_version"], document["reason"]) == (2, "moved")
    assert (context.root / "data" / batch.invoices["document_path"].iloc[0]).exists()


def test_amounts_cannot_change(context: Lent) -> None:
    lines = [*samples.energy_lines()[:-1], samples.line("Meter rent", 1, "3.91", unit="MON")]
    _, changes = context.run(ACTION, created(context, samples.invoice(), lines=lines))
    [reason] = changes.failures["reason"]
    assert "is not in the present document; credit the invoice" in reason


def test_number_and_date_cannot_change(context: Lent) -> None:
    _, changes = context.run(ACTION, created(context, samples.invoice(), number="2026-000002"))
    assert "number 2026-000002 is not in the present document" in changes.failures["reason"].iloc[0]


def test_a_name_is_fixed_once_sent(context: Lent) -> None:
    renamed: dict[str, Any] = {"customer": {"name": "J. de Fries"}}
    _, changes = context.run(ACTION, created(context, samples.invoice(), **renamed))
    assert len(changes.updates["invoices"]) == 1
    sent = Lent(context.root / "sent", context.pool)
    batch = created(sent, samples.invoice(), **renamed, shipping_status="sent")
    _, changes = sent.run(ACTION, batch)
    assert "buyer J. de Fries is not in the present document" in changes.failures["reason"].iloc[0]


def test_another_template_may_look_different_but_not_say_otherwise(context: Lent) -> None:
    batch = created(context, samples.invoice(), account={"template": "mine"})
    mine = context.root / "mine"
    mine.mkdir()
    (mine / "template.toml").write_text('colour = "#883322"\n')
    _, changes = context.run(ACTION, batch)
    assert changes.updates["invoices"]["document_version"].tolist() == [2]

    (mine / "parts").mkdir()
    (mine / "parts" / "totals.typ").write_text("#let totals = [A gift]\n")
    again = Lent(context.root, context.pool)
    other = stored(batch, changes.updates, changes.inserts)
    _, changes = again.run(ACTION, other)
    assert "is not in the new document" in changes.failures["reason"].iloc[0]


def test_a_row_that_failed_before_keeps_its_number_and_gets_version_one(context: Lent) -> None:
    batch = samples.batch(samples.invoice(status="generation_failed"))
    done, changes = context.run(ACTION, batch)
    assert done.files["name"].tolist() == ["NL/2026/2026-000001-v1.pdf"]
    assert changes.updates["invoices"]["status"].tolist() == ["created"]


def test_a_row_that_fails_again_says_why(context: Lent) -> None:
    bad = samples.invoice(status="generation_failed", customer={"name": None})
    _, changes = context.run(ACTION, samples.batch(bad))
    [update] = changes.updates["invoices"].to_dict("records")
    assert update["status"] == "generation_failed"
    assert "customers.name" in update["failure"]


def test_a_created_row_that_fails_keeps_its_document(context: Lent) -> None:
    batch = created(context, samples.invoice(), customer={"name": None})
    _, changes = context.run(ACTION, batch)
    assert changes.updates["invoices"].empty
    assert "customers.name" in changes.failures["reason"].iloc[0]


def test_a_lost_document_is_made_anew(context: Lent) -> None:
    batch = created(context, samples.invoice())
    (context.root / "data" / batch.invoices["document_path"].iloc[0]).unlink()
    _, changes = context.run(ACTION, batch)
    assert changes.updates["invoices"]["document_version"].tolist() == [2]


def test_only_rows_without_a_number_ask_for_one(context: Lent) -> None:
    batch = samples.batch(samples.invoice(1), samples.invoice(2, number=None, status="generation_failed"))
    ranges = pd.DataFrame({"company_account_id": ["NL"], "series": ["invoice"]})
    batch = Batch(batch.invoices, {**batch.tables, "number_ranges": ranges})
    numbers = regenerate.reserve(batch, Parameters(), context).numbers
    assert numbers is not None
    assert numbers["invoice_id"].tolist() == [2]
