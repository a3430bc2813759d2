"""`extra`: terms of an imported document beyond our columns, by term id; they have the last word.

A key is a term's id with its text (null: the document does not have the term) or a group's id with
a list of rows. `as_issued`: of parties, payment and specification the document has only what is
listed here, whatever becomes of the party's row. Keys that are no term, such as `other`, are kept
for people and not written.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from invoicebatch.model.en16931.frames import PARENT, document_of
from invoicebatch.model.en16931.terms import DOCUMENT, GROUP_OF, GROUPS, TERMS
from invoicebatch.model.en16931.values import column, parse_value

Problems = list[tuple[int, str, str]]
"""Entries that are no value: document row, term, what is wrong."""

PROFILE_TERMS = frozenset({"BT-23", "BT-24"})

AS_ISSUED = "as_issued"

ISSUED_TERMS = tuple(
    term.id
    for term in GROUPS[DOCUMENT].terms
    if term.name.startswith(("Seller", "Buyer", "Payee", "TaxRepresentative", "Creditor", "Delivery"))
    and term.id not in ("BT-10", "BT-72")
)
"""Terms of the document that stand on a party's row, not on the invoice's own."""

ISSUED_GROUPS = ("BT-29", "BG-16")
"""Groups of the document that stand on a party's row, not on the invoice's own."""

_HOLDERS = (DOCUMENT, "BG-20", "BG-21", "BG-23", "BG-25", "BG-27", "BG-28")
"""Groups whose rows have an `extra`."""


def apply_extra(groups: dict[str, pd.DataFrame], keep_profile: bool = True) -> Problems:
    """Put the entries of every `extra` column into the frames, and drop the column.

    Args:
        groups: frames by group; changed in place.
        keep_profile: whether a document's own specification identifier (BT-24) stands.
    """
    problems: Problems = []
    for group in _HOLDERS:
        frame = groups[group]
        extra = frame.pop("extra") if "extra" in frame else pd.Series(dtype="str")
        filled = extra[extra.notna() & (extra != "")]
        if not filled.empty:
            ignored = frozenset() if keep_profile else PROFILE_TERMS
            entries = _read(filled, document_of(groups, group), problems)
            if group == DOCUMENT:
                _blank_issued(groups, entries)
            _set_terms(groups, group, entries, ignored, problems)
            _replace_groups(groups, group, entries, problems)
    return problems


def _blank_issued(groups: dict[str, pd.DataFrame], entries: Mapping[int, Mapping[str, Any]]) -> None:
    rows = np.array([row for row, entry in entries.items() if entry.get(AS_ISSUED) is True], np.int64)
    if not len(rows):
        return
    frame = groups[DOCUMENT]
    issued = np.zeros(len(frame), bool)
    issued[rows] = True
    for term in ISSUED_TERMS:
        if term in frame:
            frame[term] = frame[term].mask(issued)
    for group in ISSUED_GROUPS:
        kept = ~groups[group][PARENT].isin(rows)
        groups[group] = groups[group][kept].reset_index(drop=True)


def _read(extra: pd.Series, document: np.ndarray, problems: Problems) -> dict[int, Mapping[str, Any]]:
    entries: dict[int, Mapping[str, Any]] = {}
    for row, text in extra.items():
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if isinstance(value, dict):
            entries[int(str(row))] = value
        else:
            problems.append((int(document[int(str(row))]), "extra", "is not a JSON object of terms"))
    return entries


def _set_terms(
    groups: dict[str, pd.DataFrame],
    group: str,
    entries: Mapping[int, Mapping[str, Any]],
    ignored: frozenset[str],
    problems: Problems,
) -> None:
    document = document_of(groups, group)
    by_term: dict[str, dict[int, Any]] = {}
    for row, entry in entries.items():
        for key, text in entry.items():
            if GROUP_OF.get(key) == group and key not in ignored and not isinstance(text, list):
                value = _parsed(key, text, int(document[row]), problems)
                by_term.setdefault(key, {})[row] = value
    frame = groups[group]
    for term, values in by_term.items():
        frame[term] = _overlaid(frame, term, values)


def _overlaid(frame: pd.DataFrame, term: str, values: Mapping[int, Any]) -> pd.Series:
    kind = TERMS[term].value
    current = frame[term] if term in frame else column([None] * len(frame), kind)
    new = column(list(values.values()), kind)
    result = current.copy()
    rows = np.fromiter(values, np.int64, len(values))
    result.iloc[rows] = new.array
    return result


def _replace_groups(
    groups: dict[str, pd.DataFrame],
    parent_group: str,
    entries: Mapping[int, Mapping[str, Any]],
    problems: Problems,
) -> None:
    document = document_of(groups, parent_group)
    children = [name for name, group in GROUPS.items() if group.parent == parent_group]
    for name in children:
        lists = {row: entry[name] for row, entry in entries.items() if isinstance(entry.get(name), list)}
        if lists:
            groups[name] = _replaced(groups[name], name, lists, document, problems)


def _replaced(
    frame: pd.DataFrame,
    group: str,
    lists: Mapping[int, list[Mapping[str, Any]]],
    document: np.ndarray,
    problems: Problems,
) -> pd.DataFrame:
    kept = frame[~frame[PARENT].isin(list(lists))]
    parents = [row for row, items in lists.items() for _ in items]
    added = pd.DataFrame({PARENT: np.array(parents, np.int64)})
    for term in GROUPS[group].terms:
        values = [
            _parsed(term.id, item.get(term.id), int(document[row]), problems)
            for row, items in lists.items()
            for item in items
        ]
        added[term.id] = column(values, term.value)
        if term.id not in kept:
            kept = kept.assign(**{term.id: column([None] * len(kept), term.value).array})
    joined = pd.concat([kept, added], ignore_index=True) if len(kept) else added
    return joined.sort_values(PARENT, kind="stable", ignore_index=True)


def _parsed(term: str, text: Any, document: int, problems: Problems) -> Any:
    if text is None:
        return None
    try:
        return parse_value(str(text), TERMS[term].value)
    except ValueError as error:
        problems.append((document, term, str(error)))
        return None
