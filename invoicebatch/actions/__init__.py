"""The tree is the action bar: one module an action, each with one ACTION named like its path.

An action is pure: it may use model, formats and eligibility, never the store, the disk or the network.
"""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from invoicebatch.errors import UnknownNameError

if TYPE_CHECKING:
    from invoicebatch.model.action import Action

MAIN_JOB: Final[Sequence[tuple[str, Mapping[str, object]]]] = (
    ("approve", {}),
    ("create", {}),
    ("download.document", {}),
    ("download.merged", {}),
    ("export.invoices", {"mark_as_exported": True}),
)
"""What most people come for, in order: action and parameters, each on the same rows."""


class Actions(Mapping[str, "Action"]):
    """The actions by name, each module imported when its action is first asked for."""

    def __init__(self) -> None:
        """Only looks which modules there are."""
        tree = Path(__file__).parent
        files = (file for file in sorted(tree.rglob("*.py")) if not file.name.startswith("_"))
        names = (".".join(file.relative_to(tree).with_suffix("").parts) for file in files)
        self._found: dict[str, Action | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> "Action":
        """The action; see `registry` for the error."""
        action = self._found[name]
        if action is None:
            action = self._found[name] = importlib.import_module(f"{__name__}.{name}").ACTION
            if action.name != name:
                raise RuntimeError(f"{__name__}.{name}: ACTION is called {action.name}")
        return action

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


@cache
def registry() -> Actions:
    """Every action by name; which come first on the bar is the rules' order.

    To ask which there are imports none of them.

    Raises:
        RuntimeError: (once it is asked for) an action that is not called like its module.
    """
    return Actions()


def find(name: str) -> "Action":
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
