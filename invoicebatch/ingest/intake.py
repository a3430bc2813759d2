"""Files to frames: reads, maps, types, checks and completes them; nothing is stored here.

Money is int64 cents, a refused row is data, and the same files always give the same frames.
"""

from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from invoicebatch.errors import InputFileError
from invoicebatch.ingest.assemble import Defaults, assemble
from invoicebatch.ingest.cells import Cells, Refusals
from invoicebatch.ingest.convert import Writing
from invoicebatch.ingest.draft import DOCUMENT_PARTS, Draft, Typed, field_of, left_out, to_typed
from invoicebatch.ingest.kinds import (
    KINDS,
    KindOfFile,
    check_needs,
    detect_kind,
    kind_named,
    match_columns,
    plain_name,
    unused_note,
)
from invoicebatch.ingest.mapping.apply import apply_mapping, number_headers, sections_for, used_headers
from invoicebatch.ingest.mapping.model import NUMBERS, Mapping
from invoicebatch.ingest.numbers import DecimalMark, detect_mark
from invoicebatch.ingest.readers.file import read_file
from invoicebatch.ingest.readers.options import Options


class ReadFile(NamedTuple):
    """One table that was read: file name, its SHA-256, what it held, rows."""

    name: str
    sha256: str
    kind: str
    rows: int


@dataclass(frozen=True, slots=True)
class Intake:
    """What some files hold.

    Attributes:
        frames: by table, rows with frame names and declared dtypes; only columns the files give.
            Documents carry `external_id`, their parts too (instead of `invoice_id`).
        sources: by table, where each row of the frame stands: file str, row int64; same index.
        fallbacks: by table, rows to add only where their key is not there yet (number ranges).
        refused: cells that kept a row out: file str, row int64 (header = 1), column, value, reason.
        doubted: cells of rows that were taken all the same; same columns.
        unused: sentences on columns that were not read and guesses that were made.
        read: rows read.
        files: what was read.
        orphans: refused rows of which no one can tell the document: table, file str, row int64.
    """

    frames: dict[str, pd.DataFrame]
    sources: dict[str, pd.DataFrame]
    fallbacks: dict[str, pd.DataFrame]
    refused: pd.DataFrame
    doubted: pd.DataFrame
    unused: list[str]
    read: int
    files: list[ReadFile]
    orphans: pd.DataFrame = field(default_factory=lambda: _orphans({}))


def _orphans(typed: AnyMapping[str, list[Typed]]) -> pd.DataFrame:
    rows = [(name, *row) for name, parts in typed.items() for part in parts for row in part.orphans]
    kinds = {"table": "str", "file": "str", "row": "int64"}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


@dataclass(slots=True)
class _Work:
    """What is gathered while the files are read one after another."""

    kind: KindOfFile | None
    mapping: Mapping | None
    defaults: Defaults
    refused: Refusals = field(default_factory=Refusals)
    doubted: Refusals = field(default_factory=Refusals)
    unused: list[str] = field(default_factory=list)
    files: list[ReadFile] = field(default_factory=list)
    typed: dict[str, list[Typed]] = field(default_factory=dict)


def read_files(
    paths: Sequence[Path],
    kind: str | None = None,
    mapping: Mapping | None = None,
    *,
    defaults: AnyMapping[str, Any] | None = None,
) -> Intake:
    """Read files into frames; every row that can't be taken is named.

    Args:
        paths: CSV, Parquet or Excel files.
        kind: what they hold; None: told from each file's name and columns.
        mapping: how foreign columns become ours.
        defaults: `company_account_id` and `currency` of documents that name none, `currencies` by
            company account; `decimal` and `date_format` of files that a mapping says nothing about.

    Raises:
        InputFileError: a file that can't be used at all; nothing of any file is taken then.
        UnknownNameError: no such kind.
        RulesError: the mapping does not fit.
    """
    if not paths:
        raise InputFileError("No file was named.", "Name the files to import.")
    work = _Work(kind_named(kind) if kind else None, mapping, Defaults.of(defaults or {}))
    seen: set[tuple[str, str]] = set()
    for path in paths:
        _read_path(Path(path), work, seen)
    read = sum(file.rows for file in work.files)
    if read == 0:
        names = ", ".join(file.name for file in work.files)
        raise InputFileError(f"There is nothing to import: {names} holds a header and no rows")
    _skip_parts(work)
    frames, sources, fallbacks = assemble(work.typed, work.defaults, work.refused, work.doubted)
    return Intake(
        frames,
        sources,
        fallbacks,
        work.refused.frame(),
        work.doubted.frame(),
        work.unused,
        read,
        work.files,
        _orphans(work.typed),
    )


def _skip_parts(work: _Work) -> None:
    """Leave out the rows of documents that the mapping skips, counted in one sentence a kind."""
    skipped = frozenset().union(*(part.skipped for part in work.typed.get("invoices", [])))
    for name in DOCUMENT_PARTS - {"invoices"} if skipped else ():
        count = 0
        for part in work.typed.get(name, []):
            gone = part.frame["external_id"].isin(skipped)
            count += int(gone.sum())
            part.keep(~gone)
        if count:
            rows = "1 row" if count == 1 else f"{count:,} rows"
            work.unused.append(f"{rows} of {name} skipped with their documents")


