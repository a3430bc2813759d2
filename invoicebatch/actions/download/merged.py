"""Download merged: the documents of a selection as one PDF, in its order; nothing changes."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import pandas as pd
from pydantic import Field

from invoicebatch.formats.archive.stored_documents import COLUMNS, verified
from invoicebatch.formats.merged.merge import MAX_DOCUMENTS, Engine, merge_batch, merge_jobs, write_merged
from invoicebatch.model.action import Action, Context, Params, Preview
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, RowFailure

NOT_KEPT: Final = (
    "Tags for screen readers; each document has its own",
    "Embedded invoice data (Factur-X) and other attachments",
    "The language, where the documents are in several",
)


class Parameters(Params):
    """What is asked."""

    engine: Engine = Field("pikepdf", description="pikepdf, or pypdf at four to eight times its time")


def artefacts(batch: Batch, params: Parameters, context: Context) -> Iterator[Prepared]:
    """`invoices.pdf`, or numbered parts of at most 10,000 documents each."""
    rows, failures = verified(batch.invoices, context.document)
    yield from failures
    pieces = [rows[start : start + MAX_DOCUMENTS] for start in range(0, len(rows), MAX_DOCUMENTS)]
    for number, piece in enumerate(pieces, 1):
        name = "invoices.pdf" if len(pieces) == 1 else f"invoices-{number:02d}.pdf"
        yield from _merged(piece.reset_index(drop=True), name, params.engine, context)


def _merged(rows: pd.DataFrame, name: str, engine: Engine, context: Context) -> Iterator[Prepared]:
    numbers, files, ids = rows["number"].tolist(), rows["file"].tolist(), rows["invoice_id"].tolist()
    parts = []
    first = 0
    for job, part in zip(
        merge_jobs(numbers, files, engine),
        context.map(merge_batch, merge_jobs(numbers, files, engine)),
        strict=True,
    ):
        for position, reason in part.faults:
            yield RowFailure(int(ids[first + position]), reason)
        first += len(job.paths)
        if part.pages:
            parts.append(part)
    if parts:
        title = f"{parts[0].titles[0]} – {parts[-1].titles[-1]}"
        yield Artefact(name, partial(write_merged, parts, title=title, engine=engine))


def transform(batch: Batch, params: Parameters, context: Context) -> Changes:  # noqa: ARG001
    """Nothing changes; rows without a sound document are failures."""
    return Changes(failures=batch.failed)


def preview(batch: Batch, params: Parameters, context: Context) -> Preview:  # noqa: ARG001
    """How many documents in how many files, and what single documents have that the file can't keep."""
    files = -(-len(batch) // MAX_DOCUMENTS)
    return {
        "documents": pd.DataFrame({"documents": [len(batch)], "files": [files]}),
        "not kept": pd.DataFrame({"what": list(NOT_KEPT)}),
    }


ACTION = Action(
    name="download.merged",
    label="Merged",
    title_in_full="Download one merged PDF",
    help="Download the stored PDFs of the selection as one PDF with a bookmark for each.",
    params=Parameters,
    columns=COLUMNS,
    artefacts=artefacts,
    transform=transform,
    preview=preview,
    repeatable=True,
)
