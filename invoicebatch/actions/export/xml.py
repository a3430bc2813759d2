"""Export as simple XML: one documented element a term, checked by the rules of EN 16931 and our schema."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, Prepared, RowFailure
from invoicebatch.model.en16931.derive import derive, pieces
from invoicebatch.model.en16931.frames import only_documents
from invoicebatch.model.en16931.terms import DOCUMENT
from invoicebatch.model.exports.exported import exported
from invoicebatch.model.slices import slices

if TYPE_CHECKING:
    from invoicebatch.formats.archive.document_zip import Document
    from invoicebatch.formats.validation.rule_sets import RuleSets

_SLICE = 2000


class XmlParams(Params):
    """What may be chosen for the simple XML."""

    mark_as_exported: bool = Field(False, description="Mark the invoices that were written as exported")


def artefacts(batch: Batch, params: XmlParams, ctx: Context) -> Iterator[Prepared]:  # noqa: ARG001
    """One document: `<number>.xml`; several: one ZIP of them. Rows that break a rule fail, named."""
    from invoicebatch.formats.archive.document_zip import document_files
    from invoicebatch.formats.validation.workspace_rules import WorkspaceRules

    sets = WorkspaceRules.of(ctx).sets
    made = (
        item
        for piece in pieces(batch.invoices["invoice_id"], ctx)
        for part in slices(piece, _SLICE)
        for item in _documents(part, sets)
    )
    yield from document_files(made, len(batch), "invoices-xml.zip")


def _documents(part: Batch, sets: "RuleSets") -> "Iterator[Document | RowFailure]":
    from invoicebatch.formats.archive.document_zip import Document
    from invoicebatch.formats.validation.prevalidation import prevalidate, reasons
    from invoicebatch.formats.validation.schema import own_schema_error
    from invoicebatch.formats.xml_export import write_xml

    groups, problems = derive(part.invoices, part.tables, "en16931")
    broken = reasons(prevalidate(groups, problems, sets))
    for invoice_id, reason in broken.items():
        yield RowFailure(int(str(invoice_id)), reason)
    ids = groups[DOCUMENT]["invoice_id"].to_numpy(np.int64)
    good = ~np.isin(ids, broken.index.to_numpy(np.int64))
    numbers = part.invoices["number"][good].tolist()
    written = write_xml(only_documents(groups, good))
    for invoice_id, number, document in zip(ids[good].tolist(), numbers, written, strict=True):
        if fault := own_schema_error(document):
            yield RowFailure(invoice_id, fault)
        else:
            yield Document(invoice_id, number, document)


def transform(batch: Batch, params: XmlParams, ctx: Context) -> Changes:
    """Mark the documents that were written as exported, where asked for."""
    return exported(batch.good, batch.failed, ctx.now, mark=params.mark_as_exported)


ACTION = Action(
    name="export.xml",
    label="XML",
    title_in_full="Export XML",
    help="A simple, documented XML of each invoice, checked by the rules of EN 16931.",
    params=XmlParams,
    columns=frozenset(),
    transform=transform,
    artefacts=artefacts,
    repeatable=True,
    schedulable=True,
)
