"""What the words of a frame mean: which rows an action takes, which it refuses and why.

Rows with equal words share one verdict, so everything is worked out per distinct word (a few
hundred), whatever the number of rows.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.eligibility.ruleset import SELECTION_FACTS, ActionRule, Fact, RuleSet
from invoicebatch.errors import UnknownNameError
from invoicebatch.expressions import Bools

Words = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.intp]
Counts = Sequence[tuple[str, int]]
"""Reasons in words, each with its number of rows."""

MAX_TEXTS = 8
"""Texts of one fact that a summary lists apart; beyond it they are counted as one."""
LOOK_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """An action over the distinct words.

    Attributes:
        ok: bool, by word.
        judged_by: position of the part whose needs count for a word, -1 without parts.
    """

    ok: Bools
    judged_by: Positions

    @property
    def part(self) -> Positions:
        """Position of the part a word goes into; -1: none."""
        return np.where(self.ok, self.judged_by, -1)


class Evaluation:
    """The verdict of the rules over one frame.

    Attributes:
        frame: the rows, as given.
        actions: the actions asked about, in the order of the bar.
        words: uint64, one bit a fact (`RuleSet.bits`), one word a row.
        wanted_parts: of an action, the parts that rows may go into; without an entry all that it has.
    """

    def __init__(
        self,
        rules: RuleSet,
        frame: pd.DataFrame,
        actions: tuple[str, ...],
        words: Words,
        wanted_parts: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self.rules = rules
        self.frame = frame
        self.actions = actions
        self.words = words
        self.wanted_parts = wanted_parts
        self._verdicts: dict[str, Verdict] = {}
        self._counts: dict[tuple[str, bytes], Counts] = {}

    def of_rows(self) -> "Evaluation":
        """The same rows each by itself: what concerns the selection as a whole counts as met."""
        return self.without(SELECTION_FACTS)

    def without(self, facts: Collection[str]) -> "Evaluation":
        """The same rows with these facts counted as met, whatever the rows say."""
        bits = (self.rules.bits[name] for name in facts if name in self.rules.bits)
        met = np.uint64(sum(1 << bit for bit in bits))
        return Evaluation(self.rules, self.frame, self.actions, self.words | met, self.wanted_parts)

    def within(self, action: str, parts: Collection[str]) -> "Evaluation":
        """The same rows where the action is asked for these of its parts only."""
        wanted = {**self.wanted_parts, action: parts}
        return Evaluation(self.rules, self.frame, self.actions, self.words, wanted)

    @property
    def asked(self) -> frozenset[str]:
        """The facts that the actions ask for."""
        return frozenset(need for action in self.actions for need in self.rules.rule(action).all_needs)

    def holds(self, fact: str) -> bool:
        """Whether every row has a fact."""
        return bool(self._hold((fact,)).all())

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
        """Name of the part each row goes into, a category; empty without parts or where none applies."""
        names = pd.Index([*self._rule(action).parts, ""], dtype="str")
        codes = np.take(self._verdict(action).part, self._codes)
        return self._series(pd.Categorical.from_codes(codes % len(names), names))  # -1, no part, is the last

    def reasons(self, action: str) -> "pd.Series[str]":
        """Why each row is refused: the first reason, filled with its values; empty if eligible."""
        texts, codes = self._coded(action)
        return self._series(pd.array(texts, dtype="str").take(codes))

    def reasons_by_code(self, action: str) -> "pd.Series[str]":
        """`reasons` as a category: however many rows there are, each text is held once."""
        texts, codes = self._coded(action)
        own, distinct = pd.factorize(np.array(texts, dtype=object))
        return self._series(pd.Categorical.from_codes(own[codes], pd.Index(distinct)))

    def _coded(self, action: str) -> tuple[list[str], npt.NDArray[np.intp]]:
        texts, codes = [""], np.zeros(len(self.frame), dtype=np.intp)
        for fact, words in self._first_failing(action):
            rows = self._rows(words)
            own, found = fact.reason.fill(self.frame, rows)
            codes[rows] = own + len(texts)
            texts += found
        return texts, codes

    def all_reasons(self, action: str) -> "pd.Series[str]":
        """Every reason why a row is refused, joined by ``; ``; empty if eligible."""
        joined = np.full(len(self.frame), "", dtype=object)
        for fact, failing in self._failing(action):
            rows = self._rows(failing)
            codes, texts = fact.reason.fill(self.frame, rows)
            before = joined[rows]
            glue = np.where(before == "", "", "; ")
            joined[rows] = before + glue + np.array([*texts, ""], dtype=object)[codes]
        return self._series(pd.array(joined, dtype="str"))

    def summary(self, action: str) -> list[dict[str, Any]]:
        """Reasons (`reason`) and how many rows have each as their first (`rows`), most first.

        Where a reason shows values of which there are many, the rows are counted together under
        the text without values.
        """
        return summed(self.counted(action))

    def counted(self, action: str) -> Iterator[tuple[Fact, Counts]]:
        """Each fact that rows fail first, and its texts, or its summary, each with its number of rows."""
        for fact, words in self._first_failing(action):
            yield fact, self._counted(fact, words)

    def rows_failing(self, action: str, reason: str) -> Bools:
        """The rows whose first reason is this one: a text of `summary`, or of `reasons`."""
        found: Bools = np.zeros(len(self.frame), dtype=bool)
        for fact, words in self._first_failing(action):
            rows = self._rows(words)
            codes, texts = self._listed(fact, rows)
            if reason not in texts:
                codes, texts = fact.reason.fill(self.frame, rows)
            same = [code for code, text in enumerate(texts) if text == reason]  # missing and empty read alike
            found[rows[np.isin(codes, same)]] = True
        return found

    def _counted(self, fact: Fact, words: Bools) -> Counts:
        """The texts of the rows with these words, each with its number of rows; actions share many."""
        if not fact.reason.columns:
            return [(fact.reason.text, int(self._rows_a_word[words].sum()))]
        key = (fact.name, words.tobytes())
        if key not in self._counts:
            codes, texts = self._listed(fact, self._rows(words))
            counts = np.bincount(codes, minlength=len(texts)).tolist()
            self._counts[key] = list(zip(texts, counts, strict=True))
        return self._counts[key]

    def _listed(self, fact: Fact, rows: Positions) -> tuple[Positions, list[str]]:
        """The rows' texts, or the summary where they differ too much; a look at some rows often tells."""
        looks = (rows[:LOOK_ROWS], rows) if len(rows) > LOOK_ROWS else (rows,)
        for some in looks:
            codes, texts = fact.reason.fill(self.frame, some)
            if len(texts) > MAX_TEXTS:
                return np.zeros(len(rows), dtype=np.intp), [fact.summary]
        return codes, texts

    def _first_failing(self, action: str) -> Iterator[tuple[Fact, Bools]]:
        """Each fact with the distinct words that fail it first, if there are any."""
        left = ~self._verdict(action).ok
        for fact, words in self._failing(action):
            first = words & left
            if first.any():
                yield fact, first
                left &= ~words

    def _rows(self, words: Bools) -> Positions:
        """Positions of the rows that have one of these words."""
        return np.flatnonzero(np.take(words, self._codes))

    def _failing(self, action: str) -> Iterator[tuple[Fact, Bools]]:
        """Each fact the action asks for, in the order of reasons, and the distinct words that fail it."""
        rule, verdict = self._rule(action), self._verdict(action)
        for name in rule.needs:
            yield self.rules.fact(name), self._lack(name, rule.needs)
        for place, needs in enumerate(rule.parts.values()):
            for name in needs:
                lacking = self._lack(name, (*rule.needs, *needs))
                yield self.rules.fact(name), lacking & (verdict.judged_by == place)
        for name in rule.selection:
            yield self.rules.fact(name), ~self._hold((name,))

    def _lack(self, name: str, asked: tuple[str, ...]) -> Bools:
        """Whether each distinct word lacks a fact, for no other reason that is asked for too."""
        presupposed = tuple(other for other in self.rules.fact(name).presupposes if other in asked)
        return ~self._hold((name,)) & self._hold(presupposed)

    def _rule(self, action: str) -> ActionRule:
        """The rule of an action, with the parts that are wanted."""
        rule = self.rules.rule(action)
        wanted = self.wanted_parts.get(action, rule.parts)
        return replace(rule, parts={name: needs for name, needs in rule.parts.items() if name in wanted})

    def _verdict(self, action: str) -> Verdict:
        rule = self._rule(action)
        if action not in self.actions:
            raise UnknownNameError(f"{action} was not asked about in this evaluation")
        if action not in self._verdicts:
            self._verdicts[action] = self._judge(rule)
        return self._verdicts[action]

    def _judge(self, rule: ActionRule) -> Verdict:
        ok = self._hold((*rule.needs, *rule.selection))
        nowhere: Positions = np.full(len(self._distinct), -1, dtype=np.intp)
        if not rule.parts:
            return Verdict(ok, nowhere)
        fits = np.array([self._hold(needs) for needs in rule.parts.values()])
        met = np.array([self._met_in_order(needs) for needs in rule.parts.values()])
        fitting = np.asarray(fits.any(axis=0))
        return Verdict(ok & fitting, np.where(fitting, fits.argmax(axis=0), met.argmax(axis=0)))

    def _met_in_order(self, needs: tuple[str, ...]) -> Positions:
        """How many needs a word meets before the first that fails: which part it was meant for."""
        met: Positions = np.zeros(len(self._distinct), dtype=np.intp)
        for number in range(1, len(needs) + 1):
            met += self._hold(needs[:number])
        return met

    def _hold(self, needs: tuple[str, ...]) -> Bools:
        """Whether each distinct word has all these facts."""
        mask = np.uint64(sum(1 << self.rules.bits[need] for need in set(needs)))
        return np.asarray((~self._distinct & mask) == 0)

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


def summed(counted: Iterable[tuple[Fact, Counts]]) -> list[dict[str, Any]]:
    """See `Evaluation.summary`."""
    rows: dict[str, int] = {}
    for _, counts in counted:
        for text, number in counts:
            rows[text] = rows.get(text, 0) + number
    return [{"reason": r, "rows": n} for r, n in sorted(rows.items(), key=lambda item: -item[1])]
