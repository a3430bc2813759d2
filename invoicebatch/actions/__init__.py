"""The tree is the action bar: one module an action, each with one ACTION named like its path.

An action is pure: it may use model, formats and eligibility, never the store, the disk or the network.
"""

import importlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from invoicebatch.errors import UnknownNameError
from invoicebatch.model.action import Action

MAIN_JOB: Final[Sequence[tuple[str, Mapping[str, object]]]] = (
    ("approve", {}),
    ("create", {}),
    ("download.document", {}),
    ("download.merged", {}),
    ("export.invoices", {"mark_as_exported": True}),
)
"""What most people come for, in order: action and parameters, each on the same rows."""


@cache
def registry() -> Mapping[str, Action]:
    """Every action by name; which come first on the bar is the rules' order.

    Raises:
        RuntimeError: an action that is not called like its module.
    """
    found: dict[str, Action] = {}
    tree = Path(__file__).parent
    for file in sorted(tree.rglob("*.py")):
        if file.name.startswith("_"):
            continue
        name = ".".join(file.relative_to(tree).with_suffix("").parts)
        action = importlib.import_module(f"{__name__}.{name}").ACTION
        if action.name != name:
            raise RuntimeError(f"{file}: ACTION is called {action.name}")
        found[name] = action
    return found


def find(name: str) -> Action:
    """The action of that name; dashes count as underscores.

    Raises:
        UnknownNameError: there is none.
    """
    from difflib import get_close_matches

    actions = registry()
    wanted = name.replace("-", "_")
    if wanted in actions:
        return actions[wanted]
    near = get_close_matches(wanted, actions, n=3, cutoff=0.5)
    known = ", ".join(near or [a for a in actions if not actions[a].hidden])
    raise UnknownNameError(
        f"There is no action {name!r}.", f"Did you mean {known}?" if near else f"Actions: {known}"
    )
