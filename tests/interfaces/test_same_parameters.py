"""The same text for a parameter means the same through every face: option, -p, notebook, sheet, dialog, Python."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import openpyxl
import pytest
from pydantic.fields import FieldInfo

from invoicebatch.actions import registry
from invoicebatch.engine.plan import selection
from invoicebatch.engine.plan.checking import checked_params
from invoicebatch.engine.plan.params import params_here
from invoicebatch.errors import ParameterError
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.interfaces.cli import main
from invoicebatch.interfaces.cli import notebook as cli_notebook
from invoicebatch.interfaces.lab import dialogs
from invoicebatch.interfaces.notebook.runner import NotebookRun
from invoicebatch.interfaces.sheet.plan_sheet import plan_sheet
from invoicebatch.interfaces.sheet.read import read_sheet
from invoicebatch.model.action import Params
from invoicebatch.model.params import LISTS, value_type
from tests.engine.sending import configure

Outcome = tuple[Any, str]
Make = Callable[..., Workspace]

OWN: Mapping[tuple[str, str], str] = {
    ("credit", "amount"): "21:50.00, 6:10",
    ("export.job", "schedule"): "0 6 * * 1",
    ("export.job", "notify"): "desk@example.com",
    ("export.job", "export"): "export.lines",
    ("export.job", "filter"): "total > 100",
    ("export.job", "parameters"): '{"format": "csv"}',
    ("export.invoices", "columns"): "number,total",
    ("export.france", "report"): "accepted",
}
"""Texts of parameters that take a form of their own."""

BESIDE: Mapping[str, Mapping[str, str]] = {
    "assign.payment_plan": {"instalments": "3"},
    "assign.collection_status": {"change": "close"},
    "assign.payment_plan_status": {"change": "cancel"},
    "export.external": {"target": "ledger"},
    "export.france": {"report": "rejected", "reason_code": "DOUBLON"},
}
"""What must be given beside the others."""

EVERY = [
    (action.name, name)
    for action in registry().values()
    if not action.hidden
    for name in action.params.model_fields
]


def _text(action: str, name: str, field: FieldInfo, known: Mapping[str, Mapping[str, str]]) -> str:
    """A text that a person may write for a parameter."""
    if (action, name) in OWN:
        return OWN[action, name]
    if known.get(name):
        return list(known[name])[-1]
    kind = value_type(field.annotation)
    if get_origin(kind) is Literal:
        return str(get_args(kind)[-1])
    texts = {date: "2026-12-03", bool: "yes", int: "12", Decimal: "12.50"}
    return "1,3" if kind in LISTS else texts.get(kind, "some words")


def _given(action: str, name: str, text: str) -> dict[str, str]:
    others = BESIDE.get(action, {})
    return {name: text} if name in others or name == "amount" else {**others, name: text}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, frames_of: Callable[..., Any]) -> Workspace:
    from invoicebatch.interfaces.api import init_workspace

    made = init_workspace(tmp_path_factory.mktemp("faces") / "workspace")
    with made.store.write() as session:
        for table, frame in frames_of(len(EVERY) + 5).items():
            session.insert(table, frame)
        session.reserve_ids(len(EVERY) + 5)
    systems = "".join(
        f'[external.{name}]\nkind = "files"\nurl = "{name}"\n' for name in ("ledger", "archive")
    )
    return configure(made, systems)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, frozenset[str], Params | str]]:
    """What every plan made of the parameters it was given: action, names given, parameters or the refusal."""
    found: list[tuple[str, frozenset[str], Params | str]] = []

    def listening(workspace: Any, action: Any, values: Mapping[str, Any]) -> Params:
        try:
            parsed = params_here(workspace, action, values)
        except ParameterError as error:
            found.append((action.name, frozenset(values), error.message))
            raise
        found.append((action.name, frozenset(values), parsed))
        return checked_params(workspace, action, values)

    monkeypatch.setattr(selection, "checked_params", listening)
    return found


def _run_cells(root: Path, notebook: Path, parameters: Mapping[str, Any], *_: Any, **__: Any) -> NotebookRun:
    """A notebook's parameters, what is injected over them, and its cell that plans; without a kernel."""
    cells = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in cells]
    names: dict[str, Any] = {}
    exec(sources[0], names)
    names.update(json.loads(json.dumps(dict(parameters))))
    names["selection"] = open_workspace(root).select(ids=[1])
    plan = next(source for source in sources[1:] if "selection.plan(" in source)
    exec(plan.replace("steps.show_plan(plan)", "").replace("charts.show_dates(plan)", ""), names)
    return NotebookRun(notebook, [])


