"""Whatever a text says, no page that shows it runs it: in every `_repr_html_`, every step and the saved grid."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest

import invoicebatch
from invoicebatch.engine.base import clock
from invoicebatch.engine.payments.matching import Matching
from invoicebatch.engine.plan.messages import PlannedMessage
from invoicebatch.engine.plan.report import NextStep, Report
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.lab.widget import Overview
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from invoicebatch.interfaces.notebook import steps
from invoicebatch.interfaces.sheet.plan_sheet import SheetPlan
from invoicebatch.interfaces.sheet.run_sheet import SheetReport
from invoicebatch.model.schema import TABLES, Type
from invoicebatch.model.shown import Frame, Tables

BAD = "<img src=x onerror=alert(1)>"
TAGS = re.compile(r"<img src=x|<script", re.IGNORECASE)


@pytest.fixture
def spoiled(make_workspace: Callable[..., Workspace]) -> Workspace:
    """A workspace that has it in every text of its invoices and customers."""
    workspace = make_workspace(3)
    for table in ("customers", "invoices"):
        fixed = {
            "invoice_id",
            "customer_id",
            "company_account_id",
            "currency",
            "country",
            "number",
            *TABLES[table].key,
        }
        names = [c.name for c in TABLES[table].columns if c.type is Type.TEXT and c.name not in fixed]
        with workspace.store.write() as session:
            key = TABLES[table].key[0]
            ids = session.whole(table)[key]
            session.update(table, pd.DataFrame({key: ids, **dict.fromkeys(names, BAD)}), clock.now())
    return workspace


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All HTML that is displayed."""
    found: list[str] = []

    def display(*things: Any, **_: Any) -> None:
        found.extend(str(getattr(thing, "data", "")) for thing in things)

    monkeypatch.setattr("IPython.display.display", display)
    return found


def showing(package: Path) -> set[type]:
    """All classes of the package that show themselves in a notebook."""
    found = set()
    for file in package.rglob("*.py"):
        for name in re.findall(
            r"^class (\w+)[^\n]*:\n(?:(?!^\S).*\n)*?    def _repr_html_", file.read_text(), re.MULTILINE
        ):
            module = import_module(".".join(file.relative_to(package.parent).with_suffix("").parts))
            found.add(getattr(module, name))
    return found


def test_no_text_becomes_a_tag(spoiled: Workspace, shown: list[str], tmp_path: Path) -> None:
    selection = spoiled.select(where=f"note = '{BAD}'")
    assert len(selection) == 3
    plan = selection.plan("approve")
    report = plan.apply()
    again = Report(
        report.run | {"selection": BAD, "user": BAD},
        report.rows.assign(reason=BAD, outcome="failed", number=BAD),
        pd.DataFrame(
            {"name": ["x"], "path": [f"/{BAD}"], "sha256": [""], "size": [1], "status": ["published"]}
        ),
        "finished",
        (NextStep("x", BAD, BAD, 1, on_bar=False),),
    )
    bad = pd.DataFrame({BAD: [BAD], "totals": [f'{{"{BAD}": "{BAD}"}}'], "reasons": [[{BAD: BAD}]]})
    nothing = bad.iloc[:0].assign(payment_id="")
    matching = Matching(bad.assign(payment_id=BAD), bad.assign(payment_id=BAD), bad, bad)
    sheet = SheetReport(
        SheetPlan(cast("Any", None), (), nothing), (again,), bad.assign(outcome=BAD), Path(BAD)
    )
    texts = [selection, plan, selection.plan("create"), again, selection.frame, selection.actions()]
    texts += [
        spoiled.detail(1),
        spoiled.history(1),
        Tables({BAD: bad}),
        Frame(bad).set_index(BAD),
        matching,
        sheet,
    ]
    texts += [PlannedMessage(1, "post", (BAD,), BAD, BAD, text=BAD), spoiled.preview(1)]
    assert {type(thing) for thing in texts} >= showing(Path(invoicebatch.__file__).parent)
    shown += [str(thing._repr_html_()) for thing in texts]
    steps.show_selection(selection)
    steps.show_actions(selection)
    steps.show_plan(selection.plan("create"))
    steps.show_report(again)
    steps.show_report(again, spoiled.base)
    steps.show_table(selection.frame[["note", "customer_name"]].rename(columns={"note": BAD}))
    grid = Overview(WorkspaceBackend(spoiled), 0)
    grid.wait()
    grid._ipython_display_()
    grid.close()
    assert sum(map(len, shown)) > 1000
    assert "&lt;img" in "".join(shown)
    for text in shown:
        assert not TAGS.search(text), text[max(0, TAGS.search(text).start() - 200) :][:400]
