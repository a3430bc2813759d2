"""Writes what is derived in the documentation: docs/tables.md and the table of actions in README.md."""

import re
import tomllib
from pathlib import Path
from typing import Any

from invoicebatch.actions import registry
from invoicebatch.model.schema import documentation

ROOT = Path(__file__).resolve().parents[1]
MARKS = ("<!-- actions -->\n", "<!-- /actions -->\n")


def actions_table() -> str:
    """One row an action of the bar: name, what it does, what it asks of a row."""
    rules = tomllib.loads((ROOT / "rules" / "actions.toml").read_text(encoding="utf-8"))
    rows = [
        f"| `{name}` | {action.help} | {_needs(_rule(rules, name))} |"
        for name, action in registry().items()
        if not action.hidden
    ]
    return "| Action | What it does | What it asks of a row |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _rule(rules: dict[str, Any], name: str) -> dict[str, Any]:
    for part in name.split("."):
        rules = rules[part]
    return rules


def _needs(rule: dict[str, Any]) -> str:
    texts = [_words(rule["needs"])] if rule["needs"] else []
    texts += [f"*{part}*: {_words(body['needs'])}" for part, body in rule.get("parts", {}).items()]
    texts += [f"the selection: {_words(rule['selection'])}"] if rule.get("selection") else []
    return "; ".join(texts) or "any"


def _words(facts: list[str]) -> str:
    return ", ".join(fact.replace("_", " ") for fact in facts)


def readme() -> str:
    """README.md with its table of actions as it should be."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    start, end = MARKS
    return re.sub(f"{start}.*?{end}", lambda _: f"{start}{actions_table()}{end}", text, flags=re.DOTALL)


if __name__ == "__main__":
    (ROOT / "docs" / "tables.md").write_text(documentation(), encoding="utf-8")
    (ROOT / "README.md").write_text(readme(), encoding="utf-8")
