"""Regenerate: a new version of a document from the present template and data.

Earlier versions stay; what the law fixes at issue can't change, and a document that would come
out the same is left as it is.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import Field

from invoicebatch.errors import DocumentError
from invoicebatch.formats.pdf.data import COLUMNS, TABLES_READ
from invoicebatch.formats.validation import check_facturx
from invoicebatch.model.action import Action, Context, Params, Preview
from invoicebatch.model.changes import Batch, Changes, Prepared, RowFailure, RowUnchanged
from invoicebatch.model.documents import number_series
from invoicebatch.model.status import Status

if TYPE_CHECKING:
    from invoicebatch.formats.pdf.compare import CompareJob
    from invoicebatch.formats.pdf.render import RenderJob


class Parameters(Params):
    """What is asked."""

    reason: str = Field("", max_length=200, description="Why the document is made anew")


def reserve(batch: Batch, params: Parameters, context: Context) -> Changes:  # noqa: ARG001
    """A number for a row that failed before it got one; all others keep theirs."""
    return Changes(numbers=number_series.requests(batch.invoices, batch["number_ranges"]))


def artefacts(
    batch: Batch,
    params: Parameters,  # noqa: ARG001
    context: Context,
) -> Iterator[Prepared]:
    """The new versions, rendered and compared with the present ones in the process pool."""
    from invoicebatch.formats.pdf.compare import render_compared
    from invoicebatch.formats.pdf.job import by_invoice, document_artefact, prepare

    rows = by_invoice(batch)
    last = _last_versions(batch)
    present = _present(batch, context)
    known = _known(batch, present)
    sent = frozenset(_sent(batch))
    jobs, lost = prepare(batch, context.settings, context.root, known)
    yield from lost
    for results in context.map(render_compared, (_compare(job, present, sent) for job in jobs)):
        for result in results:
            if isinstance(result, RowFailure):
                yield result
            elif not result.pdf:
                version = rows[result.invoice_id]["document_version"]
                yield RowUnchanged(result.invoice_id, f"nothing changed since version {version}")
            else:
                version = last.get(result.invoice_id, 0) + 1
                yield document_artefact(result, rows[result.invoice_id], version)


def _compare(job: "RenderJob", present: dict[int, Path], sent: frozenset[int]) -> "CompareJob":
    from invoicebatch.formats.pdf.compare import CompareJob

    ids = set(job.batch.invoices["invoice_id"].tolist())
    files = {invoice_id: path for invoice_id, path in present.items() if invoice_id in ids}
    return CompareJob(job, files, sent & ids)


def _last_versions(batch: Batch) -> dict[int, int]:
    last = batch["documents"].groupby("invoice_id")["document_version"].max()
    return dict(zip(last.index.tolist(), last.tolist(), strict=True))


def _present(batch: Batch, context: Context) -> dict[int, Path]:
    """Files of the present versions; one that is lost or damaged is simply made anew."""
    rows = batch.invoices[batch.invoices["document_path"].notna()]
    found: dict[int, Path] = {}
    columns = rows["invoice_id"], rows["document_path"], rows["document_sha256"]
    for invoice_id, path, sha256 in zip(*columns, strict=True):
        with suppress(DocumentError):
            found[int(invoice_id)] = context.document(path, sha256)
    return found


def _current(batch: Batch) -> pd.DataFrame:
    keys = ["invoice_id", "document_version"]
    return batch["documents"].merge(batch.invoices[keys], on=keys)


def _known(batch: Batch, present: dict[int, Path]) -> dict[int, tuple[str, str]]:
    created = batch.invoices.loc[batch.invoices["status"] == Status.CREATED.value, "invoice_id"]
    now = _current(batch)
    now = now[now["invoice_id"].isin(created) & now["invoice_id"].isin(list(present))]
    columns = now["invoice_id"], now["template_sha256"], now["content_sha256"]
    return {int(i): (template, content) for i, template, content in zip(*columns, strict=True)}


def _sent(batch: Batch) -> set[int]:
    now = _current(batch)
    marked = batch.invoices["shipping_status"].isin(["sent", "sending"])
    ids = [*now.loc[now["sent_at"].notna(), "invoice_id"], *batch.invoices.loc[marked, "invoice_id"]]
    return {int(invoice_id) for invoice_id in ids}


def transform(batch: Batch, params: Parameters, context: Context) -> Changes:
    """The new version on the row, the older ones left in `documents`.

    A `created` row that fails keeps its document; a `generation_failed` one its new reason.
    """
    from invoicebatch.formats.pdf.job import created_rows, document_rows, documented_invoices, failed_rows

    good = documented_invoices(batch)
    unmade = batch.invoices[batch.invoices["status"] == Status.GENERATION_FAILED.value]
    updates = [created_rows(good), failed_rows(unmade, batch.failed)]
    reason = params.reason or "regenerate"
    return Changes(
        updates={"invoices": pd.concat(updates, ignore_index=True)},
        inserts={"documents": document_rows(good, reason, context.run_id, context.now)},
        failures=batch.failed,
    )


def preview(batch: Batch, params: Parameters, context: Context) -> Preview:  # noqa: ARG001
    """Documents by status, and how many of them have been sent already."""
    rows = batch.invoices.assign(sent=batch.invoices["shipping_status"].isin(["sent", "sending"]))
    groups = rows.groupby(["status"], observed=True)
    table = groups.agg(documents=("invoice_id", "size"), already_sent=("sent", "sum"))
    return {"documents": table.reset_index()}


ACTION = Action(
    name="regenerate",
    label="Regenerate",
    help="Make a new version of the document from the present template and data; older ones stay.",
    params=Parameters,
    check=check_facturx,
    columns=COLUMNS | {"shipping_status"},
    reads=TABLES_READ | {"documents", "number_ranges"},
    reserve=reserve,
    artefacts=artefacts,
    transform=transform,
    preview=preview,
    chunk_rows=500,
    outcome=("status", Status.CREATED.value),
    after=("send_via",),
    after_again=("send_via",),
)
