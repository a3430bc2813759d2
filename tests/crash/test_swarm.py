"""Many processes at once on one workspace, killed at random: every promise must still hold."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from invoicebatch.interfaces.api import Workspace, open_workspace
from tests.crash.invariants import breaches
from tests.waiting import LIMIT

HERE = Path(__file__).parent
SETTINGS = "lock_timeout = 120\n[executor]\nprocesses = 1\nchunk_rows = 3\n"


def work(*arguments: object) -> Any:
    """Run work.py in a process of its own."""
    command = [sys.executable, str(HERE / "work.py"), *map(str, arguments)]
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=3 * LIMIT, cwd=HERE.parents[1], check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.fixture
def crowded(make_workspace: Callable[..., Workspace]) -> Workspace:
    workspace = make_workspace(40)
    (workspace.root / "invoicebatch.toml").write_text(SETTINGS, encoding="utf-8")
    return workspace


def _swarm(workspace: Workspace, workers: int, runs: int, seed: int) -> None:
    result = work("swarm", workspace.root, workers, runs, seed)
    assert result["resumed"] == 0
    after = open_workspace(workspace.root)
    assert breaches(after) == []
    assert (after.runs.list()["status"] == "finished").sum() >= runs


@pytest.mark.full
def test_killed_at_random_side_by_side(crowded: Workspace) -> None:
    _swarm(crowded, workers=4, runs=8, seed=1)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2, 8))
def test_killed_at_random_side_by_side_longer(crowded: Workspace, seed: int) -> None:
    _swarm(crowded, workers=8, runs=30, seed=seed)


ORDER = ("approve", "create", "regenerate", "export.invoices", "mark_as.shipped")


@pytest.fixture
def small(make_workspace: Callable[..., Workspace]) -> Workspace:
    workspace = make_workspace(5)
    (workspace.root / "invoicebatch.toml").write_text(SETTINGS, encoding="utf-8")
    return workspace


def _sweep(workspace: Workspace, folder: Path, swept: Iterable[str], every: int) -> None:
    results = work("sweep", workspace.root, folder, ",".join(ORDER), ",".join(swept), every)
    assert len(results) > 3
    for result in results:
        where = f"{result['action']} killed at {result['point']}"
        assert result["died"] == -9, where
        assert result["resumed"] == 0, where
        crashed, reference = open_workspace(result["root"]), open_workspace(result["reference"])
        assert breaches(crashed) == [], where
        assert _state(crashed) == _state(reference) or "claim" in result["point"], where
    shutil.rmtree(folder)


def _state(workspace: Workspace) -> list[Any]:
    """What a person would compare: statuses and numbers by invoice, and files by content."""
    with workspace.store.read() as session:
        invoices, artefacts = session.whole("invoices"), session.whole("artefacts")
    columns = ["invoice_id", "status", "number", "shipping_status", "export_status", "document_version"]
    files = sorted(Path(path).name for path in artefacts["path"])
    return [invoices[columns].astype("str").to_dict("records"), files]


def test_killed_at_some_fault_points(small: Workspace, tmp_path: Path) -> None:
    _sweep(small, tmp_path / "sweep", ["create"], every=5)


@pytest.mark.full
@pytest.mark.parametrize("action", ORDER)
def test_killed_at_every_fault_point(small: Workspace, tmp_path: Path, action: str) -> None:
    _sweep(small, tmp_path / "sweep", [action], every=1)
