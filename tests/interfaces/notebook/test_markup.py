"""Whatever a text says, no page that shows it runs it: in every `_repr_html_`, every step and the saved grid."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.engine.plan.report import NextStep, Report
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.lab.widget import Overview
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from invoicebatch.interfaces.notebook import steps
from invoicebatch.model.schema import TABLES, Type

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
    texts = [selection, plan, selection.plan("create"), again]
    shown += [thing._repr_html_() for thing in texts]
    steps.show_selection(selection)
    steps.show_actions(selection)
    steps.show_plan(selection.plan("create"))
    steps.show_report(again)
    steps.show_table(selection.frame[["note", "customer_name"]].rename(columns={"note": BAD}))
    grid = Overview(WorkspaceBackend(spoiled), 0)
    grid.wait()
    grid._ipython_display_()
    grid.close()
    assert sum(map(len, shown)) > 1000
    assert "&lt;img" in "".join(shown)
    for text in shown:
        assert not TAGS.search(text), text[max(0, TAGS.search(text).start() - 200) :][:400]
