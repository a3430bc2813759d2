"""Applies a mapping to the rows of a file: refusals by decision, then one draft a section."""

from dataclasses import replace
from fnmatch import fnmatch

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.errors import InputFileError
from invoicebatch.ingest.cells import Cells, Mask, Refusals
from invoicebatch.ingest.draft import Draft, Field, field_of
from invoicebatch.ingest.kinds import kind_named, listed
from invoicebatch.ingest.mapping.expression import CellRows, evaluate
from invoicebatch.ingest.mapping.model import Mapping, Section, Source, is_number
from invoicebatch.ingest.numbers import DecimalMark


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


def apply_mapping(cells: Cells, mapping: Mapping, mark: DecimalMark, refused: Refusals) -> list[Draft]:
    """One draft a section; rows that a `[[refuse]]` rule takes out are named.

    Raises:
        InputFileError: a column that the mapping reads is not in the file.
        RulesError: an expression can't be evaluated over this file.
    """
    sections = sections_for(mapping, cells.file)
    _check_headers(cells, mapping, sections)
    cells = _without_refused(cells, mapping, mark, refused)
    return [_draft(cells, section, mapping, mark, refused) for section in sections]


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


def _without_refused(cells: Cells, mapping: Mapping, mark: DecimalMark, refused: Refusals) -> Cells:
    keep = np.ones(len(cells), dtype=bool)
    rows = CellRows.of(cells, mark)
    for rule in mapping.refuse:
        condition = mapping.expressions["refuse", rule.when]
        hit = evaluate(condition, rows, f"{mapping.path}, refuse.when") & keep
        values = cells.columns.get(rule.column, pa.nulls(len(cells), pa.string()))
        refused.add(cells.file, cells.rows[hit], rule.column, values.filter(pa.array(hit)), rule.reason)
        keep &= ~hit
    return cells.keep(keep)


def _draft(cells: Cells, section: Section, mapping: Mapping, mark: DecimalMark, refused: Refusals) -> Draft:
    cells = _of_parties(cells, section)
    rows = CellRows.of(cells, mark)
    fields = {name: _field(rows, section, name, mapping) for name in section.columns}
    kind = kind_named(section.kind)
    fields = {kind.by_name[n][0].name: _scaled(f, kind.by_name[n][1]) for n, f in fields.items()}
    doubtful = _name_faults(rows, refused)
    groups = _groups(cells, section)
    source = section.columns.get("external_id")
    lost, lost_rows = cells.lost_by(source.column if source else None)
    return Draft(
        kind,
        cells.file,
        cells.rows,
        fields,
        doubtful,
        groups,
        section.when_rows_differ,
        lost,
        lost_rows,
        section.only_new,
    )


def _of_parties(cells: Cells, section: Section) -> Cells:
    """Rows without a customer number are rows without a customer, no faults of the customer."""
    if section.group_by is None or section.kind == "invoices":
        return cells
    return cells.keep(np.asarray(pc.is_valid(cells.columns[section.group_by])))


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
        return replace(field, cells=values, numbers=None, untold=_unchanged(field, values))
    return field


def _unchanged(field: Field, values: pa.Array) -> Mask | None:
    """The untold cells that were not translated."""
    if field.untold is None:
        return None
    same: Mask = np.asarray(pc.fill_null(pc.equal(field.cells, values), False))
    return field.untold & same


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


def _name_faults(rows: CellRows, refused: Refusals) -> Mask:
    cells, doubtful = rows.cells, np.zeros(rows.size, dtype=bool)
    for header, mask, reason in rows.faults:
        values = cells.columns[header].filter(pa.array(mask)) if header else [""] * int(mask.sum())
        refused.add(cells.file, cells.rows[mask], header, values, reason)
        doubtful |= mask
    return doubtful
