"""`run ACTION --notebook`: the same action through its notebook, which is kept as the record."""

from pathlib import Path
from typing import Any

from invoicebatch.engine.plan.params import params_here
from invoicebatch.errors import ConfirmationError, NothingEligibleError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.common import SOME_NOT_DONE, Select, print_json
from invoicebatch.interfaces.notebook.runner import declared_parameters, find_notebook, run_notebook
from invoicebatch.model.action import Action


def run_through_notebook(
    workspace: Workspace,
    action: Action,
    select: Select,
    values: dict[str, Any],
    *,
    dry_run: bool,
    yes: bool,
    json: bool,
    output: Path | None,
) -> int:
    """Run an action's notebook; returns the exit code of its result.

    Raises:
        ConfirmationError: the action asks for confirmation and did not get it.
        ParameterError: the notebook does not know a parameter.
        NotebookError: a cell failed.
    """
    params = params_here(workspace.base, action, values)
    if action.asks(params) and not yes and not dry_run:
        raise ConfirmationError(f"{action.label} asks for confirmation.", "Confirm with --yes.")
    notebook = find_notebook(workspace.root, action.name)
    parameters = values | select.parameters(workspace) | {"dry_run": dry_run}
    declared = declared_parameters(notebook)
    if "parameters" in declared:  # a group's notebook takes what only some of its actions know together
        own = {name: value for name, value in values.items() if name not in declared - {"parameters"}}
        parameters = {name: value for name, value in parameters.items() if name not in own}
        parameters |= {"parameters": own} if own else {}
    for name, value in (("action", action.name), ("output", str(output.resolve()) if output else None)):
        if name in declared and value is not None:
            parameters[name] = value
    done = run_notebook(workspace.root, notebook, parameters, progress=not json)
    result = done.results[-1] if done.results else {}
    if json:
        print_json(result | {"notebook": str(done.output)})
    else:
        print(f"{result.get('action')}: {result.get('done')} of {result.get('selected')} done")
        print(f"Notebook: {done.output}")
    return _exit_code(result, dry_run=dry_run)


def _exit_code(result: dict[str, Any], *, dry_run: bool) -> int:
    if not result.get("eligible"):
        return NothingEligibleError.exit_code
    return 0 if dry_run or result["done"] == result["selected"] else SOME_NOT_DONE
