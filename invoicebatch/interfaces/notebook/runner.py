"""The strict papermill runner: a notebook's parameters are checked before it runs, its output is kept.

Papermill alone only warns of an unknown parameter, and a later cell may silently override an injected
value; here both are refused. The output notebook is the record of the run.
"""

import ast
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from invoicebatch.actions import registry
from invoicebatch.engine.base import clock, identity
from invoicebatch.errors import InvoicebatchError, ParameterError, UnknownNameError, UsageError
from invoicebatch.files.names import run_folder, safe_name
from invoicebatch.files.shipped import shipped
from invoicebatch.files.whole import make_folders, name_whole, temporary_folder, write_whole
from invoicebatch.interfaces.notebook.summary import with_head

ANY_ACTION: Final = "action.ipynb"
"""The shipped notebook of actions that have none of their own."""

INJECTED: Final = "# Parameters"
"""How papermill's cell of given values begins."""

RESULT_TYPE: Final = "application/vnd.invoicebatch.result+json"
"""Media type under which a notebook displays its result."""


class NotebookError(InvoicebatchError):
    """A cell of a notebook failed; the output notebook shows where."""


@dataclass(frozen=True)
class NotebookRun:
    """What a notebook left: the output notebook and its results (a report's JSON each)."""

    output: Path
    results: list[dict[str, Any]]


def find_notebook(root: Path, name: str) -> Path:
    """The notebook of that name or of an action: its own, its group's, else the one that runs any.

    Raises:
        UnknownNameError: there is none.
    """
    folder = root / "notebooks"
    for stem in (name.replace(".", "_"), name.partition(".")[0]):
        if (folder / f"{stem}.ipynb").is_file():
            return folder / f"{stem}.ipynb"
    if name in registry():
        return shipped("notebooks") / ANY_ACTION
    known = ", ".join(sorted(file.stem for file in folder.glob("*.ipynb")))
    raise UnknownNameError(f"There is no notebook for {name} in {folder}.", f"Notebooks: {known}")


def run_notebook(
    root: Path,
    notebook: Path,
    parameters: Mapping[str, Any],
    output: Path | None = None,
    *,
    progress: bool = False,
) -> NotebookRun:
    """Run a notebook with parameters.

    Args:
        root: the workspace; becomes parameter `workspace`.
        notebook: the template; it is not changed.
        parameters: values by name; dates and decimals are handed over as text.
        output: folder of the output notebook; None: a folder of its own under data/runs.
        progress: show papermill's progress bar.

    Raises:
        UsageError: the kernel that notebooks run in is not installed.
        ParameterError: an unknown parameter, no parameters cell, or a later cell that overrides one.
        NotebookError: a cell failed; the output notebook is kept and named.
    """
    if find_spec("ipykernel") is None:
        raise UsageError(
            "Notebooks run in ipykernel, which is not installed.", "pip install 'invoicebatch[notebook]'"
        )
    given = {"workspace": str(root), **{name: _plain(value) for name, value in parameters.items()}}
    _check(notebook, given)
    run_id = uuid.uuid4().hex
    folder = output or run_folder(root / "data" / "runs", clock.now(), safe_name(notebook.stem), run_id)
    make_folders(folder)
    part = folder / f"output.{run_id}.part.ipynb"
    failure = _execute(notebook, part, given, progress=progress)
    with_head(part, given, _results(part), identity.current().user, clock.now())
    target = name_whole(part, folder / "output.ipynb", on_clash="number")
    if failure:
        raise NotebookError(
            f"{notebook.name} failed: {failure}", f"The output notebook shows where: {target}"
        )
    results = _results(target)
    record = {"notebook": notebook.name, "parameters": given, "results": results}
    path = target.with_name(target.stem.replace("output", "result") + ".json")
    write_whole(path, json.dumps(record, indent=2), on_clash="number")
    return NotebookRun(target, results)


def _plain(value: Any) -> Any:
    """Only what JSON has: papermill would write other types as something else, or not at all."""
    if isinstance(value, date | Decimal | Path):
        return str(value)
    if isinstance(value, tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value


def declared_parameters(notebook: Path) -> set[str]:
    """Names in the notebook's parameters cell.

    Raises:
        ParameterError: it has none, or several.
    """
    before, _ = _split(notebook)
    return _assigned(before)


def _split(notebook: Path) -> tuple[str, list[str]]:
    """The source of the parameters cell and of the code cells after it."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    places = [place for place, cell in enumerate(code) if "parameters" in cell["metadata"].get("tags", [])]
    if len(places) != 1:
        raise ParameterError(
            f"{notebook.name} has {len(places)} cells tagged 'parameters'; it needs exactly one.",
            "Tag the cell that holds the defaults.",
        )
    sources = ["".join(cell["source"]) for cell in code]
    return sources[places[0]], sources[places[0] + 1 :]


def _check(notebook: Path, given: Mapping[str, Any]) -> None:
    parameters, later = _split(notebook)
    declared = _assigned(parameters)
    for name in given:
        if name not in declared:
            raise ParameterError(
                f"{notebook.name} has no parameter {name!r}.", f"Parameters: {', '.join(sorted(declared))}"
            )
    for source in later:
        overridden = _assigned(source) & set(given)
        if overridden:
            raise ParameterError(
                f"{notebook.name}: a cell after the parameters assigns {', '.join(sorted(overridden))} again.",
                "Give that variable another name, or the parameter would have no effect.",
            )


def refuse_unknown() -> None:
    """In the first cell of a notebook: refuse parameters that it does not know, as papermill only warns.

    Papermill runs the values it is given as a cell of its own after the one that holds the defaults; in a
    notebook that a person runs there is no such cell, and nothing to refuse.

    Raises:
        ParameterError: a value was given for a name that no cell before assigns.
    """
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    cells: list[str] = shell.user_ns["In"][1:-1] if shell else []
    injected = [source for source in cells if source.startswith(INJECTED)]
    declared = set().union(*(_assigned(source) for source in cells if source not in injected))
    unknown = set().union(*(_assigned(source) for source in injected)) - declared
    if unknown:
        raise ParameterError(
            f"The notebook has no parameter {', '.join(sorted(unknown))}; nothing was done.",
            f"Parameters: {', '.join(sorted(declared))}",
        )


def _assigned(source: str) -> set[str]:
    """Names that a cell's top level or loops assign; IPython's own lines are passed over."""
    plain = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    return {
        node.id
        for node in ast.walk(ast.parse(plain))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del)
    }


def _execute(notebook: Path, target: Path, given: Mapping[str, Any], *, progress: bool) -> str:
    """Run it; returns what failed, or nothing. The output is written either way."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from invoicebatch.interfaces.notebook.kernel import IpcKernelManager

    with temporary_folder(prefix="ib-", left=True) as sockets:
        try:
            papermill.execute_notebook(
                str(notebook),
                str(target),
                parameters=dict(given),
                kernel_name="python3",
                language="python",
                progress_bar=progress,
                kernel_manager_class=IpcKernelManager.in_folder(sockets),
            )
        except PapermillExecutionError as error:
            return f"{error.ename}: {error.evalue}"
    return ""


def _results(notebook: Path) -> list[dict[str, Any]]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [
        output["data"][RESULT_TYPE]
        for cell in cells
        for output in cell.get("outputs", [])
        if RESULT_TYPE in output.get("data", {})
    ]
