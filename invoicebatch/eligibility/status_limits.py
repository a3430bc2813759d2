"""The floor under all rule files: the status transitions of `model.status` can't be loosened."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd

from invoicebatch.eligibility.ruleset import Fact, RuleSet
from invoicebatch.errors import RulesError
from invoicebatch.expressions import FrameRows
from invoicebatch.model.status import DELETABLE, TRANSITIONS, Status

STATUS_FLOOR: Final[Mapping[str, frozenset[Status]]] = {
    **{action: frozenset(start for start, _ in pairs) for action, pairs in TRANSITIONS.items()},
    "delete": DELETABLE,
}
"""Statuses that an action may start from, by action."""


def check_floor(rules: RuleSet, file: Path) -> None:
    """That no action lets in a status it has no transition from.

    Raises:
        RulesError: it does; names file, action and status.
    """
    for action, allowed in STATUS_FLOOR.items():
        if action not in rules.by_action:
            continue
        facts = [rules.fact(need) for need in rules.by_action[action].needs]
        for status in set(_let_in(facts)) - allowed:
            raise RulesError(
                f"{file}: {action}.needs would let in rows with status {status}",
                f"It may only start from {', '.join(sorted(allowed))}.",
            )


def _let_in(facts: list[Fact]) -> Iterator[Status]:
    """The statuses that no fact on the status alone rules out."""
    frame = pd.DataFrame({"status": pd.Categorical(list(Status), categories=list(Status))})
    alone = [fact.condition for fact in facts if fact.condition and fact.columns == {"status"}]
    verdicts = [condition.run(FrameRows(frame, date.min)) for condition in alone]
    for position, status in enumerate(Status):
        if all(verdict[position] for verdict in verdicts):
            yield status
