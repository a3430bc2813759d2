"""Rows that are read and judged in pieces are judged as they would be all at once."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from invoicebatch.engine.plan.selection import Selection
from invoicebatch.interfaces.api import Workspace
from tests.copies import made_once


@pytest.fixture
def sample(tmp_path: Path) -> Workspace:
    return made_once(tmp_path / "workspace", "judged in pieces", lambda made: made.load_sample(60, 5))


def said_of(selection: Selection) -> dict[str, Any]:
    """All that a person is told before anything is done, in the order it is told."""
    plans = {
        action: selection.plan(action)
        for action in ("approve", "create", "assign.bank_file", "send_via.email", "withdraw_approval")
    }
    return {
        "bar": selection.actions().to_dict("records"),
        "why": {
            action: selection.why(action).to_dict("records")
            for action in (*plans, "assign.payment_plan", "credit")
        },
        "rows": {action: plan.rows.to_dict("records") for action, plan in plans.items()},
        "previews": {
            action: {name: table.to_dict("records") for name, table in plan.preview.items()}
            for action, plan in plans.items()
        },
        "totals": {action: plan.totals for action, plan in plans.items()},
    }


@pytest.mark.parametrize("way", ["by a filter", "by hand, shuffled", "of one customer", "unknown ones"])
def test_pieces_are_judged_as_the_whole(sample: Workspace, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    rows = sample.select(all=True).columns(["invoice_id", "customer_id"])
    most = rows["customer_id"].value_counts().index[0]
    chosen: dict[str, dict[str, Any]] = {
        "by a filter": {"where": "invoice_id > 3"},
        "by hand, shuffled": {"ids": np.random.default_rng(3).permutation(rows["invoice_id"].to_numpy())},
        "of one customer": {"ids": rows.loc[rows["customer_id"] == most, "invoice_id"]},
        "unknown ones": {"ids": [3, 900_001, 2]},
    }
    whole = said_of(sample.select(**chosen[way]))
    monkeypatch.setattr("invoicebatch.store.overview._PIECE", 13)
    assert said_of(sample.select(**chosen[way])) == whole


def test_a_claim_in_pieces_takes_what_the_plan_said(
    sample: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoicebatch.store.overview._PIECE", 7)
    plan = sample.select(all=True).plan("approve")
    able = plan.rows.loc[plan.rows["eligible"], "invoice_id"]
    with sample.store.write() as session:  # one changes before it is claimed
        changed = pd.DataFrame({"invoice_id": able.iloc[[3]], "note": "by telephone"})
        session.update("invoices", changed, pd.Timestamp("2026-11-27").to_pydatetime())
    report = plan.apply()
    stale = report.refused[report.refused["reason"].str.startswith("stale")]
    assert stale["invoice_id"].tolist() == [able.iloc[3]]
    assert len(report.done) + len(report.failed) == len(able) - 1
