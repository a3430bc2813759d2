"""What a document says beyond our columns: the difference between its terms and those derived from its rows."""

import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.model.en16931.derive import derive
from invoicebatch.model.en16931.derive.extra import AS_ISSUED, ISSUED_GROUPS, ISSUED_TERMS, PROFILE_TERMS
from invoicebatch.model.en16931.frames import PARENT, Groups
from invoicebatch.model.en16931.terms import DOCUMENT, GROUPS, LINE
from invoicebatch.model.en16931.values import texts

TABLE_OF: Final = {
    "BG-20": "allowance_charges",
    "BG-21": "allowance_charges",
    "BG-27": "allowance_charges",
    "BG-28": "allowance_charges",
    "BG-23": "vat_breakdown",
    LINE: "lines",
}
"""Groups that are rows of a table with `extra`, one for one."""

Texts = dict[str, list[str | None]]


def residues(
    groups: Groups,
    tables: Mapping[str, pd.DataFrame],
    parties: Mapping[str, pd.DataFrame],
    other: list[list[list[str]]],
) -> dict[str, pd.Series]:
    """The `extra` column of invoices, lines, allowance_charges and vat_breakdown.

    Args:
        groups: the documents' terms, VAT breakdowns sorted by category and rate.
        tables: their rows.
        parties: company_accounts and customers.
        other: what each document holds beyond EN 16931.
    """
    derived, _ = derive(tables["invoices"], {**tables, **parties})
    entries: dict[str, list[dict[str, Any]]] = {
        group: [{} for _ in range(len(groups[group]))] for group in (DOCUMENT, *TABLE_OF)
    }
    for group in (DOCUMENT, *TABLE_OF):
        _differences(group, groups[group], derived[group], entries[group])
    for name, described in GROUPS.items():
        if name not in entries and name != "METER":
            parent = described.parent
            _lists(name, groups[name], derived[name], entries[parent], len(groups[parent]))
    _issued(groups, entries[DOCUMENT])
    for entry, paths in zip(entries[DOCUMENT], other, strict=True):
        if paths:
            entry["other"] = paths
    charges = [e for group in ("BG-20", "BG-21", "BG-27", "BG-28") for e in entries[group]]
    return {
        "invoices": _column(entries[DOCUMENT]),
        "lines": _column(entries[LINE]),
        "allowance_charges": _column(charges),
        "vat_breakdown": _column(entries["BG-23"]),
    }


def _texts(frame: pd.DataFrame, group: str) -> Texts:
    return {
        term.id: texts(frame[term.id], term.value).to_pylist() if term.id in frame else [None] * len(frame)
        for term in GROUPS[group].terms
    }


def _differences(
    group: str, said: pd.DataFrame, derived: pd.DataFrame, entries: list[dict[str, Any]]
) -> None:
    said_texts, derived_texts = _texts(said, group), _texts(derived, group)
    for term, values in said_texts.items():
        for row, (value, from_rows) in enumerate(zip(values, derived_texts[term], strict=True)):
            if value != from_rows:
                entries[row][term] = value


def _lists(
    group: str, said: pd.DataFrame, derived: pd.DataFrame, entries: list[dict[str, Any]], parents: int
) -> None:
    of_said, of_derived = _by_parent(group, said, parents), _by_parent(group, derived, parents)
    for row, (rows, from_rows) in enumerate(zip(of_said, of_derived, strict=True)):
        if rows != from_rows:
            entries[row][group] = rows


def _by_parent(group: str, frame: pd.DataFrame, parents: int) -> list[list[dict[str, str]]]:
    result: list[list[dict[str, str]]] = [[] for _ in range(parents)]
    columns = _texts(frame, group)
    for index, parent in enumerate(frame[PARENT].to_numpy(np.int64)):
        row = {term: value for term, values in columns.items() if (value := values[index]) is not None}
        result[int(parent)].append(row)
    return result


def _issued(groups: Groups, entries: list[dict[str, Any]]) -> None:
    """Parties, payment and specification as they were issued, whatever becomes of the party's row."""
    documents = _texts(groups[DOCUMENT], DOCUMENT)
    lists = {group: _by_parent(group, groups[group], len(entries)) for group in ISSUED_GROUPS}
    for row, entry in enumerate(entries):
        for term in ISSUED_TERMS:
            entry.pop(term, None)
        issued = {term: documents[term][row] for term in ISSUED_TERMS if documents[term][row] is not None}
        profile = {term: documents[term][row] for term in PROFILE_TERMS}
        rows = {group: lists[group][row] for group in ISSUED_GROUPS if lists[group][row]}
        entry.update({AS_ISSUED: True, **issued, **profile, **rows})


def _column(entries: list[dict[str, Any]]) -> pd.Series:
    values = [json.dumps(entry, ensure_ascii=False, sort_keys=True) if entry else None for entry in entries]
    return pd.Series(values, dtype="str")
