"""From a batch to render jobs and from their results to artefacts; shared by create and regenerate.

Decides names and details of stored documents; what changes in the tables is the actions' own.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import pandas as pd

from invoicebatch.errors import RenderError
from invoicebatch.files.names import safe_name
from invoicebatch.formats.pdf.data import TABLES_READ
from invoicebatch.formats.pdf.payment import references
from invoicebatch.formats.pdf.render import Rendered, RenderJob, render_jobs
from invoicebatch.formats.pdf.template import template_folders
from invoicebatch.formats.pdf.text import Row, rows
from invoicebatch.formats.validation.workspace_rules import WorkspaceRules
from invoicebatch.model.changes import Artefact, Batch, RowFailure
from invoicebatch.model.payments.amount_due import due_at_issue_cents
from invoicebatch.model.status import Kind, Status
from invoicebatch.settings import Settings


def account_folders(
    accounts: pd.DataFrame, settings: Settings, root: Path
) -> tuple[dict[str, tuple[Path, ...]], dict[str, str]]:
    """Template folders by company account, and why an account has none.

    Args:
        accounts: company_accounts.
        settings: of the workspace.
        root: the workspace.
    """
    folders, broken = {}, {}
    columns = accounts["company_account_id"], accounts["template"]
    for account_id, own in zip(*columns, strict=True):
        layers = [settings.documents.template, own if isinstance(own, str) else ""]
        try:
            folders[account_id] = template_folders(root, *layers)
        except RenderError as error:
            broken[account_id] = str(error)
    return folders, broken


def prepare(
    batch: Batch,
    settings: Settings,
    root: Path,
    known: Mapping[int, tuple[str, str]] | None = None,
) -> tuple[Iterator[RenderJob], list[RowFailure]]:
    """Jobs of a batch, and the rows whose template can't be found."""
    folders, broken = account_folders(batch["company_accounts"], settings, root)
    lost = batch.invoices["company_account_id"].isin(list(broken))
    failures = [
        RowFailure(int(invoice_id), broken[account_id])
        for invoice_id, account_id in zip(
            batch.invoices.loc[lost, "invoice_id"],
            batch.invoices.loc[lost, "company_account_id"],
            strict=True,
        )
    ]
    # what a document is not made of need not travel with its job
    tables = {name: frame for name, frame in batch.tables.items() if name in TABLES_READ}
    rest = Batch(batch.invoices[~lost].reset_index(drop=True), tables)
    facturx = WorkspaceRules(settings.einvoice, root) if settings.documents.facturx else None
    return render_jobs(rest, folders, settings.documents.language, known, facturx=facturx), failures


def by_invoice(batch: Batch) -> dict[int, Row]:
    """What naming a stored document takes, by invoice id."""
    columns = ("invoice_id", "number", "kind", "company_account_id", "invoice_date", "document_version")
    return {row["invoice_id"]: row for row in rows(batch.invoices, columns)}


def document_artefact(rendered: Rendered, row: Row, version: int) -> Artefact:
    """The artefact of a rendered document, ``NL/2026/2026-000123-v1.pdf`` in the archive.

    Two series may give the same number, and two numbers the same safe name: then the invoice id
    keeps the paths apart.
    """
    number = str(row["number"])
    stem = safe_name(number)
    if stem != number or row["kind"] == Kind.CREDIT_NOTE.value:
        stem = f"{stem}-{rendered.invoice_id}"
    folder = f"{safe_name(row['company_account_id'])}/{row['invoice_date'].year}"
    details: dict[str, str | int | None] = {
        "document_version": version,
        "template": rendered.template,
        "template_sha256": rendered.template_sha256,
        "content_sha256": rendered.content_sha256,
    }
    name = f"{folder}/{stem}-v{version}.pdf"
    return Artefact(name, rendered.pdf, rendered.invoice_id, "documents", details)


def documented_invoices(batch: Batch) -> pd.DataFrame:
    """Invoices whose document was made, with `path`, `sha256`, `size` and the details of its file."""
    files = batch.files.reindex(columns=list(_FILE_DTYPES)).dropna(subset=["invoice_id"])
    known = batch.good.drop(columns=["document_version"])
    return known.merge(files.astype(_FILE_DTYPES), on="invoice_id").reset_index(drop=True)


_FILE_DTYPES: Final[Mapping[str, str]] = {
    "invoice_id": "int64",
    "document_version": "int64",
    "path": "str",
    "sha256": "str",
    "size": "int64",
    "template": "str",
    "template_sha256": "str",
    "content_sha256": "str",
}


def created_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Updates of `invoices` for the rows of `documented_invoices`: `created`, with their new document."""
    return pd.DataFrame(
        {
            "invoice_id": rows["invoice_id"],
            "status": Status.CREATED.value,
            "document_version": rows["document_version"],
            "document_path": rows["path"],
            "document_sha256": rows["sha256"],
            "remittance_reference": references(rows),
            "due_at_issue_cents": due_at_issue_cents(rows),
            "failure": pd.Series(None, index=rows.index, dtype="str"),
        }
    )


def failed_rows(invoices: pd.DataFrame, failed: pd.DataFrame) -> pd.DataFrame:
    """Updates of `invoices` for rows that failed: `generation_failed` and why; all else is kept.

    Args:
        invoices: overview columns.
        failed: invoice_id int64, reason str.
    """
    kept = [
        "invoice_id", "document_version", "document_path", "document_sha256", "remittance_reference",
        "due_at_issue_cents",
    ]  # fmt: skip
    rows = invoices[kept].merge(failed, on="invoice_id")
    return rows.assign(status=Status.GENERATION_FAILED.value).rename(columns={"reason": "failure"})


def document_rows(rows: pd.DataFrame, reason: str, run_id: str, now: datetime) -> pd.DataFrame:
    """Rows of `documents` for the rows of `documented_invoices`."""
    documents = rows[list(_FILE_DTYPES)].copy()
    return documents.assign(reason=reason, run_id=run_id, created_at=now)
