"""The rules of a workspace as their users see them: evaluate a frame, print the decision table."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

import pandas as pd

from invoicebatch.eligibility.evaluate import blocked, evaluate
from invoicebatch.eligibility.evaluation import Evaluation
from invoicebatch.eligibility.explain import decision_table, fact_table
from invoicebatch.eligibility.ruleset import RuleSet
from invoicebatch.expressions import Bools


class Rules(RuleSet):
    """All facts and actions of a workspace; made by `load_rules`."""

    def evaluate(
        self,
        frame: pd.DataFrame,
        today: date,
        switches: Mapping[str, bool],
        picked_by_hand: bool,
        actions: Collection[str] | None = None,
    ) -> Evaluation:
        """Which actions apply to which rows.

        Args:
            frame: overview columns (at least `columns`), one row an invoice; the selection.
            today: the day that `today` stands for.
            switches: integrations that are on; one that is not named is off.
            picked_by_hand: the rows were chosen one by one, not all at once.
            actions: only these; None: all.

        Raises:
            UnknownNameError: no such action, or the frame lacks a column.
        """
        return evaluate(self, frame, today, switches, picked_by_hand=picked_by_hand, actions=actions)

    def blocked(
        self, frame: pd.DataFrame, mask: Bools, picked_by_hand: bool, actions: Iterable[str] | None = None
    ) -> dict[str, str]:
        """Actions that the selection as a whole rules out, each with the first reason.

        Args:
            frame: overview columns, at least those of the facts of the selection.
            mask: the selected rows; bool, one a row.
            picked_by_hand: they were chosen one by one, not all at once.
            actions: only these; None: all.

        Raises:
            UnknownNameError: no such action, or the frame lacks a column.
        """
        return blocked(self, frame, mask, self.actions if actions is None else actions, picked_by_hand)

    def decision_table(self) -> pd.DataFrame:
        """Actions × facts; see `explain.decision_table`."""
        return decision_table(self)

    def fact_table(self) -> pd.DataFrame:
        """One row a fact; see `explain.fact_table`."""
        return fact_table(self)