def _read_path(path: Path, work: _Work, seen: set[tuple[str, str]]) -> None:
    settings = work.mapping.file if work.mapping else None
    options = (
        Options(settings.encoding, settings.delimiter, settings.sheet, settings.header_row)
        if settings
        else Options()
    )
    ragged = Refusals()
    source = read_file(path, options, ragged)
    if (source.name, source.sha256) in seen:
        work.unused.append(f"{source.name} was named twice and read once")
        return
    seen.add((source.name, source.sha256))
    work.unused.extend(source.notes)
    work.refused.extend(ragged.frame())
    for _, cells in _sheets_to_take(source.tables, source.name, work):
        kinds = _take_table(cells, work)
        lost = len({row.row for row in cells.lost})
        work.files.append(ReadFile(cells.file, source.sha256, kinds, len(cells) + lost))


def _sheets_to_take(tables: list[tuple[str, Cells]], name: str, work: _Work) -> list[tuple[str, Cells]]:
    """Of a workbook's sheets: those named like a kind, else the first."""
    if len(tables) == 1 or (work.mapping and work.mapping.file.sheet):
        return tables
    named = [one for one in tables if not work.mapping and one[0].lower() in KINDS]
    chosen = named or tables[:1]
    left = [sheet for sheet, _ in tables if sheet not in {one[0] for one in chosen}]
    if left:
        work.unused.append(f"{name}: of its sheets {', '.join(left)} was not read")
    return chosen


def _take_table(cells: Cells, work: _Work) -> str:
    mapped = work.mapping is not None and bool(sections_for(work.mapping, cells.file))
    mark = _decimal_mark(cells, work, mapped=mapped)
    date_format = (work.mapping.file.date_format if work.mapping else None) or work.defaults.date_format
    if mapped and work.mapping is not None:
        drafts = apply_mapping(cells, work.mapping, mark, work.refused, work.unused)
        if silent := [draft.kind.name for draft in drafts if not draft.fields]:
            raise InputFileError(
                f"The mapping of {cells.file} names no column of {', '.join(silent)}.",
                'Name one a line under its heading, such as name = "Customer name".',
            )
        unread = [header for header in cells.columns if header not in used_headers(work.mapping)]
        work.unused.extend(f"{cells.file}: column {header} is not in the mapping" for header in unread)
    else:
        drafts = [_draft_by_our_names(cells, work)]
    for draft in drafts:
        typed = to_typed(draft, Writing(mark, date_format), work.refused)
        work.unused.extend(left_out(draft, typed))
        work.typed.setdefault(draft.kind.name, []).append(typed)
    return "+".join(draft.kind.name for draft in drafts)


def _decimal_mark(cells: Cells, work: _Work, *, mapped: bool) -> DecimalMark:
    """How the file writes numbers: as said, else as its number cells show."""
    said = (work.mapping.mark if work.mapping else None) or work.defaults.mark
    if said is not None:
        return said
    if mapped and work.mapping is not None:
        headers = number_headers(work.mapping) & set(cells.columns)
    else:
        kind = work.kind or detect_kind(cells.file, cells.columns)
        matched = match_columns(kind, cells.columns)
        headers = {header for header, (column, _) in matched.items() if column.type in NUMBERS}
    return detect_mark(_text_cells(cells, header) for header in sorted(headers))


def _text_cells(cells: Cells, header: str) -> pa.Array:
    """The cells of a column that are text in the file itself."""
    values = cells.columns[header]
    native = cells.native.get(header)
    return values if native is None else values.filter(pa.array(~native))


def _draft_by_our_names(cells: Cells, work: _Work) -> Draft:
    """A draft of a file that speaks our column names."""
    headers = list(cells.columns)
    kind = work.kind or detect_kind(cells.file, headers)
    check_needs(kind, cells.file, headers)
    matched = match_columns(kind, headers)
    fields: dict[str, Any] = {}
    for header in headers:
        if header not in matched:
            _check_repeated(kind, cells.file, header)
            work.unused.append(unused_note(kind, cells.file, header))
            continue
        column, scaled = matched[header]
        if column.name in fields:
            other = fields[column.name].header
            raise InputFileError(f"{cells.file}: columns {other} and {header} are both {column.name}")
        fields[column.name] = field_of(cells, header, scaled=scaled)
    whose = next((f.header for name, f in fields.items() if name == "external_id"), None)
    lost, lost_rows = cells.lost_by(whose)
    doubtful = np.zeros(len(cells), dtype=bool)
    return Draft(kind, cells.file, cells.rows, fields, doubtful, lost=lost, lost_rows=lost_rows)


def _check_repeated(kind: KindOfFile, file: str, header: str) -> None:
    """A column that stands twice is an error: which one is meant can't be told."""
    name = header.rpartition(" #")[0]
    if name and plain_name(name) in kind.by_name:
        raise InputFileError(f"{file}: column {name} stands twice", "Remove or rename one of them.")
