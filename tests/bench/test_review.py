"""The review: which planted faults it finds, how often it cries wolf, and what it costs beside a year of history."""

import resource
import time
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.engine.imports.sample import asked_for
from invoicebatch.ingest.sample.months import months
from invoicebatch.interfaces.api import init_workspace

CUSTOMERS = 50_000
WAITING = "status in ('empty', 'approval_failed')"


@pytest.mark.bench
def test_recall_and_false_alarms(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path / "run")
    (workspace.root / "rules" / "review.toml").write_text(asked_for(), encoding="utf-8")
    for month in months(CUSTOMERS, faults=True):
        with workspace.store.write() as session:
            for table, frame in month.frames.items():
                session.insert(table, frame)
            session.reserve_ids(len(month.frames["invoices"]))
    planted = month.planted
    chosen = workspace.select(WAITING)
    start = time.process_time()
    found = workspace.review(chosen).findings
    cost = time.process_time() - start
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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"\nReview of {len(chosen):,} documents, 13 months of history: {cost:.1f} s CPU, {peak:,} MB at most"
    )
    print(table.astype("Float64").round(4).to_string(na_rep="–"))
    print("false alarms:", {name: f"{share:.3%}" for name, share in alarms.items()})
    assert both["found"].all()
    assert alarms.get("look", 0.0) < 0.01
    assert alarms.get("stop", 0.0) < 0.001
