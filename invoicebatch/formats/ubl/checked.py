"""Documents of a batch, written as UBL and checked in three layers: rules, XSD, schematron.

What fails is named and left out; what comes back as bytes has passed every check that was asked for.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from invoicebatch.formats.ubl import write_ubl
from invoicebatch.formats.ubl.energy import with_energy_extension
from invoicebatch.formats.ubl.supporting import with_stored_pdfs
from invoicebatch.formats.validation import Schematron
from invoicebatch.formats.validation.facts import Facts
from invoicebatch.formats.validation.prevalidation import prevalidate, reasons
from invoicebatch.formats.validation.rule_sets import STANDARD, RuleSet, RuleSets, rule_sets, schematron_paths
from invoicebatch.formats.validation.schema import schema_error
from invoicebatch.formats.validation.schematron import failure_text, run_schematron
from invoicebatch.model.action import Context
from invoicebatch.model.changes import Batch
from invoicebatch.model.en16931.derive import Profile, derive
from invoicebatch.model.en16931.frames import only_documents
from invoicebatch.model.en16931.terms import DOCUMENT
from invoicebatch.settings import EInvoice

T = TypeVar("T")

ALL_UP_TO: Final = 1000
"""Documents up to which `auto` runs the schematron on each."""

SLICE: Final = 2000
"""Documents turned into bytes at a time."""

_JOB: Final = 100
_SHAPE: Final = re.compile(
    rb"<(c[ab]c:\w+)|(?:TypeCode|MeansCode|IdentificationCode)>([^<]*)|Category><cbc:ID>(\w+)"
)
_PEPPOL_RULES: Final = b"PEPPOL-EN16931"
_PEPPOL: Final = "peppol"

Sheets = tuple[str, ...]
"""Paths of the schematrons that a document is asked by."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One document: its bytes, or why it can't go out; `rules` is the id of the set it follows."""

    invoice_id: int
    number: str
    document: bytes = b""
    failure: str = ""
    rules: str = ""


def checked_documents(
    batch: Batch,
    ctx: Context,
    profile: Profile = "auto",
    schematron: Schematron = "auto",
    energy_extension: bool = False,
    on: date | None = None,
    national: bool = False,
) -> Iterator[Checked]:
    """Every document of a batch, a slice at a time.

    Args:
        batch: overview rows and the tables of `derive.TABLES`.
        ctx: settings, and the process pool that XSD and schematron run in.
        profile: see `derive`; `auto` takes what the settings say.
        schematron: `auto` runs it on all up to `ALL_UP_TO` documents, else on one of each structure; where
            that one fails, on all of its structure.
        energy_extension: put meter readings into the Dutch energy extension (SEeF 3.1).
        on: the day whose rules are asked; None: each document's own date.
        national: whether a profile of the buyer's country comes before `profile`; with `auto` it does.

    Raises:
        SettingsError: a schematron is missing or can't be compiled.
    """
    everywhere = schematron == "all" or (schematron == "auto" and len(batch) <= ALL_UP_TO)
    sets = sets_of(ctx)
    sheets = {
        found.id: () if schematron == "none" else _sheets(ctx, sets, found) for found in sets.sets.values()
    }
    profile, national = chosen_profile(profile, ctx.settings.einvoice, national)
    seen: dict[bytes, bool] = {}
    for start in range(0, len(batch), SLICE):
        part = Batch(batch.invoices.iloc[start : start + SLICE].reset_index(drop=True), batch.tables)
        written = list(_checked_by_rules(ctx, part, (profile, national), energy_extension, sets, on))
        documents = [(item.document, sheets[item.rules]) for item in written if not item.failure]
        faults = iter(_faults(ctx, documents, everywhere, seen))
        for item in written:
            fault = "" if item.failure else next(faults)
            yield Checked(item.invoice_id, item.number, failure=fault) if fault else item


def chosen_profile(profile: Profile, settings: EInvoice, national: bool = False) -> tuple[Profile, bool]:
    """What `derive` is asked for: the profile, and whether a country may choose another, as `auto` lets it."""
    chosen = settings.profile if profile == "auto" else profile
    return chosen, (national or profile == "auto") and chosen in ("auto", "peppol")


def sets_of(ctx: Context) -> RuleSets:
    """The rule sets of a workspace."""
    return rule_sets(ctx.root, frozenset(ctx.settings.einvoice.schematrons))


