"""What an action's parameters are checked by before a plan: those that name other actions, or rows, too."""

from collections.abc import Mapping
from typing import Any

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.surroundings import WorkspaceSurroundings
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.params import params_here
from invoicebatch.model.action import Action, Params
from invoicebatch.store.filters import parse


class WorkspaceChecking(WorkspaceSurroundings):
    """The `Checking` of a workspace; see `model.action.Checking`."""

    def __init__(self, workspace: WorkspaceBase) -> None:
        super().__init__(workspace.settings, workspace.root, workspace.offered, workspace.store)
        self._workspace = workspace

    def check_filter(self, condition: str) -> None:
        """Refuse what is no filter, or compares what can't be compared, whatever the rows hold (FilterError)."""
        import pyarrow as pa

        parsed = parse(condition)
        with self._workspace.store.look() as look:
            columns = look.filterable(parsed.columns, clock.today(), limit=0).schema
        blank = pa.table([pa.nulls(1, column.type) for column in columns], schema=columns)
        parsed.matching(blank)

    def check_params(self, action: str, values: Mapping[str, Any]) -> None:
        """Refuse what the action does not take here (ParameterError)."""
        checked_params(self._workspace, self.actions[action], values)


def checked_params(workspace: WorkspaceBase, action: Action, values: Mapping[str, Any]) -> Params:
    """The parameters as the action takes them here and now, once it has checked them itself.

    Raises:
        ParameterError: a parameter is unknown, missing or malformed, or its value is none of its choices.
        FilterError: one that is a filter is none.
    """
    parsed = params_here(workspace, action, values)
    if action.check is not None:
        action.check(parsed, WorkspaceChecking(workspace), clock.now())
    return parsed
