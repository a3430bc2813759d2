"""Rules over a frame: every fact once, packed into one 64-bit word a row.

What the words mean for an action is in `evaluation`.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.eligibility.evaluation import LOOK_ROWS, Evaluation
from invoicebatch.eligibility.ruleset import SELECTION_FACTS, Fact, RuleSet
from invoicebatch.errors import UnknownNameError
from invoicebatch.expressions import Bools, Field, FrameRows, Run

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
    words = _words(rules, FrameRows(frame, today, switches), needed)
    for name in needed & SELECTION_FACTS.keys():
        if _of_selection(name, frame, None, picked_by_hand=picked_by_hand):
            words |= np.uint64(1 << rules.bits[name])
    return Evaluation(rules, frame, chosen, words)


def blocked(
    rules: RuleSet, frame: pd.DataFrame, mask: Bools, actions: Iterable[str], picked_by_hand: bool
) -> dict[str, str]:
    """See `Rules.blocked`."""
    asked = {action: rules.rule(action).selection for action in actions}
    failed = {
        name
        for name in set().union(*asked.values())
        if not _of_selection(name, frame, mask, picked_by_hand=picked_by_hand)
    }
    return {
        action: next(rules.fact(name).summary for name in needs if name in failed)
        for action, needs in asked.items()
        if failed.intersection(needs)
    }


def _of_selection(name: str, frame: pd.DataFrame, mask: Bools | None, *, picked_by_hand: bool) -> bool:
    """Whether a fact of the selection holds for the rows of a mask; None: for all rows."""
    if name == "picked_by_hand":
        return picked_by_hand
    (column,) = SELECTION_FACTS[name].columns
    if column not in frame.columns:
        raise UnknownNameError(f"The rules need column {column}, which the rows do not have")
    values, at = frame[column], np.arange(len(frame)) if mask is None else np.flatnonzero(mask)
    if not len(at):
        return True
    first = values.iloc[at[0]]
    if pd.isna(first) or not bool((values.take(at[:LOOK_ROWS]) == first).all()):
        return False
    return bool((values == first).to_numpy(dtype=bool, na_value=False)[at].all())


def _words(rules: RuleSet, rows: FrameRows, needed: Collection[str]) -> Words:
    facts = [rules.facts[name] for name in rules.bits if name in needed and name in rules.facts]
    tables = _by_category(rules, [fact for fact in facts if fact.category], rows)
    others = [(rules.bits[f.name], f.condition.run) for f in facts if f.condition and not f.category]
    words: Words = np.empty(rows.size, dtype=np.uint64)
    for start in range(0, rows.size, CHUNK_ROWS):
        part = rows.part(start, min(start + CHUNK_ROWS, rows.size))
        _pack(words[start : start + part.size], part, tables, others)
    return words


def _pack(
    words: Words, rows: FrameRows, tables: list[tuple[Field, Words]], others: list[tuple[int, Run]]
) -> None:
    """Fill the words of one chunk: bits are gathered in bytes first, eight times less to move."""
    lanes = np.zeros((8, len(words)), dtype=np.uint8)
    for bit, condition in others:
        lanes[bit >> 3] |= condition(rows).view(np.uint8) << np.uint8(bit & 7)
    words.view(np.uint8).reshape(-1, 8)[:] = lanes.T
    for field, table in tables:
        words |= np.take(table, rows.codes(field)[0], mode="wrap")


def _by_category(rules: RuleSet, facts: list[Fact], rows: FrameRows) -> list[tuple[Field, Words]]:
    """Facts over one choice column: a word per category, taken for all of them at once."""
    grouped: dict[Field, list[Fact]] = {}
    for fact in facts:
        if fact.category:
            grouped.setdefault(fact.category, []).append(fact)
    tables = []
    for field, members in grouped.items():
        _, categories = rows.codes(field)
        key = (field, categories, tuple(fact.name for fact in members))
        tables.append((field, rules.remember(key, partial(_table, rules, field, categories, members))))
    return tables


def _table(rules: RuleSet, field: Field, categories: tuple[str, ...], members: list[Fact]) -> Words:
    """The word of each category, and last the one of a missing value."""
    codes = [*range(len(categories)), -1]
    frame = pd.DataFrame({field.column: pd.Categorical.from_codes(codes, categories=pd.Index(categories))})
    rows = FrameRows(frame, date.min)
    table: Words = np.zeros(len(frame), dtype=np.uint64)
    for bit, condition in ((rules.bits[fact.name], fact.condition) for fact in members):
        if condition:
            table |= condition.run(rows).astype(np.uint64) << np.uint64(bit)
    return table
