"""The tree is the action bar: one module an action, each with one ACTION named like its path.

An action is pure: it may use model, formats and eligibility, never the store, the disk or the network.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from invoicebatch.errors import UnknownNameError
from invoicebatch.model.action import GROUPS, Action


@cache
def registry() -> Mapping[str, Action]:
    """Every action by name, in the order of the bar's groups.

    Raises:
        RuntimeError: an action that is not called like its module.
    """
    found: dict[str, Action] = {}
    for module in pkgutil.walk_packages(__path__, prefix=f"{__name__}."):
        name = module.name.removeprefix(f"{__name__}.")
        if module.ispkg or name.rpartition(".")[2].startswith("_"):
            continue
        action = importlib.import_module(module.name).ACTION
        if action.name != name:
            raise RuntimeError(f"{module.name}.ACTION is called {action.name}")
        found[name] = action
    order = {group: place for place, group in enumerate(GROUPS)}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[1].group, len(order)), item[0])))


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
