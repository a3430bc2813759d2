"""What XSD and schematron say of written documents, UBL and CII alike: of each, or of one of each structure."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from invoicebatch.formats.validation.official import facturx_schematron
from invoicebatch.formats.validation.schema import schema_error
from invoicebatch.formats.validation.schematron import failure_text, run_schematron
from invoicebatch.formats.validation.workspace_rules import Sheets

T = TypeVar("T")
Job = Sequence[tuple[bytes, Sheets]]
"""Documents with the schematrons each is asked by."""

Asked = Literal["document", "structure", "none"]
"""Whom schematrons were asked of: the document, another of its structure, or none."""

_JOB: Final = 100
_SHAPE: Final = re.compile(rb"<c[ab]c:(?:\w*Category>\s*<cbc:ID>\w+|\w+(?:(?<=Code)[^<]*)?)")
_BEYOND_THE_STANDARD: Final = re.compile(rb"(urn:cen\.eu:en16931:2017)#[^<]*(?=</ram:ID>)")

Spread = Callable[[Callable[[Job], list[str]], Iterable[Job]], Iterator[list[str]]]
"""`map`, or that of a process pool."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is fatal of a document, empty: nothing; and whom the schematrons of its set asked."""

    fault: str
    asked: Asked


def faults(documents: Job, everywhere: bool, seen: dict[bytes, bool], spread: Spread) -> list[Found]:
    """What XSD and schematrons find of each document.

    Args:
        documents: what is asked.
        everywhere: run the schematrons on each; else on one of each structure, and where that one
            fails, on all of its structure.
        seen: structures that were met, and whether they failed; added to.
        spread: what the jobs are spread by.
    """
    if everywhere or not any(sheets for _, sheets in documents):
        return _found(documents, _all_faults(documents, spread), np.ones(len(documents), bool))
    shapes = [" ".join(map(str, sheets)).encode() + shape_of(document) for document, sheets in documents]
    first = {shape: row for row, shape in reversed(list(enumerate(shapes))) if shape not in seen}
    sampled = np.zeros(len(documents), bool)
    sampled[list(first.values())] = True
    asked = [
        (document, sheets if own else ()) for (document, sheets), own in zip(documents, sampled, strict=True)
    ]
    found = _all_faults(asked, spread)
    seen |= {shape: bool(found[row]) for shape, row in first.items()}
    again = np.flatnonzero(np.array([seen[shape] for shape in shapes], bool) & ~sampled).tolist()
    for row, fault in zip(again, _all_faults([documents[row] for row in again], spread), strict=True):
        found[row] = found[row] or fault
    sampled[again] = True
    return _found(documents, found, sampled)


def _found(documents: Job, texts: Sequence[str], asked: npt.NDArray[np.bool_]) -> list[Found]:
    return [
        Found(text, ("document" if own else "structure") if sheets else "none")
        for (_, sheets), text, own in zip(documents, texts, asked, strict=True)
    ]


def _all_faults(documents: Job, spread: Spread) -> list[str]:
    return [fault for part in spread(check_chunk, _chunks(documents, _JOB)) for fault in part]


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def check_chunk(job: Job) -> list[str]:
    """What XSD and its schematrons say of each document, one text each; runs in a worker process."""
    return [_fault(document, sheets) for document, sheets in job]


def _fault(document: bytes, sheets: Sheets) -> str:
    fault = schema_error(document)
    if fault or not sheets:
        return fault
    failures: list[Any] = []
    for sheet in sheets:
        # Factur-X's own schematron knows no identifier but its own; what it asks holds for XRechnung all the same.
        asked = _BEYOND_THE_STANDARD.sub(rb"\1", document) if sheet == facturx_schematron() else document
        failures += run_schematron([asked], [sheet])[0]
    return failure_text(failures)


def shape_of(document: bytes) -> bytes:
    """What a schematron can tell UBL documents apart by: their elements, their codes and their VAT categories."""
    return b" ".join(sorted(set(_SHAPE.findall(document))))
