"""Documents of a batch, written as UBL and checked in three layers: rules, XSD, schematron.

What fails is named and left out; what comes back as bytes has passed every check that was asked for.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Literal, TypeVar

import numpy as np

from invoicebatch.formats.ubl import write_ubl
from invoicebatch.formats.ubl.energy import with_energy_extension
from invoicebatch.formats.validation.official import ubl_schematron
from invoicebatch.formats.validation.prevalidation import prevalidate, reasons
from invoicebatch.formats.validation.schema import schema_error
from invoicebatch.formats.validation.schematron import failure_text, run_schematron
from invoicebatch.model.action import Context
from invoicebatch.model.changes import Batch
from invoicebatch.model.en16931.derive import Profile, derive
from invoicebatch.model.en16931.frames import only_documents
from invoicebatch.model.en16931.terms import DOCUMENT

T = TypeVar("T")

Schematron = Literal["auto", "all", "sample", "none"]
ALL_UP_TO: Final = 1000
"""Documents up to which `auto` runs the schematron on each."""

SLICE: Final = 2000
"""Documents turned into bytes at a time."""

_JOB: Final = 100
_SHAPE: Final = re.compile(
    rb"<(c[ab]c:\w+)|(?:TypeCode|MeansCode|IdentificationCode)>([^<]*)|Category><cbc:ID>(\w+)"
)
_PEPPOL_RULES: Final = b"PEPPOL-EN16931"
_PEPPOL: Final = re.compile(rb"<cbc:CustomizationID>[^<]*urn:fdc:peppol\.eu:2017:poacc:billing")


@dataclass(frozen=True, slots=True)
class Checked:
    """One document: its bytes, or why it can't go out."""

    invoice_id: int
    number: str
    document: bytes = b""
    failure: str = ""


def checked_documents(
    batch: Batch,
    ctx: Context,
    profile: Profile = "auto",
    schematron: Schematron = "auto",
    energy_extension: bool = False,
) -> Iterator[Checked]:
    """Every document of a batch, a slice at a time.

    Args:
        batch: overview rows and the tables of `derive.TABLES`.
        ctx: settings, and the process pool that XSD and schematron run in.
        profile: see `derive`; `auto` takes what the settings say.
        schematron: `auto` runs it on all up to `ALL_UP_TO` documents, else on one of each structure; where
            that one fails, on all of its structure.
        energy_extension: put meter readings into the Dutch energy extension (SEeF 3.1).

    Raises:
        SettingsError: a schematron is missing or can't be compiled.
    """
    everywhere = schematron == "all" or (schematron == "auto" and len(batch) <= ALL_UP_TO)
    stylesheets = () if schematron == "none" else schematrons(ctx)
    profile = ctx.settings.einvoice.profile if profile == "auto" else profile
    seen: dict[bytes, bool] = {}
    for start in range(0, len(batch), SLICE):
        part = Batch(batch.invoices.iloc[start : start + SLICE].reset_index(drop=True), batch.tables)
        written = list(_checked_by_rules(part, profile, energy_extension))
        documents = [item.document for item in written if not item.failure]
        faults = iter(_faults(ctx, documents, stylesheets, everywhere, seen))
        for item in written:
            fault = "" if item.failure else next(faults)
            yield Checked(item.invoice_id, item.number, failure=fault) if fault else item


def schematrons(ctx: Context) -> tuple[str, ...]:
    """Paths of the EN 16931 schematron and those the settings name."""
    further = ctx.settings.einvoice.schematron
    return (str(ubl_schematron()), *(str(ctx.root / Path(path).expanduser()) for path in further))


