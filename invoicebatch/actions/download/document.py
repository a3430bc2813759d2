"""Download documents: one as its PDF, several as a ZIP of them; nothing changes."""

from collections.abc import Iterator
from functools import partial
from typing import Literal

import pandas as pd
from pydantic import Field

from invoicebatch.formats.archive.stored_documents import COLUMNS, document_list, download_names, verified
from invoicebatch.formats.archive.zip import Entry, copy_file, write_zip
from invoicebatch.model.action import Action, Context, Params, Preview
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared


class Parameters(Params):
    """What is asked."""

    layout: Literal["flat", "by_customer", "by_month"] = Field("flat", description="Folders in the ZIP")
    index: bool = Field(default=False, description="Put a list of the documents (index.csv) in the ZIP")


def artefacts(batch: Batch, params: Parameters, context: Context) -> Iterator[Prepared]:
    """`<number>.pdf` of one selected row, `invoices.zip` of several."""
    rows, failures = verified(batch.invoices, context.document)
    yield from failures
    if rows.empty:
        return
    if len(batch) == 1:
        name = download_names(rows)[0]
        content = partial(copy_file, rows["file"].iloc[0])
        yield Artefact(name, content, int(rows["invoice_id"].iloc[0]))
        return
    names = download_names(rows, params.layout)
    entries = [Entry(name, path) for name, path in zip(names, rows["file"], strict=True)]
    if params.index:
        entries.append(Entry("index.csv", document_list(rows, names)))
    yield Artefact("invoices.zip", partial(write_zip, entries))


def transform(batch: Batch, params: Parameters, context: Context) -> Changes:  # noqa: ARG001
    """Nothing changes; rows without a sound document are failures."""
    return Changes(failures=batch.failed)


def preview(batch: Batch, params: Parameters, context: Context) -> Preview:  # noqa: ARG001
    """How many documents, by customer where folders are asked for."""
    table = pd.DataFrame({"documents": [len(batch)], "layout": [params.layout]})
    return {"documents": table}


ACTION = Action(
    name="download.document",
    label="Document",
    title_in_full="Download documents",
    help="Download the stored PDF of one invoice, or a ZIP of several.",
    params=Parameters,
    columns=COLUMNS,
    artefacts=artefacts,
    transform=transform,
    preview=preview,
    repeatable=True,
)
