"""What the rules look at: frames of terms, whether a term is there, and sums by document, exact in cents."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.formats.validation.rule_sets import RuleSet, RuleSets, rule_sets
from invoicebatch.model.en16931.frames import Groups, document_of, no_rows
from invoicebatch.model.en16931.terms import DOCUMENT, LINE, TERMS, Value

Mask = Any
"""A boolean array, one entry a row; comparisons of numpy arrays have no narrower static type."""

Integers = npt.NDArray[np.int64]

CATEGORY_TERMS = {
    LINE: ("BT-151", "BT-152"),
    "BG-20": ("BT-95", "BT-96"),
    "BG-21": ("BT-102", "BT-103"),
    "BG-23": ("BT-118", "BT-119"),
}
"""VAT category and rate by group."""


@dataclass
class Facts:
    """Frames of terms with what several rules need of them, worked out once.

    Attributes:
        groups: frames of terms.
        known: the rule sets there are.
        on: the day whose rules are asked; None: each document's own date.
    """

    groups: Groups
    known: RuleSets = field(default_factory=rule_sets)
    on: date | None = None
    _present: dict[tuple[str, str], Mask] = field(default_factory=dict)
    _used: dict[tuple[str, str], Mask] = field(default_factory=dict)

    def frame(self, group: str) -> pd.DataFrame:
        """The group's frame."""
        frame = self.groups.get(group)
        return no_rows() if frame is None else frame

    def document(self, group: str) -> Integers:
        """The document's row for each row of the group."""
        return document_of(self.groups, group) if group in self.groups else np.zeros(0, np.int64)

    @cached_property
    def count(self) -> int:
        """Number of documents."""
        return len(self.groups[DOCUMENT])

    def has(self, group: str, term: str) -> Mask:
        """Rows that have the term; text of white space alone does not count."""
        key = (group, term)
        if key not in self._present:
            self._present[key] = self._find(group, term)
        return self._present[key]

    def _find(self, group: str, term: str) -> Mask:
        frame = self.frame(group)
        if term not in frame:
            return np.zeros(len(frame), bool)
        values = frame[term]
        if TERMS[term].value in (Value.TEXT, Value.ID, Value.CODE):
            blank = pc.equal(pc.utf8_trim_whitespace(_text(values)), "")
            return ~np.asarray(pc.fill_null(blank, fill_value=True))
        return values.notna().to_numpy()

    def lacks(self, group: str, term: str) -> Mask:
        """Rows that do not have the term."""
        return ~self.has(group, term)

    def is_in(self, group: str, term: str, codes: frozenset[str] | tuple[str, ...]) -> Mask:
        """Rows whose term is one of the codes."""
        frame = self.frame(group)
        if term not in frame or frame.empty:
            return np.zeros(len(frame), bool)
        found = pc.is_in(pc.utf8_trim_whitespace(_text(frame[term])), pa.array(sorted(codes)))
        return np.asarray(pc.fill_null(found, fill_value=False))

    def integers(self, group: str, term: str) -> Integers:
        """Cents or ten-thousandths of a percent; missing counts as zero."""
        frame = self.frame(group)
        if term not in frame:
            return np.zeros(len(frame), np.int64)
        values = frame[term]
        return (values.fillna(0) if values.hasnans else values).to_numpy(np.int64)

    def per_document(self, group: str, values: Integers) -> Integers:
        """Sum by document."""
        return sums(self.document(group), values, self.count)

    def any_of(self, group: str, rows: Mask) -> Mask:
        """Documents with such a row."""
        found = np.zeros(self.count, bool)
        found[self.document(group)[rows]] = True
        return found

    def number_of(self, group: str, rows: Mask = slice(None)) -> Integers:
        """How many rows (such rows) of the group each document has."""
        return np.bincount(self.document(group)[rows], minlength=self.count)

    def uses(self, group: str, category: str) -> Mask:
        """Documents with that VAT category in the group."""
        key = (group, category)
        if key not in self._used:
            self._used[key] = self.any_of(group, self.in_category(group, category))
        return self._used[key]

    def in_category(self, group: str, category: str) -> Mask:
        """Rows of that VAT category."""
        codes, names = self._categories(group)
        found: Mask = codes == names.get(category, -2)
        return found

    def _categories(self, group: str) -> tuple[npt.NDArray[np.intp], dict[str, int]]:
        cache = self.__dict__.setdefault("_category_codes", {})
        if group not in cache:
            frame = self.frame(group)
            term = CATEGORY_TERMS[group][0]
            values = _text(frame[term]) if term in frame else pa.nulls(len(frame), pa.string())
            encoded = pc.dictionary_encode(values)
            codes = np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.intp)
            cache[group] = codes, {name: i for i, name in enumerate(encoded.dictionary.to_pylist())}
        result: tuple[npt.NDArray[np.intp], dict[str, int]] = cache[group]
        return result

    @cached_property
    def _assigned(self) -> tuple[tuple[RuleSet, ...], npt.NDArray[np.intp]]:
        """The sets that documents follow, and which one each does."""
        frame = self.frame(DOCUMENT)
        named = [_codes(frame, term) for term in ("BT-24", "BT-23")]
        pairs = np.unique(np.column_stack([codes for codes, _ in named]), axis=0, return_inverse=True)
        families = [
            self.known.family_of(*(values[code] for code, (_, values) in zip(pair, named, strict=True)))
            for pair in pairs[0].tolist()
        ]
        days, at = np.unique(self._days, return_inverse=True)
        key = pairs[1].ravel() * len(days) + at
        used, inverse = np.unique(key, return_inverse=True)
        chosen = [
            self.known.on(families[k // len(days)], days[k % len(days)].astype(object)) for k in used.tolist()
        ]
        of_set = {found.id: found for found in chosen}
        places = {name: place for place, name in enumerate(of_set)}
        codes = np.array([places[found.id] for found in chosen], np.intp)
        return tuple(of_set.values()), codes[inverse] if len(codes) else np.zeros(0, np.intp)

    @property
    def _days(self) -> npt.NDArray[np.datetime64]:
        """The day of each document whose rules are asked; NaT where it has none."""
        frame = self.frame(DOCUMENT)
        if self.on is not None or "BT-2" not in frame:
            return np.full(self.count, np.datetime64(self.on or "NaT", "D"))
        return frame["BT-2"].to_numpy("datetime64[D]")

    @property
    def sets(self) -> tuple[RuleSet, ...]:
        """The rule sets that some document follows."""
        return self._assigned[0]

    def set_ids(self) -> list[str]:
        """The id of the set of each document."""
        names = [found.id for found in self.sets]
        return [names[code] for code in self._assigned[1].tolist()]

    def where(self, holds: Callable[[RuleSet], bool], group: str = DOCUMENT) -> Mask:
        """Rows of documents whose set has the property."""
        sets, codes = self._assigned
        found: Mask = np.array([holds(each) for each in sets], bool)[codes]
        return found if group == DOCUMENT else found[self.document(group)]

    def by_set(self, group: str, rows: Callable[[RuleSet], Mask]) -> Mask:
        """Rows that are found for the set of their document."""
        sets = self.sets
        if len(sets) == 1:
            return rows(sets[0])
        result = np.zeros(len(self.frame(group)), bool)
        for found in sets:
            result |= rows(found) & self.where(lambda each, mine=found: each is mine, group)  # type: ignore[misc]
        return result

    def matches(self, term: str, pattern: str) -> Mask:
        """Documents whose whole term matches a pattern; each distinct value is looked at once."""
        codes, values = _codes(self.frame(DOCUMENT), term)
        expression = re.compile(pattern)
        good: Mask = np.array([expression.fullmatch(value) is not None for value in values], bool)[codes]
        return good & self.has(DOCUMENT, term)

    def between(self, country: str) -> Mask:
        """Documents between parties of one country."""
        return self.sold_in(country) & self.is_in(DOCUMENT, "BT-55", (country,))

    def sold_in(self, country: str) -> Mask:
        """Documents of sellers of a country."""
        return self.is_in(DOCUMENT, "BT-40", (country,))


def _codes(frame: pd.DataFrame, term: str) -> tuple[npt.NDArray[np.intp], list[str]]:
    """The distinct texts of a term, and which one each row has; a missing one is empty."""
    if term not in frame:
        return np.zeros(len(frame), np.intp), [""]
    filled = pc.fill_null(pc.utf8_trim_whitespace(_text(frame[term])), "")
    encoded = pc.dictionary_encode(filled)
    return np.asarray(encoded.indices).astype(np.intp), encoded.dictionary.to_pylist() or [""]


def _text(values: pd.Series) -> pa.Array:
    array = pa.Array.from_pandas(values)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return pc.cast(array, pa.large_string())


def sums(parent: Integers, values: Integers, count: int) -> Integers:
    """Exact sums of rows sorted by parent."""
    running = np.concatenate([[0], np.cumsum(values)])
    ends = np.cumsum(np.bincount(parent, minlength=count))
    starts = np.concatenate([[0], ends[:-1]])
    return np.asarray(running[ends] - running[starts], np.int64)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: the official id.
        group: the group whose rows can break it.
        term: the term to look at.
        says: what is wrong, in words.
        fix: what to do.
        broken: rows of the group that break it.
    """

    id: str
    group: str
    term: str
    says: str
    fix: str
    broken: Callable[[Facts], Any]
