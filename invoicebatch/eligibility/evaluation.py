"""What the words of a frame mean: which rows an action takes, which it refuses and why.

Rows with equal words share one verdict, so everything is worked out per distinct word (a few
hundred), whatever the number of rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.eligibility.columns import Bools
from invoicebatch.eligibility.rules import ActionRule, Fact, Rules
from invoicebatch.errors import UnknownNameError

Words = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.intp]

MAX_TEXTS = 8
"""Texts of one fact that a summary lists apart; beyond it they are counted as one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An action over the distinct words.

    Attributes:
        ok: bool, by word.
        part: position of the part a word goes into, -1 without parts or fit.
        sequence: facts in the order in which reasons are given.
        fails: bool, words × `sequence`.
    """

    ok: Bools
    part: Positions
    sequence: tuple[str, ...]
    fails: Bools


class Evaluation:
    """The verdict of the rules over one frame.

    Attributes:
        frame: the rows, as given.
        actions: the actions asked about, in the order of the bar.
        words: uint64, one bit a fact (`Rules.bits`), one word a row.
    """

    def __init__(self, rules: Rules, frame: pd.DataFrame, actions: tuple[str, ...], words: Words) -> None:
        self.rules = rules
        self.frame = frame
        self.actions = actions
        self.words = words
        self._verdicts: dict[str, Verdict] = {}

    def eligible(self, action: str) -> Bools:
        """Whether each row can take the action; bool, one a row.

        Raises:
            UnknownNameError: an action that was not asked about.
        """
        eligible: Bools = np.take(self._verdict(action).ok, self._codes)
        return eligible

    def count(self, action: str) -> int:
        """Number of rows that can take the action."""
        return int(self._rows_a_word[self._verdict(action).ok].sum())

    def part(self, action: str) -> "pd.Series[str]":
        """Name of the part each row goes into; empty without parts or where none applies."""
        names = pd.array([*self.rules.rule(action).parts, ""], dtype="str")
        return self._series(names.take(np.take(self._verdict(action).part, self._codes)))

    def reasons(self, action: str) -> "pd.Series[str]":
        """Why each row is refused: the first reason, filled with its values; empty if eligible."""
        texts, codes = [""], np.zeros(len(self.frame), dtype=np.intp)
        for fact, rows in self._first_failing(action):
            own, found = fact.reason.fill(self.frame, rows)
            codes[rows] = own + len(texts)
            texts += found
        return self._series(pd.array(texts, dtype="str").take(codes))

    def all_reasons(self, action: str) -> "pd.Series[str]":
        """Every reason why a row is refused, joined by ``; ``; empty if eligible."""
        verdict, joined = self._verdict(action), np.full(len(self.frame), "", dtype=object)
        for place, name in enumerate(verdict.sequence):
            rows = np.flatnonzero(verdict.fails[self._codes, place])
            codes, texts = self.rules.fact(name).reason.fill(self.frame, rows)
            before = joined[rows]
            joined[rows] = before + np.where(before == "", "", "; ") + np.array([*texts, ""], dtype=object)[codes]
        return self._series(pd.array(joined, dtype="str"))

    def summary(self, action: str) -> list[dict[str, Any]]:
        """Reasons (`reason`) and how many rows have each as their first (`rows`), most first.

        Where a reason shows values of which there are many, the rows are counted together under
        the text without values.
        """
        counts: dict[str, int] = {}
        for fact, rows in self._first_failing(action):
            codes, texts = self._grouped(fact, rows)
            for text, number in zip(texts, np.bincount(codes, minlength=len(texts)), strict=True):
                counts[text] = counts.get(text, 0) + int(number)
        return [{"reason": r, "rows": n} for r, n in sorted(counts.items(), key=lambda item: -item[1])]

    def rows_failing(self, action: str, reason: str) -> Bools:
        """The rows whose first reason is this one: a text of `summary`, or of `reasons`."""
        found: Bools = np.zeros(len(self.frame), dtype=bool)
        for fact, rows in self._first_failing(action):
            codes, texts = self._grouped(fact, rows)
            if reason not in texts:
                codes, texts = fact.reason.fill(self.frame, rows)
            if reason in texts:
                found[rows[codes == texts.index(reason)]] = True
        return found

    def _grouped(self, fact: Fact, rows: Positions) -> tuple[Positions, list[str]]:
        codes, texts = fact.reason.fill(self.frame, rows)
        if len(texts) <= MAX_TEXTS:
            return codes, texts
        return np.zeros(len(rows), dtype=np.intp), [fact.summary]

    def _first_failing(self, action: str) -> Iterator[tuple[Fact, Positions]]:
        """Each fact with the rows that fail it first; facts that no row fails first are left out."""
        verdict = self._verdict(action)
        first = np.where(verdict.ok, -1, verdict.fails.argmax(axis=1)) if verdict.sequence else np.full(len(verdict.ok), -1)
        by_row = np.take(first, self._codes)
        for place in np.unique(first[first >= 0]):
            yield self.rules.fact(verdict.sequence[place]), np.flatnonzero(by_row == place)

    def _verdict(self, action: str) -> Verdict:
        rule = self.rules.rule(action)
        if action not in self.actions:
            raise UnknownNameError(f"{action} was not asked about in this evaluation")
        if action not in self._verdicts:
            self._verdicts[action] = self._judge(rule)
        return self._verdicts[action]

    def _judge(self, rule: ActionRule) -> Verdict:
        fits = [~self._fails(needs).any(axis=1) for needs in rule.parts.values()]
        chosen, part = self._choose(rule, fits)
        blocks = [self._fails(rule.needs)]
        for place, needs in enumerate(rule.parts.values()):
            blocks.append(self._fails(needs) & (chosen == place)[:, None])
        fails = np.hstack([*blocks, self._fails(rule.selection)])
        sequence = (*rule.needs, *(n for needs in rule.parts.values() for n in needs), *rule.selection)
        ok = ~fails.any(axis=1)
        return Verdict(ok, np.where(ok, part, -1), sequence, fails)

    def _choose(self, rule: ActionRule, fits: list[Bools]) -> tuple[Positions, Positions]:
        """The part a word is judged by, and the part it goes into (-1: none).

        A word that fits no part is judged by the one whose needs, in order, it meets the most.
        """
        nowhere: Positions = np.full(len(self._distinct), -1, dtype=np.intp)
        if not fits:
            return nowhere, nowhere
        met = [np.cumprod(~self._fails(needs), axis=1).sum(axis=1) for needs in rule.parts.values()]
        table = np.array(fits)
        part = np.where(table.any(axis=0), table.argmax(axis=0), -1)
        return np.where(part >= 0, part, np.array(met).argmax(axis=0)), part

    def _fails(self, needs: tuple[str, ...]) -> Bools:
        """Bool, distinct words × needs."""
        bits = np.array([self.rules.bits[need] for need in needs], dtype=np.uint64)
        fails: Bools = (self._distinct[:, None] >> bits[None, :]) & np.uint64(1) == 0
        return fails

    @cached_property
    def _profile(self) -> tuple[Positions, Words]:
        codes, distinct = pd.factorize(self.words)
        return codes, np.asarray(distinct, dtype=np.uint64)

    @property
    def _codes(self) -> Positions:
        return self._profile[0]

    @property
    def _distinct(self) -> Words:
        return self._profile[1]

    @cached_property
    def _rows_a_word(self) -> Positions:
        return np.bincount(self._codes, minlength=len(self._distinct))

    def _series(self, values: Any) -> "pd.Series[str]":
        return pd.Series(values, index=self.frame.index)
