"""Bundles released, written, replaced, recalled and confirmed by processes that are killed: all of it or nothing."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from invoicebatch.interfaces.api import Workspace, open_workspace
from tests.conftest import money_workspace_in
from tests.crash.invariants import breaches
from tests.crash.test_swarm import work
from tests.crash.work import OF_BUNDLE

SETTINGS = "lock_timeout = 120\n[executor]\nprocesses = 1\n[payment]\nfour_eyes = true\nrecalls = true\n"


@pytest.fixture
def bundled(tmp_path: Path) -> Workspace:
    workspace = money_workspace_in(tmp_path / "money", 4)
    (workspace.root / "invoicebatch.toml").write_text(SETTINGS, encoding="utf-8")
    workspace.select(all=True).plan("assign.bank_file").apply()
    return open_workspace(workspace.root)


def _sweep(workspace: Workspace, folder: Path, swept: Iterable[str], every: int) -> None:
    results = work("sweep", workspace.root, folder, ",".join(OF_BUNDLE), ",".join(swept), every)
    known = breaches(workspace)  # its numbers were given by hand
    assert len(results) > 1
    for result in results:
        where = f"{result['action']} killed at {result['point']}"
        assert (result["died"], result["resumed"]) == (-9, 0), where
        crashed, reference = open_workspace(result["root"]), open_workspace(result["reference"])
        assert breaches(crashed) == known, where
        assert _state(crashed) == _state(reference) or "claim" in result["point"], where


def _state(workspace: Workspace) -> list[Any]:
    """What is held, paid and said of each payment, and the bank files by content; a recall names its run."""
    with workspace.store.read() as session:
        items, bundles = session.whole("bundle_items"), session.whole("payment_bundles")
        invoices, live = session.whole("invoices"), session.whole("live_bundle_items")
        files = session.whole("artefacts")
    pain = files[files["name"].str.startswith("pain")]
    return [
        items.assign(recalled_at=items["recalled_at"].notna()).astype("str").to_dict("records"),
        bundles[
            ["status", "message_id", "message_no", "items", "total_cents", "file_sha256", "released_sha256"]
        ]
        .astype("str")
        .to_dict("records"),
        invoices[["invoice_id", "paid_cents", "outstanding_cents", "payment_bundle_id"]]
        .astype("str")
        .to_dict("records"),
        live.to_dict("records"),
        sorted(pain["sha256"]),
        len(files),
    ]


def test_a_bank_file_killed_at_some_fault_points(bundled: Workspace, tmp_path: Path) -> None:
    _sweep(bundled, tmp_path / "sweep", ["payments.write"], every=5)


@pytest.mark.full
@pytest.mark.parametrize("action", OF_BUNDLE)
def test_a_bank_file_killed_at_every_fault_point(bundled: Workspace, tmp_path: Path, action: str) -> None:
    _sweep(bundled, tmp_path / "sweep", [action], every=1)
