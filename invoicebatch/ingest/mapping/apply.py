"""Applies a mapping to the rows of a file: refusals by decision, then one draft a section."""

from dataclasses import dataclass, replace
from fnmatch import fnmatch

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.errors import InputFileError
from invoicebatch.expressions.functions import text_of
from invoicebatch.ingest.cells import Cells, Mask, Refusals
from invoicebatch.ingest.draft import Draft, Field, field_of
from invoicebatch.ingest.kinds import kind_named, listed
from invoicebatch.ingest.mapping.expression import CellRows, evaluate
from invoicebatch.ingest.mapping.model import Mapping, Section, Source, is_number
from invoicebatch.ingest.numbers import DecimalMark


@dataclass(frozen=True, slots=True)
class _Work:
    """What every section of a mapping works with: how numbers are written, and what gathers what is said."""

    mapping: Mapping
    mark: DecimalMark
    refused: Refusals
    notes: list[str]


def sections_for(mapping: Mapping, file: str) -> list[Section]:
    """The sections that take rows of this file."""
    return [section for section in mapping.sections if fnmatch(file, section.files)]


def used_headers(mapping: Mapping) -> set[str]:
    """Headers that the mapping reads."""
    headers = {s.column for section in mapping.sections for s in section.columns.values() if s.column}
    headers |= {section.group_by for section in mapping.sections if section.group_by}
    return headers.union(*(expression.columns for expression in mapping.expressions.values()))


def number_headers(mapping: Mapping) -> set[str]:
    """Headers that hold numbers: those of number columns and those that expressions read as numbers."""
    plain = {
        source.column
        for section in mapping.sections
        for name, source in section.columns.items()
        if source.column and is_number(section.kind, name)
    }
    return plain.union(*(expression.numbers for expression in mapping.expressions.values()))


def apply_mapping(
    cells: Cells, mapping: Mapping, mark: DecimalMark, refused: Refusals, notes: list[str]
) -> list[Draft]:
    """One draft a section; rows that a `[[refuse]]` rule takes out are named, skipped ones counted in a note.

    Raises:
        InputFileError: a column that the mapping reads is not in the file.
        RulesError: an expression can't be evaluated over this file.
    """
    sections = sections_for(mapping, cells.file)
    _check_headers(cells, mapping, sections)
    work = _Work(mapping, mark, refused, notes)
    cells, doubtful = _without_refused(cells, work)
    return [_draft(cells, doubtful, section, work) for section in sections]


def _check_headers(cells: Cells, mapping: Mapping, sections: list[Section]) -> None:
    needed = {s.column for section in sections for s in section.columns.values() if s.column}
    needed |= {section.group_by for section in sections if section.group_by}
    missing = sorted(needed - set(cells.columns))
    if missing:
        raise InputFileError(
            f"{cells.file} has no column {', '.join(missing)}, which {mapping.path} reads. "
            f"Columns found: {listed(cells.columns)}",
            "Change the mapping, or the file's header.",
        )


def _without_refused(cells: Cells, work: _Work) -> tuple[Cells, Mask]:
    """The rows that `[[refuse]]` leaves, and those of them on which a rule could not be judged."""
    keep = np.ones(len(cells), dtype=bool)
    rows = CellRows.of(cells, work.mark)
    for rule in work.mapping.refuse:
        condition = work.mapping.expressions["refuse", rule.when]
        hit = evaluate(condition, rows, f"{work.mapping.path}, refuse.when") & keep
        values = cells.columns.get(rule.column, pa.nulls(len(cells), pa.string()))
        work.refused.add(cells.file, cells.rows[hit], rule.column, values.filter(pa.array(hit)), rule.reason)
        keep &= ~hit
    return cells.keep(keep), _name_faults(rows, work.refused, keep)[keep]


def _draft(cells: Cells, doubtful: Mask, section: Section, work: _Work) -> Draft:
    whole = cells
    cells, doubtful = _rows_of(cells, doubtful, section, work)
    rows = CellRows.of(cells, work.mark)
    fields = {name: _field(rows, section, name, work.mapping) for name in section.columns}
    kind = kind_named(section.kind)
    fields = {kind.by_name[n][0].name: _scaled(f, kind.by_name[n][1]) for n, f in fields.items()}
    groups = _groups(cells, section)
    source = section.columns.get("external_id")
    lost, lost_rows = cells.lost_by(source.column if source else None)
    return Draft(
        kind,
        cells.file,
        cells.rows,
        fields,
        doubtful | _name_faults(rows, work.refused),
        groups,
        section.when_rows_differ,
        lost,
        lost_rows,
        section.only_new,
        _skipped_documents(whole, cells, section, work) if section.skip else frozenset(),
    )


