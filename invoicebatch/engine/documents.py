"""Documents of one invoice: a preview that touches no state, and the list of its stored versions."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from invoicebatch.actions import find
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.batches import load_batch
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.errors import RenderError, SelectionError
from invoicebatch.files.stored import document_state
from invoicebatch.files.whole import write_whole
from invoicebatch.formats.pdf.data import Document, documents
from invoicebatch.formats.pdf.job import account_folders
from invoicebatch.formats.pdf.render import render, render_pages
from invoicebatch.formats.pdf.template import Template, load_template
from invoicebatch.model.changes import Batch, RowFailure
from invoicebatch.model.ident import as_invoice_id
from invoicebatch.model.markup import joined, picture


@dataclass(frozen=True)
class DocumentPreview:
    """A document as it would be made now; in a notebook it shows its pages."""

    name: str
    document: Document
    template: Template

    @cached_property
    def pdf(self) -> bytes:
        """The PDF.

        Raises:
            RenderError: it can't be made; field, template and line are named.
        """
        return render(self.document, self.template)

    def pages(self, ppi: float = 110) -> list[bytes]:
        """The pages as PNG pictures of `ppi` pixels an inch.

        Raises:
            RenderError: it can't be made.
        """
        return render_pages(self.document, self.template, ppi)

    def save(self, path: str | Path) -> Path:
        """Write the PDF to a file.

        Raises:
            RenderError: it can't be made.
            StorageError: the file can't be written.
        """
        return write_whole(Path(path), self.pdf, on_clash="replace")

    def save_pages(self, path: str | Path, ppi: float = 110) -> list[Path]:
        """Write each page as a PNG, ``name-1.png`` beside the given path.

        Raises:
            RenderError: it can't be made.
            StorageError: a file can't be written.
        """
        stem = Path(path).with_suffix("")
        targets = [(stem.with_name(f"{stem.name}-{n}.png"), p) for n, p in enumerate(self.pages(ppi), 1)]
        return [write_whole(target, picture, on_clash="replace") for target, picture in targets]

    def _repr_html_(self) -> Markup:
        pages = enumerate(self.pages(90), 1)
        return Markup("<div>{}</div>").format(
            joined([picture(page, f"{self.name}, page {number}") for number, page in pages])
        )


def preview(
    workspace: WorkspaceBase, invoice: str | int, template: str | Path | None = None
) -> DocumentPreview:
    """The document of an invoice as it would be made now, from its data and template.

    Args:
        workspace: where it is.
        invoice: number or invoice id.
        template: a template folder to try instead of the workspace's.

    Raises:
        SelectionError: no such invoice.
        RenderError: a field is missing, or the template can't be used.
    """
    invoice_id = find_invoice(workspace, invoice)
    action = find("create")
    with workspace.store.read() as session:
        batch = load_batch(session, action, np.array([invoice_id]), clock.today())
        [elsewhere] = session.rows_of("invoices", "invoice_id", pd.Series([invoice_id]))["is_open_item"]
    if elsewhere:
        raise RenderError(f"Invoice {invoice} is an open item of an earlier system: its document is there.")
    batch = _as_issued(batch)
    found = _template(workspace, batch, template)
    language = batch["company_accounts"]["language"].tolist()
    words = [*language, workspace.settings.documents.language]
    [document] = documents(batch, lambda _, own: found.wording(own, *words))
    if isinstance(document, RowFailure):
        raise RenderError(document.reason)
    return DocumentPreview(f"preview-{document.content['number']}", document, found)


def _as_issued(batch: Batch) -> Batch:
    """A row that has no number or date yet gets stand-ins, so that it can be looked at."""
    invoices = batch.invoices.copy()
    drafts = "DRAFT-" + invoices["invoice_id"].astype("str")
    invoices["number"] = invoices["number"].fillna(drafts)
    invoices["invoice_date"] = invoices["invoice_date"].fillna(pd.Timestamp(clock.today()))
    return Batch(invoices, batch.tables)


def _template(workspace: WorkspaceBase, batch: Batch, given: str | Path | None) -> Template:
    if given is not None:
        folder = Path(given)
        if not folder.is_dir():
            raise RenderError(f"template folder {folder} does not exist")
        return load_template((folder.resolve(),))
    folders, broken = account_folders(batch["company_accounts"], workspace.settings, workspace.root)
    for reason in broken.values():
        raise RenderError(reason)
    return load_template(next(iter(folders.values()), ()))


def find_invoice(workspace: WorkspaceBase, invoice: str | int) -> int:
    """The id of an invoice from its number, or the id itself.

    Raises:
        SelectionError: there is none, or several accounts use that number.
    """
    with workspace.store.read() as session:
        found = session.ids_of("number", [str(invoice)])["invoice_id"].dropna().tolist()
        if not found and (key := as_invoice_id(str(invoice))) is not None:
            known = session.overview(["invoice_id"], clock.today(), np.array([key]))
            found = known["invoice_id"].dropna().tolist()
    if len(found) != 1:
        what = "There is no invoice" if not found else f"{len(found)} invoices have the number"
        raise SelectionError(f"{what} {invoice}.", "Give an invoice number or id; see: invoicebatch list")
    return int(found[0])


def lies_in_archive(workspace: WorkspaceBase, invoice: str | int) -> bool:
    """Whether an invoice, by its number or id, is in the archive, and none of that number or id is live."""
    named = str(invoice)
    with workspace.store.read() as session:
        if session.ids_of("number", [named])["invoice_id"].notna().any():
            return False
        if len(session.archived("number", pd.Series([named]))):
            return True
        key = as_invoice_id(named)
        return key is not None and len(session.archived("invoice_id", pd.Series([key]))) > 0


def versions(workspace: WorkspaceBase, invoice: str | int) -> pd.DataFrame:
    """Every stored version of an invoice's document, oldest first.

    Returns:
        columns of table `documents`; `current` bool; `sent` bool: the version that reached the
        customer; `state` str: `sound`, or what is wrong with the file.

    Raises:
        SelectionError: no such invoice.
    """
    key = pd.Series([find_invoice(workspace, invoice)])
    with workspace.store.read() as session:
        found = session.rows_of("documents", "invoice_id", key)
        row = session.rows_of("invoices", "invoice_id", key).iloc[0]
    found = found.sort_values("document_version", ignore_index=True)
    found["current"] = found["document_version"] == row["document_version"]
    found["sent"] = found["sent_at"].notna()
    if not found["sent"].any():  # marked as shipped by hand, or brought along by an import
        found["sent"] = found.index == _sent_position(found, row)
    found["state"] = [
        document_state(workspace.data, path, sha256).value
        for path, sha256 in zip(found["path"], found["sha256"], strict=True)
    ]
    return found


def _sent_position(found: pd.DataFrame, row: "pd.Series[Any]") -> int:
    """The version that was current when the invoice was sent; -1 where it was not."""
    if row["shipping_status"] not in ("sent", "sending") or pd.isna(row["sent_at"]):
        return -1
    return int((found["created_at"] <= row["sent_at"]).sum()) - 1
