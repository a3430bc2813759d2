"""The assign and credit notebooks, run as a person runs them."""

from collections.abc import Callable
from datetime import date

import pandas as pd

from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.notebook.charts import aging
from invoicebatch.interfaces.notebook.runner import find_notebook, run_notebook

Make = Callable[..., Workspace]


def test_open_amounts_by_age() -> None:
    due = pd.to_datetime(
        ["2026-11-30", "2026-11-22", "2026-11-21", "2026-10-01", "2026-01-01", None, "2026-01-01"]
    )
    frame = pd.DataFrame({"due_date": due, "outstanding_cents": [100, 200, 300, 400, 500, 600, -700]})
    assert aging(frame, date(2026, 11, 22)).tolist() == [3, 3, 4, 0, 5, 6]


def test_the_assign_notebook_bundles(money_workspace: Make) -> None:
    ws = money_workspace(3)
    assign = find_notebook(ws.root, "assign.bank_file")
    run_notebook(
        ws.root,
        assign,
        {"action": "assign.bank_file", "where": "status = 'created'", "description": "Energy"},
    )
    assert ws.payments.list()["items"].tolist() == [3]
    assert ws.payments.list()["description"].tolist() == ["Energy"]


def test_the_credit_notebook_credits_a_part(money_workspace: Make) -> None:
    ws = money_workspace(2)
    run_notebook(ws.root, find_notebook(ws.root, "credit"), {"ids": [1], "lines": [2], "reason": "Wrong"})
    notes = ws.select(where="kind = 'credit_note'").frame
    assert notes["total_cents"].tolist() == [-6_050]
