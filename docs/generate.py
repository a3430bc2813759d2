"""Writes what is derived in the documentation: docs/tables.md and the table of actions in README.md."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from invoicebatch.actions import registry
from invoicebatch.eligibility import load_rules
from invoicebatch.eligibility.ruleset import ActionRule
from invoicebatch.model.schema import documentation

ROOT = Path(__file__).resolve().parents[1]
MARKS = ("<!-- actions -->\n", "<!-- /actions -->\n")


def actions_table() -> str:
    """One row an action of the bar, in its order: name, what it does, what it asks of a row."""
    rules = load_rules(None, ROOT / "rules")
    offered = [(rules.rule(name), registry()[name]) for name in rules.actions if not registry()[name].hidden]
    every = set.intersection(*(set(rule.needs) for rule, _ in offered))  # said once, above the table
    rows = [f"| `{rule.name}` | {action.help} | {_needs(rule, every)} |" for rule, action in offered]
    return "| Action | What it does | What it asks of a row |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _needs(rule: ActionRule, every: Collection[str]) -> str:
    own = [need for need in rule.needs if need not in every]
    texts = [_words(own)] if own else []
    texts += [f"*{part}*: {_words(needs)}" for part, needs in rule.parts.items()]
    texts += [f"the selection: {_words(rule.selection)}"] if rule.selection else []
    return "; ".join(texts) or "any"


def _words(facts: Sequence[str]) -> str:
    return ", ".join(fact.replace("_", " ") for fact in facts)


def readme() -> str:
    """README.md with its table of actions as it should be."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    start, end = MARKS
    return re.sub(f"{start}.*?{end}", lambda _: f"{start}{actions_table()}{end}", text, flags=re.DOTALL)


if __name__ == "__main__":
    (ROOT / "docs" / "tables.md").write_text(documentation(), encoding="utf-8")
    (ROOT / "README.md").write_text(readme(), encoding="utf-8")