def _by_faces(
    workspace: Workspace, action: str, given: dict[str, str]
) -> Iterator[tuple[str, Callable[[], object]]]:
    base = ["run", action, "-w", str(workspace.root), "--ids", "1", "--json", "--dry-run"]
    flags = {name for name in given if registry()[action].params.model_fields[name].annotation is bool}
    options = [
        f"--{name.replace('_', '-')}" + ("" if name in flags else f"={text}") for name, text in given.items()
    ]
    pairs = [word for name, text in given.items() for word in ("-p", f"{name}={text}")]
    yield "option", lambda: main.run([*base, *options])
    yield "-p", lambda: main.run([*base, *pairs])
    yield "notebook", lambda: main.run([*base, *pairs, "--notebook"])
    yield "Python", lambda: workspace.select(ids=[1]).plan(action, **given)
    yield "dialog", lambda: workspace.select(ids=[1]).plan(action, **dialogs.given(given))


@pytest.mark.parametrize(("action", "name"), EVERY)
def test_a_text_means_the_same_through_every_face(
    workspace: Workspace,
    heard: list[tuple[str, frozenset[str], Params | str]],
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    name: str,
) -> None:
    monkeypatch.setattr(cli_notebook, "run_notebook", _run_cells)
    found = registry()[action]
    text = _text(action, name, found.params.model_fields[name], workspace.base.choices(found))
    told = {}
    for face, call in _by_faces(workspace, action, _given(action, name, text)):
        heard.clear()
        try:
            call()
        except ParameterError:
            assert face in ("Python", "dialog")
        assert heard, f"{face} made no plan"
        told[face] = heard[-1][2]
    assert all(one == told["Python"] for one in told.values()), told
    assert isinstance(told["Python"], Params), told["Python"]
    assert getattr(told["Python"], name) not in (None, ())


def test_a_text_in_a_sheet_means_the_same_as_in_python(
    workspace: Workspace, heard: list[tuple[str, frozenset[str], Params | str]], tmp_path: Path
) -> None:
    texts = {}
    for invoice_id, (action, name) in enumerate(EVERY, 1):
        found = registry()[action]
        text = _text(action, name, found.params.model_fields[name], workspace.base.choices(found))
        texts[invoice_id] = (action, _given(action, name, text))
    book = openpyxl.load_workbook(workspace.sheet(tmp_path / "sheet.xlsx", all=True))
    page = book["Invoices"]
    titles = {cell.value: cell.column for cell in page[5]}
    for row in range(6, page.max_row + 1):
        if (invoice_id := page.cell(row, titles["Invoice id"]).value) in texts:
            action, given = texts[invoice_id]
            page.cell(row, titles["Run"]).value = "x"
            page.cell(row, titles["Action"]).value = action
            page.cell(row, titles["Parameters"]).value = "; ".join(f"{n}={t}" for n, t in given.items())
    book.save(tmp_path / "edited.xlsx")
    plan_sheet(workspace, read_sheet(tmp_path / "edited.xlsx"))
    in_sheet = {(action, given): params for action, given, params in heard}
    heard.clear()
    for action, given in texts.values():
        workspace.select(ids=[1]).plan(action, **given)
        asked, names, params = heard[-1]
        assert in_sheet[asked, names] == params
    assert len(in_sheet) == len(EVERY)
