"""Documents of a batch, written as UBL or CII and checked in three layers: rules, XSD, schematron.

What fails is named and left out; what comes back as bytes has passed every check that was asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.files.csv_text import csv_bytes
from invoicebatch.formats.cii import write_cii
from invoicebatch.formats.ubl import write_ubl
from invoicebatch.formats.ubl.energy import with_energy_extension
from invoicebatch.formats.ubl.supporting import Stored, stored_pdfs, with_stored_pdfs
from invoicebatch.formats.validation import Schematron
from invoicebatch.formats.validation.facts import Facts
from invoicebatch.formats.validation.faults import (
    Asked,
    Found,
    asked_of_each,
    asked_of_structures,
    fault_of,
    shape_of,
)
from invoicebatch.formats.validation.prevalidation import NO_FINDINGS, prevalidate, reasons
from invoicebatch.formats.validation.schema import schema_error
from invoicebatch.formats.validation.workspace_rules import WorkspaceRules
from invoicebatch.model.action import Context
from invoicebatch.model.changes import Batch
from invoicebatch.model.en16931.derive import Profile, derive
from invoicebatch.model.en16931.frames import Groups, only_documents
from invoicebatch.model.en16931.terms import DOCUMENT
from invoicebatch.model.slices import slices
from invoicebatch.settings import EInvoice

ALL_UP_TO: Final = 1000
"""Documents up to which `auto` runs the schematron on each."""

SLICE: Final = 4000
"""Documents turned into bytes at a time, by one worker."""

_WITH_PDF: Final = 200
"""The same where each holds its PDF."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One document: its bytes, or why it can't go out.

    Attributes:
        invoice_id: the invoice.
        number: of the invoice.
        document: UBL or CII.
        failure: why it can't go out.
        rules: id of the rule set that it follows.
        schematron: whom the schematrons that are named for that set were asked of.
    """

    invoice_id: int
    number: str
    document: bytes = b""
    failure: str = ""
    rules: str = ""
    schematron: Asked = "none"


def checked_documents(
    pieces: Iterable[Batch],
    count: int,
    ctx: Context,
    profile: Profile = "auto",
    schematron: Schematron = "auto",
    energy_extension: bool = False,
    on: date | None = None,
    national: bool = False,
) -> Iterator[Checked]:
    """Every document of some batches, a slice at a time.

    Args:
        pieces: overview rows and the tables of `derive.TABLES`.
        count: documents of all pieces together.
        ctx: settings, and the process pool that documents are written and checked in.
        profile: see `derive`; `auto` takes what the settings say.
        schematron: `auto` runs it on all up to `ALL_UP_TO` documents, else on one of each structure; where
            that one fails, on all of its structure.
        energy_extension: put meter readings into the Dutch energy extension (SEeF 3.1).
        on: the day whose rules are asked; None: each document's own date.
        national: whether a profile of the buyer's country comes before `profile`; with `auto` it does.

    Raises:
        SettingsError: a schematron is missing or can't be compiled.
    """
    everywhere = schematron == "all" or (schematron == "auto" and count <= ALL_UP_TO)
    rules = WorkspaceRules.of(ctx)
    sheets = {} if schematron == "none" else rules.sheets("ubl")
    profile, national = chosen_profile(profile, rules.settings, national)
    asked = _Asked(rules, profile, national, on)
    by_structure = any(sheets.values()) and not everywhere
    size = _WITH_PDF if rules.settings.embed_pdf else SLICE
    jobs = (
        _Slice(asked, part, energy_extension, _stored(part, ctx), by_structure)
        for piece in pieces
        for part in slices(piece, size)
    )
    seen: dict[bytes, bool] = {}
    for written in ctx.map(_write, jobs):
        good = [(item, shape) for item, shape in written if not item.failure]
        documents = [(item.document, sheets.get(item.rules, ())) for item, _ in good]
        if by_structure:
            found = asked_of_structures(documents, [shape for _, shape in good], seen, ctx.map)
        else:
            found = asked_of_each(documents, ctx.map)
        remaining = iter(found)
        for item, _ in written:
            yield item if item.failure else _judged(item, next(remaining))


def _judged(item: Checked, found: Found) -> Checked:
    if found.fault:
        return Checked(item.invoice_id, item.number, failure=found.fault)
    return Checked(item.invoice_id, item.number, item.document, rules=item.rules, schematron=found.asked)


def broken_rules(
    pieces: Iterable[Batch], ctx: Context, profile: Profile, on: date | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rules that documents break, and those that are no more than advice; see `prevalidate`.

    Args:
        pieces: overview rows and the tables of `derive.TABLES`.
        ctx: settings and rules.
        profile: see `checked_documents`.
        on: the day whose rules are asked; None: each document's own date.
    """
    rules = WorkspaceRules.of(ctx)
    chosen, national = chosen_profile(profile, rules.settings)
    found = [NO_FINDINGS], [NO_FINDINGS]
    for piece in pieces:
        derived = derive(piece.invoices, piece.tables, chosen, rules.settings, national, on)
        for warnings, parts in enumerate(found):
            parts.append(prevalidate(*derived, rules.sets, on, warnings=bool(warnings)))
    broken, advice = (pd.concat(parts, ignore_index=True) for parts in found)
    return broken, advice


