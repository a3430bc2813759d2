"""UBL 2.1 Invoice and CreditNote, and CII, to our tables: every term of EN 16931, and by name what has no place among them.

A document that can't be taken in is refused by name; the others go in. Nothing is written here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.errors import InputFileError
from invoicebatch.files.limits import UNREADABLE_DOCUMENTS
from invoicebatch.files.xml import parse_xml
from invoicebatch.ingest.intake import Intake, ReadFile
from invoicebatch.ingest.ubl.named_rules import breakdown_rule
from invoicebatch.ingest.ubl.reader import Document, Fault, Record, read_document
from invoicebatch.ingest.ubl.records import term_frames
from invoicebatch.ingest.ubl.sources import Found, documents_in
from invoicebatch.ingest.ubl.tables import tables_of
from invoicebatch.model.en16931.frames import PARENT
from invoicebatch.model.en16931.terms import DOCUMENT, LINE, TERMS, UNCOUNTED
from invoicebatch.model.money import unit_cents
from invoicebatch.model.status import Kind

BATCH: Final = 2000
"""Documents turned into frames at a time."""

REQUIRED: Final = (
    (DOCUMENT, "BT-5", "BR-05"),
    (DOCUMENT, "BT-106", "BR-12"),
    (DOCUMENT, "BT-109", "BR-13"),
    (DOCUMENT, "BT-112", "BR-14"),
    (LINE, "BT-129", "BR-22"),
    (LINE, "BT-130", "BR-23"),
    (LINE, "BT-131", "BR-24"),
    (LINE, "BT-146", "BR-26"),
    (LINE, "BT-151", "BR-CO-04"),
    ("BG-20", "BT-92", "BR-31"),
    ("BG-21", "BT-99", "BR-36"),
    ("BG-27", "BT-136", "BR-41"),
    ("BG-28", "BT-141", "BR-43"),
    ("BG-23", "BT-116", "BR-45"),
    ("BG-23", "BT-117", "BR-46"),
    ("BG-23", "BT-118", "BR-47"),
)
"""What counts, and stands in every document (EN 16931): by group, with its rule."""

COLUMNS: Final = ("file", "row", "column", "value", "reason")
_PARTS: Final = ("lines", "allowance_charges", "vat_breakdown", "attachments")
_PARTIES: Final = ("company_accounts", "customers")
_SHOWN: Final = 80

Cell = tuple[str, int, str, str, str]


@dataclass(slots=True)
class _Work:
    """What is gathered while documents are read; `seen`: hashes of documents by seller and number;
    `unreadable`: documents refused since the last good one.
    """

    parties: dict[str, pd.DataFrame]
    seen: dict[str, list[str]] = field(default_factory=dict)
    unreadable: int = 0
    refused: list[Cell] = field(default_factory=list)
    doubted: list[Cell] = field(default_factory=list)
    files: list[ReadFile] = field(default_factory=list)
    parts: list[dict[str, pd.DataFrame]] = field(default_factory=list)


def read_ubl(paths: Iterable[Path], known: Mapping[str, pd.DataFrame] | None = None) -> Intake:
    """Read UBL and CII documents from files, folders and ZIP archives.

    Args:
        paths: what to read.
        known: `company_accounts` and `customers` that exist already; a party found there by VAT
            identifier, company number or electronic address keeps its id.

    Raises:
        InputFileError: a path does not exist or can't be read, or holds one document after the other that can't.
    """
    work = _Work(dict(known or {}))
    found = documents_in(paths)
    while batch := list(islice(found, BATCH)):
        good = [(item, document) for item in batch if (document := _read(item, work)) is not None]
        if good:
            work.parts.append(_tables(good, work))
    frames = {name: _joined([part[name] for part in work.parts]) for name in _names(work.parts)}
    if not work.files:
        raise InputFileError(
            "There is no UBL or CII document in what was named.", "Name .xml files, folders or ZIPs."
        )
    return Intake(
        frames,
        {name: _sources(frame, frames["invoices"]) for name, frame in frames.items() if name not in _PARTIES},
        {},
        _cells(work.refused),
        _cells(work.doubted),
        [],
        len(work.files),
        work.files,
    )


def _sources(frame: pd.DataFrame, invoices: pd.DataFrame) -> pd.DataFrame:
    """The file of each row."""
    file = frame["external_id"].map(invoices.set_index("external_id")["imported_from"])
    return pd.DataFrame({"file": file.astype("str"), "row": 0}).astype({"row": "int64"})


def _read(found: Found, work: _Work) -> Document | None:
    """The document, or None where it is refused."""
    work.files.append(ReadFile(found.name, found.sha256, "ubl", 1))
    document = _parsed(found)
    work.refused += [(found.name, f.row, f.column, f.value[:_SHOWN], f.reason) for f in document.faults]
    if document.faults:
        _count_unreadable(work, document.faults[0].reason)
        return None
    work.unreadable = 0
    work.doubted += [(found.name, f.row, f.column, f.value[:_SHOWN], f.reason) for f in document.doubts]
    return document


def _count_unreadable(work: _Work, reason: str) -> None:
    work.unreadable += 1
    if work.unreadable >= UNREADABLE_DOCUMENTS:
        raise InputFileError(
            f"{UNREADABLE_DOCUMENTS:,} documents one after the other can't be read, the last, {work.files[-1].name}:"
            f" {reason}",
            "Nothing was imported. Name files that hold UBL documents.",
        )


def _parsed(found: Found) -> Document:
    if found.reason:
        return Document(faults=[Fault(0, "", "", found.reason)])
    try:
        root = parse_xml(found.data, found.name)
    except InputFileError as error:
        return Document(faults=[Fault(0, "", "", error.message)])
    document = read_document(root)
    if not document.faults:
        document.faults += _missing(document)
    return document


def _missing(document: Document) -> Iterator[Fault]:
    """What no row can be made without, or would be made twice."""
    if "BT-1" not in document.record.terms:
        yield Fault(0, "InvoiceNumber (BT-1)", "", "The document has no number (BR-02)")
    for group, term, rule in REQUIRED:
        records = [document.record] if group == DOCUMENT else document.record.groups.get(group, [])
        records = [record for record in records if group != LINE or _counts(record)]
        if any(term not in record.terms for record in records):
            yield Fault(0, f"{TERMS[term].name} ({term})", "", f"is missing, and is never guessed ({rule})")
    currency = str(document.record.terms.get("BT-5", ""))
    totals = [int(document.record.terms.get(term, 0)) for term in ("BT-109", "BT-110", "BT-112", "BT-115")]
    if any(cents % unit_cents([currency])[0] for cents in totals):
        yield Fault(0, "Currency (BT-5)", currency, "has no decimals, and amounts of the document have")
    keys = [
        (r.terms.get("BT-118"), r.terms.get("BT-119", 0)) for r in document.record.groups.get("BG-23", ())
    ]
    for category, rate in {key for key in keys if keys.count(key) > 1}:
        reason = f"VAT category {category} at {rate / 10_000:g} % stands twice in the VAT breakdown ({breakdown_rule(str(category))})"
        yield Fault(0, "VatBreakdown (BG-23)", str(category), reason)


def _counts(line: Record) -> bool:
    """Whether a line's amounts count: those of a group of lines, and of mere information, do not."""
    return all(row.terms.get("FR-163") not in UNCOUNTED for row in line.groups.get("FR-LINE", ()))


