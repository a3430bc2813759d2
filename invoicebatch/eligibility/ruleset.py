"""What the rule files say, checked and compiled: facts, and what each action needs of a row."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from invoicebatch.eligibility.template import Template, parse_template
from invoicebatch.errors import UnknownNameError
from invoicebatch.expressions import OVERVIEW_WORDS, Expression, Field
from invoicebatch.settings import SWITCHES

RULE_WORDS: Final = OVERVIEW_WORDS.extended((), switches=SWITCHES)
"""What a condition may name: columns of the overview, and switches of the settings."""

MAX_FACTS: Final = 64
"""Facts in use: one bit each of a 64-bit word."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is true of a row or not.

    Attributes:
        name: its name in rules/facts.toml.
        when: the condition as written; empty for a fact of the whole selection.
        condition: the same, checked; None for a fact of the whole selection.
        reason: why a row fails, with the row's values.
        summary: the same for many rows whose values differ.
        columns: frame names that the condition reads.
        category: the choice column that alone decides it, if so.
        presupposes: facts without which it is no reason of its own: no e-mail address where there is
            no customer.
    """

    name: str
    when: str
    condition: Expression | None
    reason: Template
    summary: str
    columns: frozenset[str]
    category: Field | None = None
    presupposes: tuple[str, ...] = ()


def row_fact(
    name: str, condition: Expression, reason: Template, summary: str = "", presupposes: tuple[str, ...] = ()
) -> Fact:
    """A fact of each row; the summary defaults to the reason without its values."""
    only = next(iter(condition.fields)) if len(condition.fields) == 1 and not condition.switches else None
    category = only if only and only.kind == "choice" else None
    summary = summary or reason.summary
    return Fact(name, condition.text, condition, reason, summary, condition.columns, category, presupposes)


def _selection_fact(name: str, reason: str, *columns: str) -> Fact:
    return Fact(name, "", None, parse_template(reason), reason, frozenset(columns))


NOT_BUSY: Final = "not_busy"
"""The shipped fact that no run holds the row; a run's own rows are held by itself."""

SELECTION_FACTS: Final[Mapping[str, Fact]] = {
    fact.name: fact
    for fact in (
        _selection_fact("one_customer", "the selection is not of one customer", "customer_id"),
        _selection_fact("one_account", "the selection is not of one company account", "company_account_id"),
        _selection_fact(
            "picked_by_hand", "rows must be picked one by one; everything at once is not accepted"
        ),
    )
}
"""Facts of the selection as a whole, by name; an action asks for them under `selection`."""


@dataclass(frozen=True, slots=True)
class ActionRule:
    """What an action needs: of each row, of the selection, and of a row for each of its parts.

    The order of the needs is the order in which reasons are given. With parts, a row must fit
    at least one; the first that fits is the one the row goes into.
    """

    name: str
    needs: tuple[str, ...]
    selection: tuple[str, ...] = ()
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def all_needs(self) -> tuple[str, ...]:
        """Every fact it asks for, parts and selection included, without repetition."""
        in_parts = [need for part in self.parts.values() for need in part]
        return tuple(dict.fromkeys([*self.needs, *in_parts, *self.selection]))


@dataclass(frozen=True)
class RuleSet:
    """All facts and actions of a workspace.

    Attributes:
        facts: row facts by name, in file order.
        by_action: rules by action, in the order of the bar.
        sources: file that each fact comes from.
        notes: lines of the workspace's files that have no effect, for people.
    """

    facts: Mapping[str, Fact]
    by_action: Mapping[str, ActionRule]
    sources: Mapping[str, Path]
    notes: tuple[str, ...] = ()
    bits: Mapping[str, int] = field(init=False)
    columns: frozenset[str] = field(init=False)
    _memory: dict[object, object] = field(init=False, default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        used = {need for rule in self.by_action.values() for need in rule.all_needs}
        ordered = [name for name in (*self.facts, *SELECTION_FACTS) if name in used]
        object.__setattr__(self, "bits", {name: bit for bit, name in enumerate(ordered)})
        shown = (self.fact(name).reason.needs | self.fact(name).columns for name in ordered)
        object.__setattr__(self, "columns", frozenset().union(*shown))

    def columns_of(self, actions: Collection[str]) -> frozenset[str]:
        """Frame names that the rules of some actions read or show."""
        used = self._facts_of(actions)
        return frozenset().union(*(fact.reason.needs | fact.columns for fact in used))

    def presence_of(self, actions: Collection[str]) -> frozenset[str]:
        """Those of `columns_of` of which it only matters whether the row has a value."""
        used = self._facts_of(actions)
        valued = {field.column for fact in used if fact.condition for field in fact.condition.valued}
        shown = frozenset().union(*(fact.reason.needs for fact in used))
        whole = frozenset().union(*(fact.columns for fact in used if fact.condition is None))
        return self.columns_of(actions) - valued - shown - whole

    def _facts_of(self, actions: Collection[str]) -> list[Fact]:
        return [self.fact(need) for need in {need for a in actions for need in self.rule(a).all_needs}]

    @property
    def actions(self) -> tuple[str, ...]:
        """Names of all actions, in the order of the bar."""
        return tuple(self.by_action)

    def fact(self, name: str) -> Fact:
        """A row fact or a fact of the selection."""
        return self.facts.get(name) or SELECTION_FACTS[name]

    def rule(self, action: str) -> ActionRule:
        """The rule of an action.

        Raises:
            UnknownNameError: no such action.
        """
        if action not in self.by_action:
            raise UnknownNameError(f"There is no action {action}", f"Actions: {', '.join(self.by_action)}")
        return self.by_action[action]

    def remember(self, key: object, make: Callable[[], Any]) -> Any:
        """The value of `make()`, made once a key; for what depends on the rules alone."""
        if key not in self._memory:
            self._memory[key] = make()
        return self._memory[key]
