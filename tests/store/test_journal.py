"""The journal of runs: outcomes of many rows at once, and what changed since rows were claimed."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from invoicebatch.errors import StaleError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.model.status import RowOutcome
from invoicebatch.store import TAKEN, journal, tables

NOW = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001 - UTC, as the store keeps it
RUN = {
    "run_id": "one", "action": "approve", "parameters": "{}", "plan_sha256": "x", "status": "running",
    "folder": "", "selected": 4, "eligible": 4, "totals": "{}", "selection": "", "user": "x", "created_at": NOW,
}  # fmt: skip
ROWS = pd.DataFrame(
    {"invoice_id": [4, 1, 3, 2], "position": range(4), "row_version": 1, "outcome": "claimed",
     "number": None, "part": "", "reason": None}
)  # fmt: skip

Make = Callable[..., Workspace]


@pytest.fixture(params=["few rows", "many rows"])
def workspace(
    make_workspace: Make, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    """Four invoices that a run has claimed; few rows, or as many as are written by one thread."""
    if request.param == "many rows":
        for module in (journal, tables):
            monkeypatch.setattr(module, "MANY", 1)
    workspace = make_workspace(4)
    with workspace.store.write() as session:
        session.start_run(RUN, ROWS)
    return workspace


def outcomes(workspace: Workspace) -> dict[int, str]:
    with workspace.store.read() as session:
        rows = session.taken_rows("one")
    assert tuple(rows.columns) == TAKEN
    return dict(zip(rows["invoice_id"].tolist(), rows["outcome"].tolist(), strict=True))


def test_rows_are_settled_by_their_ids_and_others_left(workspace: Workspace) -> None:
    with workspace.store.write() as session:
        session.settle_as("one", np.array([3, 4]), RowOutcome.DONE)
    assert outcomes(workspace) == {4: "done", 1: "claimed", 3: "done", 2: "claimed"}


def test_a_row_that_the_run_does_not_have_can_not_be_settled(workspace: Workspace) -> None:
    with pytest.raises(StaleError, match="has 1 of 2 rows"), workspace.store.write() as session:
        session.settle_as("one", np.array([3, 99]), RowOutcome.DONE)
    with pytest.raises(StaleError, match="has 0 of 1 row"), workspace.store.write() as session:
        session.settle_as("another", np.array([3]), RowOutcome.DONE)
    assert set(outcomes(workspace).values()) == {"claimed"}


def test_what_changed_or_went_since_it_was_claimed_is_found_by_its_version(workspace: Workspace) -> None:
    with workspace.store.write() as session:
        session.update("invoices", pd.DataFrame({"invoice_id": [3], "version": [1], "note": ["new"]}), NOW)
        session.delete("invoices", pd.DataFrame({"invoice_id": [1], "version": [1]}), NOW)
    with workspace.store.read() as session:
        assert sorted(session.changed_since(ROWS).tolist()) == [1, 3]
        assert session.changed_since(ROWS[:0]).tolist() == []