def _skipped_documents(whole: Cells, kept: Cells, section: Section, work: _Work) -> frozenset[str]:
    """Documents of which no row is kept, by external id."""
    if section.kind != "invoices" or "external_id" not in section.columns:
        return frozenset()
    gone = whole.keep(~np.isin(whole.rows, kept.rows))
    ids = [
        set(
            text_of(
                _field(CellRows.of(cells, work.mark), section, "external_id", work.mapping).cells
            ).to_pylist()
        )
        for cells in (gone, kept)
    ]
    return frozenset(ids[0] - ids[1] - {None})


def _rows_of(cells: Cells, doubtful: Mask, section: Section, work: _Work) -> tuple[Cells, Mask]:
    """The rows of one section, and which are doubtful.

    Rows without a customer number are rows without a customer, no faults of the customer; nor are skipped ones.
    """
    keep = np.ones(len(cells), dtype=bool)
    if section.group_by is not None and section.kind != "invoices":
        keep &= np.asarray(pc.is_valid(cells.columns[section.group_by]))
    if section.skip is not None:
        rows = CellRows.of(cells, work.mark)
        skip = work.mapping.expressions[section.kind, "skip"]
        hit = evaluate(skip, rows, f"{work.mapping.path}, {section.kind}.skip") & keep
        if hit.any():
            work.notes.append(f"{cells.file}: {_counted(hit)} skipped for {section.kind} ({skip.text})")
        keep &= ~hit
        doubtful = doubtful | _name_faults(rows, work.refused, keep)
    return cells.keep(keep), doubtful[keep]


def _counted(hit: Mask) -> str:
    count = int(hit.sum())
    return "1 row" if count == 1 else f"{count:,} rows"


def _scaled(field: Field, scaled: bool) -> Field:
    return replace(field, scaled=scaled)


def _groups(cells: Cells, section: Section) -> pa.Array | None:
    if section.group_by:
        return cells.columns[section.group_by]
    if all(source.constant is not None for source in section.columns.values()):
        return pa.repeat(pa.scalar("constant"), len(cells))
    return None


def _field(rows: CellRows, section: Section, name: str, mapping: Mapping) -> Field:
    cells, source = rows.cells, section.columns[name]
    if source.constant is not None:
        text = str(source.constant).lower() if isinstance(source.constant, bool) else str(source.constant)
        native = np.ones(len(cells), dtype=bool)
        return Field(pa.repeat(pa.scalar(text), len(cells)), "", native)
    if source.derived is not None:
        expression = mapping.expressions[section.kind, name]
        header = next(iter(sorted(expression.columns)), "")
        values = evaluate(expression, rows, f"{mapping.path}, {section.kind}.{name}")
        return Field(_otherwise(values, source), header)
    header = source.column or ""
    field = replace(field_of(cells, header), date_format=source.date_format)
    if source.values or source.otherwise is not None:
        values = _otherwise(_translated(field.cells, source), source)
        return replace(
            field,
            cells=values,
            numbers=None,
            untold=_unchanged(field.untold, field, values),
            unshown=_unchanged(field.unshown, field, values),
        )
    return field


def _unchanged(lost: Mask | None, field: Field, values: pa.Array) -> Mask | None:
    """Those of some cells that were not translated."""
    return None if lost is None else lost & np.asarray(pc.fill_null(pc.equal(field.cells, values), False))


def _translated(values: pa.Array, source: Source) -> pa.Array:
    if not source.values:
        return values
    encoded = values.dictionary_encode()
    words = [source.values.get(word, word) or None for word in encoded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(encoded.indices)


def _otherwise(values: pa.Array, source: Source) -> pa.Array:
    if source.otherwise is None:
        return values
    if not pa.types.is_string(values.type):
        return values
    return pc.fill_null(values, source.otherwise)


def _name_faults(rows: CellRows, refused: Refusals, among: Mask | None = None) -> Mask:
    """Name the cells, among these rows, that could not be read as an expression needs them; which rows they are."""
    cells, doubtful = rows.cells, np.zeros(rows.size, dtype=bool)
    for header, bad, reason in rows.faults:
        mask = bad if among is None else bad & among
        values = cells.columns[header].filter(pa.array(mask)) if header else [""] * int(mask.sum())
        refused.add(cells.file, cells.rows[mask], header, values, reason)
        doubtful |= mask
    return doubtful