def _checked_by_rules(part: Batch, profile: Profile, energy_extension: bool) -> Iterator[Checked]:
    """Written documents, those that break a rule with what they break."""
    groups, problems = derive(part.invoices, part.tables, profile)
    findings = reasons(prevalidate(groups, problems))
    ids = groups[DOCUMENT]["invoice_id"].to_numpy(np.int64)
    good = ~np.isin(ids, findings.index.to_numpy(np.int64))
    kept = only_documents(groups, good)
    documents: Iterable[bytes] = write_ubl(kept) if good.any() else ()
    if energy_extension and good.any():
        documents = with_energy_extension(list(documents), kept)
    following = iter(documents)
    numbers = part.invoices["number"].fillna("").tolist()
    for invoice_id, number, is_good in zip(ids.tolist(), numbers, good, strict=True):
        if is_good:
            yield Checked(invoice_id, number, next(following))
        else:
            yield Checked(invoice_id, number, failure=findings[invoice_id])


def _faults(
    ctx: Context,
    documents: Sequence[bytes],
    stylesheets: tuple[str, ...],
    everywhere: bool,
    seen: dict[bytes, bool],
) -> list[str]:
    """What XSD and schematron say of each document; empty: nothing."""
    if everywhere or not stylesheets:
        return _faults_in_parallel(ctx, documents, stylesheets)
    shapes = [shape_of(document) for document in documents]
    first = {shape: row for row, shape in reversed(list(enumerate(shapes))) if shape not in seen}
    sampled = np.zeros(len(documents), bool)
    sampled[list(first.values())] = True
    faults = _faults_of_sample(ctx, documents, stylesheets, sampled)
    seen |= {shape: bool(faults[row]) for shape, row in first.items()}
    again = np.array([seen[shape] for shape in shapes], bool) & ~sampled
    if again.any():
        rows = np.flatnonzero(again)
        for row, fault in zip(
            rows,
            _faults_in_parallel(ctx, [documents[row] for row in rows.tolist()], stylesheets),
            strict=True,
        ):
            faults[row] = faults[row] or fault
    return faults


def _faults_of_sample(
    ctx: Context, documents: Sequence[bytes], stylesheets: tuple[str, ...], sampled: np.ndarray
) -> list[str]:
    """XSD on all, the schematron on the sampled ones."""
    result = [""] * len(documents)
    for chosen, sheets in ((sampled, stylesheets), (~sampled, ())):
        rows = np.flatnonzero(chosen)
        for row, fault in zip(
            rows, _faults_in_parallel(ctx, [documents[row] for row in rows.tolist()], sheets), strict=True
        ):
            result[row] = fault
    return result


def _faults_in_parallel(ctx: Context, documents: Sequence[bytes], stylesheets: tuple[str, ...]) -> list[str]:
    jobs = ((chunk, stylesheets) for chunk in _chunks(documents, _JOB))
    return [fault for faults in ctx.map(check_chunk, jobs) for fault in faults]


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def check_chunk(job: tuple[Sequence[bytes], tuple[str, ...]]) -> list[str]:
    """What XSD and schematron say of some documents, one text each; runs in a worker process."""
    documents, stylesheets = job
    return [_check(document, stylesheets) for document in documents]


def _check(document: bytes, stylesheets: tuple[str, ...]) -> str:
    fault = schema_error(document)
    if fault or not stylesheets:
        return fault
    asked = [sheet for sheet in stylesheets if _PEPPOL.search(document) or not _is_peppols(sheet)]
    (failures,) = run_schematron([document], asked)
    return failure_text(failures)


def _is_peppols(stylesheet: str) -> bool:
    """Peppol's own rules are asked only of documents that follow Peppol."""
    if stylesheet not in _OWN:
        path = Path(stylesheet)
        _OWN[stylesheet] = path.is_file() and _PEPPOL_RULES in path.read_bytes()
    return _OWN[stylesheet]


_OWN: Final[dict[str, bool]] = {}


def shape_of(document: bytes) -> bytes:
    """What a schematron can tell documents apart by: their elements and their codes."""
    found = {next(filter(None, groups), b"") for groups in _SHAPE.findall(document)}
    return b" ".join(sorted(found))
