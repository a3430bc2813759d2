"""Many processes at once on one workspace, killed at random: every promise must still hold."""

import json
import subprocess
import sys
from collections.abc import Callable
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
    print(f"seed {seed}")
    result = work(workspace.root, workers, runs, seed)
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
