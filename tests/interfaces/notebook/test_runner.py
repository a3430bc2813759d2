"""The strict runner: wrong parameters are refused before anything runs, the output is the record."""

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from invoicebatch.errors import ParameterError, UnknownNameError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run
from invoicebatch.interfaces.notebook.runner import NotebookError, find_notebook, run_notebook

Make = Callable[..., Workspace]


def notebook(folder: Path, *cells: str, tagged: int | None = 0) -> Path:
    made = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    made.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    if tagged is not None:
        made.cells[tagged].metadata["tags"] = ["parameters"]
    path = folder / "story.ipynb"
    nbformat.write(made, path)
    return path


def test_the_approve_notebook_approves_and_keeps_the_record(
    make_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(3)
    arguments = [
        "run",
        "approve",
        "--where",
        "invoice_id < 3",
        "-p",
        "invoice_date=2026-11-20",
        "--notebook",
        "--json",
    ]
    assert run([*arguments, "-w", str(workspace.root)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["action"], result["done"], result["state"]) == ("approve", 2, "finished")
    output = nbformat.read(result["notebook"], as_version=4)
    text = json.dumps(output)
    assert "2 invoices" in text
    assert "Who and when" in text  # the head; a chart of one bar is left out
    assert workspace.select(all=True).columns(["status"])["status"].astype(str).tolist() == [
        "approved",
        "approved",
        "empty",
    ]
    assert (
        json.loads(Path(result["notebook"]).with_name("result.json").read_text())["parameters"]["where"]
        == "invoice_id < 3"
    )


def test_a_dry_run_changes_nothing(make_workspace: Make, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = make_workspace(1)
    assert (
        run(["run", "approve", "--ids", "1", "--dry-run", "--notebook", "--json", "-w", str(workspace.root)])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["state"] == "planned"
    assert workspace.runs.list().empty


@pytest.mark.parametrize(
    ("cells", "tagged", "message"),
    [
        (("workspace = '.'", "print(workspace)"), None, "has 0 cells tagged"),
        (("workspace = '.'\nother = 1", "workspace = 'elsewhere'"), 0, "assigns workspace again"),
        (("workspace = '.'", "for workspace in 'ab': pass"), 0, "assigns workspace again"),
        (("x = 1",), 0, "no parameter 'workspace'"),
    ],
)
def test_a_notebook_that_would_ignore_a_parameter_is_refused(
    tmp_path: Path, cells: tuple[str, ...], tagged: int | None, message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        run_notebook(tmp_path, notebook(tmp_path, *cells, tagged=tagged), {})


def test_an_unknown_parameter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="no parameter 'wher'"):
        run_notebook(tmp_path, notebook(tmp_path, "workspace = '.'"), {"wher": "x"})


def test_a_failing_cell_is_named_and_the_output_kept(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="ValueError: no luck"):
        run_notebook(
            tmp_path,
            notebook(tmp_path, "workspace = '.'", "raise ValueError('no luck')"),
            {},
            tmp_path / "out",
        )
    assert "no luck" in (tmp_path / "out" / "output.ipynb").read_text()
    assert not list((tmp_path / "out").glob("*.part*"))


def test_an_action_finds_its_own_notebook_or_its_groups(make_workspace: Make) -> None:
    root = make_workspace(0).root
    assert find_notebook(root, "approve").name == "approve.ipynb"
    assert find_notebook(root, "download.merged").name == "download.ipynb"
    with pytest.raises(UnknownNameError, match="no notebook for nothing"):
        find_notebook(root, "nothing")


def test_the_shipped_notebooks_are_clean(make_workspace: Make) -> None:
    for path in sorted((make_workspace(0).root / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            assert not cell.get("outputs"), path.name
            assert cell.get("execution_count") is None, path.name
