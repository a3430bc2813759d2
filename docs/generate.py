"""Writes what is derived in the documentation: docs/tables.md and the table of actions in README.md."""

import re
from pathlib import Path

from invoicebatch.actions import registry
from invoicebatch.eligibility import load_rules
from invoicebatch.model.schema import documentation

ROOT = Path(__file__).resolve().parents[1]
MARKS = ("<!-- actions -->\n", "<!-- /actions -->\n")


def actions_table() -> str:
    """The bar: one row a group, its actions in their order."""
    offered = [
        registry()[name] for name in load_rules(None, ROOT / "rules").actions if not registry()[name].hidden
    ]
    groups = {
        action.group_label: [one.name for one in offered if one.group == action.group] for action in offered
    }
    rows = [f"| {group} | {', '.join(f'`{name}`' for name in names)} |" for group, names in groups.items()]
    return "| Group | Actions |\n|---|---|\n" + "\n".join(rows) + "\n"


def readme() -> str:
    """README.md with its table of actions as it should be."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    start, end = MARKS
    return re.sub(f"{start}.*?{end}", lambda _: f"{start}{actions_table()}{end}", text, flags=re.DOTALL)


if __name__ == "__main__":
    (ROOT / "docs" / "tables.md").write_text(documentation(), encoding="utf-8")
    (ROOT / "README.md").write_text(readme(), encoding="utf-8")