def _tables(good: list[tuple[Found, Document]], work: _Work) -> dict[str, pd.DataFrame]:
    """Rows by table, documents by `external_id`; a document that was read before is left out."""
    documents = [document for _, document in good]
    groups = term_frames([document.record for document in documents])
    order = [PARENT, "BT-118", "BT-119"]
    groups["BG-23"] = groups["BG-23"].sort_values(order, kind="stable", ignore_index=True)
    credit_note = np.array([document.credit_note for document in documents])
    tables = tables_of(groups, credit_note, [document.other for document in documents], work.parties)
    tables["invoices"]["imported_from"] = pd.Series([found.name for found, _ in good], dtype="str")
    external, keep = _identified(_external_ids(tables["invoices"]), [found for found, _ in good], work)
    for name in ("invoices", *_PARTS):
        document = tables[name]["invoice_id"].to_numpy(np.int64)
        frame = tables[name][keep[document]].drop(columns="invoice_id").reset_index(drop=True)
        frame.insert(0, "external_id", external.iloc[document[keep[document]]].reset_index(drop=True))
        tables[name] = frame
    for name in _PARTIES:
        known = [work.parties[name]] if name in work.parties else []
        work.parties[name] = _joined([*known, tables[name]])
    return tables


def _identified(ids: pd.Series, found: list[Found], work: _Work) -> tuple[pd.Series, np.ndarray]:
    """Ids that tell different documents of one number apart, and which documents are new."""
    keep = np.ones(len(ids), bool)
    unique = ids.tolist()
    for row, item in enumerate(found):
        hashes = work.seen.setdefault(unique[row], [])
        if item.sha256 in hashes:
            keep[row] = False
            work.refused.append((item.name, 0, "", "", "The same document was read already"))
            continue
        if hashes:
            number = unique[row].rpartition("/")[2]
            reason = "Another document of this seller has the same number; both were taken"
            work.doubted.append((item.name, 0, "InvoiceNumber (BT-1)", number, reason))
            unique[row] += f"#{item.sha256[:8]}"
        hashes.append(item.sha256)
    return pd.Series(unique, dtype="str", name="external_id"), keep


def _external_ids(invoices: pd.DataFrame) -> pd.Series:
    """Seller and number; the numbers of credit notes may be those of another series."""
    credit = invoices["kind"].astype("str").eq(Kind.CREDIT_NOTE.value)
    number = invoices["number"].where(~credit, "credit note " + invoices["number"])
    return (invoices["company_account_id"] + "/" + number).rename("external_id")


def _names(parts: list[dict[str, pd.DataFrame]]) -> list[str]:
    return list(parts[0]) if parts else []


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    frames = [part for part in parts if len(part)] or parts[:1]
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0].reset_index(drop=True)


def _cells(cells: list[Cell]) -> pd.DataFrame:
    kinds = {name: "int64" if name == "row" else "str" for name in COLUMNS}
    return pd.DataFrame(cells, columns=list(COLUMNS)).astype(kinds)


__all__ = ["COLUMNS", "read_ubl"]
