"""Export as UBL 2.1: electronic invoices for EN 16931 and Peppol BIS Billing 3, each one checked."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import Field

from invoicebatch.formats.validation import WITHOUT, Schematron, require_official_rules
from invoicebatch.model.action import Action, Context, Params, Surroundings
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, RowFailure
from invoicebatch.model.en16931.derive import Profile, pieces
from invoicebatch.model.exports.exported import exported

if TYPE_CHECKING:
    from invoicebatch.formats.archive.document_zip import Document
    from invoicebatch.formats.checked import Checked


class UblParams(Params):
    """What may be chosen for electronic invoices."""

    profile: Profile = Field(
        "auto", description="auto: as the settings say, by buyer and country; else this profile for all"
    )
    schematron: Schematron = Field(
        "auto",
        description="Official rules on all documents, on one of each structure (ubl-checks.csv says which), or none;"
        " auto: all up to 1,000",
    )
    energy_extension: bool = Field(
        False, description="Meter readings in the Dutch energy extension (SEeF 3.1) too"
    )
    as_of: date | None = Field(
        None, description="Only ask: which rows break the rules in force on that day; nothing is written"
    )
    mark_as_exported: bool = Field(False, description="Mark the invoices that were written as exported")


def _check(params: UblParams, around: Surroundings, now: datetime) -> None:  # noqa: ARG001
    if params.schematron != "none":
        require_official_rules(WITHOUT)


def artefacts(batch: Batch, params: UblParams, ctx: Context) -> Iterator[Prepared]:
    """One document: `<number>.xml`; several: one ZIP of them. Rows that break a rule fail, named.

    Where not each was asked by the official rules, a table says which were.
    """
    from invoicebatch.formats.archive.document_zip import document_files
    from invoicebatch.formats.checked import checked_documents, checks_table

    checked = checked_documents(
        pieces(batch.invoices["invoice_id"], ctx),
        len(batch),
        ctx,
        params.profile,
        params.schematron,
        params.energy_extension,
        params.as_of,
    )
    if params.as_of is not None:
        yield from (RowFailure(item.invoice_id, item.failure) for item in checked if item.failure)
        return
    written: list[Checked] = []
    yield from document_files(_made(checked, written), len(batch), "invoices-ubl.zip")
    if any(item.schematron == "structure" for item in written):
        yield Artefact("ubl-checks.csv", checks_table(written))


def _made(checked: "Iterable[Checked]", written: "list[Checked]") -> "Iterator[Document | RowFailure]":
    """Documents and failures; of what was written is noted how it was checked."""
    from invoicebatch.formats.archive.document_zip import Document

    for item in checked:
        if item.failure:
            yield RowFailure(item.invoice_id, item.failure)
        else:
            written.append(replace(item, document=b""))
            yield Document(item.invoice_id, item.number, item.document)


def transform(batch: Batch, params: UblParams, ctx: Context) -> Changes:
    """Mark the documents that were written as exported, where asked for."""
    return exported(batch.good, batch.failed, ctx.now, mark=params.mark_as_exported and params.as_of is None)


def preview(batch: Batch, params: UblParams, ctx: Context) -> dict[str, pd.DataFrame]:
    """How many documents are ready, which rules the others break, and what is advised; by row for another day."""
    from invoicebatch.formats.checked import broken_rules
    from invoicebatch.formats.validation.prevalidation import reasons

    findings, advice = broken_rules(
        pieces(batch.invoices["invoice_id"], ctx), ctx, params.profile, params.as_of
    )
    ready = len(batch) - findings["invoice_id"].nunique()
    tables = {
        "documents": pd.DataFrame({"what": ["ready", "break a rule"], "rows": [ready, len(batch) - ready]}),
        "rules": _by_rule(findings),
        "advice": _by_rule(advice),
    }
    if params.as_of is not None:
        numbers = batch.invoices.set_index("invoice_id")["number"]
        broken = reasons(findings)
        rows = {"number": numbers.reindex(broken.index).to_numpy(), "reason": broken.to_numpy()}
        tables[f"breaks on {params.as_of}"] = pd.DataFrame(rows)
    return {name: table for name, table in tables.items() if name != "advice" or len(table)}


def _by_rule(findings: pd.DataFrame) -> pd.DataFrame:
    """How many invoices each rule is about, the most first."""
    counts = findings.groupby(["rule", "says", "fix"], sort=False)["invoice_id"].nunique()
    named = counts.rename("invoices").reset_index()
    return named.sort_values("invoices", ascending=False, ignore_index=True)


ACTION = Action(
    name="export.ubl",
    label="UBL",
    title_in_full="Export e-invoices (UBL)",
    help="Electronic invoices in UBL 2.1 (EN 16931, Peppol BIS Billing 3), checked by the official rules.",
    params=UblParams,
    columns=frozenset({"number"}),
    check=_check,
    transform=transform,
    artefacts=artefacts,
    preview=preview,
    repeatable=True,
    schedulable=True,
)
