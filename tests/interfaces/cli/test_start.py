"""Half of a short command is imports: what each may load is counted, so that it doesn't creep back."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from invoicebatch.interfaces.api import Workspace

HEAVY: Final = frozenset(
    {
        "croniter", "httpx", "jinja2", "lxml", "openpyxl", "PIL", "pikepdf", "pycountry",
        "pydantic_settings", "pypdf", "saxonche", "schwifty", "smtplib", "stdnum", "typst",
        "invoicebatch.formats", "invoicebatch.ingest",
    }
)  # fmt: skip
"""What belongs to an action at work or to a file that is read."""

FRAMES: Final = frozenset({"numpy", "pandas", "pyarrow"})
"""What a list that is only shown does without."""

_AFTER_EACH: Final = """
import contextlib, io, json, sys
from invoicebatch.interfaces.cli.main import run
told = []
for command in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        code = run(command)
    told.append([code, sorted(sys.modules)])
print(json.dumps(told))
"""


def _loaded(*commands: list[str]) -> list[set[str]]:
    """The modules after each command, one after the other in one process."""
    program = [sys.executable, "-c", _AFTER_EACH, json.dumps(commands)]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("INVOICEBATCH_")}
    done = subprocess.run(program, capture_output=True, text=True, check=True, env=plain)
    told = json.loads(done.stdout)
    assert [code for code, _ in told] == [0] * len(commands), done.stderr
    return [set(modules) for _, modules in told]


def _judged(workspace: Workspace) -> list[str]:
    """The option of a workspace in which nothing waits for the review: that needs frames, once a day."""
    workspace.select(all=True).columns(["review"])
    return ["-w", str(workspace.root)]


def _heavy(modules: set[str]) -> set[str]:
    return HEAVY & modules


def test_a_command_imports_no_more_than_it_uses(
    make_workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    where = _judged(make_workspace(2))
    of_help, *of_looks, of_run, of_actions = _loaded(
        ["--help"],
        *(["list", *where], ["runs", *where], ["payments", "list", *where], ["history", "1", *where]),
        ["snapshot", str(tmp_path / "out"), *where],
        ["run", "mark_as.exported", "--all", "--dry-run", *where],
        ["actions", "--all", *where],
    )
    assert len(of_help) < 350
    assert not {*FRAMES, "duckdb", "pydantic"} & of_help
    for of_look in of_looks:
        assert len(of_look) < 460
        assert not _heavy(of_look)
        assert not FRAMES & of_look
        assert not [name for name in of_look if name.startswith("invoicebatch.actions.")]
    assert not _heavy(of_run)
    assert {name for name in of_run if name.startswith("invoicebatch.actions.")} <= {
        "invoicebatch.actions.mark_as",
        "invoicebatch.actions.mark_as.exported",
    }
    assert len(of_run) < 1_030
    assert len(of_actions) < 1_250
    assert not {"jinja2", "openpyxl", "pikepdf", "pypdf", "saxonche", "typst"} & of_actions


def test_chosen_rows_are_listed_without_frames(make_workspace: Callable[..., Workspace]) -> None:
    where = _judged(make_workspace(2))
    for of_list in _loaded(["list", "--ids", "2,1", *where], ["list", "--where", "total > 0", *where]):
        assert "pandas" not in of_list
        assert not _heavy(of_list)