def _sheets(ctx: Context, sets: RuleSets, found: RuleSet) -> Sheets:
    """The schematrons of a set: the standard's, its own, and those the settings name besides."""
    settings, root = ctx.settings.einvoice, ctx.root
    standard = sets.on(STANDARD, None)
    paths = [
        path
        for each in dict.fromkeys((standard.id, found.id))
        for _, path in schematron_paths(sets.sets[each], "ubl", settings.schematrons, root)
        if path is not None
    ]
    further = [root / Path(path).expanduser() for path in settings.schematron]
    return (
        *map(str, paths),
        *(str(path) for path in further if found.family == _PEPPOL or not _is_peppols(path)),
    )


def _checked_by_rules(
    ctx: Context,
    part: Batch,
    chosen: tuple[Profile, bool],
    energy_extension: bool,
    sets: RuleSets,
    on: date | None,
) -> Iterator[Checked]:
    """Written documents, those that break a rule with what they break; `chosen` as of `chosen_profile`."""
    settings, (profile, national) = ctx.settings.einvoice, chosen
    groups, problems = derive(part.invoices, part.tables, profile, settings, national, on)
    followed = Facts(groups, sets, on).set_ids()
    unread: dict[int, str] = {}
    if settings.embed_pdf:
        of_document = [sets.sets[name] for name in followed]
        embedded = with_stored_pdfs(groups["BG-24"], part.invoices, of_document, ctx)
        groups["BG-24"], unread = embedded.frame, embedded.failures
    findings = reasons(prevalidate(groups, problems, sets, on))
    ids = groups[DOCUMENT]["invoice_id"].to_numpy(np.int64)
    failures = {int(str(key)): reason for key, reason in findings.items()}
    failures |= {int(ids[row]): reason for row, reason in unread.items()}
    good = ~np.isin(ids, list(failures))
    kept = only_documents(groups, good)
    documents: Iterable[bytes] = write_ubl(kept) if good.any() else ()
    if energy_extension and good.any():
        documents = with_energy_extension(list(documents), kept)
    following = iter(documents)
    numbers = part.invoices["number"].fillna("").tolist()
    for invoice_id, number, is_good, rules in zip(ids.tolist(), numbers, good, followed, strict=True):
        if is_good:
            yield Checked(invoice_id, number, next(following), rules=rules)
        else:
            yield Checked(invoice_id, number, failure=failures[invoice_id])


def _faults(
    ctx: Context, documents: Sequence[tuple[bytes, Sheets]], everywhere: bool, seen: dict[bytes, bool]
) -> list[str]:
    """What XSD and schematron say of each document; empty: nothing."""
    if everywhere or not any(sheets for _, sheets in documents):
        return _faults_in_parallel(ctx, documents)
    shapes = [" ".join(sheets).encode() + shape_of(document) for document, sheets in documents]
    first = {shape: row for row, shape in reversed(list(enumerate(shapes))) if shape not in seen}
    sampled = np.zeros(len(documents), bool)
    sampled[list(first.values())] = True
    faults = _faults_in_parallel(
        ctx,
        [
            (document, sheets if own else ())
            for (document, sheets), own in zip(documents, sampled, strict=True)
        ],
    )
    seen |= {shape: bool(faults[row]) for shape, row in first.items()}
    again = np.flatnonzero(np.array([seen[shape] for shape in shapes], bool) & ~sampled).tolist()
    for row, fault in zip(again, _faults_in_parallel(ctx, [documents[row] for row in again]), strict=True):
        faults[row] = faults[row] or fault
    return faults


def _faults_in_parallel(ctx: Context, documents: Sequence[tuple[bytes, Sheets]]) -> list[str]:
    return [fault for faults in ctx.map(check_chunk, _chunks(documents, _JOB)) for fault in faults]


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def check_chunk(job: Sequence[tuple[bytes, Sheets]]) -> list[str]:
    """What XSD and its schematrons say of each document, one text each; runs in a worker process."""
    return [_check(document, sheets) for document, sheets in job]


def _check(document: bytes, sheets: Sheets) -> str:
    fault = schema_error(document)
    if fault or not sheets:
        return fault
    (failures,) = run_schematron([document], sheets)
    return failure_text(failures)


@lru_cache(maxsize=64)
def _is_peppols(path: Path) -> bool:
    """Peppol's own rules are asked only of documents that follow Peppol."""
    return path.is_file() and _PEPPOL_RULES in path.read_bytes()


def shape_of(document: bytes) -> bytes:
    """What a schematron can tell documents apart by: their elements and their codes."""
    found = {next(filter(None, groups), b"") for groups in _SHAPE.findall(document)}
    return b" ".join(sorted(found))
