"""Rules as tables for people: which action asks for which fact, and what each fact means."""

import pandas as pd

from invoicebatch.eligibility.ruleset import SELECTION_FACTS, ActionRule, RuleSet


def decision_table(rules: RuleSet) -> pd.DataFrame:
    """Actions (index, in the order of the bar) × facts (columns); all text.

    A cell is empty where the action does not ask for the fact, ``yes`` where it does, ``selection``
    where it asks it of the selection as a whole, or the names of the parts that ask for it.
    """
    rows = [[_cell(rule, fact) for fact in rules.bits] for rule in rules.by_action.values()]
    index = pd.Index(rules.actions, name="action", dtype="str")
    return pd.DataFrame(rows, index=index, columns=pd.Index(list(rules.bits), dtype="str"), dtype="str")


def _cell(rule: ActionRule, fact: str) -> str:
    if fact in rule.needs:
        return "yes"
    if fact in rule.selection:
        return "selection"
    return ", ".join(part for part, needs in rule.parts.items() if fact in needs)


def fact_table(rules: RuleSet) -> pd.DataFrame:
    """One row a fact: `fact`, `when`, `reason`, `actions` (those that ask for it), `source`; all text."""
    names = list(dict.fromkeys([*rules.facts, *SELECTION_FACTS]))
    return pd.DataFrame(
        {
            "fact": names,
            "when": [rules.fact(name).when or "(of the whole selection)" for name in names],
            "reason": [rules.fact(name).reason.text for name in names],
            "actions": [", ".join(_asked_by(rules, name)) for name in names],
            "source": [str(rules.sources.get(name, "")) for name in names],
        },
        dtype="str",
    )


def _asked_by(rules: RuleSet, fact: str) -> list[str]:
    return [name for name, rule in rules.by_action.items() if fact in rule.all_needs]
