"""Every shipped notebook runs as papermill runs it, changes what it says, and nothing in a dry run."""

import html
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import papermill
import pytest
from nbconvert import HTMLExporter
from papermill.exceptions import PapermillExecutionError

from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli import main
from invoicebatch.interfaces.notebook.runner import declared_parameters, find_notebook, run_notebook

Make = Callable[..., Workspace]
NOTEBOOKS_FOLDER = Path(__file__).parents[3] / "notebooks"
NOTEBOOKS = sorted(path.stem for path in NOTEBOOKS_FOLDER.glob("*.ipynb"))


def run(workspace: Workspace, name: str, **parameters: object):
    return run_notebook(workspace.root, find_notebook(workspace.root, name), parameters)


RUN_ELSEWHERE = ("approve", "assign", "bank", "credit", "delete", "mark_as", "month_end")
"""Notebooks that other tests run too."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.full) if name in RUN_ELSEWHERE else name for name in NOTEBOOKS],
)
def test_every_notebook_runs_dry_and_changes_nothing(make_workspace: Make, name: str) -> None:
    workspace = make_workspace(3)
    before = workspace.select(all=True).columns(["version", "status", "export_status"])
    notebook = find_notebook(workspace.root, name)
    parameters = {"where": "invoice_id > 0"}
    if "dry_run" in declared_parameters(notebook):
        parameters |= {"dry_run": True}
    done = run_notebook(workspace.root, notebook, parameters)
    after = workspace.select(all=True).columns(["version", "status", "export_status"])
    assert after.equals(before)
    assert name == "overview" or done.results[-1]["state"] in ("planned", "nothing_eligible")
    assert not list(workspace.root.glob("data/runs/**/*.part.ipynb"))


def test_the_first_cell_of_every_notebook_refuses_unknown_parameters() -> None:
    for name in NOTEBOOKS:
        text = (NOTEBOOKS_FOLDER / f"{name}.ipynb").read_text()
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        checked = ["steps.refuse_unknown()" in "".join(cell["source"]) for cell in cells]
        assert any(checked[:3]), name


@pytest.mark.parametrize(
    "name",
    [
        name if name in ("assign", "export") else pytest.param(name, marks=pytest.mark.full)
        for name in NOTEBOOKS
    ],
)
def test_papermill_alone_is_refused_a_parameter_that_the_notebook_does_not_know(
    make_workspace: Make, name: str, tmp_path: Path
) -> None:
    """Papermill itself only warns of one, and would run on with the others."""
    workspace = make_workspace(2)
    parameters = {"workspace": str(workspace.root), "where": "true", "dry_runn": True}
    with pytest.raises(PapermillExecutionError, match="no parameter dry_runn"):
        papermill.execute_notebook(
            find_notebook(workspace.root, name), tmp_path / "out.ipynb", parameters, progress_bar=False
        )
    assert workspace.runs.list().empty


def test_no_table_shows_an_amount_in_cents(money_workspace: Make) -> None:
    workspace = money_workspace(2)
    for name, parameters in (
        ("assign", {"action": "assign.bank_file"}),
        ("credit", {"where": "invoice_id = 1", "dry_run": True}),
        ("overview", {}),
    ):
        done = run(workspace, name, **{"where": "true", **parameters})
        page, _ = HTMLExporter().from_notebook_node(nbformat.read(done.output, as_version=4))
        assert "121.00" in page
        assert not re.search(r">\s*-?(12100|24200|-121)\s*<", page), name
        assert "_cents</th>" not in page


def test_delete_deletes_and_its_output_is_the_record(make_workspace: Make) -> None:
    workspace = make_workspace(3)
    done = run(workspace, "delete", ids=[1, 3])
    assert done.results[-1]["done"] == 2
    cells = json.loads(done.output.read_text())["cells"]
    assert "| **Delete** | 2 of 2 done" in cells[0]["source"]
    code = [cell["metadata"] for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["jupyter"]["source_hidden"] and "hide_input" in cell["tags"] for cell in code)
    assert workspace.select(all=True).ids.tolist() == [2]
    assert done.output.with_name("result.json").is_file()


def test_the_head_says_in_words_what_was_asked_and_what_became_of_it(money_workspace: Make) -> None:
    workspace = money_workspace(3)
    workspace.select(ids=[1]).plan("assign.bank_file").apply()
    asked = {"where": "true", "parts": "collections", "dry_run": True}
    done = run(workspace, "assign.bank_file", action="assign.bank_file", **asked)
    head = html.unescape(json.loads(done.output.read_text())["cells"][0]["source"]).replace("\u00a0", " ")
    assert "| **Parts** | Collections |" in head
    assert "| **Invoices** | where true |" in head
    assert "| **Dry run** | yes |" in head
    assert "2 of 3 would be done, EUR 242.00; 1 refused, EUR 121.00; nothing was changed" in head
    customer = workspace.select(ids=[1]).frame.iloc[0]
    named = f"{customer['number']} {customer['customer_name']} ({customer['customer_id']}) EUR 121.00"
    line = next(line for line in head.splitlines() if "already in payment bundle" in line)
    assert line.startswith("| 1 | EUR 121.00 | already in payment bundle")
    assert named in line.replace("&#45;", "-")


def test_mark_as_marks(make_workspace: Make) -> None:
    workspace = make_workspace(2, status="approved")
    run(workspace, "mark_as.exported", action="mark_as.exported", where="invoice_id = 2")
    assert workspace.select(where="export_status = 'exported'").ids.tolist() == [2]


def test_an_action_without_a_notebook_of_its_own_takes_any_parameter_of_its_own(
    make_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(2)
    (workspace.root / "notebooks" / "export.ipynb").unlink()
    words = [
        "run",
        "export.lines",
        "--all",
        "-p",
        "format=csv",
        "--notebook",
        "--json",
        "-w",
        str(workspace.root),
    ]
    assert main.run(words) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["action"], result["done"]) == ("export.lines", 2)
    assert result["files"][0]["path"].endswith(".csv")


def test_a_report_says_what_comes_next(make_workspace: Make) -> None:
    done = run(make_workspace(1), "approve", where="true", invoice_date="2026-11-20")
    assert "Next: Create (1): invoicebatch run create --run" in done.output.read_text()


def test_month_end_takes_a_month_from_empty_to_created(make_workspace: Make) -> None:
    workspace = make_workspace(2)
    done = run(workspace, "month_end", where="invoice_id > 0", invoice_date="2026-11-20")
    assert len(workspace.select(where="status = 'created'")) == 2
    assert [result["done"] for result in done.results] == [2, 2, 2, 2]


def test_runs_side_by_side_do_not_collide(make_workspace: Make) -> None:
    workspace = make_workspace(4)
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda number: run(workspace, "delete", ids=[number]), range(1, 5)))
    assert [done.results[-1]["done"] for done in runs] == [1] * 4
    assert len({done.output for done in runs}) == 4
    assert len(workspace.select(all=True)) == 0


def test_a_saved_overview_is_a_table_in_html(make_workspace: Make) -> None:
    workspace = make_workspace(12)
    done = run(workspace, "overview")
    page, _ = HTMLExporter().from_notebook_node(nbformat.read(done.output, as_version=4))
    assert "12 invoices; the first 10. Run the cell for the live overview." in page
    assert "X0000010" in page or "Klant 1" in page
