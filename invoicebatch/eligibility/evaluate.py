"""Rules over a frame: every fact once, packed into one 64-bit word a row.

What the words mean for an action is in `evaluation`.
"""

from collections.abc import Collection, Mapping
from datetime import date
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.eligibility.columns import Columns
from invoicebatch.eligibility.compute import Bound, Setting, bind
from invoicebatch.eligibility.evaluation import Evaluation
from invoicebatch.eligibility.nodes import Node
from invoicebatch.eligibility.ruleset import SELECTION_FACTS, Fact, RuleSet
from invoicebatch.errors import UnknownNameError

Words = npt.NDArray[np.uint64]
CHUNK_ROWS: Final = 1 << 16
"""Rows worked on at once, so that all that belongs to them stays in the processor's cache."""


def evaluate(
    rules: RuleSet,
    frame: pd.DataFrame,
    today: date,
    switches: Mapping[str, bool],
    *,
    picked_by_hand: bool,
    actions: Collection[str] | None = None,
) -> Evaluation:
    """See `Rules.evaluate`."""
    chosen = tuple(rules.rule(a).name for a in rules.actions if actions is None or a in actions)
    for action in actions or ():
        rules.rule(action)
    needed = {need for action in chosen for need in rules.rule(action).all_needs}
    words = _words(rules, Columns(frame), needed, Setting(today, switches))
    for name in needed & SELECTION_FACTS.keys():
        if _of_selection(name, frame, picked_by_hand=picked_by_hand):
            words |= np.uint64(1 << rules.bits[name])
    return Evaluation(rules, frame, chosen, words)


def _of_selection(name: str, frame: pd.DataFrame, *, picked_by_hand: bool) -> bool:
    if name == "picked_by_hand":
        return picked_by_hand
    (column,) = SELECTION_FACTS[name].columns
    if column not in frame.columns:
        raise UnknownNameError(f"The rules need column {column}, which the rows do not have")
    values = frame[column]
    if values.empty:
        return True
    first = values.iloc[0]
    return not pd.isna(first) and bool((values.iloc[:1000] == first).all() and (values == first).all())


def _words(rules: RuleSet, columns: Columns, needed: Collection[str], setting: Setting) -> Words:
    facts = [rules.facts[name] for name in rules.bits if name in needed and name in rules.facts]
    tables, others = _by_category(rules, facts, columns, setting)
    bound = [(rules.bits[fact.name], bind(_node(fact), columns, setting)) for fact in others]
    words: Words = np.empty(columns.rows, dtype=np.uint64)
    for start in range(0, columns.rows, CHUNK_ROWS):
        rows = slice(start, min(start + CHUNK_ROWS, columns.rows))
        _pack(words[rows], rows, tables, bound)
    return words


def _node(fact: Fact) -> Node:
    assert fact.node is not None  # noqa: S101 - facts of the selection are set apart before
    return fact.node


def _pack(
    words: Words,
    rows: slice,
    tables: list[tuple[Words, npt.NDArray[np.int8]]],
    bound: list[tuple[int, Bound]],
) -> None:
    """Fill the words of one chunk: bits are gathered in bytes first, eight times less to move."""
    lanes = np.zeros((8, len(words)), dtype=np.uint8)
    for bit, condition in bound:
        lanes[bit >> 3] |= condition(rows).view(np.uint8) << np.uint8(bit & 7)
    words.view(np.uint8).reshape(-1, 8)[:] = lanes.T
    for table, codes in tables:
        words |= np.take(table, codes[rows], mode="wrap")


def _by_category(
    rules: RuleSet, facts: list[Fact], columns: Columns, setting: Setting
) -> tuple[list[tuple[Words, npt.NDArray[np.int8]]], list[Fact]]:
    """Facts over one choice column: a word per category, taken for all of them at once."""
    grouped: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.category:
            grouped.setdefault(fact.category.name, []).append(fact)
    tables = []
    for name, members in grouped.items():
        assert members[0].category is not None  # noqa: S101 - grouped by it
        codes, categories = columns.choices(members[0].category)
        key = (name, categories, tuple(fact.name for fact in members))
        tables.append(
            (rules.remember(key, partial(_table, rules, name, categories, members, setting)), codes)
        )
    return tables, [fact for fact in facts if not fact.category]


def _table(
    rules: RuleSet, column: str, categories: tuple[str, ...], members: list[Fact], setting: Setting
) -> Words:
    """The word of each category, and last the one of a missing value."""
    codes = [*range(len(categories)), -1]
    frame = pd.DataFrame({column: pd.Categorical.from_codes(codes, categories=pd.Index(categories))})
    columns, rows = Columns(frame), slice(0, len(frame))
    table: Words = np.zeros(len(frame), dtype=np.uint64)
    for fact in members:
        table |= bind(_node(fact), columns, setting)(rows).astype(np.uint64) << np.uint64(
            rules.bits[fact.name]
        )
    return table
