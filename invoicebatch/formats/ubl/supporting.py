"""The stored PDF of a document inside its electronic invoice, as supporting document (BG-24)."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from invoicebatch.errors import DocumentError, InvoicebatchError
from invoicebatch.files.names import safe_name
from invoicebatch.files.stored import document_bytes
from invoicebatch.formats.validation.rule_sets import RuleSet
from invoicebatch.model.action import Context
from invoicebatch.model.en16931.frames import PARENT
from invoicebatch.model.en16931.terms import GROUPS
from invoicebatch.model.en16931.values import column

GROUP: Final = "BG-24"
READABLE: Final = "LISIBLE"
"""What the French rules call the picture of an invoice (BR-FR-17); other countries may say anything."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The supporting documents with the PDFs among them, and why a row's could not be taken, by its position."""

    frame: pd.DataFrame
    failures: dict[int, str]


Stored = tuple[Path, str] | str | None
"""File and hash of a stored PDF; or why there is none to take, or None where none was stored."""


def stored_pdfs(invoices: pd.DataFrame, ctx: Context) -> list[Stored]:
    """The stored PDF of each row.

    Args:
        invoices: overview rows.
        ctx: knows stored documents, and checks them.
    """
    columns = (invoices[name].tolist() for name in ("document_path", "document_sha256"))
    return [_stored(path, sha256, ctx) for path, sha256 in zip(*columns, strict=True)]


def _stored(path: object, sha256: str, ctx: Context) -> Stored:
    try:
        return (ctx.document(path, sha256), sha256) if isinstance(path, str) else None
    except InvoicebatchError as error:
        return error.message


def with_stored_pdfs(
    frame: pd.DataFrame, numbers: Sequence[str], stored: Sequence[Stored], sets: Sequence[RuleSet]
) -> Embedded:
    """The group with one row more for each invoice that has a stored PDF; its bytes are those of the archive.

    Args:
        frame: the group BG-24.
        numbers: of the documents, in their order.
        stored: see `stored_pdfs`.
        sets: the rule set of each document, which says how large a PDF may be.
    """
    failures: dict[int, str] = {}
    rows = list(_contents(numbers, stored, sets, failures))
    if not rows:
        return Embedded(frame, failures)
    added = pd.DataFrame({PARENT: [row for row, _, _ in rows]}).astype({PARENT: "int64"})
    taken = set(zip(frame[PARENT], frame["BT-125-2"], strict=True)) if "BT-125-2" in frame else set()
    texts = {
        "BT-122": [number for _, number, _ in rows],
        "BT-123": [READABLE] * len(rows),
        "BT-125": [content for _, _, content in rows],
        "BT-125-1": ["application/pdf"] * len(rows),
        "BT-125-2": [_file_name(taken, row, number) for row, number, _ in rows],
    }
    for term in GROUPS[GROUP].terms:
        added[term.id] = column(texts.get(term.id, [None] * len(rows)), term.value)
    joined = pd.concat([frame, added], ignore_index=True) if len(frame) else added
    return Embedded(joined.sort_values(PARENT, kind="stable", ignore_index=True), failures)


def _file_name(taken: set[tuple[int, str]], row: int, number: str) -> str:
    """By the document's number; an attachment of that very name keeps it (BR-DE-22)."""
    stem = safe_name(number)
    return f"{stem}-document.pdf" if (row, f"{stem}.pdf") in taken else f"{stem}.pdf"


def _contents(
    numbers: Sequence[str], stored: Sequence[Stored], sets: Sequence[RuleSet], failures: dict[int, str]
) -> Iterator[tuple[int, str, str]]:
    """Row, number and base64 text of each stored PDF."""
    for row, (number, found) in enumerate(zip(numbers, stored, strict=True)):
        if found is None:
            continue
        if isinstance(found, str):
            failures[row] = found
            continue
        try:
            data = document_bytes(*found)
        except DocumentError as error:  # it was there and sound when the work was given out
            failures[row] = error.message
            continue
        most = sets[row].largest_pdf_mb
        if len(data) > most << 20:
            failures[row] = (
                f"its PDF of {len(data) / (1 << 20):.1f} MB is larger than the {most} MB that {sets[row].title} takes"
            )
        else:
            yield row, str(number), base64.b64encode(data).decode()
