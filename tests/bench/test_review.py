"""The review: which planted faults it finds, how often it cries wolf, and what it costs beside a year of history."""

import resource
import time
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.eligibility.review import Review
from invoicebatch.engine.imports.sample import asked_for
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.ingest.sample.months import months
from invoicebatch.interfaces.api import Workspace, init_workspace

WAITING = "status in ('empty', 'approval_failed')"
CUSTOMERS = 50_000
DOCUMENTS, MONTHS = 1_000_000, 13


def _filled(folder: Path, customers: int, history: int) -> tuple[Workspace, pd.DataFrame]:
    """A run with planted faults beside so many months, and what is planted."""
    workspace = init_workspace(folder)
    (workspace.root / "rules" / "review.toml").write_text(asked_for(), encoding="utf-8")
    for month in months(customers, faults=True, history=history):
        with workspace.store.write() as session:
            for table, frame in month.frames.items():
                session.insert(table, frame)
            session.reserve_ids(len(month.frames["invoices"]))
    return workspace, month.planted


def _measured(workspace: Workspace, chosen: Selection) -> Review:
    start = time.process_time()
    review = workspace.review(chosen)
    cost = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{review.summary}\n  {cost:.1f} s CPU, {peak:,} MB at most")
    return review


@pytest.mark.bench
def test_recall_and_false_alarms(tmp_path: Path) -> None:
    workspace, planted = _filled(tmp_path / "run", CUSTOMERS, MONTHS)
    chosen = workspace.select(WAITING)
    print(f"\nThe run, beside {MONTHS} months of history")
    found = _measured(workspace, chosen).findings
    both = planted.merge(found, on=["invoice_id", "check"], how="left", indicator="found")
    both["found"] = both["found"] == "both"
    beside = found[~found["invoice_id"].isin(planted["invoice_id"])]
    table = pd.DataFrame(
        {
            "planted": both.groupby("check").size(),
            "recall": both.groupby("check")["found"].mean(),
            "false": beside.groupby("check")["invoice_id"].nunique(),
        }
    )
    clean = len(chosen) - planted["invoice_id"].nunique()
    alarms = beside.groupby("severity")["invoice_id"].nunique() / clean
    print(table.astype("Float64").round(4).to_string(na_rep="–"))
    print("false alarms:", {name: f"{share:.3%}" for name, share in alarms.items()})
    assert both["found"].all()
    assert alarms.get("look", 0.0) < 0.01
    assert alarms.get("stop", 0.0) < 0.001


@pytest.mark.bench
def test_a_million_documents_with_a_year_of_history(tmp_path: Path) -> None:
    workspace, planted = _filled(tmp_path / "run", DOCUMENTS // MONTHS + 1, MONTHS - 1)
    stored = len(workspace.select(all=True))
    print(f"\nOf {stored:,} documents, {MONTHS - 1} months of history and the run: the run, and all of them")
    for where in ({"where": WAITING}, {"all": True}):
        found = _measured(workspace, workspace.select(**where)).findings
        missed = planted.merge(found, on=["invoice_id", "check"], how="left", indicator=True)
        assert (missed["_merge"] == "both").all()