def checks_table(documents: Sequence[Checked]) -> bytes:
    """What was checked how, as CSV: invoice_id, number, rules (the set's id), schematron; see `Checked`."""
    columns = {
        "invoice_id": [item.invoice_id for item in documents],
        "number": [item.number for item in documents],
        "rules": [item.rules for item in documents],
        "schematron": [item.schematron for item in documents],
    }
    return csv_bytes(columns)


def facturx_documents(batch: Batch, rules: WorkspaceRules) -> dict[int, bytes | str]:
    """The checked CII document of each invoice, or why it can't be made, by invoice id.

    Args:
        batch: overview rows and tables, as for rendering.
        rules: by what they are checked, and by which a country asks for a profile of its own.
    """
    sheets = rules.sheets("cii")

    def document_or_fault(item: Checked) -> bytes | str:
        if not item.failure and not sheets.get(item.rules, (Path(),)):
            item = _no_cii(item, rules)
        return item.failure or fault_of(item.document, sheets[item.rules]) or item.document

    written = _checked_by_rules(_Asked(rules, "en16931", national=True), batch, write_cii)
    return {item.invoice_id: document_or_fault(item) for item in written}


def _no_cii(item: Checked, rules: WorkspaceRules) -> Checked:
    title = rules.sets.sets[item.rules].title
    return Checked(
        item.invoice_id, item.number, failure=f"{title} has no profile of Factur-X; export it as UBL"
    )


def chosen_profile(profile: Profile, settings: EInvoice, national: bool = False) -> tuple[Profile, bool]:
    """What `derive` is asked for: the profile, and whether a country may choose another, as `auto` lets it."""
    chosen = settings.profile if profile == "auto" else profile
    return chosen, (national or profile == "auto") and chosen in ("auto", "peppol")


@dataclass(frozen=True, slots=True)
class _Asked:
    """By what documents are written: profile and whether a country chooses another, and the day of the rules."""

    rules: WorkspaceRules
    profile: Profile
    national: bool
    on: date | None = None


@dataclass(frozen=True, slots=True)
class _Slice:
    """Documents that are written in one go; plain values, so they can go to a worker process.

    Attributes:
        asked: by what they are written.
        part: their rows.
        energy_extension: put meter readings into it.
        stored: the stored PDF of each that is embedded, or why it can't be; None: none is.
        shapes: tell the structure of each, see `shape_of`.
    """

    asked: _Asked
    part: Batch
    energy_extension: bool
    stored: Sequence[Stored] | None
    shapes: bool


def _stored(part: Batch, ctx: Context) -> list[Stored] | None:
    return stored_pdfs(part.invoices, ctx) if ctx.settings.einvoice.embed_pdf else None


def _write(job: _Slice) -> list[tuple[Checked, bytes]]:
    """Documents that follow the rules and their XSD, each with its structure, and why others don't."""
    write = _with_energy_extension if job.energy_extension else write_ubl
    return [
        (item, shape_of(item.document) if job.shapes else b"")
        for item in map(_valid, _checked_by_rules(job.asked, job.part, write, job.stored))
    ]


def _valid(item: Checked) -> Checked:
    if not item.failure and (fault := schema_error(item.document)):
        return Checked(item.invoice_id, item.number, failure=fault)
    return item


def _with_energy_extension(groups: Groups) -> list[bytes]:
    return list(with_energy_extension(write_ubl(groups), groups))


def _checked_by_rules(
    asked: _Asked,
    part: Batch,
    write: Callable[[Groups], list[bytes]],
    stored: Sequence[Stored] | None = None,
) -> list[Checked]:
    """Written documents, those that break a rule with what they break; `stored` PDFs are put into them."""
    rules, on = asked.rules, asked.on
    sets = rules.sets
    groups, problems = derive(part.invoices, part.tables, asked.profile, rules.settings, asked.national, on)
    followed = Facts(groups, sets, on).set_ids()
    unread: Mapping[int, str] = {}
    if stored is not None:
        of_document = [sets.sets[name] for name in followed]
        numbers = part.invoices["number"].tolist()
        embedded = with_stored_pdfs(groups["BG-24"], numbers, stored, of_document)
        groups["BG-24"], unread = embedded.frame, embedded.failures
    findings = reasons(prevalidate(groups, problems, sets, on))
    ids = groups[DOCUMENT]["invoice_id"].to_numpy(np.int64)
    failures = {int(str(key)): reason for key, reason in findings.items()}
    failures |= {int(ids[row]): reason for row, reason in unread.items()}
    good = ~np.isin(ids, list(failures))
    documents = iter(write(only_documents(groups, good)) if good.any() else ())
    numbers = part.invoices["number"].fillna("").tolist()
    return [
        Checked(invoice_id, number, next(documents), rules=followed_set)
        if is_good
        else Checked(invoice_id, number, failure=failures[invoice_id])
        for invoice_id, number, is_good, followed_set in zip(
            ids.tolist(), numbers, good, followed, strict=True
        )
    ]
