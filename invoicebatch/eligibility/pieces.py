"""What the rules say of rows that are judged piece by piece: the same as of all of them in one frame."""

from collections.abc import Collection, Iterator
from typing import Any

from invoicebatch.eligibility.evaluation import MAX_TEXTS, Counts, Evaluation, summed
from invoicebatch.eligibility.ruleset import SELECTION_FACTS, Fact, RuleSet


class Whole:
    """Whether the facts of the selection as a whole hold."""

    def __init__(self) -> None:
        self._failed: set[str] = set()
        self._first: dict[str, Any] = {}

    def add(self, evaluation: Evaluation) -> None:
        """One more piece of the selection."""
        if not len(evaluation.frame):
            return
        for name in evaluation.asked & SELECTION_FACTS.keys():
            first = [evaluation.frame[column].iloc[0] for column in SELECTION_FACTS[name].columns]
            if not evaluation.holds(name) or self._first.setdefault(name, first) != first:
                self._failed.add(name)

    def failing(self, rules: RuleSet, action: str, waived: Collection[str] = ()) -> list[Fact]:
        """What an action asks of the selection as a whole and is not so, in the order of reasons."""
        failed = self._failed - set(waived)
        return [rules.fact(name) for name in rules.rule(action).selection if name in failed]


class Tally:
    """How many rows can take each action, and why the others can't."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._whole = Whole()
        self._able: dict[str, int] = {}
        self._counts: dict[str, dict[str, dict[str, int]]] = {}
        """By action and fact."""

    def add(self, evaluation: Evaluation) -> None:
        """One more piece of the selection."""
        self._whole.add(evaluation)
        rows = evaluation.of_rows()
        for action in evaluation.actions:
            self._able[action] = self._able.get(action, 0) + rows.count(action)
            facts = self._counts.setdefault(action, {})
            for fact, counts in rows.counted(action):
                facts[fact.name] = _together(fact, facts.get(fact.name, {}), counts)

    def count(self, action: str) -> int:
        """Number of rows that can take the action."""
        return 0 if self._whole.failing(self._rules, action) else self._able[action]

    def summary(self, action: str) -> list[dict[str, Any]]:
        """See `Evaluation.summary`."""
        return summed(self._counted(action))

    def _counted(self, action: str) -> Iterator[tuple[Fact, Counts]]:
        of_facts = self._counts[action]
        for name in filter(of_facts.__contains__, self._rules.rule(action).all_needs):
            yield self._rules.fact(name), list(of_facts[name].items())
        failing = self._whole.failing(self._rules, action)
        if failing and self._able[action]:
            yield failing[0], [(failing[0].reason.text, self._able[action])]


def _together(fact: Fact, before: dict[str, int], counts: Counts) -> dict[str, int]:
    """The texts of two pieces; one text where either has too many, or both together."""
    rows = dict(before)
    for text, number in counts:
        rows[text] = rows.get(text, 0) + number
    return {fact.summary: sum(rows.values())} if fact.summary in rows or len(rows) > MAX_TEXTS else rows
