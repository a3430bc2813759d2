"""Each action and command with effects, killed or hindered at each point it passes: all of it or nothing, once."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from invoicebatch.actions import registry
from tests.crash.scenarios import SCENARIOS
from tests.crash.sweep import EXPECTED
from tests.files.sources import calls, trees
from tests.waiting import LIMIT

ROOT = Path(__file__).resolve().parents[2]
SOME = "create;send_via.email"
"""They pass every fault point but for those of the mailbox."""
OF_MAILBOX = {"bounces.booked", "bounces.put_away"}
"""Swept where there is a mail server: tests/engine/imports/test_bounces.py."""
OF_ERASURE = {f"erase.{point}" for point in ("begin", "committed", "file", "removed", "rewritten")}
"""No action's: swept in tests/engine/run/test_erase.py."""
OF_ARCHIVE = {f"archive.{point}" for point in ("begun", "written", "uncommitted", "committed", "rewritten")}
"""No action's: swept in tests/engine/run/test_closed_documents.py."""
WRITING = (
    "create", "export.invoices", "download.document", "send_via.email", "send_via.post", "export.external", "payments.write",
    "payments.match", "assign.collection_step", "import", "sheet run", "backup", "restore", "audit write",
)  # fmt: skip


def run(module: str, *arguments: object, before: Sequence[str] = ()) -> Any:
    """Run a script of this folder, and give what it printed."""
    ran = subprocess.run(
        [*before, sys.executable, "-m", f"tests.crash.{module}", *map(str, arguments)],
        capture_output=True, text=True, timeout=30 * LIMIT, cwd=ROOT, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def own_mounts() -> list[str]:
    """A command before others that lets them mount; none where the system forbids it."""
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        tried = subprocess.run(
            [*command, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
        )
    except FileNotFoundError:
        return []
    return command if tried.returncode == 0 else []


def held(results: list[dict[str, Any]]) -> set[str]:
    """All went as it must; the points that were passed."""
    for told in (one for result in results for one in result["told"]):
        where = f"{told['action']}, {told['how']} at {told['point']} ({told['at']})"
        assert told["died"] in EXPECTED[told["how"]], where
        assert told["breaches"] == [], where
        assert told["differs"] == {}, where
    return {point for result in results for point in result["points"]}


def fault_points() -> set[str]:
    """The names of all points in the engine."""
    found = {
        call.args[0].value
        for tree in trees().values()
        for name, call in calls(tree)
        if name == "reach" and isinstance(call.args[0], ast.Constant)
    }
    assert len(found) > 20
    return found


def test_every_action_is_swept() -> None:
    assert set(registry()) - {name.partition(",")[0] for name in SCENARIOS} == set()


def test_some_points_and_each_is_passed_by_the_sweep(tmp_path: Path) -> None:
    passed = held(run("sweep", tmp_path / "sweep", SOME, "kill", "own", 15))
    assert fault_points() - passed == OF_MAILBOX | OF_ERASURE | OF_ARCHIVE


@pytest.mark.full
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_every_point_write_and_commit(tmp_path: Path, name: str) -> None:
    held(run("sweep", tmp_path / "sweep", name, "kill", "doors", "each"))


@pytest.mark.full
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "clock back"])
@pytest.mark.parametrize("name", ["create", "send_via.email", "payments.write", "worker with a queued run"])
def test_signals_and_clocks(tmp_path: Path, name: str, how: str) -> None:
    held(run("sweep", tmp_path / "sweep", name, how, "own", "each"))


@pytest.mark.full
@pytest.mark.parametrize("how", ["disk full", "disk broken"])
@pytest.mark.parametrize("name", WRITING)
def test_a_disk_that_fails_at_every_write(tmp_path: Path, name: str, how: str) -> None:
    held(run("sweep", tmp_path / "sweep", name, how, "doors", "each"))


@pytest.mark.full
def test_a_disk_that_takes_a_part_of_each_write(tmp_path: Path) -> None:
    held(run("sweep", tmp_path / "sweep", ";".join(WRITING), "short writes", "own", 0))


@pytest.mark.full
@pytest.mark.parametrize(
    "name", ["create", "send_via.email", "payments.write", "payments.match", "import", "sheet run"]
)
def test_a_small_disk_that_is_full(tmp_path: Path, name: str) -> None:
    if not (before := own_mounts()):
        pytest.skip("no small disk can be mounted here")
    held(run("full_disk", tmp_path, name, before=before))
